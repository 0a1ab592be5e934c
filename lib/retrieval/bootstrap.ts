/**
 * Bootstrap confidence intervals of Recall@k, seeded.
 *
 * By default *images* are resampled: a test set is a sample of images, while its list of classes is
 * fixed and shared by all methods compared. Resampling *classes* instead asks how the mean would
 * move with other queries; it is wider where classes differ a lot. Rankings are sorted once; a
 * resample is then one walk along each with the multiplicity of its images, O(Q N). Where scores are
 * equal, its recall is the expectation over all orders of the drawn images, as on the data themselves.
 * What is drawn are columns: the same images in another order of the list are another draw, with
 * bounds that differ as those of another seed do.
 *
 * Where a class has few images, resampling images flatters recall: a wrong image that is not drawn lets
 * the right ones behind it move up, while one drawn twice costs less. The intervals are therefore
 * percentiles less the mean of the resamples' excess over the value itself; where that would carry a bound
 * across the value or out of the possible range, it ends there.
 *
 * @module
 */
import { z } from "zod";
import { createRandom } from "../numeric/random.ts";
import { checkSettings, COUNT, listOf, number, oneOf, settings } from "../runtime/settings.ts";
import { checkMatrices, type RelevanceMatrix, type ScoreMatrix } from "./matrices.ts";
import { type Ranking, rankingOf } from "./ranking.ts";
import { recallAtK } from "./recall.ts";

/** An estimate with the bounds of its confidence interval. */
export interface Interval {
  /** The value on the data as they are. */
  value: number;
  /** Lower bound. */
  low: number;
  /** Upper bound. */
  high: number;
}

/** Options of the bootstrap functions. */
export interface BootstrapOptions {
  /** The k values, ascending; 1, 3 and 5 by default. */
  ks?: readonly number[];
  /** What is drawn with replacement; `images` by default. */
  resample?: "images" | "classes";
  /** Number of resamples; 1000 by default. */
  rounds?: number;
  /** Share of resamples inside the interval; 0.95 by default. */
  level?: number;
  /** Seed of the draws; 0 by default. */
  seed?: number | string;
}

const OPTIONS = settings<BootstrapOptions>({
  ks: listOf(COUNT).optional(),
  resample: oneOf("images", "classes").optional(),
  rounds: COUNT.optional(),
  level: number("between 0 and 1", (value) => value > 0 && value < 1).optional(),
  seed: z.union([z.number(), z.string()], { error: "must be a finite number or text" }).optional(),
});

/** The difference of two methods at one k. */
export interface PairedInterval extends Interval {
  /** Share of resamples in which the first method is not better than the second; NaN where no query has an image. */
  notBetter: number;
}

/**
 * Recall@k with percentile bootstrap confidence intervals.
 *
 * @param scores higher is better // (Q, N)
 * @param relevance right answers // (Q, N)
 * @returns one interval a k; NaN throughout where no query has a relevant image
 * @throws RangeError when shapes differ, a score is NaN, or an option is unknown or out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bootstrapRecall } from "detailclip";
 * const scores = { queries: 1, images: 4, scores: Float32Array.of(0.9, 0.8, 0.7, 0.1) };
 * const relevance = { queries: 1, images: 4, relevant: Uint8Array.of(1, 0, 1, 0) };
 * const [at1] = bootstrapRecall(scores, relevance, { ks: [1], seed: 7 });
 * assert(at1.value === 0.5 && at1.low <= 0.5 && at1.high >= 0.5);
 * ```
 */
export function bootstrapRecall(
  scores: ScoreMatrix,
  relevance: RelevanceMatrix,
  options: BootstrapOptions = {},
): Interval[] {
  return recallIntervals(resampleRecall(scores, relevance, options));
}

/** The recalls of one method on the data and on each resample, from which intervals are made. */
export interface ResampledRecall {
  /** Recall@k on the data as they are, one a k. */
  recall: number[];
  /** Recall@k on each resample. // (rounds, ks) */
  samples: number[][];
  /** Share of resamples inside an interval. */
  level: number;
}

