import assert from "node:assert/strict";
import { createRandom } from "../../numeric/random.ts";
import { closedFormFusion } from "./closed_form.ts";

/** Unit rows that lean to one side, as the prompts of a CLIP do. // (rows, D) */
function unitRows(seed: string, rows: number, dim: number): Float32Array {
  const random = createRandom(seed);
  const out = new Float32Array(rows * dim);
  for (let r = 0; r < rows; r++) {
    const row = Array.from({ length: dim }, (_, d) => random.normal() + (d === 0 ? 1 : 0));
    row.forEach((value, d) => out[r * dim + d] = value / Math.hypot(...row));
  }
  return out;
}

function randomTargets(images: number, queries: number): Float32Array {
  const random = createRandom(`${images} ${queries}`);
  return Float32Array.from({ length: images * queries }, () => random.uniform(0.1, 0.9));
}

/** Targets less their column's mean, image by image. // (N, Q) */
function centred(targets: Float32Array, queries: number): number[][] {
  const images = targets.length / queries;
  const rows = Array.from(
    { length: images },
    (_, n) => [...targets.subarray(n * queries, (n + 1) * queries)],
  );
  const means = rows[0].map((_, q) => rows.reduce((sum, row) => sum + row[q], 0) / images);
  return rows.map((row) => row.map((value, q) => value - means[q]));
}

/** Wv, and for the gradient Wᵀr. // (Q, D) */
function times(prompts: Float32Array, dim: number, vector: ArrayLike<number>): number[] {
  return Array.from({ length: prompts.length / dim }, (_, q) => {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += prompts[q * dim + d] * vector[d];
    return sum;
  });
}

/** Solves Ax = b by Gauss-Jordan elimination with pivoting. */
function eliminate(a: number[][], b: number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]]);
  rows.forEach((_, i) => {
    const pivot = rows.slice(i).reduce(
      (at, row, j) => Math.abs(row[i]) > Math.abs(rows[at][i]) ? i + j : at,
      i,
    );
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    rows.forEach((row, j) => {
      if (j === i) return;
      const factor = row[i] / rows[i][i];
      row.forEach((_, k) => row[k] -= factor * rows[i][k]);
    });
  });
  return rows.map((row, i) => row[rows.length] / row[i]);
}

/** The primal normal equations, (WᵀW + λI)v = Wᵀt, brought to length 1. // (D) */
function normalEquations(prompts: Float32Array, dim: number, ridge: number, t: number[]): number[] {
  const w = t.map((_, q) => [...prompts.subarray(q * dim, (q + 1) * dim)]);
  const a = Array.from(
    { length: dim },
    (_, i) =>
      Array.from(
        { length: dim },
        (_, j) => w.reduce((sum, row) => sum + row[i] * row[j], i === j ? ridge : 0),
      ),
  );
  const b = Array.from(
    { length: dim },
    (_, i) => w.reduce((sum, row, q) => sum + row[i] * t[q], 0),
  );
  const v = eliminate(a, b);
  return v.map((value) => value / Math.hypot(...v));
}

Deno.test("closedFormFusion solves the ridge problem, with more prompts than dimensions or fewer", () => {
  for (const [queries, dim, ridge] of [[4, 9, 0.01], [9, 4, 0.01], [6, 6, 1], [12, 5, 1e-4]]) {
    const prompts = unitRows("w", queries, dim), targets = randomTargets(7, queries);
    const fused = closedFormFusion(targets, prompts, { dim, ridge });
    assert.equal(fused.length, 7 * dim);
    centred(targets, queries).forEach((t, n) => {
      const expected = normalEquations(prompts, dim, ridge, t);
      expected.forEach((value, d) => {
        assert.ok(Math.abs(fused[n * dim + d] - value) < 1e-5, `${queries} ${dim} ${ridge}`);
      });
    });
  }
});

Deno.test("without a ridge the similarities are the centred targets, up to a factor", () => {
  const queries = 5, dim = 8, prompts = unitRows("w", queries, dim);
  const targets = randomTargets(6, queries);
  const fused = closedFormFusion(targets, prompts, { dim, ridge: 0 });
  centred(targets, queries).forEach((t, n) => {
    const similarities = times(prompts, dim, fused.subarray(n * dim, (n + 1) * dim));
    const factor = Math.hypot(...similarities) / Math.hypot(...t);
    similarities.forEach((value, q) => assert.ok(Math.abs(value - factor * t[q]) < 1e-5));
  });
});

Deno.test("a shift of all targets of a prompt changes nothing, unless the means are given", () => {
  const queries = 4, dim = 6, prompts = unitRows("w", queries, dim);
  const targets = randomTargets(5, queries);
  const fused = closedFormFusion(targets, prompts, { dim });
  const shifted = targets.map((value, i) => value + [0.5, -0.25, 0, 1][i % queries]);
  closedFormFusion(shifted, prompts, { dim }).forEach((value, i) => {
    assert.ok(Math.abs(value - fused[i]) < 1e-5);
  });
  // one image of a collection, by the means of all
  const means = Array.from(
    { length: queries },
    (_, q) => targets.reduce((sum, value, i) => i % queries === q ? sum + value / 5 : sum, 0),
  );
  const third = closedFormFusion(targets.subarray(8, 12), prompts, { dim, means });
  third.forEach((value, d) => assert.ok(Math.abs(value - fused[2 * dim + d]) < 1e-6));
});

Deno.test("an image at the means has no direction, nor has one image alone", () => {
  const prompts = unitRows("w", 3, 4);
  assert.deepEqual(
    closedFormFusion(Float32Array.of(0.25, 0.5, 0.125), prompts, { dim: 4 }),
    new Float32Array(4),
  );
  assert.deepEqual(closedFormFusion(new Float32Array(0), prompts, { dim: 4 }), new Float32Array(0));
});

Deno.test("closedFormFusion refuses hostile input", () => {
  const prompts = unitRows("w", 3, 2), targets = randomTargets(2, 3);
  const fuse = (t: Float32Array, w: Float32Array, options = {}) => () =>
    closedFormFusion(t, w, { dim: 2, ...options });
  const spoilt = (values: Float32Array, value: number) => values.with(2, value);
  assert.throws(
    fuse(spoilt(targets, NaN), prompts),
    /^RangeError: Cannot fuse in closed form: target 2 is NaN$/,
  );
  assert.throws(fuse(targets, spoilt(prompts, Infinity)), /value of the prompts 2 is Infinity/);
  assert.throws(fuse(targets, new Float32Array(0)), /there are no prompts/);
  assert.throws(fuse(targets.subarray(1), prompts), /5 values are not a whole number of vectors/);
  assert.throws(fuse(targets, prompts, { means: [1, 2] }), /2 means for 3 prompts/);
  for (const ridge of [-1, NaN, Infinity]) {
    assert.throws(fuse(targets, prompts, { ridge }), /ridge must be a number from 0 on, got/);
  }
  // three prompts in two dimensions depend on each other; prompts that are 0 say nothing
  assert.throws(fuse(targets, prompts, { ridge: 0 }), /depends on others/);
  assert.throws(fuse(targets, new Float32Array(6)), /depends on others/);
});
