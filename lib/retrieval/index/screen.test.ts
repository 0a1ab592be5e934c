import assert from "node:assert/strict";
import { dotKernels, estimateError, PANEL } from "../../numeric/dot_products_wasm.ts";
import { createRandom } from "../../numeric/random.ts";
import { randomUnit } from "../../numeric/testing.ts";
import { vectorLength } from "../../numeric/vectors.ts";
import { topResults } from "../topk.ts";
import { FlatIndex } from "./flat_index.ts";

const random = createRandom("screen");
const normal = (length: number) => Float32Array.from({ length }, () => random.normal());
const times = (vector: Float32Array, factor: number) => vector.map((x) => x * factor);

/** Compares a search, in many blocks, with all scores, which are exact products. */
async function assertBest(images: readonly Float32Array[], queries: Float32Array, dim: number) {
  const index = new FlatIndex({ dim }, { segmentBytes: 32 * PANEL * dim });
  for (const features of images) index.add(features);
  const scores = await index.scores(queries);
  for (const count of [1, 10, 60]) {
    const found = await index.search(queries, { count });
    found.forEach((results, q) => assert.deepEqual(results, topResults(scores, q, { count })));
  }
}

Deno.test("the best of vectors that differ by less than the error of estimates", async () => {
  const dim = 300, base = randomUnit(random, dim), queries = new Float32Array(2 * dim);
  queries.set(base), queries.set(times(base, -0.3), dim);
  const near = () => {
    const vector = base.slice();
    for (let d = 0; d < dim; d++) vector[d] *= 1 + random.integer(-1, 1) * 2 ** -22;
    return vector;
  };
  // some among many, as nothing is estimated where most are near
  const images = Array.from({ length: 6000 }, (_, n) => n % 97 ? randomUnit(random, dim) : near());
  await assertBest(images, queries, dim);
  const pairs = Array.from({ length: 3000 }, (_, n) => {
    const both = new Float32Array(2 * dim); // the better one first or second
    for (const at of [0, dim]) both.set(n % 97 ? randomUnit(random, dim) : near(), at);
    return both;
  });
  await assertBest(pairs, queries, dim);
});

Deno.test("the best where every image is better than those before, or worse, or the same", async () => {
  const dim = 24, query = randomUnit(random, dim);
  const better = Array.from({ length: 900 }, (_, n) => times(query, n / 900));
  await assertBest(better, query, dim);
  await assertBest(better.toReversed(), query, dim);
  await assertBest(better.map(() => query), query, dim);
});

Deno.test("the best of images with many vectors, which begin anywhere in a panel", async () => {
  const dim = 33, images = Array.from({ length: 500 }, () => normal(dim * random.integer(1, 21)));
  await assertBest(images, normal(7 * dim), dim);
});

Deno.test("the best of numbers so great that estimates overflow, or so small that they vanish", async () => {
  const dim = 40, queries = [normal(dim), times(normal(dim), 1e30), times(normal(dim), 1e-30)];
  const images = Array.from({ length: 800 }, (_, n) => {
    const factor = n < 400 ? 10 ** random.integer(-44, 36) : [1e-12, 1, 1e36][n % 3];
    return times(normal(dim), factor);
  });
  for (const query of queries) await assertBest(images, query, dim);
  await assertBest(images, Float32Array.from(queries.flatMap((query) => [...query])), dim);
  const small = images.map((vector) => times(vector, 1e-44 / (vectorLength(vector) || 1)));
  for (const query of queries) await assertBest(small, query, dim);
});

Deno.test("estimates are within their error of the products", () => {
  const memory = () => new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const rows = memory(), scratch = new WebAssembly.Memory({ initial: 16 });
  const kernels = dotKernels(rows, scratch);
  for (const [dim, panels] of [[4, 1], [4, 2], [8, 3], [512, 5], [2000, 4]]) {
    const vectors = new Float32Array(rows.buffer, 0, panels * PANEL * dim);
    const queries = new Float32Array(scratch.buffer, 0, dim);
    const out = new Float32Array(scratch.buffer, 4 * dim, panels * PANEL);
    for (const [great, small] of [[1, 1], [1e15, 1e-20], [1e-21, 1e-21]]) {
      queries.set(times(normal(dim), great)), vectors.set(times(normal(vectors.length), small));
      kernels.estimate(0, panels, 4 * PANEL * dim, 0, 4 * dim);
      for (let row = 0; row < out.length; row++) {
        let product = 0, squares = 0;
        for (let d = 0; d < dim; d++) {
          const x = vectors[(Math.floor(row / PANEL) * dim + d) * PANEL + row % PANEL];
          product += x * queries[d], squares += x * x;
        }
        const most = estimateError(dim, Math.sqrt(squares) * vectorLength(queries));
        assert.ok(Math.abs(out[row] - Math.fround(product)) <= most, `${dim} ${row} ${out[row]}`);
        assert.ok(most < 1e-3 * Math.sqrt(squares) * vectorLength(queries) + 1e-40);
      }
    }
  }
  assert.equal(estimateError(512, 2 ** 121), Infinity);
  assert.equal(estimateError(2 ** 24, 1), Infinity);
  assert.equal(estimateError(512, NaN), Infinity);
});
