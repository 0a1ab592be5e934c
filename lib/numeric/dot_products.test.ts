import assert from "node:assert/strict";
import { createRowMax, dotProducts } from "./dot_products.ts";
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

/** Each product by itself, in the plain loop. */
function plainProducts(a: Float32Array, b: Float32Array, dim: number): Float64Array {
  const columns = b.length / dim;
  return Float64Array.from(
    { length: a.length / dim * columns },
    (_, at) => dot(a, Math.floor(at / columns), b, at % columns, dim),
  );
}

Deno.test("dotProducts equals single dot products bit for bit at every shape", () => {
  const shapes = [[1, 1, 1], [4, 4, 3], [5, 7, 2], [9, 3, 16], [2, 65, 513], [3, 200, 512]];
  for (const [rows, columns, dim] of shapes) {
    const a = noise("a", rows * dim), b = noise("b", columns * dim);
    assert.deepEqual(dotProducts(a, b, dim), plainProducts(a, b, dim), `${rows} ${columns} ${dim}`);
  }
});

Deno.test("dotProducts equals them where rows or queries are more than fit at once", () => {
  for (const [rows, columns, dim] of [[1100, 9, 509], [2, 3, 40_000], [3, 2, 300_001]]) {
    const a = noise("a", rows * dim), b = noise("b", columns * dim);
    assert.deepEqual(dotProducts(a, b, dim), plainProducts(a, b, dim), `${rows} ${columns} ${dim}`);
  }
});

Deno.test("dotProducts of no vectors are none, and of half a vector an error", () => {
  assert.equal(dotProducts(new Float32Array(), noise("b", 6), 3).length, 0);
  assert.equal(dotProducts(noise("a", 6), new Float32Array(), 3).length, 0);
  assert.throws(() => dotProducts(noise("a", 6), noise("b", 5), 3), /Cannot multiply vectors: 5/);
  assert.throws(() => dotProducts(noise("a", 5), noise("b", 6), 3), /Cannot multiply vectors: 5/);
});

Deno.test("infinities and numbers of all sizes are multiplied as in the plain loop", () => {
  const random = createRandom("sizes"), dim = 13;
  const wild = (count: number) =>
    Float32Array.from(
      { length: count * dim },
      () => random.normal() * 10 ** random.integer(-44, 38),
    );
  const a = wild(5), b = wild(21);
  a[3] = Infinity, b[7] = -Infinity, b[40] = -0;
  assert.deepEqual(dotProducts(a, b, dim), plainProducts(a, b, dim));
});

Deno.test("queries of several functions do not get into each other's way", () => {
  const dim = 6, a = noise("a", 3 * dim), b = noise("b", 3 * dim), rows = noise("rows", 11 * dim);
  const changed = a.slice(), [first, second] = [createRowMax(changed, dim), createRowMax(b, dim)];
  changed.fill(0); // what it was made of was copied
  for (let turn = 0; turn < 2; turn++) {
    for (const [max, queries] of [[first, a], [second, b]] as const) {
      const all = plainProducts(queries, rows, dim);
      const best = [0, 1, 2].map((q) =>
        Math.fround(Math.max(...all.subarray(q * 11, q * 11 + 11)))
      );
      assert.deepEqual([...max(rows).best], best);
    }
  }
});

Deno.test("createRowMax finds the best row, from sets of any size one after another", () => {
  const dim = 5, queries = noise("q", 6 * dim);
  const best = createRowMax(queries, dim);
  for (const count of [13, 1, 4, 7, 13, 7000]) {
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
