/**
 * What an experiment is: one typed configuration, written as a difference from a commented baseline,
 * at one of four scales.
 *
 * @module
 */
import { z } from "zod";
import type { CoverSpec } from "../covers/mod.ts";
import { RETAIL_IMAGES } from "../datasets/mod.ts";
import { COVER_SCHEMA } from "../covers/spec.ts";
import { COMMON_SHARES_SCHEMA, type CommonShares } from "../encoders/common_direction.ts";
import { ENCODER_DEVICES, type EncoderDevice } from "../encoders/encoder.ts";
import { noteCommitted } from "../report/filing.ts";
import { SCORER_NAMES, type ScorerName } from "../retrieval/scorers.ts";
import { canonicalJson } from "../runtime/files.ts";
import {
  checkSettings,
  COUNT,
  type Fields,
  integer,
  listOf,
  number,
  oneOf,
  settings,
  TEXT,
} from "../runtime/settings.ts";
import { applyDiff, type Diff } from "./diff.ts";
import { DATASET_SCHEMA, type DatasetConfig, isGenerated } from "./dataset_config.ts";
import { type FusionMethod, METHOD_SCHEMA } from "./fusion_method.ts";
import { lackingSplits } from "./splits.ts";

export {
  checkTexts,
  type ClevrDsConfig,
  type DatasetConfig,
  type DatasetFiles,
  type FilesConfig,
  type FilesDataset,
  filesName,
  type GeneratedConfig,
  type GeneratedSet,
  isGenerated,
  type RetailConfig,
} from "./dataset_config.ts";
export type { Fuser, FusionMethod } from "./fusion_method.ts";

/**
 * How much of an experiment to run: `smoke` proves that it runs (seconds), `quick` gives numbers worth
 * reading on two cores (minutes), `full` searches as many as quick and learns from the paper's 7,000 images (hours),
 * `paper` is the paper's own size with its encoder (days, a real CLIP).
 */
export type Scale = "smoke" | "quick" | "full" | "paper";

/** All scales, smallest first. */
export const SCALES: readonly Scale[] = ["smoke", "quick", "full", "paper"];

/** Everything that decides the numbers of an experiment. */
export interface ExperimentConfig {
  /** Name of the experiment: the name of its file, and of the rows that it leaves. */
  name: string;
  /** At which scale this configuration was made. */
  scale: Scale;
  /** Seed of the data set, the bootstrap and every other draw. */
  seed: number;
  /** What is searched. */
  dataset: DatasetConfig;
  /** Who looks: an embedded encoder, a local folder or a hub id; see `loadEncoder`. */
  encoder: {
    id: string;
    dtype: "fp32" | "fp16" | "q8";
    /** Where images are encoded, `cpu` unless told; another device rounds otherwise. */
    device?: EncoderDevice | "auto";
    /** Overrides the encoder's own preprocessing; `squash` is what the authors' code does. */
    preprocessing?: "clip" | "squash";
    /** Of an encoder that has one: other shares of its common direction, or none; see `LoadEncoderOptions`. */
    commonDirection?: CommonShares | false;
  };
  /** Covers that are encoded and scored by their best patch. */
  covers: CoverSpec[];
  /** Further ways to score the patches of Complete Covers, beside their best and their mean; none unless given. */
  scorers?: ScorerName[];
  /** Fused vectors that are scored beside the covers; none unless given. */
  fusion?: FusionMethod[];
  /** A fusion learns from at most so many images, the first ones of each split; from all unless given. */
  learn?: { train?: number; val?: number };
  /** Size of a tuning, as `runTuning` notes it in the provenance of its rows; nothing reads it. */
  search?: { draws: number; epochs: number; grid?: Readonly<Record<string, readonly number[]>> };
  /** So many classes, drawn by the seed, are kept from every fusion; rows tell the two kinds apart. */
  hiddenWords?: number;
  /** How patches are cut: every crop resized by itself, or one resize a level. */
  cut: "exact" | "pyramid";
  /** Prompt templates of the class names. */
  prompts: "imagenet" | "single" | string[];
  /** The k of Recall@k (paper eq. 8). */
  recallAt: number[];
  /** Further rows on parts of the data: by object size, and by r_max (paper eq. 1, Table 1). */
  subsets: ("size" | "rMax")[];
  /** Confidence intervals: how often to resample, and their level. */
  bootstrap: { resamples: number; confidence: number };
}

const TEMPLATES = listOf(TEXT).refine(
  (templates) => templates.length > 0 && templates.every((template) => template.includes("{}")),
  "must be a list of templates that contain {}, at least one",
);
const ascending = (ks: readonly number[]) => ks.every((k, i) => i === 0 || k > ks[i - 1]);

