import assert from "node:assert/strict";
import {
  claims,
  logShift,
  separationTable,
  similarityConfig,
  type SimilarityRow,
} from "./similarity.ts";
import { judgedBy } from "./testing.ts";

/** The two distributions of a method, whose positive pairs lie so far from the negative ones. */
const rowsOf = (method: string, { logMean = -1, dPrime = 1, logSkewness = 0 } = {}) =>
  (["positives", "negatives"] as const).map((kind): SimilarityRow => ({
    ...{ method, kind, vectors: 1, pairs: 100, nonPositive: 0, edges: [-2, 0], shares: [1] },
    ...{
      mean: 0.1,
      sd: 0.1,
      skewness: 0,
      logSd: 0.1,
      auc: 0.7,
      aucByPrompt: 0.8,
      dPrime,
      logSkewness,
    },
    logMean: kind === "positives" ? logMean : -1.3,
  }));

const judged = (...rows: SimilarityRow[][]) =>
  judgedBy(claims, { similarity: rows.flat() }).map(({ ours, holds }) => [ours, holds]);

Deno.test("claims on similarities follow the rows, whatever the patches", () => {
  const full = rowsOf("full image"), patches = rowsOf("cc@10", { dPrime: 3, logSkewness: 1 });
  const fused = rowsOf("DetailCLIP, our training", { logMean: -0.9, dPrime: 2 });
  assert.deepEqual(judged(full, patches, fused), [
    ["0.100 (0.0 % left out) and 0.126 (0.0 % left out)", "yes"],
    ["1.00 and 2.00", "yes"],
    ["4 of 6", "partly"],
  ]);
  assert.ok(Math.abs(logShift(full, "full image") - 10 ** 0.3) < 1e-9);
  assert.deepEqual(separationTable([...full, ...patches]).map(({ method }) => method), [
    "full image",
    "cc@10",
  ]);
});

Deno.test("methods that were not run are not judged", () => {
  assert.deepEqual(judged(rowsOf("full image")), [
    ["no positives of DetailCLIP,", "not measured"],
    ["no positives of DetailCLIP,", "not measured"],
    ["2 of 2", "yes"],
  ]);
  assert.deepEqual(judged([])[2], ["no similarities", "not measured"]);
});

Deno.test("another width of the bins is another configuration, the own one is none", () => {
  assert.equal("bin" in similarityConfig("quick", { bin: 0.05 }), false);
  assert.equal(similarityConfig("quick", { bin: 0.1 }).bin, 0.1);
});
