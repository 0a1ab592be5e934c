/**
 * The simpler fusing models (adapters; paper §3.4.1, Table 4): mean, learned weights over patches, one linear
 * layer over all patches, and MLPs. Padded patches count for nothing: they have no share in a mean, and are
 * zeros in a concatenation.
 *
 * Parameters are named as in PyTorch's `nn.Linear` and `nn.Sequential`, and start as PyTorch leaves them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { constant, linearPlan, normal, type ParameterPlan } from "../../tensor/initializers.ts";
import { gelu, linear as linearLayer } from "../../tensor/ops/mod.ts";
import type { ForwardInput, ModelKind, Parameters, SpecOf } from "./kind.ts";
import {
  checkCount,
  checkSpec,
  type FusionSizes,
  type LinearSpec,
  type MlpSpec,
  refuse,
  type WeightedSpec,
} from "./spec.ts";

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
/** Name of its P·D weights, where every value has one. */
const VALUE_WEIGHTS = "weight";

/** A mean of the patches with learned weights, one for each place in the cover, or one for each value there. */
export const weighted: ModelKind<WeightedSpec> = {
  resolve: (spec) => ({ ...spec, per: spec.per ?? "patch" }),
  needsPatchCount: () => true,
  plan({ kind, per }, sizes) {
    const count = patchCount(kind, sizes);
    return per === "patch"
      ? [{ name: PATCH_SCORES, shape: [count], start: constant(0) }]
      : [{ name: VALUE_WEIGHTS, shape: [count, sizes.dim], start: normal(1) }];
  },
  forward({ per }, parameters, { patches, mask }) {
    if (per === "patch") {
      const scores = parameters.get(PATCH_SCORES) as tf.Tensor1D; // (P)
      return oneVector(weightedSum(patches, patchWeights(scores, mask)));
    }
    const kept = mask ? tf.mul(patches, tf.expandDims(mask, 2)) : patches;
    return oneVector(tf.sum(tf.mul(kept, parameters.get(VALUE_WEIGHTS)!), 1));
  },
};

/** One linear layer over all patches, concatenated: P·D → D. */
export const linear: ModelKind<LinearSpec> = {
  resolve: (spec) => ({ ...spec, bias: spec.bias ?? true }),
  needsPatchCount: () => true,
  plan: ({ kind, bias }, sizes) =>
    linearPlan("", patchCount(kind, sizes) * sizes.dim, sizes.dim)
      .filter(({ name }) => bias || name !== "bias"),
  forward: (_spec, parameters, input) => oneVector(applyLinear(concatenate(input), parameters, "")),
};

/** Linear layers over the full image's feature or over all patches, concatenated. */
export const mlp: ModelKind<MlpSpec> = {
  resolve: (spec, dim) => {
    checkSpec(spec);
    const batchNorm = spec.batchNorm ?? false;
    const wide = batchNorm && spec.input === "patches" ? 1024 : dim;
    return { ...spec, batchNorm, hidden: spec.hidden ?? wide };
  },
  needsPatchCount: ({ input }) => input === "patches",
  plan: planMlp,
  forward: ({ input: reads, layers, batchNorm }, parameters, input, { training }) => {
    let x = reads === "full" ? input.full : concatenate(input);
    for (let i = 0; i < layers; i++) {
      if (batchNorm) { // nn.Sequential(Linear, BatchNorm1d, LeakyReLU, Linear, …)
        const normed = batchNormalise(applyLinear(x, parameters, `${3 * i}.`), {
          parameters,
          prefix: `${3 * i + 1}.`,
          training,
        });
        x = tf.leakyRelu(normed, LEAK);
      } else { // nn.Sequential(Linear, GELU, Linear, …)
        x = applyLinear(i > 0 ? gelu(x) : x, parameters, `${2 * i}.`);
      }
    }
    return oneVector(x);
  },
};

/** Slope of LeakyReLU below 0, PyTorch's. */
const LEAK = 0.01;

function planMlp(
  { input, layers, hidden, batchNorm }: Required<MlpSpec>,
  sizes: FusionSizes,
): ParameterPlan[] {
  const { dim } = sizes;
  const first = input === "full" ? dim : patchCount("mlp over patches", sizes) * dim;
  const between = Array<number>(layers - 1).fill(hidden);
  if (batchNorm && input === "patches" && layers === 3) between[0] = Math.ceil(first / 8);
  const widths = [first, ...between, dim];
  return Array.from({ length: layers }, (_, i) => {
    if (!batchNorm) return linearPlan(`${2 * i}.`, widths[i], widths[i + 1]); // odd numbers are the GELUs
    return [
      ...linearPlan(`${3 * i}.`, widths[i], widths[i + 1]),
      ...batchNormPlan(`${3 * i + 1}.`, widths[i + 1]),
    ];
  }).flat();
}

/** Weight, bias and running statistics of `nn.BatchNorm1d`; the latter have no gradient, so no optimiser moves them. */
function batchNormPlan(prefix: string, width: number): ParameterPlan[] {
  const starts = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
  return Object.entries(starts).map(([name, value]) => ({
    name: `${prefix}${name}`,
    shape: [width],
    start: constant(value),
  }));
}

/** Share of a batch in the running statistics, and what is added to variances: PyTorch's. */
const MOMENTUM = 0.1, BATCH_EPSILON = 1e-5;

/** `nn.BatchNorm1d`: by the batch's statistics in training, which the running ones follow, and by those otherwise. */
function batchNormalise(
  x: tf.Tensor2D,
  { parameters, prefix, training }: { parameters: Parameters; prefix: string; training?: boolean },
): tf.Tensor2D {
  const [weight, bias, runningMean, runningVar] = ["weight", "bias", "running_mean", "running_var"]
    .map((name) => parameters.get(`${prefix}${name}`) as tf.Variable<tf.Rank.R1>);
  let mean: tf.Tensor = runningMean, variance: tf.Tensor = runningVar;
  if (training) {
    ({ mean, variance } = tf.moments(x, 0)); // biased
    const rows = x.shape[0], unbiased = rows / Math.max(1, rows - 1);
    const follow = (running: tf.Variable<tf.Rank.R1>, value: tf.Tensor) =>
      running.assign(tf.add(tf.mul(running, 1 - MOMENTUM), tf.mul(value, MOMENTUM)));
    follow(runningMean, mean);
    follow(runningVar, tf.mul(variance, unbiased));
  }
  const scaled = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, BATCH_EPSILON)));
  return tf.add(tf.mul(scaled, weight), bias);
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
  return linearLayer(x, weight, parameters.get(`${prefix}bias`) as tf.Tensor1D | undefined);
}
