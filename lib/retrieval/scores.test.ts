import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import {
  bestVectorScores,
  createFullScorer,
  createMaxScorer,
  createMeanScorer,
  dotScores,
  maxOverPatches,
  meanOverPatches,
  meanVector,
  scoreStream,
} from "./mod.ts";

function unitRows(seed: string, rows: number, dim: number): Float32Array {
  const random = createRandom(seed);
  const out = new Float32Array(rows * dim);
  for (let r = 0; r < rows; r++) {
    const row = Array.from({ length: dim }, () => random.normal());
    const norm = Math.hypot(...row);
    row.forEach((value, d) => out[r * dim + d] = value / norm);
  }
  return out;
}

function dot(a: Float32Array, i: number, b: Float32Array, j: number, dim: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += a[i * dim + d] * b[j * dim + d];
  return sum;
}

Deno.test("dotScores equals single dot products at every shape around the block size", () => {
  for (
    const [images, queries, dim] of [[1, 1, 1], [3, 5, 7], [64, 4, 8], [65, 9, 16], [130, 2, 3]]
  ) {
    const [x, q] = [unitRows("x", images, dim), unitRows("q", queries, dim)];
    const matrix = dotScores(x, q, { dim });
    assert.deepEqual([matrix.queries, matrix.images], [queries, images]);
    for (let i = 0; i < queries; i++) {
      for (let n = 0; n < images; n++) {
        assert.equal(matrix.scores[i * images + n], Math.fround(dot(q, i, x, n, dim)));
      }
    }
  }
});

Deno.test("maxOverPatches keeps the best patch and where it is", () => {
  const dim = 5, queries = unitRows("q", 6, dim);
  const images = [1, 2, 3, 4, 5, 8, 13].map((p) => ({ features: unitRows(`p${p}`, p, dim) }));
  for (const from of [0, 1, 2]) {
    const { scores, winners } = maxOverPatches(images, queries, { dim, from });
    images.forEach(({ features }, n) => {
      for (let q = 0; q < 6; q++) {
        const all = Array.from(
          { length: features.length / dim },
          (_, p) => Math.fround(dot(queries, q, features, p, dim)),
        );
        const counted = all.length > from ? all.slice(from) : all.slice(0, 1);
        const best = Math.max(...counted);
        assert.equal(scores[q * images.length + n], best);
        assert.equal(all[winners![q * images.length + n]], best);
        assert.ok(all.length <= from || winners![q * images.length + n] >= from);
      }
    });
  }
});

Deno.test("maxOverPatches gives ties to the first patch", () => {
  const features = Float32Array.of(0, 1, 1, 0, 1, 0, 0, 1); // patches 1 and 2 are equal
  const { winners } = maxOverPatches([{ features }], Float32Array.of(1, 0, 0, 1), { dim: 2 });
  assert.deepEqual([...winners!], [1, 0]);
});

Deno.test("an image scores the same whatever images come before it", () => {
  const dim = 32, queries = unitRows("q", 7, dim);
  const a = { features: unitRows("a", 9, dim) }, b = { features: unitRows("b", 30, dim) };
  const alone = maxOverPatches([a], queries, { dim });
  const after = maxOverPatches([b, a], queries, { dim });
  for (let q = 0; q < 7; q++) {
    assert.equal(after.scores[q * 2 + 1], alone.scores[q]);
    assert.equal(after.winners![q * 2 + 1], alone.winners![q]);
  }
});

Deno.test("meanOverPatches scores the normalised mean", () => {
  const features = Float32Array.of(1, 0, 0, 1); // mean (½, ½), normalised (√½, √½)
  const queries = Float32Array.of(1, 0, Math.SQRT1_2, Math.SQRT1_2);
  const { scores } = meanOverPatches([{ features }], queries, { dim: 2 });
  assert.ok(Math.abs(scores[0] - Math.SQRT1_2) < 1e-7 && Math.abs(scores[1] - 1) < 1e-7);
  const later = meanOverPatches([{ features }], queries, { dim: 2, from: 1 });
  assert.equal(later.scores[0], 0);
  assert.deepEqual([...meanVector(Float32Array.of(1, 0, -1, 0), 2)], [0, 0]); // no direction
});

