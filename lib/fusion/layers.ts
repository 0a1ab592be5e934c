/**
 * The operations that fusion models are made of, with the numerics of PyTorch and explicit gradients.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../random.ts";
import { custom, product } from "./custom.ts";

/** Views a tensor as rows of its last axis. */
export function asRows(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, x.shape.at(-1)!]);
}

/**
 * Matrix product of two tensors of equal rank, over their last two axes.
 *
 * @param a (..., M, K), or (..., K, M) if `transposeA`
 * @param b (..., K, N), or (..., N, K) if `transposeB`
 * @param transposeA whether `a` is to be transposed
 * @param transposeB whether `b` is to be transposed
 * @returns (..., M, N)
 */
export function matmul<T extends tf.Tensor>(
  a: T,
  b: T,
  transposeA = false,
  transposeB = false,
): T {
  return custom(
    { a: a as tf.Tensor, b: b as tf.Tensor },
    (save) => {
      save([a, b]);
      return product(a, b, transposeA, transposeB);
    },
    (dy, [a, b]) => ({
      a: () => transposeA ? product(b, dy, transposeB, true) : product(dy, b, false, !transposeB),
      b: () => transposeB ? product(dy, a, true, transposeA) : product(a, dy, !transposeA, false),
    }),
  ) as tf.Tensor as T;
}

/**
 * A linear layer as in PyTorch: x W^T + b over the last axis.
 *
 * @param x (..., I)
 * @param weight (O, I)
 * @param bias (O)
 * @returns (..., O)
 */
export function linear<R extends tf.Rank>(
  x: tf.Tensor<R>,
  weight: tf.Tensor2D,
  bias?: tf.Tensor1D,
): tf.Tensor<R> {
  const shape = [...x.shape.slice(0, -1), weight.shape[0]];
  const inputs: Record<string, tf.Tensor> = bias ? { x, weight, bias } : { x, weight };
  return custom(
    inputs,
    (save) => {
      save([x, weight]);
      const y = product(asRows(x), weight, false, true);
      return tf.reshape(bias ? tf.add(y, bias) : y, shape);
    },
    (dy, [x, weight]) => {
      const rows = asRows(dy);
      return {
        weight: () => product(rows, asRows(x), true, false),
        bias: () => tf.sum(rows, 0),
        x: () => tf.reshape(product(rows, weight), x.shape),
      } as Record<string, () => tf.Tensor>;
    },
  );
}

/**
 * The exact Gaussian error linear unit, x Φ(x), PyTorch's default.
 *
 * @param x any shape
 * @returns the same shape
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  return custom(
    { x: x as tf.Tensor },
    (save) => {
      save([x]);
      return tf.mul(x, normalCdf(x));
    },
    (dy, [x]) => ({
      x: () =>
        tf.tidy(() => {
          const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
          return tf.mul(dy, tf.add(normalCdf(x), tf.mul(x, density)));
        }),
    }),
  ) as tf.Tensor as T;
}

/** Φ(x), the distribution function of the standard normal. */
function normalCdf(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5));
}

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
  return custom(
    { x: x as tf.Tensor, scale: scale as tf.Tensor, shift: shift as tf.Tensor },
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
        scale: () => tf.tidy(() => tf.sum(tf.mul(rows, normal), 0)),
        shift: () => tf.sum(rows, 0),
        x: () =>
          tf.tidy(() => {
            const d = tf.mul(rows, scale);
            const along = tf.mean(tf.mul(d, normal), 1, true);
            const inner = tf.sub(tf.sub(d, tf.mean(d, 1, true)), tf.mul(normal, along));
            return tf.reshape(tf.mul(inner, rate), dy.shape);
          }),
      };
    },
  ) as tf.Tensor as T;
}

/** Uniform numbers of [0, 1) on the engine, from one draw of `random`. */
function uniform(shape: number[], random: Random): tf.Tensor {
  return tf.randomUniform(shape, 0, 1, "float32", random.integer(1, 2 ** 31 - 1));
}

/**
 * Inverted dropout: zeroes a share of the elements and scales the others, so that the mean stays.
 *
 * @param x any shape
 * @param rate the share that is zeroed, in [0, 1); at 0 the input is returned as it is
 * @param random gives the seed, one draw a call
 * @returns the same shape
 * @throws {RangeError} when the rate is not in [0, 1)
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, random: Random): T {
  if (!(rate >= 0 && rate < 1)) {
    throw new RangeError(`Cannot drop out: the rate must be in [0, 1), got ${rate}`);
  }
  if (rate === 0) return x;
  return custom(
    { x: x as tf.Tensor },
    (save) => {
      const kept = tf.greaterEqual(uniform(x.shape, random), rate);
      save([kept]);
      return scaleKept(x, kept, rate);
    },
    (dy, [kept]) => ({ x: () => tf.tidy(() => scaleKept(dy, kept, rate)) }),
  ) as tf.Tensor as T;
}

function scaleKept(x: tf.Tensor, kept: tf.Tensor, rate: number): tf.Tensor {
  return tf.mul(x, tf.mul(tf.cast(kept, "float32"), 1 / (1 - rate)));
}

/** Dropout of a model in training: how much, and where its chance comes from. */
export interface Dropout {
  /** The share of elements that are zeroed, in [0, 1). */
  rate: number;
  /** The source of chance. */
  random: Random;
}

/** Applies dropout if there is any. */
export function dropoutIf<T extends tf.Tensor>(x: T, dropping?: Dropout): T {
  return dropping && dropping.rate > 0 ? dropout(x, dropping.rate, dropping.random) : x;
}

/**
 * The transformer's feed-forward block: linear, GELU, dropout, linear.
 *
 * @param x (..., D)
 * @param weight1 (F, D)
 * @param bias1 (F)
 * @param weight2 (D, F)
 * @param bias2 (D)
 * @param options dropout between the layers, while training
 * @returns (..., D)
 */
export function feedForward<T extends tf.Tensor>(
  x: T,
  weight1: tf.Tensor2D,
  bias1: tf.Tensor1D,
  weight2: tf.Tensor2D,
  bias2: tf.Tensor1D,
  options: { dropout?: Dropout } = {},
): T {
  const hidden = dropoutIf(gelu(linear(x, weight1, bias1)), options.dropout);
  return linear(hidden, weight2, bias2) as tf.Tensor as T;
}

/**
 * Rows of length one.
 *
 * @param x (..., D)
 * @returns (..., D), each row divided by its Euclidean norm; a row of zeros stays
 */
export function unitRows<T extends tf.Tensor>(x: T): T {
  return custom(
    { x: x as tf.Tensor },
    (save) => {
      const norm = tf.maximum(tf.norm(x, "euclidean", -1, true), 1e-12);
      const unit = tf.div(x, norm);
      save([unit, norm]);
      return unit;
    },
    (dy, [unit, norm]) => ({
      x: () =>
        tf.tidy(() => {
          const along = tf.sum(tf.mul(dy, unit), -1, true);
          return tf.div(tf.sub(dy, tf.mul(unit, along)), norm);
        }),
    }),
  ) as tf.Tensor as T;
}
