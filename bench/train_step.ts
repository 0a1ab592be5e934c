/**
 * The training step that is measured: the product's own model, loss and optimiser on a batch of the paper's size.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { createAdamW, gradientsOf } from "detailclip/tensor";
import { createLoss, createRandom, type FusionModel } from "detailclip";
import { batchesInFlight } from "../lib/tensor/kernels.ts";
import { l2Normalize } from "../lib/tensor/ops/mod.ts";
import { readTensor } from "../lib/tensor/reading.ts";
import type { NamedArray } from "../lib/tensor/safetensors.ts";

/** How large a step is. */
export interface StepSizes {
  /** B. */
  images: number;
  /** P. */
  patches: number;
  /** D. */
  dim: number;
  /** Q. */
  prompts: number;
}

/** The learning rate of every step. */
export const LEARNING_RATE = 1e-4;

/** Unit vectors that lean to one side, as those of CLIP do. // (rows, D) */
function features(rows: number, D: number, seed: string): Float32Array {
  const random = createRandom(seed), data = new Float32Array(rows * D);
  for (let row = 0; row < rows; row++) {
    const vector = Float32Array.from({ length: D }, () => random.normal() + 0.5);
    const norm = Math.hypot(...vector);
    data.set(vector.map((value) => value / norm), row * D);
  }
  return data;
}

/** Arrays of a batch by name: patches (B, P, D), text (Q, D), targets (B, Q). */
export type Batch = Map<string, NamedArray>;

/** Makes a batch, with the best cosine of each image's patches with each prompt; on the engine in use. */
export async function makeBatch(
  { images: B, patches: P, dim: D, prompts: Q }: StepSizes,
): Promise<Batch> {
  const patches = features(B * P, D, "patches"), text = features(Q, D, "prompts");
  const best = tf.tidy(() => {
    const rows = tf.tensor2d(patches, [B * P, D]), prompts = tf.tensor2d(text, [Q, D]);
    const scores = tf.matMul(rows, prompts, false, true);
    return tf.max(tf.reshape(scores, [B, P, Q]), 1); // (B, Q)
  });
  const targets = await readTensor(best);
  return new Map([
    ["patches", { shape: [B, P, D], data: patches }],
    ["text", { shape: [Q, D], data: text }],
    ["targets", { shape: [B, Q], data: targets }],
  ]);
}

/** The product's step. */
export interface Steps {
  /** One step; returns its loss once it is known. */
  step(): Promise<number>;
  /** The loss and the gradients at the present weights. */
  backward(): ReturnType<typeof gradientsOf>;
  /** Frees all but the model. */
  dispose(): void;
}

/** Puts a batch on the engine in use, and makes the step. */
export function createSteps(model: FusionModel, batch: Batch): Steps {
  const [B, , D] = batch.get("patches")!.shape;
  const tensor = (name: string) => tf.tensor(batch.get(name)!.data, batch.get(name)!.shape);
  const patches = tensor("patches") as tf.Tensor3D, proxies = tensor("text") as tf.Tensor2D;
  const targets = tensor("targets") as tf.Tensor2D;
  const full = tf.tidy(() => tf.reshape(tf.slice(patches, [0, 0, 0], [B, 1, D]), [B, D]));
  const optimizer = createAdamW(model.parameters, { weightDecay: 0.01 });
  const loss = createLoss({ kind: "query-proxy", distance: "mse" });
  const random = createRandom("dropout");
  const backward = () =>
    gradientsOf(model.parameters, () => {
      const fused = l2Normalize(
        model.forward(patches, full as tf.Tensor2D, { training: true, random }),
      );
      return loss({ fused, proxies, targets });
    });
  const step = async () => {
    const { loss, gradients } = backward();
    const rates = { learningRate: LEARNING_RATE };
    if (batchesInFlight() > 0) { // as in training
      const updating = optimizer.step(gradients, rates);
      tf.dispose([...gradients.values()]);
      return (await Promise.all([readTensor(loss), updating]))[0][0];
    }
    const [value] = await readTensor(loss);
    await optimizer.step(gradients, rates);
    tf.dispose([...gradients.values()]);
    return value;
  };
  const dispose = () => {
    tf.dispose([patches, proxies, targets, full]);
    optimizer.dispose();
  };
  return { step, backward, dispose };
}
