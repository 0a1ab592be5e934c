/**
 * What the stages of a run share: the splits of its data set, its encoder, and features that are encoded
 * once a cover, all of it timed.
 *
 * @module
 */
import { CACHE_DIR } from "../runtime/cache_dir.ts";
import { coverBoxes, coverName, type CoverSpec, makeCover } from "../covers/mod.ts";
import type { Dataset } from "../datasets/mod.ts";
import {
  classPrompts,
  commonNouns,
  conceptEncoder,
  type Encoder,
  type PromptTemplates,
} from "../encoders/mod.ts";
import { extractFeatures, type FeatureStore } from "../features/mod.ts";
import { notice } from "../runtime/notice.ts";
import {
  createProgress,
  type Progress,
  type ProgressOutput,
  showStep,
} from "../runtime/progress.ts";
import type { ExperimentConfig } from "./config.ts";
import type { Fuser } from "./fusion_method.ts";
import { openDataset } from "./open_dataset.ts";
import { openParts, partToLearn } from "./open_parts.ts";

/** An image by whose patches covers are compared. */
const PROBE = { width: 480, height: 480 };

/** How the stages are run. */
export interface WorkbenchOptions {
  /** Stops them. */
  signal: AbortSignal;
  /** Where generated data sets, features and trained models are kept. */
  cacheDir?: string;
  /** Where progress shows. */
  output?: ProgressOutput;
  /** In a notebook: the display that the stages share. */
  displayId?: string;
}

/** A split with its features. */
export interface Split {
  /** The images and their annotations. */
  dataset: Dataset;
  /** Their features on one cover. */
  store: FeatureStore;
}

/** Which concepts a class-wise maximum is over. */
export type VocabularyName = Extract<Fuser, { kind: "class-wise-maximum" }>["of"];

/** Concepts by which images are described. */
export interface Vocabulary {
  /** Unit vectors of their names, each in one plain sentence. // (C, D) */
  anchors: Float32Array;
  /** Of the encoder's own concepts: their shares in the searched images' patches; see `conceptEncoder`. */
  concepts?: FeatureStore;
}

/** The shared parts of one run; closing it frees the encoder. */
export interface Workbench {
  /** The images that are searched. */
  readonly dataset: Dataset;
  /** Who looks. */
  readonly encoder: Encoder;
  /** Seconds a stage took so far, by its name. */
  readonly seconds: Record<string, number>;
  /** Does some work and adds its time to a stage. */
  time<T>(stage: string, work: () => Promise<T>): Promise<T>;
  /** Unit vectors of the class names. // (Q, D) */
  prompts(): Promise<Float32Array>;
  /** Features of the searched images; encoded at the first call. */
  searched(cover: CoverSpec): Promise<FeatureStore>;
  /**
   * A vocabulary, and what the searched images show of it; the encoder's own concepts are encoded at the first call.
   */
  vocabulary(cover: CoverSpec, of: VocabularyName): Promise<Vocabulary>;
  /** Another split, for training; throws where the data set has none. */
  split(name: "train" | "val", cover: CoverSpec): Promise<Split>;
  /** Frees the encoder. */
  close(): Promise<void>;
}

/** Seconds a stage takes, added up under the stage's name. */
function stopwatch(): Pick<Workbench, "seconds" | "time"> {
  const seconds: Record<string, number> = {};
  return {
    seconds,
    async time(stage, work) {
      const start = performance.now();
      const result = await work();
      const total = (seconds[stage] ?? 0) + (performance.now() - start) / 1000;
      seconds[stage] = Math.round(total * 1000) / 1000;
      return result;
    },
  };
}

/** Remembers the outcome of work by a key, so that it is done once. */
function once<T>(): (key: string, work: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (key, work) => {
    const found = kept.get(key) ?? work();
    kept.set(key, found);
    return found;
  };
}

/**
 * Opens the searched data set and the encoder of a configuration.
 *
 * @param config what to run
 * @param options how
 * @throws {Error} when either is missing or cannot be opened, the data set has nothing to score recall against, or
 * a fusion does not fit them
 */
