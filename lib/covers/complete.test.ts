import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createRandom } from "../numeric/random.ts";
import { completeCover } from "./complete.ts";
import { type Box, coverBoxes } from "./cover.ts";
import { assertInside } from "./testing.ts";

interface GoldenCase {
  width: number;
  height: number;
  k: number;
  padded: [number, number];
  levels: number[];
  sha256: string;
  boxes: number[][];
}

const golden: { cases: GoldenCase[] } = JSON.parse(
  Deno.readTextFileSync(new URL("testdata/cc_boxes.json", import.meta.url)),
);
const counts = (levels: Box[][]) => levels.map((level) => level.length);

Deno.test("completeCover: the boxes of the authors' program, bit for bit", () => {
  assert.equal(golden.cases.length, 24);
  for (const { width, height, k, padded, levels, sha256, boxes } of golden.cases) {
    const cover = completeCover(width, height, k);
    assert.deepEqual([cover.width, cover.height], padded);
    assert.deepEqual(counts(cover.levels), levels);
    const rows = coverBoxes(cover).map((b) => [b.left, b.top, b.width, b.height]);
    assert.deepEqual(rows, boxes);
    assert.equal(createHash("sha256").update(JSON.stringify(rows)).digest("hex"), sha256);
  }
});

/** Table 13 of the paper: patches a level of cc@k, for k = 1 .. 15. */
const TABLE_13 = [
  [1],
  [1, 4],
  [1, 4, 9],
  [1, 4, 9, 16],
  [1, 4, 9, 25],
  [1, 4, 9, 16, 36],
  [1, 4, 9, 16, 49],
  [1, 4, 9, 25, 64],
  [1, 4, 9, 16, 25, 81],
  [1, 4, 9, 16, 36, 100],
  [1, 4, 9, 16, 36, 121],
  [1, 4, 9, 16, 25, 49, 144],
  [1, 4, 9, 16, 25, 49, 169],
  [1, 4, 9, 16, 25, 64, 196],
  [1, 4, 9, 16, 36, 64, 225],
];

Deno.test("completeCover: Table 13 at any ordinary size, padded or stretched", () => {
  const totals = [1, 5, 14, 30, 39, 66, 79, 103, 136, 166, 187, 248, 273, 315, 355];
  for (const [width, height] of [[1000, 1000], [640, 480], [333, 2000]]) {
    TABLE_13.forEach((row, i) => {
      for (const fit of ["pad", "stretch"] as const) {
        const cover = completeCover(width, height, i + 1, { fit });
        assert.deepEqual(counts(cover.levels), row, `k = ${i + 1} at ${width}x${height}`);
        assert.equal(coverBoxes(cover).length, totals[i]);
        assert.equal(cover.fit, fit);
      }
    });
  }
});

Deno.test("completeCover: every small size and many random ones give sound levels", () => {
  const random = createRandom("complete");
  const sizes = Array.from({ length: 144 }, (_, i) => [1 + i % 12, 1 + Math.floor(i / 12)]);
  for (let i = 0; i < 60; i++) sizes.push([random.integer(1, 3000), random.integer(1, 3000)]);
  for (const [width, height] of sizes) {
    for (const k of [1, 2, 3, random.integer(4, 25)]) {
      const cover = completeCover(width, height, k);
      const label = `${width}x${height}, k = ${k}`;
      assert.equal(cover.width % k + cover.height % k, 0, label);
      assert.ok(cover.width >= width && cover.width < width + k, label);
      assert.ok(cover.height >= height && cover.height < height + k, label);
      assertInside(cover, label);
      const sizesOfLevels = counts(cover.levels);
      assert.ok(sizesOfLevels.every((n, i) => i === 0 || n > sizesOfLevels[i - 1]), label);
      const smallest = cover.levels.at(-1)![0];
      assert.deepEqual([smallest.width * k, smallest.height * k], [cover.width, cover.height]);
    }
  }
});

Deno.test("completeCover: refuses what it cannot cover, saying why", () => {
  const message = (call: () => unknown) => {
    try {
      call();
    } catch (error) {
      return error instanceof RangeError ? error.message : `not a RangeError: ${error}`;
    }
    return "did not throw";
  };
  assert.equal(
    message(() => completeCover(10, 10, 0)),
    "Cannot cover image: k must be a positive integer, got 0",
  );
  assert.match(message(() => completeCover(0, 10, 2)), /width must be a positive integer, got 0/);
  assert.match(message(() => completeCover(10, 1.5, 2)), /height must be .* got 1\.5/);
  assert.match(message(() => completeCover(10, NaN, 2)), /got NaN/);
  assert.match(message(() => completeCover(10, 10, 2.5)), /k must be a positive integer, got 2\.5/);
  assert.match(message(() => completeCover(1000, 1000, 2000)), /more than the limit of 100000/);
  assert.match(message(() => completeCover(2 ** 40, 2 ** 40, 2)), /too large/);
  const fit = "crop" as "pad";
  assert.match(message(() => completeCover(9, 9, 2, { fit })), /fit must be .* got "crop"/);
});
