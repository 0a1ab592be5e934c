import assert from "node:assert/strict";
import { withFolder } from "../../features/testing.ts";
import { createRandom } from "../../numeric/random.ts";
import { makeStore, randomImages } from "../testing.ts";
import { createWhitener, inverseSquareRoot, patchMean, patchMoments } from "./whitening.ts";

const DIM = 6;

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const off = Math.abs(actual[i] - expected[i]);
    assert.ok(off <= tolerance, `value ${i}: ${actual[i]} instead of ${expected[i]}`);
  }
}

/** Product of two square matrices. */
function times(a: ArrayLike<number>, b: ArrayLike<number>, dim: number): number[] {
  return Array.from({ length: dim * dim }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += a[Math.floor(at / dim) * dim + k] * b[k * dim + at % dim];
    return sum;
  });
}

Deno.test("mean and covariance are those of plain loops, over more patches than fit at once", () =>
  withFolder(async (folder) => {
    const images = randomImages(40, DIM, (i) => 10 + i % 9);
    const store = await makeStore(folder, images, { dim: DIM, shardImages: 7 });
    for (const wanted of [images, images.slice(3, 5)]) {
      const rows = wanted.flatMap(({ features }) =>
        Array.from(
          { length: features.length / DIM },
          (_, p) => [...features.subarray(p * DIM, (p + 1) * DIM)],
        )
      );
      const mean = rows[0].map((_, d) => rows.reduce((sum, row) => sum + row[d], 0) / rows.length);
      const covariance = mean.flatMap((_, i) =>
        mean.map((_, j) =>
          rows.reduce((sum, row) => sum + (row[i] - mean[i]) * (row[j] - mean[j]), 0) / rows.length
        )
      );
      const imageIds = wanted.map(({ id }) => id);
      const moments = await patchMoments(store, { imageIds });
      assert.equal(moments.count, rows.length);
      assertClose(moments.mean, mean, 1e-12);
      assertClose(moments.covariance, covariance, 1e-12);
      assertClose(await patchMean(store, { imageIds }), mean, 1e-7);
    }
    assert.deepEqual(
      await patchMean(store),
      Float32Array.from((await patchMoments(store)).mean),
    );
  }));

Deno.test("the inverse square root is symmetric, and whitens", () => {
  for (const dim of [1, 5, 40]) {
    const random = createRandom(dim);
    const root = Array.from({ length: dim * dim }, () => random.normal());
    const transposed = root.map((_, at) => root[at % dim * dim + Math.floor(at / dim)]);
    const covariance = Float64Array.from(times(root, transposed, dim));
    const inverse = inverseSquareRoot(covariance, 0.5);
    const raised = covariance.map((value, at) => at % (dim + 1) === 0 ? value + 0.5 : value);
    const identity = raised.map((_, at) => at % (dim + 1) === 0 ? 1 : 0);
    assertClose(times(times(inverse, raised, dim), inverse, dim), identity, 1e-4);
    inverse.forEach((value, at) => {
      assert.equal(value, inverse[at % dim * dim + Math.floor(at / dim)]);
    });
  }
});

Deno.test("the inverse square root of no variance at all is that of epsilon", () => {
  assertClose(inverseSquareRoot(new Float64Array(4), 1e-4), [100, 0, 0, 100], 1e-4);
});

Deno.test("whitened patches: direction and length of A (x - mean), and 0 for the mean", () => {
  const random = createRandom(1), mean = Float32Array.from({ length: DIM }, () => random.normal());
  const matrix = new Float32Array(DIM * DIM);
  for (let i = 0; i < DIM; i++) {
    for (let j = 0; j <= i; j++) matrix[i * DIM + j] = matrix[j * DIM + i] = random.normal();
  }
  const whiten = createWhitener(mean, matrix);
  for (const count of [7, 3, 9]) { // buffers are kept from call to call
    const features = Float32Array.from({ length: count * DIM }, () => random.normal());
    features.set(mean, (count - 1) * DIM);
    const { directions, lengths } = whiten(features);
    for (let p = 0; p < count; p++) {
      const row = features.subarray(p * DIM, (p + 1) * DIM);
      const expected = mean.map((_, i) =>
        row.reduce((sum, x, j) => sum + matrix[i * DIM + j] * (x - mean[j]), 0)
      );
      const actual = directions.subarray(p * DIM, (p + 1) * DIM).map((x) => x * lengths[p]);
      assertClose(actual, expected, 1e-5);
      const squares = directions.subarray(p * DIM, (p + 1) * DIM)
        .reduce((sum, x) => sum + x * x, 0);
      assertClose([squares], [p === count - 1 ? 0 : 1], 1e-6);
    }
  }
});

Deno.test("passes over patches refuse what they cannot average, and stop at a signal", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, randomImages(3, DIM, () => 2), { dim: DIM });
    for (const pass of [patchMean, patchMoments]) {
      await assert.rejects(pass(store, { imageIds: [] }), /Cannot average patches: there are none/);
      await assert.rejects(pass(store, { imageIds: ["x"] }), /"x".*no such image/);
      const reason = new Error("enough");
      await assert.rejects(pass(store, { signal: AbortSignal.abort(reason) }), reason);
    }
  }));
