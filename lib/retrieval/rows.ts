/**
 * Rows of results: what an experiment writes and a figure draws.
 *
 * @module
 */
import {
  type BootstrapOptions,
  pairedDifferences,
  recallIntervals,
  type ResampledRecall,
  resampleRecall,
} from "./bootstrap.ts";
import type { RelevanceMatrix, ScoreMatrix } from "./matrices.ts";

/** How long a method that learns was trained. */
export interface Trained {
  /** Images that it learned from. */
  images: number;
  /** How often each was seen. */
  epochs: number;
}

/** How much a training was, such as `1,050 images, 40 epochs`. */
export function trainedText({ images, epochs }: Trained): string {
  const count = (n: number, what: string) =>
    `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
  return `${count(images, "image")}, ${count(epochs, "epoch")}`;
}

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
  /** Of a method that was trained: on how much. */
  trained?: Trained;
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
  /** Of a method that was trained: on how much. */
  trained?: Trained;
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
  return intervalRows(resampleRecall(scores, relevance, options), labels, options.ks);
}

/** The rows of one method, from its resamples at these k. */
export function intervalRows(
  resampled: ResampledRecall,
  labels: RecallRowLabels,
  ks: readonly number[] = [1, 3, 5],
): RecallRow[] {
  return recallIntervals(resampled)
    .map((interval, i) => ({ ...labels, metric: `recall@${ks[i]}`, ...interval }));
}

/** The difference in Recall@1 of two methods on the same images, a share in [-1, 1]. */
export interface PairRow {
  /** Which part of the data. */
  subset: string;
  /** The method from whose recall is subtracted. */
  method: string;
  /** The one whose recall is subtracted. */
  over: string;
  /** The difference. */
  value: number;
  /** Lower bound of its paired confidence interval. */
  low: number;
  /** Upper bound of its paired confidence interval. */
  high: number;
}

/** A hundredth of a point: what pairs are rounded to, far below what any interval can tell. */
const rounded = (share: number) => Math.round(share * 1e4) / 1e4 + 0; // never -0

/**
 * The paired differences in Recall@1 of every two methods, each pair once: a later method over an earlier one.
 *
 * @param methods names and resamples on the same images, Recall@1 among them
 * @param subset which part of the data
 * @param ks the k of the resamples; nothing is paired where 1 is none of them
 */
export function pairRows(
  methods: readonly { method: string; resampled: ResampledRecall }[],
  subset: string,
  ks: readonly number[] = [1, 3, 5],
): PairRow[] {
  const at1 = ks.indexOf(1);
  if (at1 < 0) return [];
  const only = methods.map(({ method, resampled: { recall, samples, level } }) => ({
    method,
    resampled: { recall: [recall[at1]], samples: samples.map((s) => [s[at1]]), level },
  }));
  return only.flatMap((second, i) =>
    only.slice(i + 1).map((first): PairRow => {
      const [{ value, low, high }] = pairedDifferences(first.resampled, second.resampled);
      return {
        ...{ subset, method: first.method, over: second.method },
        ...{ value: rounded(value), low: rounded(low), high: rounded(high) },
      };
    })
  );
}