const FIELDS: Fields<ExperimentConfig> = {
  name: TEXT.refine((name) => !/[/\\]|^\.+$/.test(name), "must be a file's name"),
  scale: oneOf(...SCALES),
  seed: integer("an integer from 0 on", 0),
  dataset: DATASET_SCHEMA,
  encoder: settings<ExperimentConfig["encoder"]>({
    id: TEXT,
    dtype: oneOf("fp32", "fp16", "q8"),
    device: oneOf(...ENCODER_DEVICES).optional(),
    preprocessing: oneOf("clip", "squash").optional(),
    commonDirection: z.union([z.literal(false), COMMON_SHARES_SCHEMA], {
      error: "must be false, or shares { text, image } from 0 to below 1",
    }).optional(),
  }),
  covers: listOf(COVER_SCHEMA).refine(
    (covers) => new Set(covers.map(canonicalJson)).size === covers.length,
    "must be a list of different covers",
  ),
  scorers: listOf(oneOf(...SCORER_NAMES)).optional(),
  fusion: listOf(METHOD_SCHEMA).optional(),
  learn: settings<NonNullable<ExperimentConfig["learn"]>>({
    train: COUNT.optional(),
    val: COUNT.optional(),
  }).optional(),
  search: settings<NonNullable<ExperimentConfig["search"]>>({
    draws: COUNT,
    epochs: COUNT,
    grid: z.record(z.string(), listOf(number("a number from 0 on", (value) => value >= 0)))
      .optional(),
  }).optional(),
  hiddenWords: integer("an integer from 0 on", 0).optional(),
  cut: oneOf("exact", "pyramid"),
  prompts: z.union([oneOf("imagenet", "single"), TEMPLATES], {
    error: 'must be "imagenet", "single" or a list of templates that contain {}',
  }),
  recallAt: listOf(COUNT).refine(
    (ks) => ks.length > 0 && ascending(ks),
    "must be a list of ascending integers, at least one",
  ),
  subsets: listOf(oneOf("size", "rMax")),
  bootstrap: settings<ExperimentConfig["bootstrap"]>({
    resamples: COUNT,
    confidence: number("between 0 and 1", (value) => value > 0 && value < 1),
  }),
};

/** What an {@linkcode ExperimentConfig} may say. */
const CONFIG_SCHEMA: z.ZodType<ExperimentConfig> = settings<ExperimentConfig>(FIELDS)
  .superRefine((config, context) => {
    for (const [key, message] of lackingSplits(config)) {
      context.addIssue({ code: "custom", path: ["dataset", key], message });
    }
  });

/**
 * Refuses a configuration with an unknown setting, or a value that it cannot have, at any depth.
 *
 * @param config what may be a configuration
 * @param attempt for the message: `Cannot run main_result`
 * @throws {RangeError} naming each fault by its path, with what was got and what is allowed
 */
export function checkConfig(
  config: unknown,
  attempt: string = `Cannot run ${(config as ExperimentConfig | null)?.name ?? "experiment"}`,
): asserts config is ExperimentConfig {
  checkSettings(CONFIG_SCHEMA, config, attempt);
}

/** An experiment: what differs from the baseline, always and at each scale. */
export interface ExperimentDefinition {
  /** Name of the experiment. */
  name: string;
  /** What the reader learns, in one sentence. */
  title: string;
  /** Tables and figures of the paper that it reruns, such as `"Figure 11"`. */
  paper: string[];
  /** The configuration that everything below is a difference from. */
  baseline: ExperimentConfig;
  /** Difference from the baseline at every scale. */
  always?: Diff<ExperimentConfig>;
  /** Further difference at each scale; that of `full` comes on top of the quick one's, on more images. */
  scales: Record<Exclude<Scale, "full">, Diff<ExperimentConfig>> & {
    full?: Diff<ExperimentConfig>;
  };
}

/**
 * The configuration of an experiment at a scale. Overrides do not change its name: what it writes is filed by
 * everything it says, see `filesOf`.
 *
 * @param definition the experiment
 * @param scale how much of it to run
 * @param overrides a last difference, such as a notebook's parameters
 * @throws {RangeError} when the scale is not one of {@linkcode SCALES}, or overrides say what
 * {@linkcode checkConfig} refuses
 */
export function configure(
  definition: ExperimentDefinition,
  scale: Scale = "quick",
  overrides: Diff<ExperimentConfig> = {},
): ExperimentConfig {
  if (!SCALES.includes(scale)) {
    throw new RangeError(
      `Cannot configure ${definition.name}: scale must be one of ${
        SCALES.join(", ")
      }, got ${scale}`,
    );
  }
  const { name, baseline, always = {}, scales } = definition;
  const at = (scale: Exclude<Scale, "full">) =>
    [always, scales[scale]].reduce<ExperimentConfig>(applyDiff, baseline);
  const sized = scale === "full"
    ? applyDiff(learningFromAll(at("quick")), scales.full ?? {})
    : at(scale);
  const own = { ...sized, name, scale };
  noteCommitted(own);
  const attempt = `Cannot configure ${definition.name}`;
  checkSettings(z.looseObject({}, "must be an object"), overrides, attempt, "overrides");
  if (overrides.scale !== undefined && overrides.scale !== scale) {
    throw new RangeError(`${attempt}: its scale is ${scale}, and overrides say ${overrides.scale}`);
  }
  const changed = applyDiff(own, overrides);
  checkConfig(changed, attempt);
  return changed;
}

/** As many images as the paper has of each generated data set (Table 12). */
const ALL_IMAGES = { "clevr-ds": 10_000, retail: RETAIL_IMAGES };

/** As many images of a split as a data set of so many has: seven, one and two of ten. */
const SHARES = { train: 0.7, val: 0.1, test: 0.2 };

/** As many images are searched, and all that there are learned from. */
function learningFromAll({ learn: _, ...config }: ExperimentConfig): ExperimentConfig {
  const { dataset } = config;
  if (!isGenerated(dataset)) return config;
  const { images, split, limit = Math.max(1, Math.round(SHARES[split] * images)) } = dataset;
  return { ...config, dataset: { ...dataset, images: ALL_IMAGES[dataset.source], limit } };
}
