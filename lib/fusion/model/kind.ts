/**
 * What every kind of fusion model is made of. Each kind is one object, in the file of its model, and a line in
 * registry.ts.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../../numeric/random.ts";
import type { ParameterPlan } from "../../tensor/initializers.ts";
import type { FusionSizes, FusionSpec } from "./spec.ts";

/** The parameters of a model by PyTorch name. */
export type Parameters = ReadonlyMap<string, tf.Tensor>;

/** What a model reads: a batch of images. */
export interface ForwardInput {
  /** Patch features; row 0 of an image is the full image. // (B, P, D) */
  patches: tf.Tensor3D;
  /** The full images' features. // (B, D) */
  full: tf.Tensor2D;
  /** 1 = a real patch, 0 = padding; absent when all are real. // (B, P) */
  mask?: tf.Tensor2D;
  /** What is subtracted from every patch, for kinds that have a centre. // (D) */
  centre?: tf.Tensor1D;
}

/** Whether dropout is at work, and what it draws from. */
export interface DropoutOptions {
  /** Whether dropout is at work (default false). */
  training?: boolean;
  /** What dropout draws from; needed in training when the model has dropout. */
  random?: Random;
}

/** The specs of one kind. */
export type SpecOf<K extends FusionSpec["kind"]> = Extract<FusionSpec, { kind: K }>;

/** One kind of fusion model. */
export interface ModelKind<S extends FusionSpec> {
  /**
   * Fills in the defaults of a spec, so that a default that changes makes another spec.
   *
   * @throws Error when a value is out of range
   */
  resolve(spec: S, dim: number): Required<S>;
  /** m, vectors per image (default 1). */
  vectors?(spec: Required<S>): number;
  /** Whether it is made for one number of patches, P (default not). */
  needsPatchCount?(spec: S): boolean;
  /** Whether a centre can be subtracted from its patches (default not). */
  canCentre?: boolean;
  /**
   * Its parameters: names and shapes as in PyTorch, and how they start.
   *
   * @throws Error when the spec and the sizes do not fit each other
   */
  plan(spec: Required<S>, sizes: FusionSizes): ParameterPlan[];
  /** Fuses a batch: raw vectors, not normalised. // (B, m, D) */
  forward(
    spec: Required<S>,
    parameters: Parameters,
    input: ForwardInput,
    options: DropoutOptions,
  ): tf.Tensor3D;
}
