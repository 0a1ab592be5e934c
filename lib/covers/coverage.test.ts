import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { completeCover } from "./complete.ts";
import type { Cover } from "./cover.ts";
import { coverage, objectCoverage } from "./coverage.ts";
import { gridCover } from "./grid.ts";
import { bruteForceCovered } from "./testing.ts";

Deno.test("coverage: a grid written out by hand", () => {
  const cover = gridCover(4, 4, 2); // whole 4x4 and four 2x2 cells, k = 2
  const rows = coverage(cover, 2);
  // Side 1: 1 > 4 / 4 is false, no patch counts. Side 2: 4 > 1, but only in the four cells (not in
  // the whole: 4 > 16 / 4 is false). Sides 3 and 4: the whole image.
  assert.deepEqual(rows.map((row) => row.covered), [0, 4, 4, 1]);
  assert.deepEqual(rows.map((row) => row.positions), [16, 9, 4, 1]);
  assert.deepEqual(rows.map((row) => row.fraction), [0, 4 / 9, 1, 1]);
  assert.deepEqual(rows.map((row) => row.relative), [0.25, 0.5, 0.75, 1]);
});

Deno.test("coverage: equals the brute-force count on small and irregular covers", () => {
  const random = createRandom("coverage");
  for (let round = 0; round < 40; round++) {
    const width = random.integer(1, 22), height = random.integer(1, 22);
    const k = random.integer(1, 6);
    const level = Array.from({ length: random.integer(0, 12) }, () => {
      const left = random.integer(0, width - 1), top = random.integer(0, height - 1);
      const w = random.integer(1, width - left), h = random.integer(1, height - top);
      return { left, top, width: w, height: h };
    });
    const irregular: Cover = { width, height, fit: "pad", levels: [level] };
    for (const cover of [irregular, completeCover(width, height, k), gridCover(width, height, k)]) {
      for (const row of coverage(cover, k)) {
        assert.equal(row.covered, bruteForceCovered(cover, k, row.side, row.side));
        assert.equal(row.positions, (cover.width - row.side + 1) * (cover.height - row.side + 1));
      }
      const w = random.integer(1, cover.width), h = random.integer(1, cover.height);
      const { covered } = objectCoverage(cover, k, { width: w, height: h });
      assert.equal(covered, bruteForceCovered(cover, k, w, h), `${w}x${h}`);
    }
  }
});

Deno.test("coverage: cc@10 of a 1000 px image leaves out positions of small objects", () => {
  const cover = completeCover(1000, 1000, 10);
  const sides = [10, 20, 30, 50];
  const at = coverage(cover, 10, { sides }).map((row) => row.fraction);
  // 10 px: the smallest window is 100 px, and 10 > 100 / 10 is false. 20 px: only the 10x10 windows
  // of 100 px count (20 > 200 / 10 is false), each holding 81 of the 981 positions an axis.
  assert.equal(at[0], 0);
  assert.equal(at[1], 810 ** 2 / 981 ** 2);
  assert.deepEqual(at.slice(2).map((value) => value.toFixed(3)), ["0.792", "0.990"]);
});

Deno.test("coverage: with pixels a hundred times finer, positions are all but continuous", () => {
  const cover = completeCover(1000, 1000, 10);
  const finer = (box: { left: number; top: number; width: number; height: number }) => ({
    left: box.left * 100,
    top: box.top * 100,
    width: box.width * 100,
    height: box.height * 100,
  });
  const levels = cover.levels.map((level) => level.map(finer));
  const fine: Cover = { ...cover, width: 100_000, height: 100_000, levels };
  const at = coverage(fine, 10, { sides: [2000, 3000, 5000] });
  assert.deepEqual(at.map((row) => row.fraction.toFixed(2)), ["0.67", "0.78", "0.99"]);
});

Deno.test("coverage: refuses impossible questions", () => {
  const cover = gridCover(8, 6, 2);
  assert.throws(() => coverage(cover, 0), /Cannot measure coverage: k must be a positive integer/);
  assert.throws(() => coverage(cover, 2, { sides: [7] }), /object of 7x7 px does not fit .* 8x6/);
  assert.throws(() => coverage(cover, 2, { sides: [1.5] }), /width must be .* got 1\.5/);
  assert.throws(() => objectCoverage(cover, 2, { width: 2, height: 0 }), /height must be/);
});
