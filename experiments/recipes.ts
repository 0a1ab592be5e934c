/**
 * Recipes: the fusions that several experiments train, each with the settings of its scale. Two experiments that
 * name the same recipe on the same data share one training.
 *
 * Paper: section 3.4, appendix A.4.
 *
 * @module
 */
import {
  coverName,
  type CoverSpec,
  type ExperimentDefinition,
  type Fuser,
  type FusionMethod,
  type FusionSpec,
  type Scale,
} from "detailclip";
import { paperScale } from "./baseline.ts";
import { complete, FULL } from "./covers.ts";
import { checkWhole, K_RANGE } from "./knobs.ts";

type Training = Extract<Fuser, { kind: "trained" }>["train"];

/** 39 patches. */
export const CC5: CoverSpec = complete(5);
/** The paper's main setting: 166 patches. */
export const CC10: CoverSpec = complete(10);

/** The paper's loss: for all class prompts, the squared difference of the similarities (eq. 7). */
const QUERY_PROXY = { kind: "query-proxy", distance: "mse" } as const;

/** AdamW, warm-up, linear decay, batches of 30, 10 epochs (A.4). */
export const paperTraining: Training = {
  epochs: 10,
  batchSize: 30,
  learningRate: 1e-3,
  weightDecay: 0.001,
  schedule: { kind: "linear", warmup: 0.1 },
  loss: QUERY_PROXY,
};

/** CC@5, of which training takes minutes; at the paper's scale its CC@10. */
export const coverAt = (scale: Scale): CoverSpec => scale === "paper" ? CC10 : CC5;

/**
 * The cover that is fused.
 *
 * @param scale gives the cover where no k is told
 * @param k of the Complete Cover, from 2 to 15
 * @throws {RangeError} when k is outside
 */
export const fusedCover = (scale: Scale, k?: number): CoverSpec =>
  k === undefined ? coverAt(scale) : complete(checkWhole("k", k, K_RANGE));

/** Covers with a further one in its place, smallest first, and once: the full image, cc@k by k, then others. */
export function withCover(covers: readonly CoverSpec[], cover: CoverSpec): CoverSpec[] {
  const place = (spec: CoverSpec) =>
    spec.scheme === "full" ? 0 : spec.scheme === "complete" ? spec.k : Infinity;
  const all = new Map([...covers, cover].map((spec) => [coverName(spec), spec]));
  return [...all.values()].toSorted((a, b) => place(a) === place(b) ? 0 : place(a) - place(b));
}

/** Fewer epochs where it is only to be seen that everything runs. */
export function epochsAt(scale: Scale, epochs: number): number {
  return scale === "smoke" ? 2 : epochs;
}

/** 3 + 3 layers, 2 heads, 2048 wide; at smoke scale a narrow one. */
export function tiny(
  scale: Scale,
  more: { dropout?: number; inputScale?: number } = {},
): FusionSpec {
  const feedForward = scale === "smoke" ? 160 : 2048;
  return { kind: "transformer", size: "tiny", feedForward, ...more };
}

/**
 * The paper's model and loss from random weights, with dropout, for A.4's 10 epochs: one untuned point. The
 * paper searches Table 14's grid (see `runTuning`), which also clips gradients.
 */
export function asPublished(cover: CoverSpec, scale: Scale): FusionMethod {
  const train = { ...paperTraining, epochs: epochsAt(scale, 10) };
  return {
    method: "DetailCLIP, as published",
    cover,
    fuser: { kind: "trained", model: tiny(scale), train },
  };
}

/** What can be chosen of {@linkcode detailClip}. */
export interface DetailClipOptions {
  /** Where training starts: from detectors of the words, or from the average of the patches. */
  start?: "detectors" | "average";
  /** Epochs; 4 or, from the average, 40 unless told. */
  epochs?: number;
  /** Name in tables and figures; found by the start unless told. */
  method?: string;
}

/**
 * The paper's model and loss, trained in our way (*extended*): patches are centred and scaled, half of an image's are swapped
 * with another image's, no dropout, and training starts from detectors of the words, or (for longer) from the average of the
 * patches.
 */
export function detailClip(
  cover: CoverSpec,
  scale: Scale,
  { start = "detectors", epochs, method }: DetailClipOptions = {},
): FusionMethod {
  const words = start === "detectors";
  return {
    method: method ?? (words ? "DetailCLIP, our training" : "DetailCLIP, our training, no words"),
    cover,
    fuser: {
      kind: "trained",
      model: tiny(scale, { dropout: 0, inputScale: 16 }),
      centre: true,
      start,
      train: {
        ...paperTraining,
        epochs: epochsAt(scale, epochs ?? (words ? 4 : 40)),
        learningRate: words ? 1e-3 : 2e-3,
        weightDecay: 0,
        mixing: 0.5,
      },
    },
  };
}

/**
 * Beyond the paper, and no transformer: learned detectors that each look for their best patch, and a loss that
 * compares how a prompt's similarities are spread over the images of a batch. With few training images it wants
 * more epochs.
 */
export function detailClipPlus(
  cover: CoverSpec,
  scale: Scale,
  vectors = 1,
  epochs = 20,
): FusionMethod {
  return {
    method: vectors === 1 ? "DetailCLIP+" : `DetailCLIP+ (m = ${vectors})`,
    cover,
    fuser: {
      kind: "trained",
      model: { kind: "max-pool", vectors, hidden: scale === "smoke" ? 64 : 1024 },
      centre: true,
      train: {
        ...paperTraining,
        epochs: epochsAt(scale, epochs),
        learningRate: 2e-3,
        weightDecay: 0,
        mixing: 0.5,
        loss: { kind: "standardised-mse" },
      },
    },
  };
}

/** Ridge over the known prompts; nothing is trained. */
export const closedForm = (cover: CoverSpec): FusionMethod => ({
  method: "closed form",
  cover,
  fuser: { kind: "closed-form" },
});

/** Centroids of the patches: no words, nothing learned. */
export const kMeans = (cover: CoverSpec, vectors: number): FusionMethod => ({
  method: `k-means (m = ${vectors})`,
  cover,
  fuser: { kind: "k-means", vectors },
});

/** Beyond the paper: a dictionary found in the patches, which needs no words. */
export const visualWords = (
  cover: CoverSpec,
  vectors: number,
  words?: number,
): FusionMethod => ({
  method: vectors === 1 ? "visual words" : `visual words (m = ${vectors})`,
  cover,
  fuser: { kind: "visual-words", vectors, words },
});

/** At each scale the fusions of that scale, beside the full image and the patches that they fuse. */
export function atScales(
  fusion: (scale: Scale) => FusionMethod[],
): Pick<ExperimentDefinition, "scales"> {
  const at = (scale: Scale) => {
    const methods = fusion(scale);
    const covers = new Map(methods.map(({ cover }) => [coverName(cover), cover]));
    return { covers: [FULL, ...covers.values()], fusion: methods };
  };
  return {
    scales: {
      smoke: { dataset: { images: 100 }, bootstrap: { resamples: 100 }, ...at("smoke") },
      quick: at("quick"),
      paper: { ...paperScale, ...at("paper") },
    },
  };
}

/** Fusions by the names that tables give them. */
export const METHODS: Readonly<Record<string, (cover: CoverSpec, scale: Scale) => FusionMethod>> = {
  "DetailCLIP, as published": asPublished,
  "DetailCLIP, our training": detailClip,
  "DetailCLIP, our training, no words": (cover, scale) =>
    detailClip(cover, scale, { start: "average" }),
  "DetailCLIP+": detailClipPlus,
  "closed form": closedForm,
};
