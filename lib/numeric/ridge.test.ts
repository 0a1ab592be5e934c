import assert from "node:assert/strict";
import { createRandom } from "./random.ts";
import { ridgeInverse } from "./ridge.ts";
import { randomUnit } from "./testing.ts";

const [D, Q] = [8, 3];
const random = createRandom("ridge");
const WORDS = Array.from({ length: Q }, () => randomUnit(random, D));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

Deno.test("the inverse of independent rows is exact, of dependent ones it needs a ridge", () => {
  const rows = Float32Array.from(WORDS.flatMap((word) => [...word]));
  const inverse = ridgeInverse(rows, D, 0); // (D, Q)
  const column = (q: number) => Array.from({ length: D }, (_, d) => inverse[d * Q + q]);
  WORDS.forEach((word, i) => {
    for (let q = 0; q < Q; q++) {
      assert.ok(Math.abs(dot(word, column(q)) - (i === q ? 1 : 0)) < 1e-5);
    }
  });
  const twice = Float32Array.from([...WORDS[0], ...WORDS[0]]);
  assert.throws(
    () => ridgeInverse(twice, D, 0),
    /Cannot invert 2 vectors: number 1 depends on others/,
  );
  // W'(WW' + lambda I)^-1 of a row that is there twice: half of the way for each, less the ridge
  const shared = ridgeInverse(twice, D, 0.1);
  for (let d = 0; d < D; d++) {
    assert.ok(Math.abs(shared[2 * d] - WORDS[0][d] / 2.1) < 1e-6);
    assert.equal(shared[2 * d], shared[2 * d + 1]);
  }
  const many = Float32Array.from({ length: 3 * 2 }, (_, i) => i + 1); // more rows than dimensions
  assert.ok(ridgeInverse(many, 2, 1e-3).every(Number.isFinite));
});

Deno.test("the ridge counts in units of the rows' mean square length", () => {
  const rows = Float32Array.of(3, 0, 0, 4); // lambda = ridge * 12.5
  const inverse = ridgeInverse(rows, 2, 0.1);
  const expected = [3 / (9 + 1.25), 0, 0, 4 / (16 + 1.25)];
  expected.forEach((value, i) => assert.ok(Math.abs(inverse[i] - value) < 1e-6));
});

Deno.test("of many rows the smaller system gives the same inverse, and needs no ridge where they span all", () => {
  const rows = Float32Array.from(
    Array.from({ length: 20 }, () => [...randomUnit(random, D)]).flat(),
  );
  const inverse = ridgeInverse(rows, D, 0.3); // (D, 20)
  const row = (i: number) => rows.subarray(i * D, (i + 1) * D);
  for (let d = 0; d < D; d++) { // W' (WW' + lambda I) = W'
    const line = inverse.subarray(20 * d, 20 * d + 20);
    for (let q = 0; q < 20; q++) {
      const product = line.reduce((sum, x, i) => sum + x * dot(row(i), row(q)), 0.3 * line[q]);
      assert.ok(Math.abs(product - row(q)[d]) < 1e-5);
    }
  }
  const exact = ridgeInverse(rows, D, 0); // a left inverse: W' W = I
  for (let d = 0; d < D; d++) {
    for (let e = 0; e < D; e++) {
      let sum = 0;
      for (let q = 0; q < 20; q++) sum += exact[20 * d + q] * rows[q * D + e];
      assert.ok(Math.abs(sum - (d === e ? 1 : 0)) < 1e-4);
    }
  }
  const flat = rows.map((value, i) => i % D === 0 ? 0 : value);
  assert.throws(() => ridgeInverse(flat, D, 0), /they do not span all dimensions; use a ridge/);
});
