import assert from "node:assert/strict";
import { similarityHistogram, type SimilarityHistogramRow } from "./similarity_histogram.ts";
import { assertSnapshot, withoutFont } from "./testing.ts";

const edges = [-2, -1.5, -1, -0.5, 0];
const row: SimilarityHistogramRow = {
  method: "full image",
  vectors: 1,
  kind: "positives",
  pairs: 200,
  nonPositive: 0,
  logMean: -0.8,
  edges,
  shares: [0.1, 0.2, 0.4, 0.3],
};
const negative: SimilarityHistogramRow = {
  ...row,
  kind: "negatives",
  pairs: 1000,
  nonPositive: 120,
  logMean: -1.3,
  shares: [0.3, 0.5, 0.1, 0],
};
const rows = [
  row,
  negative,
  { ...row, method: "DetailCLIP, our training", logMean: -0.6 },
  { ...negative, method: "DetailCLIP, our training", nonPositive: 0, shares: [0.4, 0.5, 0.1, 0] },
];

Deno.test("similarity_histogram looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  await assertSnapshot("similarity_histogram", similarityHistogram(rows));
});

Deno.test("what the log scale cannot show is said under it", () => {
  // 120 of 1000 without a logarithm; of the others, a tenth left of the axis
  assert.match(
    withoutFont(similarityHistogram(rows)).replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " "),
    /full image, does not: 20\.8 % \(12\.0 %\)/,
  );
  assert.match(similarityHistogram([row]).svg, /No pair lies outside/);
});

Deno.test("no rows, doubles and differing bins are refused; a method without logarithms is drawn", () => {
  assert.throws(() => similarityHistogram([]), /Cannot draw similarity histograms: there are no/);
  assert.throws(() => similarityHistogram([row, row]), /two rows are for positives of full image/);
  assert.throws(
    () => similarityHistogram([row, { ...negative, edges: [-2, 0] }]),
    /their bins differ/,
  );
  const empty = { ...row, nonPositive: 200, logMean: NaN, shares: [0, 0, 0, 0] };
  assert.doesNotMatch(withoutFont(similarityHistogram([empty])), /NaN|undefined|Infinity/);
});
