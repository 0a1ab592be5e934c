import assert from "node:assert/strict";
import {
  areaByQuery,
  areaUnderRoc,
  histogram,
  logSimilarities,
  momentsOf,
  sensitivityIndex,
  similarityPairs,
} from "./similarity.ts";

// two prompts, three images; the second prompt is more similar to everything
const scores = {
  queries: 2,
  images: 3,
  scores: Float32Array.of(0.25, 0.125, 0, 0.75, 0.5, 0.875),
};
const relevance = { queries: 2, images: 3, relevant: Uint8Array.of(1, 0, 0, 0, 1, 0) };

Deno.test("pairs are parted by relevance, and ignored ones left out", () => {
  const pairs = similarityPairs(scores, relevance);
  assert.deepEqual([...pairs.positives], [0.25, 0.5]);
  assert.deepEqual([...pairs.negatives], [0.125, 0, 0.75, 0.875]);
  const ignored = Uint8Array.of(1, 0, 0, 0, 0, 1);
  const fewer = similarityPairs(scores, { ...relevance, ignored });
  assert.deepEqual([...fewer.positives], [0.5]);
  assert.deepEqual([...fewer.negatives], [0.125, 0, 0.75]);
});

Deno.test("areas pool all prompts, or take each by itself", () => {
  assert.equal(areaUnderRoc(similarityPairs(scores, relevance)), 4 / 8);
  assert.equal(areaByQuery(scores, relevance), (1 + 0) / 2);
  const nothing = { ...relevance, relevant: new Uint8Array(6) };
  assert.ok(Number.isNaN(areaByQuery(scores, nothing)));
  assert.ok(Number.isNaN(areaUnderRoc(similarityPairs(scores, nothing))));
});

Deno.test("d′ counts standard deviations between the means", () => {
  const pairs = { positives: Float64Array.of(4, 6), negatives: Float64Array.of(1, 3) };
  assert.equal(sensitivityIndex(pairs), 3);
});

Deno.test("moments of numbers worked out by hand", () => {
  const { mean, sd, skewness } = momentsOf([0, 0, 0, 4]);
  assert.equal(mean, 1);
  assert.equal(sd, Math.sqrt(3));
  assert.ok(Math.abs(skewness - 6 / 3 ** 1.5) < 1e-12);
  assert.ok(Number.isNaN(momentsOf([]).mean));
});

Deno.test("similarities without a logarithm are counted", () => {
  const { logs, nonPositive } = logSimilarities(Float64Array.of(0.1, 0, -0.5, 1));
  assert.deepEqual([...logs], [-1, 0]);
  assert.equal(nonPositive, 2);
});

Deno.test("a histogram gives shares of all values, its last edge included", () => {
  assert.deepEqual(histogram(Float64Array.of(0, 0.5, 1, 2, 9), [0, 1, 2]), [0.4, 0.4]);
  assert.deepEqual(histogram(new Float64Array(), [0, 1, 2]), [0, 0]);
});

Deno.test("shapes that differ are refused", () => {
  assert.throws(
    () => similarityPairs(scores, { ...relevance, images: 2 }),
    /Cannot compare similarities: scores are 2 x 3 but relevance is 2 x 2/,
  );
});
