/**
 * How a fusion model is trained: plain JSON, part of experiments and checkpoints.
 *
 * @module
 */
import type { z } from "zod";
import {
  checkSettings,
  COUNT,
  type Fields,
  integer,
  number,
  POSITIVE,
  settings,
  SHARE,
} from "../../runtime/settings.ts";
import { LOSS_SCHEMA, type LossSpec } from "../loss/loss.ts";
import { SCHEDULE_SCHEMA, type ScheduleSpec } from "../../tensor/learning_rate.ts";

/** How a fusion model is trained; what is left out is as in the paper's appendix A.4. */
export interface TrainConfig {
  /** Times that every image is seen (default 150; the paper does not say). */
  epochs?: number;
  /** The most images of a step (default 30). */
  batchSize?: number;
  /** The highest learning rate. */
  learningRate: number;
  /** AdamW's decoupled weight decay (default 0.001, the larger of Table 14's). */
  weightDecay?: number;
  /**
   * How the learning rate changes (default: a warm-up over 10 epochs, then half after every 60; the shorter and stronger
   * of Table 14's decays).
   */
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

const FIELDS: Fields<Omit<TrainConfig, "seed">> = {
  epochs: COUNT.optional(),
  batchSize: COUNT.optional(),
  learningRate: POSITIVE,
  weightDecay: number("a number from 0 on", (value) => value >= 0).optional(),
  schedule: SCHEDULE_SCHEMA.optional(),
  clipNorm: POSITIVE.optional(),
  clipValue: POSITIVE.optional(),
  loss: LOSS_SCHEMA,
  mixing: SHARE.optional(),
};
type Clips = Pick<TrainConfig, "clipNorm" | "clipValue">;
const onlyOneClip = ({ clipNorm, clipValue }: Clips) =>
  clipNorm === undefined || clipValue === undefined;
const TWO_CLIPS = { path: ["clipValue"], error: "cannot go together with clipNorm" };

/** What a training may say, but for its seed, which is that of the experiment. */
export const TRAIN_SCHEMA: z.ZodType<Omit<TrainConfig, "seed">> = settings<
  Omit<TrainConfig, "seed">
>(FIELDS).refine(onlyOneClip, TWO_CLIPS);

const SEEDED_SCHEMA = settings<TrainConfig>({
  ...FIELDS,
  seed: integer("an integer"),
}).refine(onlyOneClip, TWO_CLIPS);

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
  checkSettings(SEEDED_SCHEMA, config, "Cannot train");
  return {
    ...config,
    epochs: config.epochs ?? 150,
    batchSize: config.batchSize ?? 30,
    weightDecay: config.weightDecay ?? 0.001,
    schedule: config.schedule ?? { kind: "step", warmupEpochs: 10, stepEpochs: 60, gamma: 0.5 },
    mixing: config.mixing ?? 0,
  };
}
