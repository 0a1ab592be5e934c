/**
 * The simpler fusing models (adapters; paper §3.4.1, Table 4): mean, learned weights over patches, one linear
 * layer over all patches, and MLPs. Padded patches count for nothing: they have no share in a mean, and are
 * zeros in a concatenation.
 *
 * Parameters are named as in PyTorch's `nn.Linear` and `nn.Sequential(Linear, GELU, Linear, …)`, and start as
 * PyTorch leaves them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { constant, linearPlan, type ParameterPlan } from "../../tensor/initializers.ts";
import { gelu, linear as linearLayer } from "../../tensor/ops/mod.ts";
import type { ForwardInput, ModelKind, Parameters, SpecOf } from "./kind.ts";
import { checkCount, checkSpec, type FusionSizes, type MlpSpec, refuse } from "./spec.ts";

/** The mean of the patches. */
export const mean: ModelKind<SpecOf<"mean">> = {
  resolve: (spec) => spec,
  plan: () => [],
  forward: (_spec, _parameters, { patches, mask }) =>
    oneVector(
      mask
        ? weightedSum(patches, patchWeights(tf.zeros([patches.shape[1]]), mask))
        : tf.mean(patches, 1),
    ),
};

/** Name of the P learned scores of `weighted`, whose softmax weighs the patches. */
const PATCH_SCORES = "scores";

/** A mean of the patches with learned weights, one for each place in the cover; it starts as the plain mean. */
export const weighted: ModelKind<SpecOf<"weighted">> = {
  resolve: (spec) => spec,
  needsPatchCount: () => true,
  plan: ({ kind }, sizes) => [
    { name: PATCH_SCORES, shape: [patchCount(kind, sizes)], start: constant(0) },
  ],
  forward: (_spec, parameters, { patches, mask }) => {
    const scores = parameters.get(PATCH_SCORES) as tf.Tensor1D; // (P)
    return oneVector(weightedSum(patches, patchWeights(scores, mask)));
  },
};

/** One linear layer over all patches, concatenated: P·D → D. */
export const linear: ModelKind<SpecOf<"linear">> = {
  resolve: (spec) => spec,
  needsPatchCount: () => true,
  plan: ({ kind }, sizes) => linearPlan("", patchCount(kind, sizes) * sizes.dim, sizes.dim),
  forward: (_spec, parameters, input) => oneVector(applyLinear(concatenate(input), parameters, "")),
};

/** Linear layers with GELU between, over the full image's feature or over all patches, concatenated. */
export const mlp: ModelKind<MlpSpec> = {
  resolve: (spec, dim) => {
    checkSpec(spec);
    return { ...spec, hidden: spec.hidden ?? dim };
  },
  needsPatchCount: ({ input }) => input === "patches",
  plan: planMlp,
  forward: ({ input: reads, layers }, parameters, input) => {
    let x = reads === "full" ? input.full : concatenate(input);
    for (let i = 0; i < layers; i++) x = applyLinear(i > 0 ? gelu(x) : x, parameters, `${2 * i}.`);
    return oneVector(x);
  },
};

function planMlp(
  { input, layers, hidden }: Required<MlpSpec>,
  sizes: FusionSizes,
): ParameterPlan[] {
  const { dim } = sizes;
  const first = input === "full" ? dim : patchCount("mlp over patches", sizes) * dim;
  const widths = [first, ...Array<number>(layers - 1).fill(hidden), dim];
  return Array.from(
    { length: layers },
    (_, i) => linearPlan(`${2 * i}.`, widths[i], widths[i + 1]), // odd numbers are the GELUs between
  ).flat();
}

function patchCount(what: string, { patches }: FusionSizes): number {
  if (patches === undefined) refuse(`${what} needs the number of patches`);
  checkCount("patches", patches);
  return patches;
}

/** One vector an image: (B, D) → (B, 1, D). */
function oneVector(vectors: tf.Tensor2D): tf.Tensor3D {
  return tf.expandDims(vectors, 1);
}

/** Softmax of the patches' scores (P), over the real ones where there is a mask: (1, P) or (B, P). */
function patchWeights(scores: tf.Tensor1D, mask?: tf.Tensor2D): tf.Tensor2D {
  const rows = tf.expandDims(scores, 0) as tf.Tensor2D; // (1, P)
  return tf.softmax(mask ? tf.add(rows, tf.mul(tf.sub(mask, 1), 1e9)) : rows);
}

/** Sums patches by their weights: (B, D). */
function weightedSum(patches: tf.Tensor3D, weights: tf.Tensor2D): tf.Tensor2D {
  return tf.sum(tf.mul(patches, tf.expandDims(weights, 2)), 1);
}

/** All patches of an image in one row: (B, P·D). */
function concatenate({ patches, mask }: ForwardInput): tf.Tensor2D {
  const [images, count, dim] = patches.shape;
  const kept = mask ? tf.mul(patches, tf.expandDims(mask, 2)) : patches;
  return tf.reshape(kept, [images, count * dim]);
}

/** The linear layer whose parameters begin with `prefix`. */
function applyLinear(x: tf.Tensor2D, parameters: Parameters, prefix: string): tf.Tensor2D {
  const weight = parameters.get(`${prefix}weight`) as tf.Tensor2D;
  return linearLayer(x, weight, parameters.get(`${prefix}bias`) as tf.Tensor1D);
}
