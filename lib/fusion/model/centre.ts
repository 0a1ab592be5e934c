/**
 * The centre (*extended*: not in the paper): what patch features have in common can be subtracted before a
 * model reads them. It is given, saved with the model and never trained.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { NamedArray } from "../../tensor/safetensors.ts";
import { type FusionSpec, refuse } from "./spec.ts";

/** Name of the centre among a model's constants, (D). */
export const CENTRE = "input.centre";

/**
 * Puts the centre among a model's values.
 *
 * @param spec the model
 * @param dim D
 * @param centre // (D)
 * @returns name and array
 * @throws Error when the model reads patches as they are, or the centre is not D finite numbers
 */
export function namedCentre(
  spec: FusionSpec,
  dim: number,
  centre: Float32Array,
): [string, NamedArray] {
  if (!canCentre(spec)) refuse(`a model of kind "${spec.kind}" has no centre`);
  if (centre.length !== dim || !centre.every(Number.isFinite)) {
    refuse(`centre must be ${dim} finite numbers, got ${centre.length} values`);
  }
  return [CENTRE, { shape: [dim], data: centre.slice() }];
}

/** Whether a model can have a centre. */
export function canCentre({ kind }: FusionSpec): boolean {
  return kind === "transformer" || kind === "max-pool";
}

/**
 * A model's input: scale · (patches - centre). Without a centre, and with scale 1, the patches as they are.
 *
 * @param patches (B, P, D)
 * @param scale the spec's `inputScale`
 * @param centre (D)
 */
export function centrePatches(
  patches: tf.Tensor3D,
  scale: number,
  centre?: tf.Tensor1D,
): tf.Tensor3D {
  const centred = centre ? tf.sub<tf.Tensor3D>(patches, centre) : patches;
  return scale === 1 ? centred : tf.mul<tf.Tensor3D>(centred, scale);
}
