/**
 * What the covers' tests share.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Cover } from "./cover.ts";

/** Fails unless patch 0 is the whole image and all boxes are whole, not empty and inside it. */
export function assertInside(cover: Cover, label: string): void {
  const { width, height, levels } = cover;
  assert.deepEqual(levels[0], [{ left: 0, top: 0, width, height }], label);
  for (const box of levels.flat()) {
    assert.ok(Object.values(box).every(Number.isSafeInteger), label);
    assert.ok(box.width >= 1 && box.height >= 1 && box.left >= 0 && box.top >= 0, label);
    assert.ok(box.left + box.width <= width && box.top + box.height <= height, label);
  }
}

/**
 * Coverage by eq. 4 word for word: positions (x, y) of a w x h object at which some box holds all of
 * it and |P| > |Q| / k^2. Slow: for small images only.
 */
export function bruteForceCovered(cover: Cover, k: number, w: number, h: number): number {
  let covered = 0;
  for (let y = 0; y + h <= cover.height; y++) {
    for (let x = 0; x + w <= cover.width; x++) {
      const hit = cover.levels.flat().some((q) =>
        q.left <= x && q.top <= y && x + w <= q.left + q.width && y + h <= q.top + q.height &&
        w * h > q.width * q.height / (k * k)
      );
      if (hit) covered++;
    }
  }
  return covered;
}
