/**
 * The max-pooling model (*extended*: not in the paper): small detectors look at every patch, each keeps what
 * it found at best, and a linear layer writes the fused vectors from that:
 * v = W2 max_p gelu(W1 s (p - centre) + b1) + b2.
 *
 * The loss wants the greatest similarity over patches, and a maximum inside the model is what can give it:
 * the same layers with a mean over patches stay far behind.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { centrePatches } from "./centre.ts";
import { linearPlan, type ParameterPlan } from "../../tensor/initializers.ts";
import { gelu, linear } from "../../tensor/ops/mod.ts";
import { checkSpec, type FusionSizes, type MaxPoolSpec } from "./spec.ts";
import type { Parameters, PassOptions } from "./transformer.ts";

/**
 * Fills in the model's defaults and checks them.
 *
 * @param spec the spec
 * @returns the spec, complete
 * @throws Error when a value is out of range
 */
export function resolveMaxPool(spec: MaxPoolSpec): Required<MaxPoolSpec> {
  checkSpec(spec);
  return { hidden: 1024, inputScale: 16, vectors: 1, ...spec };
}

/**
 * Plans the model's parameters: two layers as `nn.Linear` starts them, the second with m·D outputs.
 *
 * @param spec the model
 * @param sizes D
 */
export function planMaxPool(spec: MaxPoolSpec, { dim }: FusionSizes): ParameterPlan[] {
  const { hidden, vectors } = resolveMaxPool(spec);
  return [
    ...linearPlan("linear1.", dim, hidden),
    ...linearPlan("linear2.", hidden, vectors * dim),
  ];
}

/**
 * Passes a batch through the model.
 *
 * @param spec the model
 * @param parameters what {@link planMaxPool} plans
 * @param patches patch features (B, P, D)
 * @param options mask, and the centre
 * @returns (B, m, D), not normalised
 */
export function passMaxPool(
  spec: MaxPoolSpec,
  parameters: Parameters,
  patches: tf.Tensor3D,
  { mask, centre }: PassOptions,
): tf.Tensor3D {
  const { inputScale, vectors } = resolveMaxPool(spec);
  const [images, , dim] = patches.shape;
  const layer = (name: string, x: tf.Tensor) =>
    linear(
      x,
      parameters.get(`${name}.weight`) as tf.Tensor2D,
      parameters.get(`${name}.bias`) as tf.Tensor1D,
    );
  const found = layer("linear1", centrePatches(patches, inputScale, centre)); // (B, P, H)
  const best = maxGelu(found as tf.Tensor3D, mask); // (B, H)
  return tf.reshape(layer("linear2", best), [images, vectors, dim]);
}

/**
 * The greatest gelu(x) over patches. GELU falls up to a point and rises from there on, so that its greatest
 * value is at the greatest x or at the least: it is computed for those two alone.
 */
function maxGelu(x: tf.Tensor3D, mask?: tf.Tensor2D): tf.Tensor2D {
  const away = mask && tf.expandDims(tf.mul(tf.sub(1, mask), 1e9), 2); // (B, P, 1)
  const most = tf.max<tf.Tensor2D>(away ? tf.sub(x, away) : x, 1); // (B, H)
  const least = tf.min<tf.Tensor2D>(away ? tf.add(x, away) : x, 1);
  return tf.maximum(gelu(most), gelu(least));
}
