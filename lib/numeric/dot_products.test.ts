import assert from "node:assert/strict";
import { createRowMax, multiplyPacked, packRows } from "./dot_products.ts";
import { createRandom } from "./random.ts";

function noise(seed: string, length: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => random.normal());
}

function dot(a: Float32Array, i: number, b: Float32Array, j: number, dim: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += a[i * dim + d] * b[j * dim + d];
  return sum;
}

Deno.test("multiplyPacked equals single dot products bit for bit", () => {
  for (const [rows, columns, dim] of [[1, 1, 1], [4, 4, 3], [5, 7, 2], [9, 3, 16]]) {
    const a = noise("a", rows * dim), b = noise("b", columns * dim);
    const stride = Math.ceil(columns / 4) * 4;
    const out = new Float64Array(Math.ceil(rows / 4) * 4 * stride);
    multiplyPacked(packRows(a, dim), packRows(b, dim), out, stride);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) assert.equal(out[i * stride + j], dot(a, i, b, j, dim));
    }
  }
});

Deno.test("createRowMax finds the best row, from sets of any size one after another", () => {
  const dim = 5, queries = noise("q", 6 * dim);
  const best = createRowMax(queries, dim);
  for (const count of [13, 1, 4, 7, 13]) {
    const rows = noise(`rows ${count}`, count * dim);
    const found = best(rows);
    for (let q = 0; q < 6; q++) {
      const all = Array.from({ length: count }, (_, row) => dot(queries, q, rows, row, dim));
      assert.equal(found.best[q], Math.fround(Math.max(...all)));
      assert.equal(found.winner[q], all.indexOf(Math.max(...all)));
    }
  }
});

Deno.test("createRowMax lets the first of equal rows win, and a NaN over all", () => {
  const best = createRowMax(Float32Array.of(1, 0), 2);
  assert.deepEqual([...best(Float32Array.of(0, 1, 1, 0, 1, 0)).winner], [1]);
  assert.ok(Number.isNaN(best(Float32Array.of(1, 0, NaN, 0, 1, 0)).best[0]));
});
