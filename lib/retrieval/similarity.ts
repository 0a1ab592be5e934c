/**
 * How similarities of prompts with images that show their class lie beside those with images that do not.
 *
 * Paper: section 6.6, Fig. 8.
 *
 * @module
 */
import { checkMatrices, type RelevanceMatrix, type ScoreMatrix } from "./matrices.ts";

/** Similarities of all pairs of a prompt and an image, ignored ones left out. */
export interface SimilarityPairs {
  /** Of images that show the prompt's class. */
  positives: Float64Array;
  /** Of images that do not. */
  negatives: Float64Array;
}

/**
 * Parts the scores of all pairs by whether the image shows the class.
 *
 * @param scores cosine similarities // (Q, N)
 * @param relevance right answers // (Q, N)
 * @throws RangeError when shapes differ or a score is NaN
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { similarityPairs } from "detailclip/retrieval";
 * const scores = { queries: 1, images: 3, scores: Float32Array.of(0.5, 0.25, 0) };
 * const relevance = { queries: 1, images: 3, relevant: Uint8Array.of(1, 0, 0) };
 * const { positives, negatives } = similarityPairs(scores, relevance);
 * assert(positives.join() === "0.5" && negatives.join() === "0.25,0");
 * ```
 */
export function similarityPairs(scores: ScoreMatrix, relevance: RelevanceMatrix): SimilarityPairs {
  checkMatrices(scores, relevance, "compare similarities");
  const counted = (wanted: number) =>
    Float64Array.from(
      scores.scores.filter((_, at) =>
        relevance.relevant[at] === wanted && !relevance.ignored?.[at]
      ),
    );
  return { positives: counted(1), negatives: counted(0) };
}

/** Mean, standard deviation and skewness of numbers. */
export interface Moments {
  /** Mean. */
  mean: number;
  /** Standard deviation, of the numbers themselves rather than of what they are drawn from. */
  sd: number;
  /** Third standardised moment: 0 where both tails are alike, as a normal distribution's. */
  skewness: number;
}

/**
 * Mean, standard deviation and skewness; NaN where they are not defined: without numbers, or the skewness of equal
 * ones.
 *
 * @param values the numbers
 */
export function momentsOf(values: ArrayLike<number>): Moments {
  const count = values.length;
  let sum = 0, square = 0, cube = 0;
  for (let i = 0; i < count; i++) sum += values[i];
  const mean = sum / count;
  for (let i = 0; i < count; i++) {
    const off = values[i] - mean;
    square += off ** 2;
    cube += off ** 3;
  }
  const sd = Math.sqrt(square / count);
  return { mean, sd, skewness: cube / count / sd ** 3 };
}

/**
 * Decimal logarithms of similarities. Similarities of 0 and less have none: they are counted, not dropped silently.
 *
 * @param values cosine similarities // (n)
 * @returns logarithms of those above 0, in the order given, and how many are not above it
 */
export function logSimilarities(
  values: Float64Array,
): { logs: Float64Array; nonPositive: number } {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  return { logs, nonPositive: values.length - logs.length };
}

/**
 * The probability that a positive pair is more similar than a negative one; of equal pairs half count.
 *
 * @param pairs similarities of both kinds
 * @returns area under the ROC curve (0 to 1); NaN where one kind has no pair
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { areaUnderRoc } from "detailclip/retrieval";
 * const pairs = { positives: Float64Array.of(0.9, 0.4), negatives: Float64Array.of(0.5, 0.4) };
 * assert(areaUnderRoc(pairs) === 0.625);
 * ```
 */
export function areaUnderRoc({ positives, negatives }: SimilarityPairs): number {
  const above = positives.toSorted(), below = negatives.toSorted();
  let won = 0, less = 0, notMore = 0; // of `below`, how many are less than, and not more than, a positive
  for (const value of above) {
    while (less < below.length && below[less] < value) less++;
    while (notMore < below.length && below[notMore] <= value) notMore++;
    won += (less + notMore) / 2;
  }
  return won / (above.length * below.length);
}

/**
 * How far apart the two kinds lie: the difference of the means over the root mean square of the two standard deviations (d′).
 *
 * @param pairs similarities of both kinds
 */
export function sensitivityIndex({ positives, negatives }: SimilarityPairs): number {
  const [a, b] = [momentsOf(positives), momentsOf(negatives)];
  return (a.mean - b.mean) / Math.sqrt((a.sd ** 2 + b.sd ** 2) / 2);
}

/** One prompt's part of a pair of matrices. */
function queryOf(scores: ScoreMatrix, relevance: RelevanceMatrix, query: number) {
  const { images } = scores;
  const part = <T extends Float32Array | Uint8Array>(all: T) =>
    all.subarray(query * images, (query + 1) * images) as T;
  return similarityPairs(
    { queries: 1, images, scores: part(scores.scores) },
    {
      queries: 1,
      images,
      relevant: part(relevance.relevant),
      ...(relevance.ignored && { ignored: part(relevance.ignored) }),
    },
  );
}

/**
 * {@linkcode areaUnderRoc} of each prompt by itself, averaged: what a search for one class sees, in which it does not
 * matter whether some prompts are more similar to all images than others.
 *
 * @param scores cosine similarities // (Q, N)
 * @param relevance right answers // (Q, N)
 * @returns mean over the prompts with pairs of both kinds; NaN where there are none
 * @throws RangeError when shapes differ, or a score is NaN
 */
export function areaByQuery(scores: ScoreMatrix, relevance: RelevanceMatrix): number {
  checkMatrices(scores, relevance, "compare similarities");
  const areas = Array.from(
    { length: scores.queries },
    (_, q) => areaUnderRoc(queryOf(scores, relevance, q)),
  ).filter((area) => !Number.isNaN(area));
  return momentsOf(areas).mean;
}

/**
 * Shares of numbers in bins of equal width.
 *
 * @param values the numbers; those outside the edges are in no bin
 * @param edges rising, one more than there are bins; the last bin has its upper edge
 * @returns share of all values in each bin
 */
export function histogram(values: Float64Array, edges: readonly number[]): number[] {
  const bins = edges.length - 1, first = edges[0], last = edges[bins];
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    if (value < first || value > last) continue;
    counts[Math.min(bins - 1, Math.floor((value - first) / (last - first) * bins))]++;
  }
  return counts.map((count) => count / Math.max(1, values.length));
}
