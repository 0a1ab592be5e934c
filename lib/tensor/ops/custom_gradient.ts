/**
 * Operations with gradients of their own: how they are recorded.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";

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
export function withGradient<R extends tf.Rank, I extends Record<string, tf.Tensor>>(
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
