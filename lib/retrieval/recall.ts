/**
 * Recall@k as the paper defines it (eq. 8), and average precision: pure functions of a score matrix
 * and a relevance matrix.
 *
 * Recall@k here is not the usual "first k": for a query with n relevant images it counts how many
 * of them lie among the first n*k. A random ranking of N images reaches n*k/N.
 *
 * Where scores are equal, as those of copies of one photo are, every measure is its expectation over all orders of the
 * equal ones: it does not depend on the order in which the images are listed. Images of equal score are never parted
 * by it: a query whose scores are all equal has the recall of chance.
 *
 * @module
 */
import { checkMatrices, type RelevanceMatrix, type ScoreMatrix } from "./matrices.ts";
import { expectedHits, expectedPrecisions, rankingOf } from "./ranking.ts";

/** The recall of one query. */
export interface QueryRecall {
  /** Row of the query. */
  query: number;
  /** n, the number of its relevant images. */
  relevant: number;
  /** Number of images in its ranking. */
  ranked: number;
  /** Recall at each k of the result. */
  recall: number[];
}

/** Recall@k over all queries. */
export interface RecallResult {
  /** The k values asked for. */
  ks: number[];
  /** Mean over the queries that have a relevant image, one value a k (NaN when there are none). */
  recall: number[];
  /** What an uninformed ranking would reach on average, one value a k. */
  chance: number[];
  /** The queries that have a relevant image. */
  perQuery: QueryRecall[];
  /** The queries without one: they are not part of the mean. */
  withoutImages: number[];
}

function checkKs(ks: readonly number[]): void {
  if (ks.length === 0) throw new RangeError("Cannot compute recall: no k was given");
  for (const k of ks) {
    if (!Number.isInteger(k) || k < 1) {
      throw new RangeError(`Cannot compute recall: k must be a positive integer, got ${k}`);
    }
  }
}

/**
 * Recall@k of eq. 8: of a query's n relevant images, the share among the first n*k retrieved;
 * averaged over the queries that have any. Where n*k exceeds the number of images, all images count
 * as retrieved.
 *
 * Of m images of equal score at the places a to a+m-1 (from 0), h of them relevant, behind r relevant
 * ones, any order is as good as any other: with a < n*k < a+m, the expectation over all of them is
 * (r + h*(n*k - a)/m) / n.
 *
 * @param scores higher is better // (Q, N)
 * @param relevance right answers // (Q, N)
 * @param ks the k values; the paper uses 1, 3 and 5
 * @returns means in [0, 1], with the values of each query
 * @throws RangeError when shapes differ, a score is NaN, or a k is not a positive integer
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recallAtK } from "detailclip";
 * const scores = { queries: 1, images: 4, scores: Float32Array.of(0.9, 0.8, 0.7, 0.1) };
 * const relevance = { queries: 1, images: 4, relevant: Uint8Array.of(1, 0, 1, 0) };
 * // n = 2: one of two lies among the first 2, both among the first 4
 * assert(recallAtK(scores, relevance, [1, 2]).recall.join() === "0.5,1");
 * ```
 */
export function recallAtK(
  scores: ScoreMatrix,
  relevance: RelevanceMatrix,
  ks: readonly number[] = [1, 3, 5],
): RecallResult {
  checkKs(ks);
  checkMatrices(scores, relevance, "compute recall");
  const perQuery: QueryRecall[] = [];
  const withoutImages: number[] = [];
  const chance = ks.map(() => 0);
  for (let query = 0; query < scores.queries; query++) {
    const ranking = rankingOf(scores, relevance, query);
    const relevant = ranking.hits.length, ranked = ranking.order.length;
    if (relevant === 0) {
      withoutImages.push(query);
      continue;
    }
    const recall = ks.map((k) => expectedHits(ranking, relevant * k) / relevant);
    perQuery.push({ query, relevant, ranked, recall });
    ks.forEach((k, i) => chance[i] += Math.min(1, relevant * k / ranked));
  }
  return {
    ks: [...ks],
    recall: ks.map((_, i) => mean(perQuery.map((row) => row.recall[i]))),
    chance: chance.map((sum) => sum / perQuery.length),
    perQuery,
    withoutImages,
  };
}

/** Average precision over all queries. */
export interface PrecisionResult {
  /** Mean average precision: over the queries that have a relevant image. */
  mean: number;
  /** Average precision of each of those queries. */
  perQuery: { query: number; relevant: number; averagePrecision: number }[];
}

/**
 * Average precision: the mean, over a query's relevant images, of the precision at their rank. It
 * sees the order inside the first n*k, to which Recall@k is blind. Of equal scores it is the expectation over all
 * orders: at the place a+j of such images as {@linkcode recallAtK} has them, a relevant one stands with probability
 * h/m, with the precision (r + 1 + j*(h-1)/(m-1)) / (a + j + 1).
 *
 * @param scores higher is better // (Q, N)
 * @param relevance right answers // (Q, N)
 * @throws RangeError when shapes differ or a score is NaN
 */
export function averagePrecision(
  scores: ScoreMatrix,
  relevance: RelevanceMatrix,
): PrecisionResult {
  checkMatrices(scores, relevance, "compute average precision");
  const perQuery = [];
  for (let query = 0; query < scores.queries; query++) {
    const ranking = rankingOf(scores, relevance, query);
    const relevant = ranking.hits.length;
    if (relevant === 0) continue;
    const averagePrecision = expectedPrecisions(ranking) / relevant;
    perQuery.push({ query, relevant, averagePrecision });
  }
  return { mean: mean(perQuery.map((row) => row.averagePrecision)), perQuery };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length; // NaN for none
}
