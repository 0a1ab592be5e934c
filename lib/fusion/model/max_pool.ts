/**
 * The max-pooling model (*extended*: not in the paper): a linear layer with GELU on every patch, the maximum of
 * each unit over the patches, and a linear layer that makes the fused vectors:
 * v = W2 max_p gelu(W1 s (p - centre) + b1) + b2.
 *
 * The loss's targets are maxima over patches; with a mean in place of the maximum the same layers come far less
 * near to them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { linearPlan, type ParameterPlan } from "../../tensor/initializers.ts";
import { gelu, linear } from "../../tensor/ops/mod.ts";
import { centrePatches } from "./centre.ts";
import type { ForwardInput, ModelKind, Parameters } from "./kind.ts";
import { checkSpec, type FusionSizes, type MaxPoolSpec } from "./spec.ts";

/** The max-pooling model. */
export const maxPool: ModelKind<MaxPoolSpec> = {
  resolve,
  vectors: ({ vectors }) => vectors,
  canCentre: true,
  plan,
  forward,
};

/** Fills in the model's defaults and checks them. */
function resolve(spec: MaxPoolSpec): Required<MaxPoolSpec> {
  checkSpec(spec);
  return { hidden: 1024, inputScale: 16, vectors: 1, ...spec };
}

/** Two layers as `nn.Linear` starts them, the second with m·D outputs. */
function plan(
  { hidden, vectors }: Required<MaxPoolSpec>,
  { dim }: FusionSizes,
): ParameterPlan[] {
  return [
    ...linearPlan("linear1.", dim, hidden),
    ...linearPlan("linear2.", hidden, vectors * dim),
  ];
}

/** Fuses a batch. // (B, m, D) */
function forward(
  { inputScale, vectors }: Required<MaxPoolSpec>,
  parameters: Parameters,
  { patches, mask, centre }: ForwardInput,
): tf.Tensor3D {
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