/**
 * Draws resamples of one method. Equal options draw equal images (or classes) for any method of the same images and
 * queries, so each method is drawn once however many others it is compared with.
 *
 * @param scores higher is better // (Q, N)
 * @param relevance right answers // (Q, N)
 * @throws RangeError when shapes differ, a score is NaN, or an option is unknown or out of range
 */
export function resampleRecall(
  scores: ScoreMatrix,
  relevance: RelevanceMatrix,
  options: BootstrapOptions = {},
): ResampledRecall {
  const { ks, rounds, level, draw } = prepare(options, scores.images);
  const { recall } = recallAtK(scores, relevance, ks);
  const resampled = resampler(scores, relevance, ks, options.resample);
  return { recall, samples: Array.from({ length: rounds }, () => resampled(draw())), level };
}

/** The interval of each recall, one a k. */
export function recallIntervals({ recall, samples, level }: ResampledRecall): Interval[] {
  return recall.map((value, i) => ({
    value,
    ...bounds(samples.map((sample) => sample[i]), level, { value, least: 0, most: 1 }),
  }));
}

/**
 * The interval of the difference of two methods at each k, resample by resample.
 *
 * @param first as {@linkcode resampleRecall} drew it
 * @param second drawn with the same options from the same images and queries
 * @returns first minus second, one interval a k
 */
export function pairedDifferences(
  first: ResampledRecall,
  second: ResampledRecall,
): PairedInterval[] {
  return first.recall.map((recall, i) => {
    const value = recall - second.recall[i];
    const differences = first.samples.map((sample, n) => sample[i] - second.samples[n][i]);
    const notBetter = differences.filter((d) => d <= 0).length / differences.length;
    return {
      value,
      ...bounds(differences, first.level, { value, least: -1, most: 1 }),
      notBetter: Number.isNaN(value) ? NaN : notBetter,
    };
  });
}

/**
 * The interval of the difference of two numbers that were measured on different images, from their own intervals:
 * each half-width is the root of the sum of the squared half-widths. Two methods on the same images are compared more
 * exactly by {@linkcode bootstrapDifference}.
 *
 * Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
 * Medicine 17 (1998), method 10: the halves of an interval need not be equally wide.
 *
 * @param first a number with its interval
 * @param second from another sample
 * @returns first minus second
 */
export function unpairedDifference(first: Interval, second: Interval): Interval {
  const value = first.value - second.value;
  const below = Math.hypot(first.value - first.low, second.high - second.value);
  const above = Math.hypot(first.high - first.value, second.value - second.low);
  return { value, low: value - below, high: value + above };
}

/**
 * The difference in Recall@k between two methods on the same images and queries, both evaluated on
 * the same resamples: much narrower than the difference of two separate intervals.
 *
 * @param first scores of the one method // (Q, N)
 * @param second scores of the other // (Q, N)
 * @param relevance right answers // (Q, N)
 * @returns first minus second, one interval a k; NaN throughout where no query has a relevant image
 * @throws RangeError when shapes differ, a score is NaN, or an option is unknown or out of range
 */
export function bootstrapDifference(
  first: ScoreMatrix,
  second: ScoreMatrix,
  relevance: RelevanceMatrix,
  options: BootstrapOptions = {},
): PairedInterval[] {
  const [a, b] = [first, second].map((scores) => resampleRecall(scores, relevance, options));
  return pairedDifferences(a, b);
}

function prepare(options: BootstrapOptions, images: number) {
  checkSettings(OPTIONS, options, "Cannot bootstrap");
  const { ks = [1, 3, 5], rounds = 1000, level = 0.95, seed = 0 } = options;
  if (images === 0) throw new RangeError("Cannot bootstrap: there are no images");
  const random = createRandom(seed).fork("bootstrap");
  if (ks.some((k, i) => i > 0 && k <= ks[i - 1])) {
    throw new RangeError(`Cannot bootstrap: the k values must ascend, got ${ks.join(", ")}`);
  }
  return { ks, rounds, level, draw: () => random.next() };
}

