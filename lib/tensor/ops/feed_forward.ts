/**
 * The transformer's feed-forward block.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Dropout } from "../fused.ts";
import { biasedGelu } from "./gelu.ts";
import { linear } from "./linear.ts";
import { asRows } from "./matmul.ts";

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
