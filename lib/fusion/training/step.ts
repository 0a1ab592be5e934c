/**
 * One step of training: a batch, its targets, the loss and the update; and the watch over the loss.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { FeatureStore } from "../../features/mod.ts";
import type { Random } from "../../numeric/random.ts";
import type { FeatureBatch } from "../batches/batches.ts";
import { toTensors } from "../fuse_store.ts";
import { createLoss } from "../loss/loss.ts";
import { mixPatches } from "../batches/mixing.ts";
import type { FusionModel } from "../model/model.ts";
import { l2Normalize } from "../../tensor/ops/mod.ts";
import { type AdamW, gradientsOf } from "../../tensor/adamw.ts";
import { batchesInFlight } from "../../tensor/kernels.ts";
import { readTensor } from "../../tensor/reading.ts";
import { patchProxies } from "../loss/patch_proxies.ts";
import type { LossFunction } from "../loss/query_proxy.ts";
import { batchTargets, type PatchTargets, targetsOf } from "../loss/targets.ts";
import type { ResolvedTrainConfig } from "./train_config.ts";

/** What all steps of a training share. */
export interface StepContext {
  /** What is trained. */
  model: FusionModel;
  /** What updates it. */
  optimizer: AdamW;
  /** How. */
  config: ResolvedTrainConfig;
  /** What is minimised. */
  loss: LossFunction;
  /** The prompts. // (Q, D) */
  prompts: tf.Tensor2D;
  /** Targets computed beforehand; without them each batch's are computed with it. */
  targets?: PatchTargets;
}

/** Targets above this many bytes are not kept but computed with every batch: memory stays bounded. */
const TARGET_BYTES = 256 * 2 ** 20;

/** Whether every epoch has the same targets: with prompts as proxies, and without mixing. */
export function targetsAreFixed(config: ResolvedTrainConfig): boolean {
  return (config.loss.proxies ?? "text") === "text" && config.mixing === 0;
}

/**
 * Makes what all steps share.
 *
 * @param model what is trained
 * @param optimizer what updates it
 * @param config how
 * @param data the store, the images and the prompts // (Q, D)
 * @param signal stops the work
 * @returns the context; its `prompts` are the caller's to dispose of
 */
export async function createContext(
  model: FusionModel,
  optimizer: AdamW,
  config: ResolvedTrainConfig,
  data: { store: FeatureStore; imageIds: readonly string[]; prompts: Float32Array },
  signal: AbortSignal,
): Promise<StepContext> {
  const { store, imageIds, prompts } = data;
  const loss = createLoss(config.loss);
  const queries = prompts.length / model.dim;
  const bytes = imageIds.length * queries * 4;
  const keep = targetsAreFixed(config) && bytes > 0 && bytes <= TARGET_BYTES;
  const targets = keep ? await targetsOf(store, prompts, { imageIds, signal }) : undefined;
  const tensor = tf.tensor2d(prompts, [queries, model.dim]);
  return { model, optimizer, config, loss, prompts: tensor, ...(targets && { targets }) };
}

/** The tensors of one step. */
interface StepTensors {
  patches: tf.Tensor3D;
  full: tf.Tensor2D;
  mask?: tf.Tensor2D;
  proxies: tf.Tensor2D;
  targets: tf.Tensor2D;
}

/** Mixes the batch's images if asked to, chooses proxies, and finds or computes the targets. */
function prepare(
  context: StepContext,
  batch: FeatureBatch,
  { random }: StepOptions,
): StepTensors {
  const { config, targets: known } = context;
  const spec = config.loss.proxies ?? "text";
  const { mixing } = config;
  const mixed = mixing > 0 ? mixPatches(batch, mixing, random.fork("mixing")) : batch;
  const inputs = toTensors(mixed);
  const { patches, mask } = inputs;
  if (spec === "text") {
    const proxies = tf.clone(context.prompts);
    const targets = known
      ? knownTargets(known, batch.imageIds)
      : batchTargets(patches, proxies, { mask });
    return { ...inputs, proxies, targets };
  }
  const { features, own } = patchProxies(mixed, spec, random.fork("proxies"));
  const proxies = tf.tensor2d(features, [own.length, batch.dim]);
  return { ...inputs, proxies, targets: batchTargets(patches, proxies, { mask, own }) };
}

