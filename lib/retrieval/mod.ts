/**
 * From vectors to numbers: scores, rankings, Recall@k and its confidence.
 *
 * @module
 */
export { rankImages, type RelevanceMatrix, type ScoreMatrix } from "./matrices.ts";
export { meanVector } from "../numeric/vectors.ts";
export { bestVectorScores, dotScores } from "./scores.ts";
export * from "./index/mod.ts";
export {
  createBestFewScorer,
  createFullScorer,
  createMaxScorer,
  createMeanScorer,
  maxOverPatches,
  meanOverPatches,
  type PatchScoreOptions,
  type PatchScorer,
  type PatchVectors,
} from "./patch_scores.ts";
export * from "./score_stream.ts";
export { expectedHits, type Ranking, rankingOf, type Tie } from "./ranking.ts";
export * from "./scorers.ts";
export * from "./recall.ts";
export * from "./relevance.ts";
export * from "./bootstrap.ts";
export * from "./topk.ts";
export * from "./rows.ts";
export * from "./scene_hits.ts";
export * from "./geojson.ts";
export * from "./search_cost.ts";
export * from "./similarity.ts";
