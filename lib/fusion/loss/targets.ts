/**
 * The patch side of the loss: for each image and proxy, the cosine of the image's best patch (paper
 * section 3.4.2, u_max). It depends on frozen features alone, so it is computed once and not every epoch.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { FeatureStore } from "../../features/mod.ts";
import { checkpoint, operationSignal } from "../../runtime/interrupt.ts";
import { createRowMax } from "../../numeric/dot_products.ts";
import { rowCount } from "../../numeric/vectors.ts";
import { asRows, matmul } from "../../tensor/ops/mod.ts";

/** The targets of many images. */
export interface PatchTargets {
  /** The images, in the order of their rows. // N */
  imageIds: string[];
  /** Q, the number of proxies. */
  proxies: number;
  /** For each image and proxy, the cosine of the best patch. // (N, Q) */
  values: Float32Array;
  /**
   * The targets of one image, a view. // (Q)
   *
   * @throws RangeError when there are none
   */
  of(imageId: string): Float32Array;
}

/** Options of {@linkcode targetsOf}. */
export interface TargetOptions {
  /** The images wanted, in that order (default: all of the store). */
  imageIds?: readonly string[];
  /** Stops the pass; its reason is thrown. By default an interrupt does. */
  signal?: AbortSignal;
  /** Called after each image with the number of images done. */
  onImage?: (done: number) => void;
}

/**
 * Computes the targets of the images in a store, in one pass over its shards. They are the scores that
 * {@linkcode maxOverPatches} gives, bit for bit and on every engine.
 *
 * @param store features of any number of patches an image
 * @param proxies unit vectors // (Q, D)
 * @param options which images; how to stop
 * @returns 4 bytes a target // (N, Q)
 * @throws RangeError when a target is NaN, or an image is not in the store or listed twice
 */
export async function targetsOf(
  store: FeatureStore,
  proxies: Float32Array,
  { imageIds = store.imageIds, signal = operationSignal(), onImage }: TargetOptions = {},
): Promise<PatchTargets> {
  const count = rowCount(proxies, store.dim, "compute targets");
  const rows = new Map(imageIds.map((id, row) => [id, row]));
  const missing = imageIds.find((id) => !store.has(id));
  if (missing !== undefined) {
    throw new RangeError(`Cannot compute targets: image "${missing}" is not in the store`);
  }
  if (rows.size < imageIds.length) {
    throw new RangeError("Cannot compute targets: an image is listed twice");
  }
  const values = new Float32Array(imageIds.length * count); // (N, Q)
  const bestPatches = createRowMax(proxies, store.dim);
  let done = 0, turn = performance.now();
  for await (const { imageId, features } of store.images({ signal })) {
    const row = rows.get(imageId);
    if (row === undefined) continue;
    const { best } = bestPatches(features);
    if (best.some(Number.isNaN)) {
      throw new RangeError(`Cannot compute targets: a target of image "${imageId}" is NaN`);
    }
    values.set(best, row * count);
    done++;
    onImage?.(done);
    if (performance.now() - turn > 50) {
      await checkpoint(signal);
      turn = performance.now();
    }
  }
  const of = (imageId: string) => {
    const row = rows.get(imageId);
    if (row === undefined) {
      throw new RangeError(`Cannot find targets of image "${imageId}": it was not asked for`);
    }
    return values.subarray(row * count, (row + 1) * count);
  };
  return { imageIds: [...imageIds], proxies: count, values, of };
}

/** Values of one matrix of similarities in {@linkcode batchTargets}: 16 MiB. */
const CHUNK_VALUES = 2 ** 22;

/** Options of {@linkcode batchTargets}. */
export interface BatchTargetOptions {
  /** 1 where there is a patch, 0 where there is none; without it all are patches. // (B, P) */
  mask?: tf.Tensor2D;
  /**
   * For proxies that are patches of the batch: the row of each among all B·P. A patch's cosine with itself
   * counts 0, as in the authors' code, so that the target is its best *other* patch. // (Q)
   */
  own?: ArrayLike<number>;
}

/**
 * Computes the targets of one batch on the engine, for batches whose patches or proxies change every time.
 *
 * @param patches unit vectors // (B, P, D)
 * @param proxies unit vectors // (Q, D)
 * @param options padding; proxies that are patches themselves
 * @returns for each image and proxy, the cosine of the best patch // (B, Q)
 */
export function batchTargets(
  patches: tf.Tensor3D,
  proxies: tf.Tensor2D,
  { mask, own }: BatchTargetOptions = {},
): tf.Tensor2D {
  const [images, slots, dim] = patches.shape;
  const count = proxies.shape[0];
  const atOnce = Math.max(1, Math.floor(CHUNK_VALUES / (slots * count)));
  return tf.tidy(() => {
    const parts: tf.Tensor2D[] = [];
    for (let first = 0; first < images; first += atOnce) {
      const some = Math.min(atOnce, images - first);
      parts.push(tf.tidy(() => {
        const rows = asRows(tf.slice(patches, [first, 0, 0], [some, slots, dim]));
        let all = matmul(rows, proxies, false, true); // (some·P, Q)
        if (own) all = tf.sub(all, selfCosines(own, first * slots, some * slots));
        let cosines = tf.reshape(all, [some, slots, count]);
        if (mask) {
          const real = tf.slice(mask, [first, 0], [some, slots]);
          // no cosine is below -1
          cosines = tf.sub(cosines, tf.expandDims(tf.mul(tf.sub(1, real), 4), -1));
        }
        return tf.max<tf.Tensor2D>(cosines, 1);
      }));
    }
    return parts.length === 1 ? parts[0] : tf.concat(parts, 0);
  });
}

/** 1 where a row is the proxy of a column, for `count` rows from `first` on. // (count, Q) */
function selfCosines(own: ArrayLike<number>, first: number, count: number): tf.Tensor2D {
  const ones = new Float32Array(count * own.length);
  for (let q = 0; q < own.length; q++) {
    const row = own[q] - first;
    if (row >= 0 && row < count) ones[row * own.length + q] = 1;
  }
  return tf.tensor2d(ones, [count, own.length]);
}