/**
 * Makes a function from the seed of a resample to its recalls: equal seeds draw equal images (or
 * classes) for any two methods.
 */
function resampler(
  scores: ScoreMatrix,
  relevance: RelevanceMatrix,
  ks: readonly number[],
  resample: "images" | "classes" = "images",
): (seed: number) => number[] {
  return resample === "classes"
    ? byClasses(scores, relevance, ks)
    : byImages(scores, relevance, ks);
}

function byClasses(scores: ScoreMatrix, relevance: RelevanceMatrix, ks: readonly number[]) {
  const { perQuery } = recallAtK(scores, relevance, ks);
  return (seed: number) => {
    const random = createRandom(seed);
    const sums = ks.map(() => 0);
    for (let n = 0; n < perQuery.length; n++) {
      const { recall } = perQuery[random.integer(0, perQuery.length - 1)];
      for (let i = 0; i < ks.length; i++) sums[i] += recall[i];
    }
    return sums.map((sum) => sum / perQuery.length);
  };
}

function byImages(scores: ScoreMatrix, relevance: RelevanceMatrix, ks: readonly number[]) {
  checkMatrices(scores, relevance, "bootstrap");
  const rankings = Array.from(
    { length: scores.queries },
    (_, query) => rankingOf(scores, relevance, query),
  );
  return (seed: number) => {
    const random = createRandom(seed);
    const times = new Uint32Array(scores.images); // how often each image was drawn
    for (let n = 0; n < times.length; n++) times[random.integer(0, times.length - 1)]++;
    const sums = ks.map(() => 0);
    let queries = 0;
    for (const ranking of rankings) {
      const recalls = weightedRecall(ranking, times, ks);
      if (!recalls) continue; // none of its images was drawn
      queries++;
      for (let i = 0; i < ks.length; i++) sums[i] += recalls[i];
    }
    return sums.map((sum) => sum / queries);
  };
}

/** Recall@k, for ascending ks, of a ranking in which image i is drawn `times[i]` times. */
function weightedRecall(
  { order, hits, ties }: Ranking,
  times: Uint32Array,
  ks: readonly number[],
): number[] | undefined {
  let n = 0;
  for (const place of hits) n += times[order[place]];
  if (n === 0) return undefined;
  const recalls: number[] = [];
  let passed = 0, found = 0, hit = 0, tie = 0;
  for (let place = 0; place < order.length && recalls.length < ks.length;) {
    const end = place === ties[tie]?.start ? ties[tie++].end : place + 1;
    let copies = 0, right = 0;
    for (; place < end; place++) {
      const drawn = times[order[place]];
      copies += drawn;
      if (place === hits[hit]) right += drawn, hit++;
    }
    // The cut after n*k images may fall between the copies of one image, or among images of equal score.
    while (recalls.length < ks.length && passed + copies >= n * ks[recalls.length]) {
      recalls.push((found + right * (n * ks[recalls.length] - passed) / copies) / n);
    }
    passed += copies;
    found += right;
  }
  while (recalls.length < ks.length) recalls.push(found / n);
  return recalls;
}

/**
 * The bounds between which the middle `level` of the values lies (linear between neighbours), moved
 * by the bootstrap's own estimate of its bias, and kept around the value and within what is possible.
 */
function bounds(
  values: readonly number[],
  level: number,
  { value, least, most }: { value: number; least: number; most: number },
): { low: number; high: number } {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  // no resample has a right answer: all is possible, or there is none at all
  if (sorted.length === 0) {
    return Number.isNaN(value) ? { low: NaN, high: NaN } : { low: least, high: most };
  }
  const bias = sorted.reduce((sum, sample) => sum + sample, 0) / sorted.length - value;
  const at = (share: number) => {
    const place = share * (sorted.length - 1), below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (sorted[above] - sorted[below]) * (place - below) - bias;
  };
  return {
    low: Math.max(least, Math.min(value, at((1 - level) / 2))),
    high: Math.min(most, Math.max(value, at((1 + level) / 2))),
  };
}
