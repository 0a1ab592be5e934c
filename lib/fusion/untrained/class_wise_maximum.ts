/**
 * Class-wise maximum (*extended*: not in the paper): what the best patch shows of each concept of a vocabulary, read
 * out as one vector an image. Nothing is trained and no query is known: the vocabulary is the encoder's own
 * concepts, where it has some, or any list of words.
 *
 * @module
 */
import type { FeatureStore, ImageFeatures } from "../../features/mod.ts";
import { prepareQueries, visitProducts } from "../../numeric/dot_products.ts";
import { ridgeInverse } from "../../numeric/ridge.ts";
import { columnMeans, rowCount, unitVector } from "../../numeric/vectors.ts";
import { type FusedVectors, placesOf } from "../fused_vectors.ts";
import { type PatchOptions, visitImages } from "./whitening.ts";

/** Options of {@linkcode fuseClassWise}. */
export interface ClassWiseOptions extends PatchOptions {
  /**
   * Features of the same images by `conceptEncoder`: the encoder's own shares of the concepts, in place of those that
   * are found from cosines.
   */
  concepts?: FeatureStore;
  /**
   * Of each concept the greatest share over all patches (`"maximum"`, the default), or the mean over the levels of the
   * cover of the greatest share on a level (`"levels"`).
   */
  pool?: "maximum" | "levels";
  /** Share of the full image's vector, patch 0, in the result, from 0 (default) to below 1. */
  full?: number;
  /**
   * What is subtracted from every image before its vector is brought to length 1 (default: the mean over the images
   * given). A collection that grows keeps the centre it started with. // (D)
   */
  centre?: ArrayLike<number>;
  /** Called after each image with the number of images done. */
  onProgress?: (done: number) => void;
}

/**
 * The softmax's temperature, in standard deviations of a patch's cosines over the vocabulary: so it suits encoders
 * whose cosines differ by 0.02 and by 0.2. Chosen on CLEVR-DS's validation images (results/LOG.md).
 */
const TEMPERATURE = 0.3;

/**
 * Fuses the patches of every image into one unit vector. Each patch has shares of the concepts, of sum 1: those of the
 * encoder, or the softmax of its cosines to the anchors, standardised over them. Of each concept the greatest share
 * over the patches counts, a (see `pool`). The vector is (WᵀW + λI)⁻¹Wᵀ(a - mean a), of length 1, with λ the mean
 * eigenvalue of WᵀW: that whose products with the anchors W are closest to a - mean a.
 *
 * @param store the patch features
 * @param anchors W: unit vectors of the concepts' names // (C, D)
 * @param options where shares come from, how much of the full image is added, which images
 * @returns one vector an image; 0 for one whose shares are the mean // (N, 1, D)
 * @throws RangeError when sizes disagree, or `full` is out of range
 * @throws Error when there are no features of an image, or its vector is not finite
 * @throws the signal's reason when aborted
 *
 * @example
 * ```ts
 * import type { Encoder, FeatureStore, FusedVectors } from "detailclip";
 * import { classPrompts, fuseClassWise } from "detailclip";
 * async function index(encoder: Encoder, store: FeatureStore): Promise<FusedVectors> {
 *   const nouns = ["dog", "boat", "cup"]; // a few thousand are better
 *   return await fuseClassWise(store, await classPrompts(encoder, nouns), { full: 0.5 });
 * }
 * ```
 */
export async function fuseClassWise(
  store: FeatureStore,
  anchors: Float32Array,
  { concepts, pool = "maximum", full = 0, centre, signal, onProgress, ...options }:
    ClassWiseOptions = {},
): Promise<FusedVectors> {
  const { dim } = store, count = checkSizes(store, anchors, concepts);
  if (!(full >= 0 && full < 1)) {
    throw new RangeError(`${ATTEMPT}: full must be a number from 0 to below 1, got ${full}`);
  }
  const { imageIds = store.imageIds.filter((id) => concepts?.has(id) ?? true) } = options;
  const places = placesOf(imageIds), pass = { imageIds, signal };
  const readout = ridgeInverse(anchors, dim, count / dim); // (D, C)
  const shares = concepts ? sharesOfRoots(count) : createShares(anchors, dim);
  const data = new Float32Array(imageIds.length * dim); // (N, D)
  let done = 0;
  for await (const image of visitImages(concepts ?? store, pass)) {
    const { imageId } = image, parts = pool === "levels" ? levelsOf(image) : [image.features];
    const vector = multiply(readout, meanOf(parts.map(shares))); // (D)
    if (!vector.every(Number.isFinite)) {
      throw new Error(`${ATTEMPT}: the vector of image "${imageId}" is not finite`);
    }
    for (const n of places.get(imageId)!) data.set(vector, n * dim);
    onProgress?.(++done);
  }
  finish(data, centre ?? columnMeans(data, dim));
  if (full > 0) await addFull(data, store, { ...pass, places, full });
  return { imageIds: [...imageIds], vectors: 1, dim, data };
}