export async function openWorkbench(
  config: ExperimentConfig,
  options: WorkbenchOptions,
): Promise<Workbench> {
  const { seconds, time } = stopwatch();
  const datasets = once<Dataset>(), stores = once<FeatureStore>();
  const opened: FeatureStore[] = []; // patches that covers share are encoded once
  const open = (split?: "train" | "val") =>
    datasets(
      split ?? "",
      () => time("dataset", () => openDataset(config.dataset, config.seed, { ...options, split })),
    );
  const { dataset, encoder } = await openParts(config, open, options);
  const store = (dataset: Dataset, cover: CoverSpec, split = "", by = encoder) => {
    const what = [coverName(cover), split].join(" ").trim();
    return stores(what, async () => {
      const named = { dataset, cover, encoder: by, what };
      const store = await time(
        `encode ${what}`,
        () => encodeCover(config, named, { ...options, reuse: opened }),
      );
      opened.push(store);
      return store;
    });
  };
  const wordsIn = (words: readonly string[], templates: PromptTemplates) =>
    time("prompts", () => encodeWords(words, templates, encoder, options));
  return {
    ...{ dataset, encoder, seconds, time },
    prompts: () => wordsIn(dataset.categories, config.prompts),
    async searched(cover) {
      for (const larger of largerCovers(config, cover)) await store(dataset, larger);
      return await store(dataset, cover);
    },
    async vocabulary(cover, of = encoder.concepts ? "concepts" : "nouns") {
      if (of === "nouns") return { anchors: await wordsIn(await commonNouns(), "single") };
      if (of !== "concepts") return { anchors: await wordsIn(of, "single") };
      return {
        anchors: await wordsIn(encoder.concepts!.image, "single"),
        concepts: await store(dataset, cover, "concepts", conceptEncoder(encoder)),
      };
    },
    async split(name, cover) {
      const split = await partToLearn(config, dataset, name, open);
      return { dataset: split, store: await store(split, cover, name) };
    },
    close: () => encoder.dispose(),
  };
}

/** What is encoded: images by a cover, and by whom; how messages call it. */
interface Encoding {
  dataset: Dataset;
  cover: CoverSpec;
  encoder: Encoder;
  what: string;
}

/** Features of a data set on a cover, without those that `reuse` has; never of no image. */
async function encodeCover(
  { name, cut }: ExperimentConfig,
  { dataset, cover, encoder, what }: Encoding,
  { cacheDir = CACHE_DIR, signal, output, displayId, reuse }: WorkbenchOptions & {
    reuse: readonly FeatureStore[];
  },
): Promise<FeatureStore> {
  const total = dataset.images.length;
  const notes: string[] = []; // after the progress line
  const extract = (progress: Progress) =>
    extractFeatures({
      ...{ dataset, cover, encoder, method: cut, reuse, signal },
      cacheDir: `${cacheDir}/features`,
      onNote: (line) => notes.push(line),
      onProgress: ({ done, encoded }) => progress.update(done, undefined, done - encoded),
    });
  let store: FeatureStore;
  try {
    store = await showStep(`Encode ${what}`, extract, { total, output, displayId });
  } finally {
    for (const line of notes) notice(line, output);
  }
  if (store.imageIds.length > 0) return store;
  throw new Error(
    `Cannot run ${name}: none of the ${total} images of ` +
      `${dataset.name} could be encoded; the first reason: ${store.ledger[0]?.reason}`,
  );
}

/** Unit vectors of words; shows progress unless they were kept. // (Q, D) */
async function encodeWords(
  words: readonly string[],
  templates: PromptTemplates,
  encoder: Encoder,
  { cacheDir = CACHE_DIR, signal, output, displayId }: WorkbenchOptions,
): Promise<Float32Array> {
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => {
    const shown = { unit: "classes", output, displayId };
    if (done < total) progress ??= createProgress({ label: "Encode prompts", total, ...shown });
    progress?.update(done);
  };
  const keep = { templates, cacheDir: `${cacheDir}/prompts` };
  try {
    return await classPrompts(encoder, words, { ...keep, signal, onProgress });
  } finally {
    await progress?.finish();
  }
}

/**
 * The covers of a configuration that have more patches than one of them, the largest first: encoded before
 * it, they leave it little or nothing to encode.
 */
function largerCovers({ covers }: ExperimentConfig, cover: CoverSpec): CoverSpec[] {
  // Object covers are of no fixed size: small ones, and of boxes that no other cover has.
  const size = (spec: CoverSpec) =>
    spec.scheme === "objects" ? 0 : coverBoxes(makeCover(spec, PROBE)).length;
  return covers.filter((other) => size(other) > size(cover))
    .toSorted((a, b) => size(b) - size(a));
}
