/**
 * The linear layer.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
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
      const y = rawMatmul(asRows(x), weight, false, true);
      const shifted = bias ? tf.add(y, bias) : y;
      return x.rank === 2 ? shifted : tf.reshape(shifted, shape);
    },
    (dy, [x, weight]) => ({
      weight: () => rawMatmul(asRows(dy), asRows(x), true, false),
      bias: () => tf.sum(asRows(dy), 0),
      x: () => {
        const dx = rawMatmul(asRows(dy), weight);
        return x.rank === 2 ? dx : tf.reshape(dx, x.shape);
      },
    } as Record<string, () => tf.Tensor>),
  );
}