/** Rows of the targets that were computed beforehand. // (B, Q) */
function knownTargets(targets: PatchTargets, imageIds: readonly string[]): tf.Tensor2D {
  const values = new Float32Array(imageIds.length * targets.proxies);
  imageIds.forEach((id, b) => values.set(targets.of(id), b * targets.proxies));
  return tf.tensor2d(values, [imageIds.length, targets.proxies]);
}

/** What is of one step alone. */
export interface StepOptions {
  /** Its learning rate. */
  learningRate: number;
  /** Chance for mixing, proxies and dropout. */
  random: Random;
}

/** What a step tells. */
export interface StepOutcome {
  /** The loss before the step. */
  loss: number;
  /** The norm of the gradients before clipping, when they are clipped by it. */
  gradientNorm?: number;
}

/**
 * Trains on one batch.
 *
 * @param context what all steps share
 * @param batch the images
 * @param options learning rate and chance of this step
 * @returns the loss before the step. When it is not finite the model is left as it is; on WebGPU, when a gradient is not
 * @throws Error when the gradients are not finite, as far as their norm is looked at
 */
export async function trainStep(
  context: StepContext,
  batch: FeatureBatch,
  options: StepOptions,
): Promise<StepOutcome> {
  const { model, optimizer } = context;
  const { learningRate, random } = options;
  const { patches, full, mask, proxies, targets } = prepare(context, batch, options);
  const inputs = [patches, full, proxies, targets, ...(mask ? [mask] : [])];
  const { loss, gradients } = gradientsOf(model.parameters, () => {
    const options = { mask, training: true, random: random.fork("dropout") };
    const fused = l2Normalize(model.forward(patches, full, options)); // (B, m, D)
    return context.loss({ fused, proxies, targets });
  });
  if (batchesInFlight() > 0) { // nothing waits: the engine itself leaves the model as it is
    const updating = optimizer.step(gradients, { learningRate });
    tf.dispose([...gradients.values(), ...inputs]);
    const [[value], updated] = await Promise.all([readTensor(loss), updating]);
    return { loss: value, ...updated };
  }
  try {
    const [value] = await readTensor(loss);
    if (!Number.isFinite(value)) return { loss: value };
    return { loss: value, ...await optimizer.step(gradients, { learningRate }) };
  } finally {
    tf.dispose([...gradients.values(), ...inputs]);
  }
}

/** Steps over which the loss is averaged before it is judged. */
const WATCHED_STEPS = 20;
/** A loss this many times as high as at the start has diverged. */
const DIVERGED = 10;

/** Watches the losses of a training for divergence, step after step. */
export class LossWatch {
  #first = 0;
  #count = 0;
  readonly #recent: number[] = [];

  /**
   * Looks at the next loss.
   *
   * @returns what is wrong: it is not a number, or the mean of the last 20 losses is more than ten times
   * that of the first 20
   */
  add(loss: number): string | undefined {
    if (!Number.isFinite(loss)) return `the loss is ${loss}`;
    this.#recent.push(loss);
    if (this.#count++ < WATCHED_STEPS) {
      this.#first += loss / WATCHED_STEPS;
      return;
    }
    this.#recent.shift();
    const mean = this.#recent.reduce((sum, value) => sum + value / WATCHED_STEPS, 0);
    if (mean <= DIVERGED * this.#first) return;
    return `the loss diverges: ${mean.toPrecision(3)} over the last ${WATCHED_STEPS} steps, ` +
      `${this.#first.toPrecision(3)} over the first`;
  }
}
