/**
 * Fuses the patches of images by visual words (*extended*: not in the paper): the patch features of a store in,
 * unit vectors out.
 *
 * @module
 */
import type { FeatureStore } from "../../features/mod.ts";
import { createRowMax } from "../../numeric/dot_products.ts";
import { createRandom } from "../../numeric/random.ts";
import { unitVector } from "../../numeric/vectors.ts";
import { sphericalKMeans } from "../../numeric/spherical_kmeans.ts";
import { type FusedVectors, placesOf } from "../fused_vectors.ts";
import { createScorer, type VisualWords } from "./visual_words.ts";
import { createWhitener, type PatchOptions, visitImages } from "./whitening.ts";

/** Options of {@linkcode fuseVisualWords}. */
export interface FuseVisualWordsOptions extends PatchOptions {
  /** m, vectors an image (default 1). */
  vectors?: number;
  /**
   * How strongly patches that are far from every visual word are added as they are (default 0.4): what the
   * training images did not show has no word in the dictionary.
   */
  novelty?: number;
  /** Called after each image with the number of images done. */
  onProgress?: (done: number) => void;
}

/**
 * Fuses the patches of every image into m unit vectors, scored by their maximum. With m > 1 an image's
 * whitened patches are clustered into m groups (spherical k-means, weighted by squared length), and each
 * group has a vector of its own. Patches that are far from every word are added, whitened. A group that no
 * patch joined repeats the first vector, which changes no score. An image's vectors do not depend on the other images.
 *
 * @param model the visual words
 * @param store the patch features
 * @param options m, and which images
 * @returns the vectors // (N, m, D)
 * @throws RangeError when m is not a positive integer, or novelty is out of range
 * @throws Error when store and model differ in D, or there are no features of an image
 * @throws the signal's reason when aborted
 */
export async function fuseVisualWords(
  model: VisualWords,
  store: FeatureStore,
  options: FuseVisualWordsOptions = {},
): Promise<FusedVectors> {
  const { vectors = 1, novelty = 0.4, imageIds = store.imageIds, onProgress } = options;
  const { dim } = model, attempt = "fuse with visual words";
  if (!Number.isSafeInteger(vectors) || vectors < 1) {
    throw new RangeError(`Cannot ${attempt}: vectors must be a positive integer, got ${vectors}`);
  }
  if (!(novelty >= 0 && novelty < Infinity)) {
    throw new RangeError(`Cannot ${attempt}: novelty must be a number from 0 on, got ${novelty}`);
  }
  if (store.dim !== dim) {
    throw new Error(`Cannot ${attempt}: features have ${store.dim} values, words ${dim}`);
  }
  const data = new Float32Array(imageIds.length * vectors * dim); // (N, m, D)
  const places = placesOf(imageIds);
  const fuse = createFuser(model, vectors, novelty);
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
  novelty: number,
): (features: Float32Array, imageId: string) => Float32Array {
  const { dim, mean, whitening } = model;
  const score = createScorer(model), whiten = createWhitener(mean, whitening);
  const random = createRandom("groups of patches");
  return (features, imageId) => {
    const patches = whiten(features);
    const { directions, lengths } = patches;
    const unexplained = sumUnexplained(model, patches, novelty);
    if (vectors === 1) return readOut(model, score(features), unexplained());
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
        const vector = readOut(model, score(group), unexplained((p) => winner[p] === m));
        first ??= vector;
        fused.set(vector, m * dim);
      }
    }
    for (const m of empty) fused.set(first!, m * dim);
    return fused;
  };
}

/** A patch at this cosine with its nearest word, or above, is explained by it. */
const EXPLAINED = 0.45;

/**
 * Makes a function that adds up whitened patches, the more of each the farther it is from every word.
 *
 * @returns the sum over the wanted patches, times `novelty` // (D)
 */
function sumUnexplained(
  { dim, words }: VisualWords,
  { directions, lengths }: { directions: Float32Array; lengths: ArrayLike<number> },
  novelty: number,
): (wanted?: (patch: number) => boolean) => Float64Array {
  const { best } = createRowMax(directions, dim)(words); // (P): cosine with the nearest word
  return (wanted = () => true) => {
    const sum = new Float64Array(dim);
    best.forEach((cosine, p) => {
      if (cosine >= EXPLAINED || !wanted(p)) return;
      const share = novelty * (1 - cosine / EXPLAINED) * lengths[p];
      for (let d = 0; d < dim; d++) sum[d] += share * directions[p * dim + d];
    });
    return sum;
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

/**
 * The vector whose products with the words are nearest to scores above the baseline,
 * plus the unexplained patches, at length 1.
 */
function readOut(
  { dim, count, baseline, readout }: VisualWords,
  scores: Float32Array, // (K)
  unexplained: Float64Array, // (D)
): Float32Array {
  const vector = new Float64Array(dim);
  for (let d = 0, at = 0; d < dim; d++) {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += readout[at++] * (scores[k] - baseline[k]);
    vector[d] = sum + unexplained[d];
  }
  return unitVector(vector);
}
