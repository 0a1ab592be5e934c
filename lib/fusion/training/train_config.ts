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
  /** Where all chance of the training comes from; that of the starting weights is the model's. */
  seed: number;
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
  if (!(resolved.learningRate > 0 && resolved.learningRate < Infinity)) {
    fail(`learningRate must be positive, got ${resolved.learningRate}`);
  }
  createSchedule(resolved.schedule, { ...resolved, steps: 1 }); // both say what they cannot do
  createLoss(resolved.loss);
  if (!Number.isSafeInteger(resolved.seed)) fail(`seed must be an integer, got ${resolved.seed}`);
  return resolved;
}
