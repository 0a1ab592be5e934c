/**
 * What a training is given, and what it tells.
 *
 * @module
 */
import type { FeatureStore } from "../../features/mod.ts";
import type { ProgressOutput } from "../../runtime/progress.ts";
import type { EpochRecord } from "./checkpoint.ts";
import type { FusionModel } from "../model/model.ts";
import type { TrainConfig } from "./train_config.ts";

/** What is told after each step. */
export interface StepEvent {
  /** From 1 on. */
  epoch: number;
  /** Steps since the start of the training, from 1 on. */
  step: number;
  /** Steps that there will be in all. */
  steps: number;
  /** The loss of the batch before the step. */
  loss: number;
  /** Learning rate of the step. */
  learningRate: number;
  /** L2 norm of all gradients before clipping, when `clipNorm` is set. */
  gradientNorm?: number;
}

/** Options of `train`. */
export interface TrainOptions {
  /** What is trained; it keeps the best epoch's weights. `loadEngine()` comes first. */
  model: FusionModel;
  /** The features. */
  store: FeatureStore;
  /** The images to train on (default: all of the store). */
  imageIds?: readonly string[];
  /** Unit vectors that stand for queries. // (Q, D) */
  prompts: Float32Array;
  /** How to train. */
  config: TrainConfig;
  /** Recall of the model on validation images, a share in [0, 1]; asked for after every epoch. */
  validate?: (model: FusionModel) => Promise<number>;
  /** A folder of this training's own, to go on from after a kill. */
  checkpointDir?: string;
  /**
   * Instead of `checkpointDir`: a folder of many trainings, in which this one's own is named by all that it
   * depends on. Another training never meets it.
   */
  checkpointRoot?: string;
  /**
   * Seconds between two checkpoints, as long as the training goes on (default 15): what a kill can lose,
   * together with the epoch under way. With 0 every epoch ends in one.
   */
  checkpointSeconds?: number;
  /**
   * What the caller knows the training by before its model is made: a part of what it depends on, by which
   * `findTraining` finds it in `checkpointRoot` once it is done.
   */
  recipe?: Record<string, unknown>;
  /** Stops the training between two steps; its reason is thrown. By default an interrupt does. */
  signal?: AbortSignal;
  /** Called after each step. */
  onStep?: (event: StepEvent) => void;
  /** Called after each epoch, and after its checkpoint where it has one; waited for. */
  onEpoch?: (epoch: EpochRecord) => void | Promise<void>;
  /** Where progress shows; found out by itself unless told. */
  output?: ProgressOutput;
  /** In a notebook: the display to use for progress. */
  displayId?: string;
  /** What progress is called (default `Train`). */
  label?: string;
}

/** What a training ends in. */
export interface TrainResult {
  /** What each epoch was like; those of an earlier run that was resumed, too. */
  epochs: EpochRecord[];
  /** The epoch whose weights the model has: the best by validation, the last where there was none. */
  best: { epoch: number; recall?: number };
}
