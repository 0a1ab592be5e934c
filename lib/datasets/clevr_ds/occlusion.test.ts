import assert from "node:assert/strict";
import { Occlusion } from "./occlusion.ts";

/** A solid block. */
function block(width: number, height: number) {
  return { width, height, data: new Uint8Array(width * height * 4).fill(255) };
}

Deno.test("visible pixels are counted exactly, the lower object being the nearer one", () => {
  const stage = new Occlusion(20);
  assert.ok(stage.place(block(10, 10), 0, 0, 0.7)); // rows 0-9
  assert.ok(stage.place(block(5, 5), 7, 7, 0.7)); // nearer: hides 3 x 3 px
  assert.ok(stage.place(block(4, 4), 8, 4, 0.3)); // behind both: hidden are 2 x 4 px, and 2 px more
  assert.deepEqual(stage.placed.map(({ area, visible }) => [area, visible]), [
    [100, 91],
    [25, 25],
    [16, 16 - 2 * 4 - 2],
  ]);
});

Deno.test("a place that hides too much of anything is refused and changes nothing", () => {
  const stage = new Occlusion(20);
  stage.place(block(10, 10), 0, 0, 0.7);
  const before = stage.placed.map(({ visible }) => visible);
  assert.equal(stage.place(block(6, 6), 3, 4, 0.7), false); // would hide 36 px: 30 are allowed
  assert.equal(stage.place(block(2, 2), 4, 4, 0.7), false); // wholly behind
  assert.deepEqual(stage.placed.map(({ visible }) => visible), before);
});

Deno.test("boxes stand apart when the gap between them is free on one axis", () => {
  const stage = new Occlusion(20);
  stage.place(block(5, 5), 5, 5, 0.7);
  assert.equal(stage.isApart(block(2, 2), 12, 5, 2), true);
  assert.equal(stage.isApart(block(2, 2), 11, 5, 2), false);
  assert.equal(stage.isApart(block(2, 2), 5, 1, 2), true);
  assert.equal(stage.isApart(block(2, 2), 6, 6, 0), false);
});
