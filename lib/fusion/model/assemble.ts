/**
 * A fusion model from its parts: spec, sizes and weights.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { canCentre, CENTRE } from "./centre.ts";
import { passDetector, planDetector } from "./detector.ts";
import { passFuser, planFuser } from "./adapters.ts";
import type { ParameterPlan } from "../../tensor/initializers.ts";
import { passMaxPool, planMaxPool, resolveMaxPool } from "./max_pool.ts";
import type { ForwardOptions, FusionModel } from "./model.ts";
import type { Dropout } from "../../tensor/ops/mod.ts";
import type { NamedArray } from "../../tensor/safetensors.ts";
import {
  checkCount,
  type FusionSizes,
  type FusionSpec,
  needsPatchCount,
  refuse,
  type ResolvedTransformer,
  resolveTransformer,
} from "./spec.ts";
import { type Parameters, passTransformer, planTransformer } from "./transformer.ts";

/**
 * The parameters that a model has: names, shapes and starting values, in PyTorch's order.
 *
 * @param spec which model
 * @param sizes what the shapes depend on
 * @param prompts the prompts' features, to start a word detector from
 */
export function planFusion(
  spec: FusionSpec,
  sizes: FusionSizes,
  prompts?: Float32Array,
): ParameterPlan[] {
  checkCount("dim", sizes.dim);
  switch (spec.kind) {
    case "mean":
    case "weighted":
    case "linear":
    case "mlp":
      return planFuser(spec, sizes);
    case "max-pool":
      return planMaxPool(spec, sizes);
    case "transformer": {
      const resolved = resolveTransformer(spec, sizes.dim);
      const plans = planTransformer(resolved, sizes.dim);
      if (!resolved.detector) return plans;
      if (!sizes.prompts) refuse("a word detector needs the prompts' features");
      return [...plans, ...planDetector(resolved.detector, prompts, sizes.prompts, sizes.dim)];
    }
    default:
      refuse(`no kind "${(spec as { kind: unknown }).kind}"`);
  }
}

/**
 * Makes a fusion model from given weights.
 *
 * @param spec which model
 * @param sizes what the shapes depend on
 * @param values its parameters by name, as {@link planFusion} lists them, and the centre if it has one
 * @returns the model
 * @throws Error when a parameter is missing, has another shape, or is not the model's
 */
export function buildFusion(
  spec: FusionSpec,
  sizes: FusionSizes,
  values: ReadonlyMap<string, NamedArray>,
): FusionModel {
  const plans = planFusion(spec, sizes);
  const centred = canCentre(spec) && values.has(CENTRE);
  checkParameters(centred ? [...plans, { name: CENTRE, shape: [sizes.dim] }] : plans, values);
  const parameters = new Map(plans.map(({ name, shape }) => [
    name,
    toVariable(shape, values.get(name)!.data),
  ]));
  const constants = new Map<string, tf.Tensor>();
  if (centred) constants.set(CENTRE, tf.keep(tf.tensor1d(values.get(CENTRE)!.data)));
  const { vectors, pass } = createPass(spec, sizes.dim, parameters);
  return {
    spec,
    sizes,
    dim: sizes.dim,
    vectors,
    parameters,
    constants,
    forward(patches, full, options = {}) {
      checkBatch(spec, sizes, patches, full, options.mask);
      const centre = constants.get(CENTRE) as tf.Tensor1D | undefined;
      return tf.tidy(() => pass(patches, full, { ...options, centre }));
    },
    dispose() {
      for (const tensor of [...parameters.values(), ...constants.values()]) tensor.dispose();
    },
  };
}

/**
 * A spec with its model's defaults filled in, so that a default that changes makes another spec.
 *
 * @param spec which model
 * @param dim D
 * @throws Error when a value is out of range
 */
export function resolveSpec(spec: FusionSpec, dim: number): FusionSpec {
  if (spec.kind === "transformer") return resolveTransformer(spec, dim);
  if (spec.kind === "max-pool") return resolveMaxPool(spec);
  return spec.kind === "mlp" ? { ...spec, hidden: spec.hidden ?? dim } : spec;
}