const ATTEMPT = "Cannot fuse class-wise";

/** C, the number of concepts; throws where the parts do not go together. */
function checkSizes(store: FeatureStore, anchors: Float32Array, concepts?: FeatureStore): number {
  const count = rowCount(anchors, store.dim, "fuse class-wise");
  if (count < 2) throw new RangeError(`${ATTEMPT}: it needs two concepts or more, got ${count}`);
  if (!anchors.every(Number.isFinite)) throw new RangeError(`${ATTEMPT}: an anchor is not finite`);
  if (concepts !== undefined && concepts.dim !== count) {
    throw new RangeError(
      `${ATTEMPT}: features have ${concepts.dim} concepts, and there are ${count} anchors`,
    );
  }
  return count;
}

/** Makes a function that finds the greatest share of each concept over the patches. // (P, D) -> (C) */
function createShares(
  anchors: Float32Array,
  dim: number,
): (features: Float32Array) => Float64Array {
  const prepared = prepareQueries(anchors, dim), count = prepared.rows;
  return (features) => {
    const patches = features.length / dim;
    const cosines = new Float64Array(count * patches); // (C, P)
    visitProducts(prepared, features, (tile) => {
      for (let q = 0; q < tile.queries; q++) {
        const part = tile.products.subarray(q * tile.stride, q * tile.stride + tile.rows);
        cosines.set(part, (tile.firstQuery + q) * patches + tile.firstRow);
      }
    });
    const best = new Float64Array(count), patch = new Float64Array(count);
    for (let p = 0; p < patches; p++) {
      for (let c = 0; c < count; c++) patch[c] = cosines[c * patches + p];
      standardisedSoftmax(patch);
      for (let c = 0; c < count; c++) if (!(patch[c] <= best[c])) best[c] = patch[c];
    }
    return best;
  };
}

/** The softmax of standardised values, in place. */
function standardisedSoftmax(values: Float64Array): void {
  let sum = 0, squares = 0, most = -Infinity;
  for (const value of values) {
    sum += value;
    squares += value * value;
    if (value > most) most = value;
  }
  const mean = sum / values.length;
  const deviation = Math.sqrt(Math.max(0, squares / values.length - mean * mean));
  const scale = deviation > 0 ? 1 / (TEMPERATURE * deviation) : 0; // all alike: equal shares
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.exp((values[i] - most) * scale);
    total += values[i];
  }
  for (let i = 0; i < values.length; i++) values[i] /= total;
}

/** Makes a function that finds the greatest share of each concept where patches have their square roots. // (P, C) -> (C) */
function sharesOfRoots(count: number): (features: Float32Array) => Float64Array {
  return (features) => {
    const best = new Float64Array(count);
    features.forEach((root, i) => {
      if (!(root * root <= best[i % count])) best[i % count] = root * root;
    });
    return best;
  };
}

/** The patches of each level of an image. // L of (P, D) */
function levelsOf({ features, levels }: ImageFeatures): Float32Array[] {
  const dim = features.length / levels.length, parts: Float32Array[] = [];
  for (let first = 0, next = 0; first < levels.length; first = next) {
    while (next < levels.length && levels[next] === levels[first]) next++;
    parts.push(features.subarray(first * dim, next * dim));
  }
  return parts;
}

/** The mean of vectors. */
function meanOf(vectors: readonly Float64Array[]): Float64Array {
  return vectors[0].map((_, c) => vectors.reduce((sum, own) => sum + own[c], 0) / vectors.length);
}

/** Matrix times vector. // (D, C) */
function multiply(matrix: Float32Array, vector: Float64Array): Float64Array {
  const columns = vector.length;
  return Float64Array.from({ length: matrix.length / columns }, (_, d) => {
    let sum = 0;
    for (let c = 0, at = d * columns; c < columns; c++) sum += matrix[at++] * vector[c];
    return sum;
  });
}

/** Subtracts the centre from each row and brings it to length 1, in place. */
function finish(data: Float32Array, centre: ArrayLike<number>): void {
  const dim = centre.length, vector = new Float64Array(dim);
  for (let at = 0; at < data.length; at += dim) {
    for (let d = 0; d < dim; d++) vector[d] = data[at + d] - centre[d];
    data.set(unitVector(vector), at);
  }
}

/** Mixes the vectors of full images into rows, in place. */
async function addFull(
  data: Float32Array,
  store: FeatureStore,
  { places, full, ...pass }: PatchOptions & { places: Map<string, number[]>; full: number },
): Promise<void> {
  const { dim } = store, vector = new Float64Array(dim);
  for await (const { imageId, features } of visitImages(store, pass)) {
    for (const n of places.get(imageId)!) {
      for (let d = 0; d < dim; d++) {
        vector[d] = full * features[d] + (1 - full) * data[n * dim + d];
      }
      data.set(unitVector(vector), n * dim);
    }
  }
}
