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

const FIELDS: Fields<Omit<TrainConfig, "seed" | "bags">> = {
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
export const TRAIN_SCHEMA: z.ZodType<Omit<TrainConfig, "seed" | "bags">> = settings<
  Omit<TrainConfig, "seed" | "bags">
>(FIELDS).refine(onlyOneClip, TWO_CLIPS);

const SEEDED_SCHEMA = settings<Omit<TrainConfig, "bags">>({
  ...FIELDS,
  seed: integer("an integer"),
}).refine(onlyOneClip, TWO_CLIPS);

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
  const { bags = [], ...plain } = config;
  checkSettings(SEEDED_SCHEMA, plain, "Cannot train");
  const epochs = config.epochs ?? 10;
  const bagged = bags.reduce((sum, { epochs }) => sum + epochs, 0);
  const whole = (value: number) => Number.isInteger(value) && value > 0;
  if (!bags.every(({ patches, epochs }) => whole(patches) && whole(epochs)) || bagged > epochs) {
    throw new RangeError(
      `Cannot train: bags need a positive whole number of patches and epochs, and at most ${epochs} ` +
        `epochs in all, got ${JSON.stringify(bags)}`,
    );
  }
  return {
    ...config,
    epochs,
    batchSize: config.batchSize ?? 30,
    weightDecay: config.weightDecay ?? 0.001,
    schedule: config.schedule ?? { kind: "linear", warmup: 0.1 },
    mixing: config.mixing ?? 0,
    bags,
  };
}

/** Patches of a bag in an epoch (from 1 on); `undefined` where whole covers are trained on. */
export function bagOf(
  { bags }: Pick<ResolvedTrainConfig, "bags">,
  epoch: number,
): number | undefined {
  let last = 0;
  return bags.find((stage) => epoch <= (last += stage.epochs))?.patches;
}
