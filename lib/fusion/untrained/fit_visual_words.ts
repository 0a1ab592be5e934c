/**
 * Fits visual words to the patches of training images.
 *
 * @module
 */
import type { FeatureStore } from "../../features/mod.ts";
import { createRandom, type Random } from "../../numeric/random.ts";
import { ridgeInverse } from "../../numeric/ridge.ts";
import { sphericalKMeans } from "../../numeric/spherical_kmeans.ts";
import { createScorer, type Dictionary, type VisualWords } from "./visual_words.ts";
import {
  createWhitener,
  inverseSquareRoot,
  patchMoments,
  type PatchOptions,
  visitImages,
} from "./whitening.ts";

/** Options of {@linkcode fitVisualWords}. */
export interface VisualWordsOptions extends PatchOptions {
  /** The most images that are read, evenly spaced among those given (default 400). */
  images?: number;
  /** K (default 300). */
  words?: number;
  /** How many patches the words are clustered from (default 20,000; all, where there are fewer). */
  sample?: number;
  /** The variance that is added to each direction before whitening (default 1e-4). */
  whitening?: number;
  /** Ridge of the readout (default 0.7). */
  ridge?: number;
  /** The most rounds of clustering (default 10). */
  rounds?: number;
  /** Seed of the sample and of the clustering (default 1). */
  seed?: number;
}

/**
 * Fits visual words to the patches of training images, in three passes over the store: their mean and
 * covariance; a sample of them, drawn with chances in their squared whitened lengths, whose clusters are
 * the words; how strongly each word is found in an image on average.
 *
 * @param store the patch features
 * @param options which images; how many words, from how many patches
 * @returns the words
 * @throws RangeError when a number is out of range, or there are fewer patches than words
 * @throws Error when there are no features of an image, or one is not finite
 * @throws the signal's reason when aborted
 *
 * @example
 * ```ts
 * import type { FeatureStore, FusedVectors } from "detailclip";
 * import { fitVisualWords, fuseVisualWords, saveVisualWords } from "detailclip";
 * async function index(train: FeatureStore, store: FeatureStore): Promise<FusedVectors> {
 *   const words = await fitVisualWords(train);
 *   await saveVisualWords(words, "words.safetensors");
 *   return await fuseVisualWords(words, store, { vectors: 8 }); // eight vectors an image
 * }
 * ```
 */
export async function fitVisualWords(
  store: FeatureStore,
  options: VisualWordsOptions = {},
): Promise<VisualWords> {
  const { images = 400, words: count = 300, sample = 20_000, rounds = 10 } = options;
  const { whitening: epsilon = 1e-4, ridge = 0.7, seed = 1 } = options;
  const attempt = "fit visual words";
  for (const [name, value] of Object.entries({ images, words: count, sample, rounds })) {
    checkCount(attempt, name, value);
  }
  for (const [name, value] of Object.entries({ whitening: epsilon, ridge })) {
    if (!(value > 0 && value < Infinity)) {
      throw new RangeError(`Cannot ${attempt}: ${name} must be positive, got ${value}`);
    }
  }
  const { dim } = store, random = createRandom(seed).fork("visual words");
  const imageIds = spread(options.imageIds ?? store.imageIds, images);
  const pass = { imageIds, signal: options.signal };
  const moments = await patchMoments(store, pass);
  if (Math.min(moments.count, sample) < count) {
    throw new RangeError(
      `Cannot ${attempt}: ${
        Math.min(moments.count, sample)
      } patches are too few for ${count} words`,
    );
  }
  const mean = Float32Array.from(moments.mean);
  const whitening = inverseSquareRoot(moments.covariance, epsilon);
  const directions = await drawPatches(store, { ...pass, sample, mean, whitening, random });
  const words = sphericalKMeans(directions, count, { dim, random: random.fork("words"), rounds });
  const baseline = await meanScores(store, { dim, mean, whitening, words }, pass);
  const readout = ridgeInverse(words, dim, ridge);
  return { dim, count, mean, whitening, words, baseline, readout };
}

function checkCount(attempt: string, name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`Cannot ${attempt}: ${name} must be a positive integer, got ${value}`);
  }
}

/** At most `count` items, evenly spaced. */
function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.floor(i * items.length / count)]);
}

/** Options of {@linkcode drawPatches}. */
interface DrawOptions extends PatchOptions {
  sample: number;
  mean: Float32Array;
  whitening: Float32Array;
  random: Random;
}

/**
 * Draws patches without replacement, with chances in their squared lengths: those of the greatest keys
 * ln(weight) + Gumbel noise (Efraimidis and Spirakis). At most twice the sample is in memory.
 *
 * @returns their directions // (sample, D)
 */
async function drawPatches(
  store: FeatureStore,
  { sample, mean, whitening, random, ...options }: DrawOptions,
): Promise<Float32Array> {
  const whiten = createWhitener(mean, whitening);
  let drawn: { key: number; direction: Float32Array }[] = [];
  let least = -Infinity;
  const prune = () => {
    drawn.sort((a, b) => b.key - a.key).splice(sample);
    if (drawn.length === sample) least = drawn[sample - 1].key;
  };
  for await (const { imageId, features } of visitImages(store, options)) {
    const chance = random.fork(imageId); // the draw does not depend on how the images lie on disk
    const { directions, lengths } = whiten(features);
    lengths.forEach((length, p) => {
      const key = 2 * Math.log(length) - Math.log(-Math.log(1 - chance.next()));
      if (!(key > least)) return;
      const direction = directions.slice(p * store.dim, (p + 1) * store.dim);
      drawn.push({ key, direction });
      if (drawn.length >= 2 * sample) prune();
    });
  }
  prune();
  const rows = new Float32Array(drawn.length * store.dim);
  drawn.forEach(({ direction }, row) => rows.set(direction, row * store.dim));
  drawn = [];
  return rows;
}

/** The mean over images of each word's best score. // (K) */
async function meanScores(
  store: FeatureStore,
  dictionary: Dictionary,
  options: PatchOptions,
): Promise<Float32Array> {
  const score = createScorer(dictionary);
  const sums = new Float64Array(dictionary.words.length / dictionary.dim);
  let images = 0;
  for await (const { features } of visitImages(store, options)) {
    score(features).forEach((value, k) => sums[k] += value);
    images++;
  }
  return Float32Array.from(sums, (sum) => sum / images);
}
