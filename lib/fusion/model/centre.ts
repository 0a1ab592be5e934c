/**
 * The centre (*extended*: not in the paper): what patch features have in common can be subtracted before a
 * model reads them. It is given, saved with the model and never trained.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";

/** Name of the centre among a model's constants, (D). */
export const CENTRE = "input.centre";

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
