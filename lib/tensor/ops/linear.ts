/**
 * The linear layer.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { backendInUse } from "../kernels.ts";
import { columnSums } from "../webgpu/kernels.ts";
import { webgpuProduct } from "../webgpu/products.ts";
import { withGradient } from "./custom_gradient.ts";
import { asRows, rawMatmul } from "./matmul.ts";

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
  return withGradient(
    inputs,
    (save) => {
      save([x, weight]);
      const y = product(asRows(x), weight, bias);
      return x.rank === 2 ? y : tf.reshape(y, shape);
    },
    (dy, [x, weight]) => ({
      weight: () => rawMatmul(asRows(dy), asRows(x), true, false),
      bias: () => sumRows(asRows(dy)),
      x: () => {
        const dx = rawMatmul(asRows(dy), weight);
        return x.rank === 2 ? dx : tf.reshape(dx, x.shape);
      },
    } as Record<string, () => tf.Tensor>),
  );
}

/** x W^T + b for rows x. */
function product(rows: tf.Tensor2D, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor {
  if (backendInUse() === "webgpu") return webgpuProduct(rows, weight, false, true, bias);
  const y = rawMatmul(rows, weight, false, true);
  return bias ? tf.add(y, bias) : y;
}

/** The sum of all rows. // (N, D) -> (D) */
function sumRows(rows: tf.Tensor2D): tf.Tensor {
  return backendInUse() === "webgpu" ? columnSums(rows)[0] : tf.sum(rows, 0);
}