/** How many vectors a model makes of an image, and how. */
interface Pass {
  vectors: number;
  pass(
    patches: tf.Tensor3D,
    full: tf.Tensor2D,
    options: ForwardOptions & { centre?: tf.Tensor1D },
  ): tf.Tensor3D;
}

function createPass(spec: FusionSpec, dim: number, parameters: Parameters): Pass {
  switch (spec.kind) {
    case "transformer": {
      const resolved = resolveTransformer(spec, dim);
      const pass: Pass["pass"] = (...batch) => passWhole(resolved, parameters, ...batch);
      return { vectors: resolved.vectors, pass };
    }
    case "max-pool": {
      const pass: Pass["pass"] = (patches, _full, options) =>
        passMaxPool(spec, parameters, patches, options);
      return { vectors: resolveMaxPool(spec).vectors, pass };
    }
    default: {
      const pass: Pass["pass"] = (...batch) =>
        tf.expandDims(passFuser(spec, parameters, ...batch), 1); // (B, 1, D)
      return { vectors: 1, pass };
    }
  }
}

/** Transformer and, where there is one, word detector: (B, m, D). */
function passWhole(
  spec: ResolvedTransformer,
  parameters: Parameters,
  patches: tf.Tensor3D,
  full: tf.Tensor2D,
  { mask, training, random, centre }: ForwardOptions & { centre?: tf.Tensor1D },
): tf.Tensor3D {
  let dropout: Dropout | undefined;
  if (training && spec.dropout > 0) {
    if (!random) throw new Error("Cannot train fusion model: dropout needs a random generator");
    dropout = { rate: spec.dropout, random };
  }
  const fused = passTransformer(spec, parameters, patches, full, { mask, dropout, centre });
  if (!spec.detector) return fused;
  const found = passDetector(spec.detector, parameters, patches, mask); // (B, D)
  return tf.add(fused, tf.expandDims(found, 1));
}

function toVariable(shape: number[], data: Float32Array): tf.Variable {
  const tensor = tf.tensor(data, shape, "float32");
  const variable = tf.variable(tensor);
  tensor.dispose(); // the variable holds the values
  return variable;
}

/** Sees to it that `values` holds the planned parameters and no others. */
function checkParameters(
  plans: readonly Pick<ParameterPlan, "name" | "shape">[],
  values: ReadonlyMap<string, NamedArray>,
): void {
  const names = new Set(plans.map(({ name }) => name));
  for (const name of values.keys()) {
    if (!names.has(name)) refuse(`it has no parameter ${name}`);
  }
  for (const { name, shape } of plans) {
    const value = values.get(name);
    if (!value) refuse(`parameter ${name} is missing`);
    if (value.shape.join() !== shape.join()) {
      refuse(`${name} must have shape [${shape}], got [${value.shape}]`);
    }
  }
}

/** Sees to it that a batch has the model's sizes. */
function checkBatch(
  spec: FusionSpec,
  { dim, patches: planned }: FusionSizes,
  patches: tf.Tensor3D,
  full: tf.Tensor2D,
  mask?: tf.Tensor2D,
): void {
  const [images, count, width] = patches.shape;
  const wrong = (why: string) => new Error(`Cannot fuse batch: ${why}`);
  if (patches.rank !== 3 || width !== dim) {
    throw wrong(`patches must be (B, P, ${dim}), got [${patches.shape}]`);
  }
  if (full.rank !== 2 || full.shape[0] !== images || full.shape[1] !== dim) {
    throw wrong(`full must be (${images}, ${dim}), got [${full.shape}]`);
  }
  if (mask && (mask.rank !== 2 || mask.shape[0] !== images || mask.shape[1] !== count)) {
    throw wrong(`mask must be (${images}, ${count}), got [${mask.shape}]`);
  }
  if (needsPatchCount(spec) && count !== planned) {
    throw wrong(`${spec.kind} was made for ${planned} patches, got ${count}; pad and mask them`);
  }
}
