import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { coverBoxes } from "./cover.ts";
import { makeCover } from "./spec.ts";
import { sceneCover, tileBoxes } from "./tiles.ts";

Deno.test("tiles: of one size, inside the image, from edge to edge, sharing what was asked", () => {
  const random = createRandom(3);
  for (let trial = 0; trial < 200; trial++) {
    const [width, height] = [random.integer(1, 3000), random.integer(1, 3000)];
    const tile = random.integer(20, 700), overlap = random.integer(0, tile >> 1);
    const tiles = tileBoxes(width, height, { tile, overlap });
    for (
      const [start, size, side] of [["left", "width", width], ["top", "height", height]] as const
    ) {
      const lefts = [...new Set(tiles.map((box) => box[start]))].sort((a, b) => a - b);
      assert.ok(tiles.every((box) => box[size] === Math.min(tile, side)));
      assert.equal(lefts[0], 0);
      assert.equal(lefts.at(-1)! + Math.min(tile, side), side);
      for (let i = 1; i < lefts.length; i++) {
        assert.ok(lefts[i - 1] + tile - lefts[i] >= overlap, `${side} px: ${lefts}`);
      }
      // one tile fewer could not: n tiles reach n tile - (n - 1) overlap px at most
      const fewer = lefts.length - 1;
      assert.ok(fewer === 0 || fewer * tile - (fewer - 1) * overlap < side);
    }
  }
});

Deno.test("tiles: what cannot be tiled is refused", () => {
  const tiled = (tile: number, overlap: number) => () => tileBoxes(100, 100, { tile, overlap });
  assert.throws(tiled(10, 10), /overlap must be less than the tile's 10 px, got 10/);
  assert.throws(tiled(0, 0), /tile must be a positive integer, got 0/);
  assert.throws(tiled(10, -1), /overlap must be an integer of at least 0, got -1/);
  assert.throws(
    () => tileBoxes(1e6, 1e6, { tile: 10, overlap: 5 }),
    /more than the limit of 100000/,
  );
  assert.throws(
    () => tileBoxes(0, 10, { tile: 10, overlap: 5 }),
    /width must be a positive integer/,
  );
});

/** Whether a square object lies in a patch of a tile that answers for it. */
function isCovered(
  { tiles, cover, k }: ReturnType<typeof sceneCover> & { k: number },
  side: number,
  left: number,
  top: number,
): boolean {
  return tiles.some((tile) => {
    const x = left - tile.left, y = top - tile.top;
    if (x < 0 || y < 0 || x + side > tile.width || y + side > tile.height) return false;
    return coverBoxes(makeCover(cover, tile)).some((patch) =>
      patch.left <= x && patch.top <= y && x + side <= patch.left + patch.width &&
      y + side <= patch.top + patch.height && side * side * k * k > patch.width * patch.height
    );
  });
}

Deno.test("scene cover: every object of its sizes lies in a patch that answers for it", () => {
  const random = createRandom(5);
  for (const [width, height, tile] of [[700, 530, 256], [300, 1000, 300], [90, 400, 512]]) {
    const k = 5, objects: [number, number] = [11, 47];
    const scene = { ...sceneCover(width, height, { objects, k, tile }), k };
    for (let trial = 0; trial < 150; trial++) {
      const side = random.integer(11, 47);
      const at = (room: number) =>
        // edges and seams are where a cover fails
        trial % 3 === 0 ? [0, room - side][random.integer(0, 1)] : random.integer(0, room - side);
      assert.ok(isCovered(scene, side, at(width), at(height)), `${side} px of ${width}x${height}`);
    }
  }
});

Deno.test("scene cover: objects too long for the tiles, and nonsense, are refused", () => {
  const cover = (objects: [number, number], k = 5) => () =>
    sceneCover(900, 600, { objects, k, tile: 256 });
  assert.throws(cover([10, 257]), /objects of 257 px do not fit into tiles of 256 px/);
  assert.throws(cover([10, 9]), /the longest object must be an integer of at least 10, got 9/);
  assert.throws(cover([0, 9]), /the shortest object must be a positive integer, got 0/);
  assert.throws(cover([8, 9], 1), /k must be an integer of at least 2, got 1/);
  assert.throws(
    () => sceneCover(9, 9, { objects: 8, k: 5 } as never),
    /must be \[shortest, longest\]/,
  );
});
