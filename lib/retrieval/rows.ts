/**
 * Rows of results: what an experiment writes and a figure draws.
 *
 * @module
 */
import { type BootstrapOptions, bootstrapRecall } from "./bootstrap.ts";
import type { RelevanceMatrix, ScoreMatrix } from "./matrices.ts";

/** One measured recall with its confidence interval. All values are shares in [0, 1]. */
export interface RecallRow {
  /** How an image is scored: "full image", "mean patch", "cc@10", "grid@10", "Patch-obj" … */
  method: string;
  /** Name of the cover its patches come from: "full", "cc@10", "grid@10" … */
  cover: string;
  /** k of the cover, where it has one. */
  k?: number;
  /** "recall@1", "recall@3" … */
  metric: string;
  /** The recall. */
  value: number;
  /** Lower bound of its confidence interval. */
  low: number;
  /** Upper bound of its confidence interval. */
  high: number;
}

/** A recall for one range of object sizes. */
export interface SizeRow extends RecallRow {
  /** Name of the bin; rows are drawn in the order in which bins first appear. */
  bin: string;
  /** Number of pairs of class and image in the bin. */
  relevant?: number;
}

/** What {@linkcode recallRows} copies into every row. */
export interface RecallRowLabels {
  /** How an image is scored. */
  method: string;
  /** Name of the cover its patches come from. */
  cover: string;
  /** k of the cover, where it has one. */
  k?: number;
}

/**
 * Recall@k of one method as rows, one a k, with bootstrap intervals.
 *
 * @param scores higher is better // (Q, N)
 * @param relevance right answers // (Q, N)
 * @param labels what to call the method
 * @param options of the bootstrap
 * @returns one row a k; NaN in its numbers where no query has a relevant image
 * @throws RangeError when shapes differ, a score is NaN, or an option is unknown or out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recallRows } from "detailclip";
 * const scores = { queries: 1, images: 2, scores: Float32Array.of(0.9, 0.1) };
 * const relevance = { queries: 1, images: 2, relevant: Uint8Array.of(1, 0) };
 * const rows = recallRows(scores, relevance, { method: "full image", cover: "full" }, { ks: [1] });
 * assert(rows[0].metric === "recall@1" && rows[0].value === 1);
 * ```
 */
export function recallRows(
  scores: ScoreMatrix,
  relevance: RelevanceMatrix,
  labels: RecallRowLabels,
  options: BootstrapOptions = {},
): RecallRow[] {
  const ks = options.ks ?? [1, 3, 5];
  return bootstrapRecall(scores, relevance, { ...options, ks })
    .map((interval, i) => ({ ...labels, metric: `recall@${ks[i]}`, ...interval }));
}
