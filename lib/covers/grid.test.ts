import assert from "node:assert/strict";
import { completeCover } from "./complete.ts";
import { gridCover } from "./grid.ts";
import { assertInside } from "./testing.ts";

Deno.test("gridCover: equal cells tile the fitted image, row-major", () => {
  for (const [width, height, n] of [[1, 1, 3], [10, 7, 3], [640, 480, 7], [5, 300, 12]]) {
    const cover = gridCover(width, height, n);
    assertInside(cover, `${width}x${height}, n = ${n}`);
    const cells = cover.levels[1];
    assert.equal(cells.length, n * n);
    const seen = new Uint8Array(cover.width * cover.height);
    for (const { left, top, width, height } of cells) {
      assert.deepEqual([width * n, height * n], [cover.width, cover.height]);
      for (let y = top; y < top + height; y++) {
        for (let x = left; x < left + width; x++) seen[y * cover.width + x]++;
      }
    }
    assert.ok(seen.every((count) => count === 1), "each pixel lies in one cell");
    const order = cells.map((box) => box.top * cover.width + box.left);
    assert.deepEqual(order, [...order].sort((a, b) => a - b));
  }
});

Deno.test("gridCover: the last level of cc@k is grid@k", () => {
  for (const k of [2, 5, 10]) {
    assert.deepEqual(gridCover(640, 481, k).levels[1], completeCover(640, 481, k).levels.at(-1));
  }
});

Deno.test("gridCover: n = 1 is the whole image once; bad values are refused", () => {
  assert.equal(gridCover(9, 9, 1).levels.length, 1);
  assert.throws(() => gridCover(9, 9, 0), /Cannot cut image: n must be a positive integer, got 0/);
  assert.throws(() => gridCover(9, -1, 2), /height must be a positive integer, got -1/);
  assert.throws(() => gridCover(9, 9, 400), /160001 patches are more than the limit/);
});
