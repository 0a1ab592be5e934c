/**
 * Matrix products, and the views of tensors that they need.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { backendInUse } from "../kernels.ts";
import { nativeProduct } from "../native/kernels.ts";
import { webgpuProduct } from "../webgpu/products.ts";
import { withGradient } from "./custom_gradient.ts";

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
  return withGradient(
    { a: a as tf.Tensor, b: b as tf.Tensor },
    (save) => {
      save([a, b]);
      return rawMatmul(a, b, transposeA, transposeB);
    },
    (dy, [a, b]) => ({
      a: () =>
        transposeA ? rawMatmul(b, dy, transposeB, true) : rawMatmul(dy, b, false, !transposeB),
      b: () =>
        transposeB ? rawMatmul(dy, a, true, transposeA) : rawMatmul(a, dy, !transposeA, false),
    }),
  ) as tf.Tensor as T;
}

/**
 * A matrix product without a gradient. On tfjs-wasm a product with a transpose flag is 12-23 times slower
 * than a transpose and a plain product.
 */
export function rawMatmul(a: tf.Tensor, b: tf.Tensor, swapA = false, swapB = false): tf.Tensor {
  const backend = backendInUse();
  if (backend === "webgpu") return webgpuProduct(a, b, swapA, swapB);
  if (backend === "tensorflow") {
    // TensorFlow's kernel for batches is the faster one where a transposed matrix makes rows shorter
    const narrow = swapB && !swapA && b.shape[0] <= b.shape[1]!;
    return nativeProduct(a, b, swapA, swapB, a.rank > 2 || narrow);
  }
  const left = swapA ? transposed(a) : a, right = swapB ? transposed(b) : b;
  const result = tf.matMul(left, right);
  if (swapA) left.dispose();
  if (swapB) right.dispose();
  return result;
}

/** Swaps the last two axes. */
function transposed(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** Views a tensor as rows of its last axis; a matrix is what it is. */
export function asRows(x: tf.Tensor): tf.Tensor2D {
  return x.rank === 2 ? x as tf.Tensor2D : tf.reshape(x, [-1, x.shape.at(-1)!]);
}
