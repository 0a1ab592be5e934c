/**
 * How a fusion model is trained: plain JSON, part of experiments and checkpoints.
 *
 * @module
 */
import { createLoss, type LossSpec } from "../loss/loss.ts";
import { createSchedule, type ScheduleSpec } from "../../tensor/learning_rate.ts";

/** How a fusion model is trained; what is left out is as in the paper's appendix A.4. */
export interface TrainConfig {
  /** Times that every image is seen (default 10). */
  epochs?: number;
  /** The most images of a step (default 30). */
  batchSize?: number;
  /** The highest learning rate. */
  learningRate: number;
  /** AdamW's decoupled weight decay (default 0.001, the larger of Table 14's). */
  weightDecay?: number;
  /** How the learning rate changes (default linear, warming up over a tenth of all steps). */
  schedule?: ScheduleSpec;
  /** The largest L2 norm of all gradients together (default: none). */
  clipNorm?: number;
  /** The largest gradient value (default: none). Not together with `clipNorm`. */
  clipValue?: number;
  /** What is minimised. */
  loss: LossSpec;
  /** Share of patch slots swapped between the images of a batch (default 0; more is *extended*). */
  mixing?: number;
  /** The first epochs train on bags of a few patches, see {@linkcode BagStage} (default none; *extended*). */
  bags?: BagStage[];
  /** Where all chance of the training comes from; that of the starting weights is the model's. */
  seed: number;
}

/** Some epochs that train on bags of random patches rather than on whole covers; see `drawBags`. */
export interface BagStage {
  /** Patches of a bag, besides the whole image. */
  patches: number;
  /** How many epochs, counted among those of the training. */
  epochs: number;
}

/** A configuration with nothing left out. */
export type ResolvedTrainConfig =
  & Required<Omit<TrainConfig, "clipNorm" | "clipValue">>
  & Pick<TrainConfig, "clipNorm" | "clipValue">;

/**
 * Fills in the defaults, and refuses what cannot be trained with.
 *
 * @param config what is given
 * @throws RangeError when a number is out of range
 */
export function resolveTrainConfig(config: TrainConfig): ResolvedTrainConfig {
  const resolved: ResolvedTrainConfig = {
    ...config,
    epochs: config.epochs ?? 10,
    batchSize: config.batchSize ?? 30,
    weightDecay: config.weightDecay ?? 0.001,
    schedule: config.schedule ?? { kind: "linear", warmup: 0.1 },
    mixing: config.mixing ?? 0,
    bags: config.bags ?? [],
  };
  const fail = (why: string) => {
    throw new RangeError(`Cannot train: ${why}`);
  };
  for (const name of ["epochs", "batchSize"] as const) {
    const value = resolved[name];
    if (!Number.isInteger(value) || value < 1) {
      fail(`${name} must be a positive integer, got ${value}`);
    }
  }
  if (!(resolved.mixing >= 0 && resolved.mixing <= 1)) {
    fail(`mixing must be a share in [0, 1], got ${resolved.mixing}`);
  }
  for (const { patches, epochs } of resolved.bags) {
    if (![patches, epochs].every((value) => Number.isInteger(value) && value > 0)) {
      fail(`bags need a positive whole number of patches and epochs, got ${patches} and ${epochs}`);
    }
  }
  if (!(resolved.learningRate > 0 && resolved.learningRate < Infinity)) {
    fail(`learningRate must be positive, got ${resolved.learningRate}`);
  }
  const bagged = resolved.bags.reduce((sum, { epochs }) => sum + epochs, 0);
  if (bagged > resolved.epochs) {
    fail(`bags take ${bagged} epochs, and there are only ${resolved.epochs}`);
  }
  createSchedule(resolved.schedule, { ...resolved, steps: 1 }); // both say what they cannot do
  createLoss(resolved.loss);
  if (!Number.isSafeInteger(resolved.seed)) fail(`seed must be an integer, got ${resolved.seed}`);
  return resolved;
}

/** Patches of a bag in an epoch (from 1 on); `undefined` where whole covers are trained on. */
export function bagOf(
  { bags }: Pick<ResolvedTrainConfig, "bags">,
  epoch: number,
): number | undefined {
  let last = 0;
  return bags.find((stage) => epoch <= (last += stage.epochs))?.patches;
}