Deno.test("scoreStream gives what the single calls give, from one pass", async () => {
  const dim = 8, queries = unitRows("q", 5, dim);
  const images = [3, 1, 6].map((p) => ({ features: unitRows(`p${p}`, p, dim) }));
  let passes = 0;
  async function* stream() {
    passes++;
    for (const image of images) yield await Promise.resolve(image);
  }
  const counts: number[] = [];
  const [full, best, mean] = await scoreStream(stream(), [
    createFullScorer(queries, { dim }),
    createMaxScorer(queries, { dim, from: 1 }),
    createMeanScorer(queries, { dim }),
  ], { onImage: (done) => counts.push(done) });
  const whole = Float32Array.from(images.flatMap(({ features }) => [...features.slice(0, dim)]));
  assert.deepEqual(best, maxOverPatches(images, queries, { dim, from: 1 }));
  assert.deepEqual(mean, meanOverPatches(images, queries, { dim }));
  dotScores(whole, queries, { dim }).scores.forEach((score, at) =>
    assert.ok(Math.abs(score - full.scores[at]) < 1e-6)
  );
  assert.deepEqual([passes, counts], [1, [1, 2, 3]]);
});

Deno.test("scoreStream stops at once when it is aborted, with the signal's reason", async () => {
  const controller = new AbortController();
  const features = Float32Array.of(1, 0);
  function* endless() {
    while (true) yield { features };
  }
  const reason = new Error("stopped by the user");
  const run = scoreStream(endless(), [createFullScorer(features, { dim: 2 })], {
    signal: controller.signal,
    onImage: (done) => done === 5 && controller.abort(reason),
  });
  await assert.rejects(run, reason);
});

Deno.test("a timer can abort a stream that never waits", async () => {
  const controller = new AbortController();
  const features = Float32Array.of(1, 0);
  const scorer = { add: () => {}, finish: () => ({ queries: 0, images: 0, scores: features }) };
  function* endless() {
    while (true) yield { features };
  }
  setTimeout(() => controller.abort(new Error("late")), 1);
  await assert.rejects(
    scoreStream(endless(), [scorer], { signal: controller.signal }),
    /late/,
  );
});

Deno.test("scoring refuses vectors of another length, and says which image", () => {
  const queries = Float32Array.of(1, 0);
  const score = (features: Float32Array, options: { dim: number; from?: number }) =>
    maxOverPatches([{ imageId: "a.jpg", features }], queries, options);
  assert.throws(
    () => score(Float32Array.of(1, 0, 0), { dim: 2 }),
    /Cannot score patches of a.jpg: 3 values are not a whole number of vectors of 2/,
  );
  assert.throws(() => score(new Float32Array(0), { dim: 2 }), /a.jpg: there are none/);
  assert.throws(() => score(queries, { dim: 0 }), /dim must be a positive integer, got 0/);
  assert.throws(() => score(queries, { dim: 2, from: -1 }), /from must be .* got -1/);
});

Deno.test("bestVectorScores is the maximum over an image's vectors", () => {
  const dim = 3, data = unitRows("vectors", 5 * 4, dim), queries = unitRows("queries", 6, dim);
  const images = Array.from({ length: 5 }, (_, n) => ({
    features: data.subarray(n * 4 * dim, (n + 1) * 4 * dim),
  }));
  const { winners: _, ...expected } = maxOverPatches(images, queries, { dim });
  assert.deepEqual(bestVectorScores(data, queries, { dim, vectors: 4 }), expected);
  assert.deepEqual(
    bestVectorScores(data, queries, { dim, vectors: 1 }),
    dotScores(data, queries, { dim }),
  );
  for (const vectors of [0, 3, 1.5]) {
    assert.throws(() => bestVectorScores(data, queries, { dim, vectors }), /Cannot score images/);
  }
});

Deno.test("a NaN in a vector is refused where it is scored, with the name of its image", () => {
  const good = Float32Array.of(1, 0), bad = Float32Array.of(1, 0, NaN, 0);
  const images = [{ features: good }, { imageId: "b.jpg", features: bad }];
  for (const score of [maxOverPatches, meanOverPatches]) {
    assert.throws(
      () => score(images, good, { dim: 2 }),
      new RangeError("Cannot score patches of b.jpg: a value is NaN"),
    );
    assert.throws(
      () => score([{ features: good }], bad, { dim: 2 }),
      new RangeError("Cannot score queries: a value is NaN"),
    );
  }
  const full = createFullScorer(good, { dim: 2 });
  assert.throws(() => full.add({ features: Float32Array.of(NaN, 1) }), /patches: a value is NaN/);
});
