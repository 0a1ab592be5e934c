/**
 * The word-detector residual (*extended*: not in the paper): what small detectors, one per word, find in
 * the patches is written straight into the fused vector, where those words will look for it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { constant, type ParameterPlan } from "../../tensor/initializers.ts";
import { linear } from "../../tensor/ops/mod.ts";
import { ridgeInverse } from "../../numeric/ridge.ts";
import type { DetectorSpec } from "./spec.ts";
import type { Parameters } from "./transformer.ts";

/** Names of the detector's parameters: (Q, D), (Q) and (D, Q), as two `nn.Linear` would name them. */
export const DETECTOR = {
  words: "detector.words.weight",
  thresholds: "detector.words.bias",
  output: "detector.output.weight",
} as const;

/**
 * Plans the detector's parameters: the prompts look, minus the threshold is their bias, and the
 * prompts' (ridge) pseudo-inverse writes: a vector whose cosines with the prompts are what was found.
 *
 * @param spec the detector
 * @param prompts the prompts' features (Q, D), row by row; absent when saved values will be set
 * @param count Q
 * @param dim D
 */
export function planDetector(
  spec: Required<DetectorSpec>,
  prompts: Float32Array | undefined,
  count: number,
  dim: number,
): ParameterPlan[] {
  const given = (make: (prompts: Float32Array) => Float32Array) => () => {
    if (prompts) return make(prompts);
    throw new Error("Cannot start word detector: it needs the prompts' features");
  };
  return [
    { name: DETECTOR.words, shape: [count, dim], start: given((words) => words.slice()) },
    { name: DETECTOR.thresholds, shape: [count], start: constant(-spec.threshold) },
    {
      name: DETECTOR.output,
      shape: [dim, count],
      start: given((words) => ridgeInverse(words, dim, spec.ridge)),
    },
  ];
}

/**
 * What the detectors add to the fused vector.
 *
 * @param spec the detector
 * @param parameters what {@link planDetector} plans
 * @param patches patch features (B, P, D)
 * @param mask (B, P), 1 = a real patch
 * @returns (B, D)
 */
export function passDetector(
  spec: Required<DetectorSpec>,
  parameters: Parameters,
  patches: tf.Tensor3D,
  mask?: tf.Tensor2D,
): tf.Tensor2D {
  const words = parameters.get(DETECTOR.words) as tf.Tensor2D;
  const thresholds = parameters.get(DETECTOR.thresholds) as tf.Tensor1D;
  let found = tf.relu(linear(patches, words, thresholds)); // (B, P, Q)
  if (mask) found = tf.mul(found, tf.expandDims(mask, 2));
  const pooled = spec.pool === "max"
    ? tf.max<tf.Tensor2D>(found, 1)
    : tf.sum<tf.Tensor2D>(found, 1);
  const share = spec.pool === "mean"
    ? tf.div(1, mask ? tf.sum(mask, 1, true) : patches.shape[1])
    : 1;
  const output = parameters.get(DETECTOR.output) as tf.Tensor2D;
  return tf.mul(linear(tf.mul(pooled, share), output), spec.scale); // (B, D)
}
