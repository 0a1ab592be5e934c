/**
 * The fused operations that an engine may have: each takes one pass over its tensors where a composition of tfjs's
 * own operations takes four to ten. kernels.cc has them for processors, webgpu/ for GPUs.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../numeric/random.ts";

/** Dropout of a model in training: how much, and where its chance comes from. */
export interface Dropout {
  /** The share of elements that are zeroed, in [0, 1). */
  rate: number;
  /** The source of chance. */
  random: Random;
}

/**
 * What an engine needs to know of one dropout: two seeds and a threshold, 0 = nothing is dropped. Element i stays
 * where a hash of i and the seeds reaches the threshold, on every engine, so no mask is kept.
 */
export type DropoutSeeds = Int32Array;

/**
 * Draws the seeds of one dropout, with one draw from its source of chance.
 *
 * @throws {RangeError} when the rate is not in [0, 1)
 */
export function drawDropoutSeeds(dropout?: Dropout): DropoutSeeds {
  if (!dropout || dropout.rate === 0) return new Int32Array(3);
  const { rate, random } = dropout;
  if (!(rate > 0 && rate < 1)) {
    throw new RangeError(`Cannot drop out: the rate must be in [0, 1), got ${rate}`);
  }
  const seed = random.integer(0, 2 ** 32 - 1);
  const threshold = Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
  return Int32Array.of(seed, Math.imul(seed ^ (seed >>> 16), 0x85ebca6b), threshold | 0);
}

/** Whether anything is dropped. */
export function isDropping(drop: DropoutSeeds): boolean {
  return drop[2] !== 0;
}

/** How rows are split into heads. */
export interface HeadSizes {
  /** How many images. */
  B: number;
  /** Rows an image. */
  T: number;
  /** Heads. */
  H: number;
}

/** The fused operations; all tensors are float32, of rows along their last axis. */
export interface FusedKernels {
  /** dropout(x). */
  dropout(x: tf.Tensor, drop: DropoutSeeds): tf.Tensor;
  /** dropout(gelu(x + bias)). // x (N, F), bias (F) */
  gelu(x: tf.Tensor, bias: tf.Tensor, drop: DropoutSeeds): tf.Tensor;
  /** Its gradients with respect to x and the bias. */
  geluGrad(
    x: tf.Tensor,
    bias: tf.Tensor,
    dy: tf.Tensor,
    drop: DropoutSeeds,
  ): [tf.Tensor, tf.Tensor];
  /**
   * The layer normalisation of residual + dropout(x), and for the gradient the normal rows and 1/deviation.
   *
   * @returns y and normal, both of x's shape, and rate (N)
   */
  norm(
    x: tf.Tensor,
    residual: tf.Tensor | undefined,
    weights: { scale: tf.Tensor; shift: tf.Tensor; epsilon: number },
    drop: DropoutSeeds,
  ): { y: tf.Tensor; normal: tf.Tensor; rate: tf.Tensor };
  /** Its gradients; `dx` is absent where nothing is dropped: then it is `dresidual`. */
  normGrad(
    dy: tf.Tensor,
    saved: { normal: tf.Tensor; rate: tf.Tensor; scale: tf.Tensor },
    drop: DropoutSeeds,
  ): { dresidual: tf.Tensor; dx?: tf.Tensor; dscale: tf.Tensor; dshift: tf.Tensor };
  /** Splits rows (B T, S D) into heads: S <= 3 parts (B H, T, D / H), after adding a bias (S D) if there is one. */
  splitHeads(x: tf.Tensor, bias: tf.Tensor | undefined, sizes: HeadSizes, S: number): tf.Tensor[];
  /** Joins S parts (B H, T, d) to rows (B T, S H d); `sums` are those of the columns, for S > 1. */
  joinHeads(parts: tf.Tensor[], sizes: HeadSizes): { rows: tf.Tensor; sums?: tf.Tensor };
  /**
   * softmax(scale scores) over real patches, and the same with dropout where anything is dropped.
   *
   * @param scores (..., P), the rows of an image one after another
   * @param mask (B, P), 1 = a real patch
   */
  softmax(
    scores: tf.Tensor,
    mask: tf.Tensor | undefined,
    scale: number,
    drop: DropoutSeeds,
  ): { probabilities: tf.Tensor; dropped?: tf.Tensor };
  /** The gradient of the dropped softmax with respect to the scores. */
  softmaxGrad(
    probabilities: tf.Tensor,
    dy: tf.Tensor,
    scale: number,
    drop: DropoutSeeds,
  ): tf.Tensor;
}
