/**
 * Vectors brought to length one.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { withGradient } from "./custom_gradient.ts";

/**
 * Rows brought to length one, as PyTorch's `functional.normalize`.
 *
 * @param x (..., D)
 * @returns (..., D), each row divided by its Euclidean norm; a row of zeros stays
 */
export function l2Normalize<T extends tf.Tensor>(x: T): T {
  return withGradient(
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
