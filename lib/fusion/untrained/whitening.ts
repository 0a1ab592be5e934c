/**
 * The distribution of patch features: its mean, and the whitening that makes all directions alike.
 *
 * @module
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { FeatureStore, ImageFeatures } from "../../features/mod.ts";
import { checkpoint, operationSignal } from "../../runtime/interrupt.ts";
import { dotProducts } from "../../numeric/dot_products.ts";

/** Options of a pass over the patches of a store. */
export interface PatchOptions {
  /** The images to visit (default: all of the store). */
  imageIds?: readonly string[];
  /** Stops the pass with its reason; by default an interrupt does. */
  signal?: AbortSignal;
}

/**
 * Visits images in the order in which they lie on disk, and gives the event loop a turn now and then.
 *
 * @param store the patch features
 * @param options which images
 * @throws Error when there are no features of an image
 */
export async function* visitImages(
  store: FeatureStore,
  { imageIds, signal: own }: PatchOptions,
): AsyncGenerator<ImageFeatures> {
  const signal = operationSignal(own);
  const wanted = imageIds && new Set(imageIds);
  for (const id of wanted ?? []) {
    if (!store.has(id)) store.patchCount(id); // throws, and says why there are none
  }
  let turn = performance.now();
  for await (const image of store.images({ signal })) {
    if (wanted && !wanted.has(image.imageId)) continue;
    yield image;
    if (performance.now() - turn > 50) {
      await checkpoint(signal);
      turn = performance.now();
    }
  }
}

/** Mean and covariance of patches. */
export interface PatchMoments {
  /** How many patches. */
  count: number;
  /** Their mean. // (D) */
  mean: Float64Array;
  /** Their covariance. // (D, D) */
  covariance: Float64Array;
}

/**
 * The mean of the patches: the centre that fusion models can subtract from their input.
 *
 * @param store the patch features
 * @param options which images
 * @returns not of length 1 // (D)
 * @throws Error when there are no patches, or one is not finite
 *
 * @example
 * ```ts
 * import type { FeatureStore, FusionModel } from "detailclip";
 * import { createFusion, loadEngine, patchMean } from "detailclip";
 * async function create(store: FeatureStore): Promise<FusionModel> {
 *   await loadEngine();
 *   const centre = await patchMean(store);
 *   return createFusion({ kind: "max-pool", vectors: 4 }, { dim: store.dim, seed: 1, centre });
 * }
 * ```
 */
export async function patchMean(
  store: FeatureStore,
  options: PatchOptions = {},
): Promise<Float32Array> {
  const sums = new Float64Array(store.dim);
  let count = 0;
  for await (const { features } of visitImages(store, options)) {
    for (let i = 0, d = 0; i < features.length; i++) {
      sums[d] += features[i];
      if (++d === store.dim) d = 0, count++;
    }
  }
  checkSums("average patches", count, sums);
  return Float32Array.from(sums, (sum) => sum / count);
}

function checkSums(attempt: string, count: number, sums: Float64Array): void {
  if (count === 0) throw new Error(`Cannot ${attempt}: there are none`);
  if (!sums.every(Number.isFinite)) throw new Error(`Cannot ${attempt}: a value is not finite`);
}

/** Patches whose products are summed at once. */
const CHUNK = 512;

/**
 * Mean and covariance of the patches, in one pass and in float64.
 *
 * @param store the patch features
 * @param options which images
 * @throws Error when there are no patches, or one is not finite
 */
export async function patchMoments(
  store: FeatureStore,
  options: PatchOptions = {},
): Promise<PatchMoments> {
  const { dim } = store;
  const mean = new Float64Array(dim), covariance = new Float64Array(dim * dim);
  const chunk = new Float32Array(dim * CHUNK); // transposed: a row for each of D
  const products = new Float64Array(dim * dim);
  let count = 0, held = 0;
  const flush = () => {
    chunk.forEach((value, i) => mean[Math.floor(i / CHUNK)] += value);
    dotProducts(chunk, chunk, CHUNK, products); // (D, D)
    products.forEach((product, i) => covariance[i] += product);
    chunk.fill(0);
    held = 0;
  };
  for await (const { features } of visitImages(store, options)) {
    for (let p = 0; p < features.length; p += dim) {
      for (let d = 0; d < dim; d++) chunk[d * CHUNK + held] = features[p + d];
      count++;
      if (++held === CHUNK) flush();
    }
  }
  flush();
  checkSums("average patches", count, mean);
  for (let d = 0; d < dim; d++) mean[d] /= count;
  covariance.forEach((sum, i) => {
    covariance[i] = sum / count - mean[Math.floor(i / dim)] * mean[i % dim];
  });
  return { count, mean, covariance };
}

/**
 * The symmetric matrix (S + epsilon I)^(-1/2). Of all matrices that whiten, it turns vectors the least, so
 * that a whitened patch still lies where words of its content do.
 *
 * @param covariance S, symmetric // (D, D)
 * @param epsilon what small variances are raised by, positive
 * @returns // (D, D)
 */
export function inverseSquareRoot(covariance: Float64Array, epsilon: number): Float32Array {
  const dim = Math.sqrt(covariance.length);
  const matrix = Matrix.from1DArray(dim, dim, covariance);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const scales = realEigenvalues.map((value) => (Math.max(0, value) + epsilon) ** -0.25);
  const half = eigenvectorMatrix.mulRowVector(scales); // its columns by the fourth roots
  return Float32Array.from(half.mmul(half.transpose()).to1DArray());
}

/** Whitened patches. */
export interface WhitenedPatches {
  /** Their directions; 0 for a patch that is the mean. // (P, D) */
  directions: Float32Array;
  /** Their lengths: how far each lies from the mean, in standard deviations. // (P) */
  lengths: Float64Array;
}

/**
 * Makes a function that whitens patches: u = A (x - mean).
 *
 * @param mean // (D)
 * @param whitening A, symmetric // (D, D)
 * @returns a function of features // (P, D)
 */
export function createWhitener(
  mean: Float32Array,
  whitening: Float32Array,
): (features: Float32Array) => WhitenedPatches {
  const dim = mean.length;
  let products = new Float64Array(0);
  return (features) => {
    const count = features.length / dim;
    const centred = features.map((value, i) => value - mean[i % dim]);
    if (products.length < centred.length) products = new Float64Array(centred.length);
    dotProducts(centred, whitening, dim, products); // (P, D)
    const directions = new Float32Array(count * dim), lengths = new Float64Array(count);
    for (let p = 0; p < count; p++) {
      let squares = 0;
      for (let d = 0; d < dim; d++) squares += products[p * dim + d] ** 2;
      lengths[p] = Math.sqrt(squares);
      const scale = squares > 0 ? 1 / lengths[p] : 0;
      for (let d = 0; d < dim; d++) directions[p * dim + d] = products[p * dim + d] * scale;
    }
    return { directions, lengths };
  };
}
