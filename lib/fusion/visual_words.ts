/**
 * Visual-word fusion (*extended*: not in the paper): one vector an image, or a few, that serve any word, for
 * they are fitted to patches alone, without words, labels or gradient descent.
 *
 * Patch features lie in a narrow cone that background fills, so that a sum of them says little of any small
 * thing. After whitening, background is short, things are long, and a thing's patches point where its word
 * does. A dictionary of such directions ("visual words") stands in for a vocabulary: the fused vector is the
 * one whose products with the visual words are closest to those of the image's best patches.
 *
 * @module
 */
import type { FeatureStore } from "../features/mod.ts";
import { createRowMax } from "../matmul.ts";
import { createRandom, type Random } from "../random.ts";
import { unitVector } from "../vectors.ts";
import type { FusedVectors } from "./fused.ts";
import { sphericalKMeans } from "./kmeans.ts";
import { ridgeInverse } from "./ridge.ts";
import {
  createWhitener,
  inverseSquareRoot,
  patchMoments,
  type PatchOptions,
  visitImages,
} from "./whitening.ts";

/** A dictionary of visual words, and what fusion with it needs. */
export interface VisualWords {
  /** D. */
  dim: number;
  /** K, the number of visual words. */
  count: number;
  /** The mean of the patches that it was fitted to. // (D) */
  mean: Float32Array;
  /** A = (S + epsilon I)^(-1/2), where S is the covariance of those patches. // (D, D) */
  whitening: Float32Array;
  /** The visual words: unit vectors among whitened patches. // (K, D) */
  words: Float32Array;
  /** The mean over images of each word's best product with a whitened patch. // (K) */
  baseline: Float32Array;
  /** The words' ridge pseudo-inverse, from products with words to the vector that has them. // (D, K) */
  readout: Float32Array;
}

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

/** What {@linkcode createScorer} needs. */
type Dictionary = Pick<VisualWords, "dim" | "mean" | "whitening" | "words">;

/**
 * Makes a function that finds each word's best product with a whitened patch. Words are brought to the
 * patches' side, (A c)·(x - mean), so that patches need not be whitened.
 */
function createScorer(
  { dim, mean, whitening, words }: Dictionary,
): (features: Float32Array) => Float32Array {
  const { directions, lengths } = createWhitener(new Float32Array(dim), whitening)(words);
  const best = createRowMax(directions, dim);
  const centre = best(mean).best; // (K)
  return (features) => best(features).best.map((score, k) => (score - centre[k]) * lengths[k]);
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

/** Options of {@linkcode fuseVisualWords}. */
export interface FuseVisualWordsOptions extends PatchOptions {
  /** m, vectors an image (default 1). */
  vectors?: number;
  /** Called after each image with the number of images done. */
  onProgress?: (done: number) => void;
}

/**
 * Fuses the patches of every image into m unit vectors, scored by their maximum. With m > 1 an image's
 * whitened patches are clustered into m groups (spherical k-means, weighted by squared length), and each
 * group has a vector of its own. A group that no patch joined repeats the first vector, which changes no
 * score. An image's vectors do not depend on the other images.
 *
 * @param model the visual words
 * @param store the patch features
 * @param options m, and which images
 * @returns the vectors // (N, m, D)
 * @throws RangeError when m is not a positive integer
 * @throws Error when store and model differ in D, or there are no features of an image
 * @throws the signal's reason when aborted
 */
export async function fuseVisualWords(
  model: VisualWords,
  store: FeatureStore,
  options: FuseVisualWordsOptions = {},
): Promise<FusedVectors> {
  const { vectors = 1, imageIds = store.imageIds, onProgress } = options;
  const { dim } = model, attempt = "fuse with visual words";
  checkCount(attempt, "vectors", vectors);
  if (store.dim !== dim) {
    throw new Error(`Cannot ${attempt}: features have ${store.dim} values, words ${dim}`);
  }
  const data = new Float32Array(imageIds.length * vectors * dim); // (N, m, D)
  const places = new Map<string, number[]>(); // an image may be asked for twice
  imageIds.forEach((id, n) => places.set(id, [...places.get(id) ?? [], n]));
  const fuse = createFuser(model, vectors);
  let done = 0;
  for await (const { imageId, features } of visitImages(store, { ...options, imageIds })) {
    const fused = fuse(features, imageId);
    if (!fused.every(Number.isFinite)) {
      throw new Error(`Cannot ${attempt}: the vector of image "${imageId}" is not finite`);
    }
    for (const n of places.get(imageId)!) data.set(fused, n * vectors * dim);
    onProgress?.(++done);
  }
  return { imageIds: [...imageIds], vectors, dim, data };
}

/** Makes a function that fuses one image's patches. // (P, D) -> (m, D) */
function createFuser(
  model: VisualWords,
  vectors: number,
): (features: Float32Array, imageId: string) => Float32Array {
  const { dim, mean, whitening } = model;
  const score = createScorer(model), whiten = createWhitener(mean, whitening);
  const random = createRandom("groups of patches");
  return (features, imageId) => {
    if (vectors === 1) return readOut(model, score(features));
    const { directions, lengths } = whiten(features);
    const weights = lengths.map((length) => length ** 2);
    const chance = random.fork(imageId);
    const options = { dim, weights, random: chance, rounds: GROUP_ROUNDS };
    const centroids = sphericalKMeans(directions, vectors, options);
    const { winner } = createRowMax(directions, dim)(centroids); // (P): each patch's group
    const fused = new Float32Array(vectors * dim);
    const empty: number[] = [];
    let first: Float32Array | undefined;
    for (let m = 0; m < vectors; m++) {
      const group = takeRows(features, dim, winner, m);
      if (group.length === 0) empty.push(m);
      else {
        const vector = readOut(model, score(group));
        first ??= vector;
        fused.set(vector, m * dim);
      }
    }
    for (const m of empty) fused.set(first!, m * dim);
    return fused;
  };
}

/** The most rounds in which an image's patches are grouped. */
const GROUP_ROUNDS = 15;

/** The rows whose group is `wanted`. */
function takeRows(
  features: Float32Array,
  dim: number,
  groups: Int32Array,
  wanted: number,
): Float32Array {
  const rows: number[] = [];
  groups.forEach((group, row) => group === wanted && rows.push(row));
  const taken = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => taken.set(features.subarray(row * dim, (row + 1) * dim), i * dim));
  return taken;
}

/** The unit vector whose products with the words are nearest to scores above the baseline. // (K) -> (D) */
function readOut(
  { dim, count, baseline, readout }: VisualWords,
  scores: Float32Array,
): Float32Array {
  const vector = new Float64Array(dim);
  for (let d = 0, at = 0; d < dim; d++) {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += readout[at++] * (scores[k] - baseline[k]);
    vector[d] = sum;
  }
  return unitVector(vector);
}
