/**
 * The plainer fusing models (paper §3.4.1, Table 4): mean, learned weights over patches, one linear
 * layer over all patches, and MLPs. Parameters are named as in PyTorch's `nn.Linear` and
 * `nn.Sequential(Linear, GELU, Linear, …)`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { constant, linearPlan, type ParameterPlan } from "../../tensor/initializers.ts";
import { gelu, linear } from "../../tensor/ops/mod.ts";
import {
  checkCount,
  checkSpec,
  type FusionSizes,
  type FusionSpec,
  type MlpSpec,
  refuse,
} from "./spec.ts";
import type { Parameters, PassOptions } from "./transformer.ts";

/** A spec of this module's models. */
export type PlainSpec = Exclude<FusionSpec, { kind: "transformer" | "max-pool" }>;

/** Name of the P learned scores of `weighted`, whose softmax weighs the patches. */
export const PATCH_SCORES = "scores";

/**
 * Plans a plain fuser's parameters: linear layers as PyTorch starts them, patch scores 0 (the mean).
 *
 * @param spec the model
 * @param sizes D and, where patches have weights of their own, P
 * @throws Error when P is needed and absent
 */
export function planFuser(spec: PlainSpec, sizes: FusionSizes): ParameterPlan[] {
  const { dim } = sizes;
  switch (spec.kind) {
    case "mean":
      return [];
    case "weighted":
      return [{ name: PATCH_SCORES, shape: [patchCount(spec.kind, sizes)], start: constant(0) }];
    case "linear":
      return linearPlan("", patchCount(spec.kind, sizes) * dim, dim);
    case "mlp":
      return planMlp(spec, sizes);
  }
}

function planMlp(spec: MlpSpec, sizes: FusionSizes): ParameterPlan[] {
  checkSpec(spec);
  const { input, layers, hidden } = spec, { dim } = sizes;
  const first = input === "full" ? dim : patchCount("mlp over patches", sizes) * dim;
  const widths = [first, ...Array<number>(layers - 1).fill(hidden ?? dim), dim];
  return Array.from(
    { length: layers },
    (_, i) => linearPlan(`${2 * i}.`, widths[i], widths[i + 1]), // GELU sits between, at odd numbers
  ).flat();
}

function patchCount(what: string, { patches }: FusionSizes): number {
  if (patches === undefined) refuse(`${what} needs the number of patches`);
  checkCount("patches", patches);
  return patches;
}

/**
 * Passes a batch through a plain fuser. Padded patches count for nothing: they have no share in a
 * mean, and are zeros in a concatenation.
 *
 * @param spec the model
 * @param parameters what {@link planFuser} plans
 * @param patches patch features (B, P, D)
 * @param full the full images' features (B, D)
 * @param options the mask
 * @returns (B, D), not normalised
 */
export function passFuser(
  spec: PlainSpec,
  parameters: Parameters,
  patches: tf.Tensor3D,
  full: tf.Tensor2D,
  { mask }: PassOptions,
): tf.Tensor2D {
  switch (spec.kind) {
    case "mean":
      return mask
        ? weigh(patches, patchShares(tf.zeros([patches.shape[1]]), mask))
        : tf.mean(patches, 1);
    case "weighted":
      return weigh(patches, patchShares(parameters.get(PATCH_SCORES) as tf.Tensor1D, mask));
    case "linear":
      return linear(concatenate(patches, mask), weight(parameters, ""), bias(parameters, ""));
    case "mlp": {
      let x = spec.input === "full" ? full : concatenate(patches, mask);
      for (let i = 0; i < spec.layers; i++) {
        x = linear(
          i > 0 ? gelu(x) : x,
          weight(parameters, `${2 * i}.`),
          bias(parameters, `${2 * i}.`),
        );
      }
      return x;
    }
  }
}

/** Softmax of the patches' scores (P), over the real ones where there is a mask: (1, P) or (B, P). */
function patchShares(scores: tf.Tensor1D, mask?: tf.Tensor2D): tf.Tensor2D {
  const rows = tf.expandDims(scores, 0) as tf.Tensor2D; // (1, P)
  return tf.softmax(mask ? tf.add(rows, tf.mul(tf.sub(mask, 1), 1e9)) : rows);
}

/** Sums patches by their shares: (B, D). */
function weigh(patches: tf.Tensor3D, shares: tf.Tensor2D): tf.Tensor2D {
  return tf.sum(tf.mul(patches, tf.expandDims(shares, 2)), 1);
}

/** All patches of an image in one row: (B, P·D). */
function concatenate(patches: tf.Tensor3D, mask?: tf.Tensor2D): tf.Tensor2D {
  const [images, count, dim] = patches.shape;
  const kept = mask ? tf.mul(patches, tf.expandDims(mask, 2)) : patches;
  return tf.reshape(kept, [images, count * dim]);
}

function weight(parameters: Parameters, prefix: string): tf.Tensor2D {
  return parameters.get(`${prefix}weight`) as tf.Tensor2D;
}

function bias(parameters: Parameters, prefix: string): tf.Tensor1D {
  return parameters.get(`${prefix}bias`) as tf.Tensor1D;
}
