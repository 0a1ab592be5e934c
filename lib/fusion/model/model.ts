/**
 * Fusion models: from the patch features of an image (P, D) and the feature of the whole (D) to one
 * vector, or m, in the same space (paper §3.4.1).
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs-core";
import { createRandom, type Random } from "../../numeric/random.ts";
import { buildFusion, planFusion } from "./assemble.ts";
import { namedCentre } from "./centre.ts";
import { drawParameter } from "../../tensor/initializers.ts";
import type { NamedArray } from "../../tensor/safetensors.ts";
import { type FusionSizes, type FusionSpec, refuse } from "./spec.ts";

export {
  fusionWeights,
  loadFusion,
  type LoadFusionOptions,
  saveFusion,
  setFusionWeights,
} from "./saving.ts";
export type {
  DetectorSpec,
  FusionSizes,
  FusionSpec,
  MaxPoolSpec,
  MlpSpec,
  TransformerSize,
  TransformerSpec,
} from "./spec.ts";

/** Options of {@link FusionModel.forward}. */
export interface ForwardOptions {
  /** (B, P): 1 = a real patch, 0 = padding of an image with fewer patches. */
  mask?: tf.Tensor2D;
  /** Whether dropout is at work (default false). */
  training?: boolean;
  /** What dropout draws from; needed in training when the model has dropout. */
  random?: Random;
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
  readonly constants: ReadonlyMap<string, tf.Tensor>;
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
  /** The prompts' features (Q, D), row by row: only the word detector needs them. */
  prompts?: Float32Array;
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
  const { dim, patches, seed, prompts, centre } = options;
  if (prompts && (prompts.length === 0 || prompts.length % dim !== 0)) {
    refuse(`prompts must be (Q, ${dim}), got ${prompts.length} values`);
  }
  const sizes: FusionSizes = { dim };
  if (patches !== undefined) sizes.patches = patches;
  if (prompts) sizes.prompts = prompts.length / dim;
  const random = createRandom(seed).fork("fusion weights");
  const values = new Map<string, NamedArray>(
    planFusion(spec, sizes, prompts).map((plan) => [
      plan.name,
      { shape: plan.shape, data: drawParameter(plan, random) },
    ]),
  );
  if (centre) values.set(...namedCentre(spec, dim, centre));
  return buildFusion(spec, sizes, values);
}
