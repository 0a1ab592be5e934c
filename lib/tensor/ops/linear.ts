/**
 * Products, linear layers, GELU and what is made of them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { asRows, custom, product } from "./custom_gradient.ts";
import { dropoutIf } from "./dropout.ts";
import { call, drawDrop, type Dropout, hasKernels } from "../native/kernels.ts";

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
      const shifted = bias ? tf.add(y, bias) : y;
      return x.rank === 2 ? shifted : tf.reshape(shifted, shape);
    },
    (dy, [x, weight]) => ({
      weight: () => product(asRows(dy), asRows(x), true, false),
      bias: () => tf.sum(asRows(dy), 0),
      x: () => {
        const dx = product(asRows(dy), weight);
        return x.rank === 2 ? dx : tf.reshape(dx, x.shape);
      },
    } as Record<string, () => tf.Tensor>),
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
    (dy, [x]) => ({ x: () => tf.tidy(() => tf.mul(dy, geluSlope(x))) }),
  ) as tf.Tensor as T;
}

/** Φ(x), the distribution function of the standard normal. */
function normalCdf(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5));
}

/** Φ(x) + x φ(x). */
function geluSlope(x: tf.Tensor): tf.Tensor {
  const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return tf.add(normalCdf(x), tf.mul(x, density));
}

/** dropout(gelu(x + bias)) in one pass forward and one back. `x` is (..., F), `bias` (F). */
function biasedGelu(x: tf.Tensor, bias: tf.Tensor1D, dropout?: Dropout): tf.Tensor {
  if (!hasKernels()) return dropoutIf(gelu(tf.add(x, bias)), dropout);
  const drop = drawDrop(dropout);
  return custom(
    { x, bias: bias as tf.Tensor },
    (save) => {
      save([x, bias]);
      return call("FusionGelu", [x, bias, tf.tensor1d(drop, "int32")], 1)[0];
    },
    (dy, [x, bias]) => {
      const inputs = [x, bias, dy, tf.tensor1d(drop, "int32")];
      const [dx, dbias] = call("FusionGeluGrad", inputs, 2);
      tf.dispose([x, dy]); // the two largest tensors of the step: nothing else needs them
      return { x: () => dx, bias: () => dbias };
    },
  );
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
  const wide = linear(asRows(x), weight1); // views cost a call each: one here, one at the end
  const active = biasedGelu(wide, bias1, options.dropout);
  wide.dispose(); // what the gradients need of it is saved
  const y = linear(active, weight2, bias2);
  active.dispose();
  return tf.reshape(y, x.shape) as tf.Tensor as T;
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
