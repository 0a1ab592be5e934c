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

/**
 * The paper's training as we read it: AdamW, batches of 30, a linear warm-up over 10 epochs (A.4), then one point of
 * Table 14, whose steps have no unit and are taken as epochs. A decay after 60 or 120 of them wants well over 100;
 * trainings of {@linkcode EPOCHS} below 70 see none.
 */
export const paperTraining: Training = {
  batchSize: 30,
  learningRate: 1e-3,
  weightDecay: 0.001,
  clipNorm: 1e-4,
  schedule: { kind: "step", warmupEpochs: 10, stepEpochs: 60, gamma: 0.5 },
  loss: QUERY_PROXY,
};

/** The epsilon of layer normalisation in that point of Table 14. */
const EPSILON = 1e-4;

/** Our training: a short warm-up, then a linear decay to 0, and no clipping. */
const ourTraining: Training = {
  batchSize: 30,
  learningRate: 2e-3,
  weightDecay: 0,
  schedule: { kind: "linear", warmup: 0.1 },
  mixing: 0.5,
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
function epochsAt(scale: Scale, epochs: number): number {
  return scale === "smoke" ? 2 : epochs;
}

/** 3 + 3 layers, 2 heads, 2048 wide; at smoke scale a narrow one. */
export function tiny(
  scale: Scale,
  more: { dropout?: number; inputScale?: number; epsilon?: number } = {},
): FusionSpec {
  const feedForward = scale === "smoke" ? 160 : 2048;
  return { kind: "transformer", size: "tiny", feedForward, ...more };
}

/** The paper's model, with that epsilon. */
export const publishedModel = (scale: Scale): FusionSpec => tiny(scale, { epsilon: EPSILON });

/** Epochs of the paper's training: 150 with two decays; at the scales of two cores as many as fit the time. */
export const EPOCHS: Record<Scale, number> = { smoke: 2, quick: 40, full: 40, paper: 150 };

/**
 * The paper's model and loss from random weights, trained as its appendix says ({@linkcode paperTraining}), at one
 * untuned point; the paper searches Table 14's grid (see `runTuning`).
 *
 * @param cover what is fused
 * @param scale how large the model is, and how long it is trained
 * @param options `epochs` in place of the scale's
 */
export function asPublished(
  cover: CoverSpec,
  scale: Scale,
  { epochs = EPOCHS[scale] }: { epochs?: number } = {},
): FusionMethod {
  const train = { ...paperTraining, epochs };
  const fuser = { kind: "trained", model: publishedModel(scale), train } as const;
  return { method: "DetailCLIP, as published", cover, fuser };
}

/**
 * The same, clipping and epsilon included, with a schedule that ends after ten epochs, as A.4 can be read, too: a tenth of
 * it warm-up, then a linear decay. It is here to measure what that reading costs.
 */
export function tenEpochsInAll(cover: CoverSpec): FusionMethod {
  const { method: _, fuser } = asPublished(cover, "full");
  const { model, train } = fuser as Extract<Fuser, { kind: "trained" }>;
  const schedule = { kind: "linear", warmup: 0.1 } as const;
  return {
    method: "DetailCLIP, ten epochs in all",
    cover,
    fuser: { kind: "trained", model, train: { ...train, schedule, epochs: 10 } },
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
        ...ourTraining,
        epochs: epochsAt(scale, epochs ?? (words ? 4 : 40)),
        ...(words && { learningRate: 1e-3 }),
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
        ...ourTraining,
        epochs: epochsAt(scale, epochs),
        loss: { kind: "standardised-mse" },
      },
    },
  };
}

/** The best that any unit vector can be under the paper's loss; nothing is trained. */
export const lossCeiling = (cover: CoverSpec): FusionMethod => ({
  method: "ceiling of the loss",
  cover,
  fuser: { kind: "loss-ceiling" },
});

/** The same where a run fuses several covers: named by the cover, too. */
export const ceilingOf = (cover: CoverSpec): FusionMethod => ({
  ...lossCeiling(cover),
  method: `ceiling of the loss, ${coverName(cover)}`,
});

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

/**
 * Beyond the paper: of each concept the share in the patch that shows it best; nothing is trained, and no query is known.
 * The concepts are the encoder's own, where it has some, else common nouns.
 *
 * @param cover what is fused
 * @param options `of` and `full` as the fuser takes them; `method`: name in tables and figures
 */
const classWiseMaximum = (
  cover: CoverSpec,
  { method = "class-wise maximum", ...fuser }:
    & Omit<Extract<Fuser, { kind: "class-wise-maximum" }>, "kind">
    & { method?: string } = {},
): FusionMethod => ({ method, cover, fuser: { kind: "class-wise-maximum", ...fuser } });

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
      full: at("full"),
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
  "class-wise maximum": (cover) => classWiseMaximum(cover),
  "class-wise maximum, nouns": (cover) =>
    classWiseMaximum(cover, { of: "nouns", method: "class-wise maximum, nouns" }),
  "full + class-wise maximum": (cover) =>
    classWiseMaximum(cover, { full: 0.7, method: "full + class-wise maximum" }),
  "class-wise levels": (cover) =>
    classWiseMaximum(cover, { pool: "levels", method: "class-wise levels" }),
  "class-wise levels, nouns": (cover) =>
    classWiseMaximum(cover, { of: "nouns", pool: "levels", method: "class-wise levels, nouns" }),
  "ceiling of the loss": lossCeiling,
};
