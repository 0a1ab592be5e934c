/**
 * The Gaussian error linear unit.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { drawDropoutSeeds, type Dropout } from "../fused.ts";
import { fusedKernels } from "../kernels.ts";
import { withGradient } from "./custom_gradient.ts";
import { dropoutIf } from "./dropout.ts";

/**
 * The exact Gaussian error linear unit, x Φ(x), PyTorch's default.
 *
 * @param x any shape
 * @returns the same shape
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  return withGradient(
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
export function biasedGelu(x: tf.Tensor, bias: tf.Tensor1D, dropout?: Dropout): tf.Tensor {
  const fused = fusedKernels();
  if (!fused) return dropoutIf(gelu(tf.add(x, bias)), dropout);
  const drop = drawDropoutSeeds(dropout);
  return withGradient(
    { x, bias: bias as tf.Tensor },
    (save) => {
      save([x, bias]);
      return fused.gelu(x, bias, drop);
    },
    (dy, [x, bias]) => {
      const [dx, dbias] = fused.geluGrad(x, bias, dy, drop);
      tf.dispose([x, dy]); // the two largest tensors of the step: nothing else needs them
      return { x: () => dx, bias: () => dbias };
    },
  );
}
