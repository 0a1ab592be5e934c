/**
 * What an experiment is: one typed configuration, written as a difference from a commented baseline,
 * at one of three scales.
 *
 * @module
 */
import type { CoverSpec } from "../covers/mod.ts";
import type { FusionSpec, TrainConfig } from "../fusion/mod.ts";

/**
 * How much of an experiment to run: `smoke` proves that it runs (seconds), `quick` gives numbers worth
 * reading on two cores (minutes), `paper` is the paper's own size (hours, a real CLIP).
 */
export type Scale = "smoke" | "quick" | "paper";

/** All scales, smallest first. */
export const SCALES: readonly Scale[] = ["smoke", "quick", "paper"];

/** Images that the workspace generates by the CLEVR-DS recipe (paper §4.2), or images that exist. */
export type DatasetConfig =
  | {
    source: "clevr-ds";
    /** The full recipe, only small (S) or only large (L) query objects, or A.3's 51-class set. */
    variant: "mixed" | "S" | "L" | "reduced";
    /** Whose renderings: `fluent-3d`, or `noto`, which the embedded encoder never saw. */
    family: "fluent-3d" | "noto";
    /** How many images the data set has in all; they are split 7:1:2. */
    images: number;
    /** Which split is searched. */
    split: "train" | "val" | "test";
    /** Search only the first so many images of it. */
    limit?: number;
    /** Side of the square images in px. */
    size: number;
  }
  | {
    source: "coco";
    /** COCO-format JSON: COCO, LVIS or anything exported that way. */
    annotations: string;
    /** Folder that the JSON's file names are relative to. */
    root: string;
    /** Use only the first so many images, in the order of their ids. */
    limit?: number;
    /** Images that a fusion learns from; without them nothing can be trained. */
    train?: CocoFiles;
    /** Images on which the best epoch is chosen. */
    val?: CocoFiles;
  };

/** A further split of a data set with COCO-format annotations. */
export interface CocoFiles {
  /** COCO-format JSON with the same categories. */
  annotations: string;
  /** Folder that the JSON's file names are relative to. */
  root: string;
  /** Use only the first so many images, in the order of their ids. */
  limit?: number;
}

/** How the vectors of a fused image are found. */
export type Fuser =
  /** A model that is trained on the training split and chosen on the validation split. */
  | {
    kind: "trained";
    model: FusionSpec;
    train: Omit<TrainConfig, "seed">;
    /** Whether the mean of the training patches is subtracted from every patch (*extended*). */
    centre?: boolean;
    /**
     * Where training starts: PyTorch's random weights; or, *extended*, a transformer that averages its
     * patches, or one that looks for each word in each patch.
     */
    start?: "random" | "average" | "detectors";
  }
  /** The ridge solution over the known class prompts; see `closedFormFusion`. */
  | { kind: "closed-form"; ridge?: number }
  /** Centroids of the patches, which know no words; see `sphericalKMeans`. */
  | { kind: "k-means"; vectors: number }
  /** Directions found in the training patches, without words; see `fitVisualWords`. */
  | { kind: "visual-words"; vectors: number; words?: number };

/** A way to turn the patches of an image into one vector, or a few. */
export interface FusionMethod {
  /** Name as tables and figures print it: `"DetailCLIP"`, `"closed form"`, `"DetailCLIP+ (m = 4)"`. */
  method: string;
  /** Where the patches come from. */
  cover: CoverSpec;
  /** How they are fused. */
  fuser: Fuser;
}

/** Everything that decides the numbers of an experiment. */
export interface ExperimentConfig {
  /** Name of the experiment: the name of its file, and of its rows under `results/`. */
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
    /** Overrides the encoder's own preprocessing; `squash` is what the authors' code does. */
    preprocessing?: "clip" | "squash";
  };
  /** Covers that are encoded and scored by their best patch. */
  covers: CoverSpec[];
  /** Fused vectors that are scored beside the covers; none unless given. */
  fusion?: FusionMethod[];
  /** A fusion learns from at most so many images, the first ones of each split; from all unless given. */
  learn?: { train?: number; val?: number };
  /** Size of a search, as `runSearch` notes it in the provenance of its rows; nothing reads it. */
  search?: { draws: number; epochs: number };
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

/** A partial configuration: objects are merged key by key, arrays and plain values replace. */
export type Diff<T> = {
  [K in keyof T]?: T[K] extends readonly unknown[] ? T[K]
    : T[K] extends object ? (T[K] | Diff<T[K]>)
    : T[K];
};

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
  /** Further difference at each scale. */
  scales: Record<Scale, Diff<ExperimentConfig>>;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Merges a difference into a configuration, returning a new one.
 *
 * @param base what to start from
 * @param diff objects are merged key by key; arrays and plain values replace; `undefined` is ignored
 */
export function applyDiff<T extends object>(base: T, diff: Diff<T>): T {
  const out = { ...base } as Record<string, unknown>;
  for (const [key, value] of Object.entries(diff)) {
    if (value === undefined) continue;
    const old = out[key];
    out[key] = isPlainObject(value) && isPlainObject(old) ? applyDiff(old, value) : value;
  }
  return out as T;
}

/**
 * The configuration of an experiment at a scale. Its name is the experiment's own, whatever overrides change.
 *
 * @param definition the experiment
 * @param scale how much of it to run
 * @param overrides a last difference, such as a notebook's parameters
 * @throws {RangeError} when the scale is not one of {@linkcode SCALES}
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
  const steps = [definition.always ?? {}, definition.scales[scale], {
    name: definition.name,
    scale,
  }];
  const own = steps.reduce<ExperimentConfig>(applyDiff, definition.baseline);
  return applyDiff(own, overrides);
}
