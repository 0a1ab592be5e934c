/**
 * Dropout. With fused operations a hash of an element's place and the seed decides whether it is dropped, so
 * that no mask is kept; elsewhere a tensor of random numbers does.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../../numeric/random.ts";
import { withGradient } from "./custom_gradient.ts";
import { drawDropoutSeeds, type Dropout, type DropoutSeeds, isDropping } from "../fused.ts";
import { fusedKernels } from "../kernels.ts";

export type { Dropout } from "../fused.ts";

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
  const drop = drawDropoutSeeds({ rate, random });
  if (!isDropping(drop)) return x;
  const fused = fusedKernels();
  if (fused) {
    return withGradient(
      { x: x as tf.Tensor },
      () => fused.dropout(x, drop),
      (dy) => ({ x: () => fused.dropout(dy, drop) }),
    ) as tf.Tensor as T;
  }
  const mask = tf.tidy(() => keptMask(x.shape, drop, rate));
  const y = withGradient(
    { x: x as tf.Tensor },
    (save) => {
      save([mask]);
      return tf.mul(x, mask);
    },
    (dy, [mask]) => ({ x: () => tf.mul(dy, mask) }),
  );
  mask.dispose();
  return y as tf.Tensor as T;
}

/** Zero where an element is dropped, and what scales the others. */
function keptMask(shape: number[], drop: DropoutSeeds, rate: number): tf.Tensor {
  // tfjs takes a seed as a decimal number; one that is not zero, which would be chance
  const uniform = tf.randomUniform(shape, 0, 1, "float32", (drop[0] >>> 0) + 1);
  return tf.mul(tf.cast(tf.greaterEqual(uniform, rate), "float32"), 1 / (1 - rate));
}

/** Applies dropout if there is any. */
export function dropoutIf<T extends tf.Tensor>(x: T, dropping?: Dropout): T {
  return dropping && dropping.rate > 0 ? dropout(x, dropping.rate, dropping.random) : x;
}
