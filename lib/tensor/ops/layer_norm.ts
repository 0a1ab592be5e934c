/**
 * Layer normalisation, alone and after a residual connection.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { withGradient } from "./custom_gradient.ts";
import { dropoutIf } from "./dropout.ts";
import { asRows } from "./matmul.ts";
import { drawDropoutSeeds, type Dropout, type FusedKernels } from "../fused.ts";
import { fusedKernels } from "../kernels.ts";

/**
 * Layer normalisation over the last axis, with the biased variance, as PyTorch's `LayerNorm`.
 *
 * @param x (..., D)
 * @param scale (D), PyTorch's weight
 * @param shift (D), PyTorch's bias
 * @param epsilon added to the variance
 * @returns (..., D)
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  scale: tf.Tensor1D,
  shift: tf.Tensor1D,
  epsilon = 1e-5,
): T {
  const fused = fusedKernels();
  return (fused
    ? fusedNorm(fused, x, undefined, { scale, shift, epsilon })
    : composedNorm(x, scale, shift, epsilon)) as T;
}

/**
 * What follows each block of a post-norm transformer: layerNorm(x + dropout(change)).
 *
 * @param x (..., D), the block's input
 * @param change (..., D), its output
 * @param scale (D), PyTorch's weight
 * @param shift (D), PyTorch's bias
 * @param options `epsilon`, added to the variance (default 1e-5); `dropout` of the change, while training
 * @returns (..., D)
 */
export function residualNorm<T extends tf.Tensor>(
  x: T,
  change: T,
  scale: tf.Tensor1D,
  shift: tf.Tensor1D,
  options: { epsilon?: number; dropout?: Dropout } = {},
): T {
  const { epsilon = 1e-5, dropout } = options;
  const fused = fusedKernels();
  return (fused
    ? fusedNorm(fused, change, x, { scale, shift, epsilon }, dropout)
    : composedNorm(tf.add(x, dropoutIf(change, dropout)), scale, shift, epsilon)) as T;
}

/** The layer normalisation of residual + dropout(x), in one pass forward and one back. */
function fusedNorm(
  fused: FusedKernels,
  x: tf.Tensor,
  residual: tf.Tensor | undefined,
  weights: { scale: tf.Tensor; shift: tf.Tensor; epsilon: number },
  dropout?: Dropout,
): tf.Tensor {
  const drop = drawDropoutSeeds(dropout);
  const { scale, shift } = weights;
  const inputs: Record<string, tf.Tensor> = residual
    ? { x, residual, scale, shift }
    : { x, scale, shift };
  return withGradient(
    inputs,
    (save) => {
      const { y, normal, rate } = fused.norm(x, residual, weights, drop);
      save([normal, rate, scale]);
      return y;
    },
    (dy, [normal, rate, scale]) => {
      const { dresidual, dx, dscale, dshift } = fused.normGrad(dy, { normal, rate, scale }, drop);
      normal.dispose();
      return {
        x: () => dx ?? tf.clone(dresidual),
        residual: () => dresidual,
        scale: () => dscale,
        shift: () => dshift,
      } as Record<string, () => tf.Tensor>;
    },
  );
}

/** The same of tfjs's operations. */
function composedNorm(
  x: tf.Tensor,
  scale: tf.Tensor,
  shift: tf.Tensor,
  epsilon: number,
): tf.Tensor {
  return withGradient(
    { x, scale, shift },
    (save) => {
      const rows = asRows(x); // (N, D)
      const centred = tf.sub(rows, tf.mean(rows, 1, true));
      const rate = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon)); // (N, 1)
      const normal = tf.mul(centred, rate);
      save([normal, rate, scale]);
      return tf.reshape(tf.add(tf.mul(normal, scale), shift), x.shape);
    },
    (dy, [normal, rate, scale]) => {
      const rows = asRows(dy);
      return {
        scale: () => tf.sum(tf.mul(rows, normal), 0),
        shift: () => tf.sum(rows, 0),
        x: () => {
          const d = tf.mul(rows, scale);
          const along = tf.mean(tf.mul(d, normal), 1, true);
          const inner = tf.sub(tf.sub(d, tf.mean(d, 1, true)), tf.mul(normal, along));
          return tf.reshape(tf.mul(inner, rate), dy.shape);
        },
      };
    },
  );
}
