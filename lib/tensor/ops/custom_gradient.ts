/**
 * Operations with gradients of their own: how they are recorded, and matrix products that suit the engine.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { isNative, nativeProduct } from "../native/kernels.ts";

/** Keeps tensors for the gradient. */
export type Save = (tensors: tf.Tensor[]) => void;

/** Makes, for each input by name, the function that computes the gradient with respect to it. */
export type Backward<I> = (
  gradient: tf.Tensor,
  saved: tf.Tensor[],
) => { [name in keyof I]: () => tf.Tensor };

/** tfjs's own way to record an operation, which `tf.customGrad` narrows to gradients computed at once. */
interface Recorder {
  runKernelFunc(operation: {
    inputs: Record<string, tf.Tensor>;
    forwardFunc: (backend: unknown, save: Save) => tf.Tensor;
    backwardsFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => Record<string, () => tf.Tensor>;
  }): tf.Tensor;
}

/**
 * Runs an operation with a gradient of its own. Unlike `tf.customGrad`, it computes only those gradients
 * that somebody asks for: a product of the input data and a weight has no use for the data's.
 *
 * @param inputs the tensors that it depends on, by name
 * @param forward computes the result and saves what the gradient needs
 * @param backward makes the gradients' functions
 * @returns the result
 */
export function custom<R extends tf.Rank, I extends Record<string, tf.Tensor>>(
  inputs: I,
  forward: (save: Save) => tf.Tensor,
  backward: Backward<I>,
): tf.Tensor<R> {
  const recorder = tf.engine() as unknown as Recorder;
  return recorder.runKernelFunc({
    inputs,
    forwardFunc: (_backend, save) => forward(save),
    backwardsFunc: (gradient, saved) => backward(gradient, saved),
  }) as tf.Tensor<R>;
}

/** Swaps the last two axes. */
function transposed(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/**
 * A matrix product without a gradient. On tfjs-wasm a product with a transpose flag is 12-23 times slower
 * than a transpose and a plain product.
 */
export function product(a: tf.Tensor, b: tf.Tensor, swapA = false, swapB = false): tf.Tensor {
  if (isNative()) {
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

/** Views a tensor as rows of its last axis; a matrix is what it is. */
export function asRows(x: tf.Tensor): tf.Tensor2D {
  return x.rank === 2 ? x as tf.Tensor2D : tf.reshape(x, [-1, x.shape.at(-1)!]);
}
