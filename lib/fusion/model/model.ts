/**
 * Fusion models: from the patch features of an image (P, D) and the feature of the whole (D) to one
 * vector, or m, in the same space (paper §3.4.1). The paper's model is in transformer.ts.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { createRandom } from "../../numeric/random.ts";
import { drawParameter, type ParameterPlan } from "../../tensor/initializers.ts";
import type { NamedArray } from "../../tensor/safetensors.ts";
import { CENTRE } from "./centre.ts";
import type { DropoutOptions } from "./kind.ts";
import { kindOf, needsPatchCount, planFusion } from "./registry.ts";
import { type FusionSizes, type FusionSpec, refuse } from "./spec.ts";

/** Options of {@link FusionModel.forward}. */
export interface ForwardOptions extends DropoutOptions {
  /** 1 = a real patch, 0 = padding of an image with fewer patches. // (B, P) */
  mask?: tf.Tensor2D;
}

/** A fusion model and its parameters. */
export interface FusionModel {
  /** What it is. */
  readonly spec: FusionSpec;
  /** What its parameters' shapes depend on beside the spec. */
  readonly sizes: FusionSizes;
  /** D. */
  readonly dim: number;
  /** m, vectors per image. */
  readonly vectors: number;
  /** Its parameters by PyTorch name. */
  readonly parameters: Map<string, tf.Variable>;
  /** What it holds beside them and does not train: `input.centre`, if it has one. */
  readonly constants: ReadonlyMap<string, NamedArray>;
  /**
   * Fuses a batch.
   *
   * @param patches patch features (B, P, D); row 0 of an image is the full image
   * @param full the full images' features (B, D)
   * @param options mask, and dropout in training
   * @returns (B, m, D), raw: not normalised
   */
  forward(patches: tf.Tensor3D, full: tf.Tensor2D, options?: ForwardOptions): tf.Tensor3D;
  /** Frees parameters and constants. */
  dispose(): void;
}

/** Options of {@link createFusion}. */
export interface CreateFusionOptions {
  /** D, dimensions of a feature. */
  dim: number;
  /** P, patches per image: only `weighted`, `linear` and `mlp` over patches need it. */
  patches?: number;
  /** Seed of the initial weights. */
  seed: number;
  /**
   * What `transformer` and `max-pool` subtract from every patch, such as the {@link patchMean} of the training
   * images (default: nothing, as in the paper). It is saved with the model and not trained. // (D)
   */
  centre?: Float32Array;
}

/**
 * Makes a fusion model with fresh weights, drawn as PyTorch draws them. `loadEngine()` comes first.
 *
 * @param spec which model
 * @param options sizes and seed
 * @returns the model
 * @throws Error when the spec and the sizes do not fit each other
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "@tensorflow/tfjs-core";
 * import { createFusion, loadEngine } from "detailclip";
 * await loadEngine({ prefer: "wasm" });
 * const model = createFusion({ kind: "transformer", size: "tiny", feedForward: 32 }, { dim: 16, seed: 1 });
 * const patches = tf.ones<tf.Rank.R3>([2, 5, 16]), full = tf.ones<tf.Rank.R2>([2, 16]);
 * const fused = model.forward(patches, full);
 * assert.deepEqual(fused.shape, [2, 1, 16]);
 * tf.dispose([patches, full, fused]);
 * model.dispose();
 * ```
 */
export function createFusion(spec: FusionSpec, options: CreateFusionOptions): FusionModel {
  const { dim, patches, seed, centre } = options;
  const sizes: FusionSizes = { dim, ...(patches !== undefined && { patches }) };
  const random = createRandom(seed).fork("fusion weights");
  const values = new Map<string, NamedArray>(
    planFusion(spec, sizes).map((plan) => [
      plan.name,
      { shape: plan.shape, data: drawParameter(plan, random) },
    ]),
  );
  if (centre) values.set(CENTRE, checkedCentre(spec, dim, centre));
  return buildFusion(spec, sizes, values);
}

/** A centre that the model can have, as an array of its own. */
function checkedCentre(spec: FusionSpec, dim: number, centre: Float32Array): NamedArray {
  if (!kindOf(spec).canCentre) refuse(`a model of kind "${spec.kind}" has no centre`);
  if (centre.length !== dim || !centre.every(Number.isFinite)) {
    refuse(`centre must be ${dim} finite numbers, got ${centre.length} values`);
  }
  return { shape: [dim], data: centre.slice() };
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
  const kind = kindOf(spec), resolved = kind.resolve(spec, sizes.dim);
  const centred = kind.canCentre === true && values.has(CENTRE);
  checkParameters(centred ? [...plans, { name: CENTRE, shape: [sizes.dim] }] : plans, values);
  const parameters = new Map(plans.map(({ name, shape }) => [
    name,
    toVariable(shape, values.get(name)!.data),
  ]));
  const constants = new Map<string, NamedArray>();
  if (centred) constants.set(CENTRE, checkedCentre(spec, sizes.dim, values.get(CENTRE)!.data));
  const centre = centred // a variable, as these go with the engine when it changes
    ? toVariable([sizes.dim], constants.get(CENTRE)!.data, false) as tf.Variable<tf.Rank.R1>
    : undefined;
  return {
    spec,
    sizes,
    dim: sizes.dim,
    vectors: kind.vectors?.(resolved) ?? 1,
    parameters,
    constants,
    forward(patches, full, { mask, ...options } = {}) {
      checkBatch(spec, sizes, patches, full, mask);
      return tf.tidy(() =>
        kind.forward(resolved, parameters, { patches, full, mask, centre }, options)
      );
    },
    dispose() {
      tf.dispose([...parameters.values(), ...(centre ? [centre] : [])]);
    },
  };
}

function toVariable(shape: number[], data: Float32Array, trainable = true): tf.Variable {
  const tensor = tf.tensor(data, shape, "float32");
  const variable = tf.variable(tensor, trainable);
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
