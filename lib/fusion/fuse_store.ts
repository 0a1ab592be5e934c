/**
 * Fuses the images of a store with a model: patch features in, unit vectors out.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { FeatureStore } from "../features/mod.ts";
import { checkpoint, operationSignal } from "../runtime/interrupt.ts";
import { type FeatureBatch, featureBatches } from "./batches/batches.ts";
import { type FusedVectors, placesOf } from "./fused_vectors.ts";
import type { FusionModel } from "./model/model.ts";
import { batchesInFlight } from "../tensor/kernels.ts";
import { l2Normalize } from "../tensor/ops/mod.ts";
import { readTensor } from "../tensor/reading.ts";

/** Options of {@linkcode fuseStore}. */
export interface FuseOptions {
  /** The images to fuse, and the order of the result (default: the store's). */
  imageIds?: readonly string[];
  /** Images in one pass through the model (default 30). */
  batchSize?: number;
  /** Stops the work with its reason; by default an interrupt does. */
  signal?: AbortSignal;
  /** Called after each batch with the number of images done. */
  onProgress?: (done: number) => void;
}

/** The tensors that a model reads: patches, full images, and the mask if there is one. */
export interface BatchTensors {
  /** Patch features. // (B, P, D) */
  patches: tf.Tensor3D;
  /** Patch 0 of each image. // (B, D) */
  full: tf.Tensor2D;
  /** 1 = a patch, 0 = padding. // (B, P) */
  mask?: tf.Tensor2D;
}

/**
 * Makes tensors of a batch.
 *
 * @param batch features and mask
 * @returns tensors, which are the caller's to dispose of
 */
export function toTensors({ imageIds, patches, dim, features, mask }: FeatureBatch): BatchTensors {
  const images = imageIds.length;
  return tf.tidy(() => {
    const all = tf.tensor3d(features, [images, patches, dim]); // (B, P, D)
    const first = tf.slice(all, [0, 0, 0], [images, 1, dim]);
    const full = tf.reshape(first, [images, dim]) as tf.Tensor2D; // (B, D)
    return { patches: all, full, ...(mask && { mask: tf.tensor2d(mask, [images, patches]) }) };
  });
}

/**
 * Fuses the patches of every image into its m unit vectors. The images are read in the order in which
 * they lie on disk, a batch at a time.
 *
 * @param model what fuses
 * @param store the patch features
 * @param options which images, and how
 * @returns the vectors // (N, m, D)
 * @throws Error when the store and the model differ in D, there are no features of an image, or a
 * vector is not finite
 * @throws the signal's reason when aborted
 *
 * @example
 * ```ts
 * import type { FeatureStore, FusedVectors, FusionModel } from "detailclip";
 * import { fuseStore, saveFused } from "detailclip";
 * async function index(model: FusionModel, store: FeatureStore): Promise<FusedVectors> {
 *   const fused = await fuseStore(model, store);
 *   await saveFused("index.arrow", fused); // all that a search needs
 *   return fused;
 * }
 * ```
 */
export async function fuseStore(
  model: FusionModel,
  store: FeatureStore,
  { imageIds = store.imageIds, batchSize = 30, signal: own, onProgress }: FuseOptions = {},
): Promise<FusedVectors> {
  if (store.dim !== model.dim) {
    throw new Error(
      `Cannot fuse features: they have ${store.dim} values, and the model was made for ${model.dim}`,
    );
  }
  const signal = operationSignal(own);
  const { vectors, dim } = model;
  const data = new Float32Array(imageIds.length * vectors * dim); // (N, m, D)
  const places = placesOf(imageIds);
  let done = 0;
  const keep = async ({ imageIds: ids, fused }: FusedBatch) => {
    const values = await fused; // (B, m, D)
    ids.forEach((id, b) => {
      const rows = values.subarray(b * vectors * dim, (b + 1) * vectors * dim);
      if (!rows.every(Number.isFinite)) {
        throw new Error(`Cannot fuse features: the vector of image "${id}" is not finite`);
      }
      for (const n of places.get(id)!) data.set(rows, n * vectors * dim);
    });
    onProgress?.(done += ids.length);
  };
  const underway: FusedBatch[] = [];
  const { patches } = model.sizes;
  try {
    for (const batch of featureBatches(store, { imageIds, batchSize, patches })) {
      await checkpoint(signal);
      const fused = fuseBatch(model, batch);
      fused.catch(() => {}); // it is told in its turn
      underway.push({ imageIds: batch.imageIds, fused });
      if (underway.length > batchesInFlight()) await keep(underway.shift()!);
    }
    while (underway.length > 0) await keep(underway.shift()!);
  } finally {
    await Promise.allSettled(underway.map(({ fused }) => fused));
  }
  return { imageIds: [...imageIds], vectors, dim, data };
}

/** A batch on its way through the model. */
interface FusedBatch {
  imageIds: readonly string[];
  /** (B, m, D) */
  fused: Promise<Float32Array>;
}

/** One batch through the model. // (B, m, D) */
async function fuseBatch(model: FusionModel, batch: FeatureBatch): Promise<Float32Array> {
  return await readTensor(tf.tidy(() => {
    const { patches, full, mask } = toTensors(batch);
    return l2Normalize(model.forward(patches, full, { mask })); // (B, m, D)
  }));
}
