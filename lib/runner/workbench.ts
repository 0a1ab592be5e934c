/**
 * What the stages of a run share: the splits of its data set, its encoder, and features that are encoded
 * once a cover, all of it timed.
 *
 * @module
 */
import { CACHE_DIR } from "../runtime/cache_dir.ts";
import { coverBoxes, coverName, type CoverSpec, makeCover } from "../covers/mod.ts";
import type { Dataset } from "../datasets/mod.ts";
import { classPrompts, type Encoder } from "../encoders/mod.ts";
import { extractFeatures, type FeatureStore } from "../features/mod.ts";
import { notice } from "../runtime/notice.ts";
import {
  createProgress,
  type Progress,
  type ProgressOutput,
  showStep,
} from "../runtime/progress.ts";
import type { ExperimentConfig } from "./config.ts";
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
  const { signal, cacheDir = CACHE_DIR } = options;
  const { seconds, time } = stopwatch();
  const datasets = once<Dataset>(), stores = once<FeatureStore>();
  const opened: FeatureStore[] = []; // patches that covers share are encoded once
  const open = (split?: "train" | "val") =>
    datasets(
      split ?? "",
      () => time("dataset", () => openDataset(config.dataset, config.seed, { ...options, split })),
    );
  const { dataset, encoder } = await openParts(config, open, options);
  const encode = async (dataset: Dataset, cover: CoverSpec, what: string) => {
    const { output, displayId } = options;
    const notes: string[] = []; // after the progress line
    const extract = (progress: Progress) =>
      extractFeatures({
        dataset,
        cover,
        encoder,
        cacheDir: `${cacheDir}/features`,
        method: config.cut,
        reuse: opened,
        signal,
        onNote: (line) => notes.push(line),
        onProgress: ({ done, encoded }) => progress.update(done, undefined, done - encoded),
      });
    const total = dataset.images.length;
    try {
      return await showStep(`Encode ${what}`, extract, { total, output, displayId });
    } finally {
      for (const line of notes) notice(line, output);
    }
  };
  const store = (dataset: Dataset, cover: CoverSpec, split = "") => {
    const what = [coverName(cover), split].join(" ").trim();
    return stores(what, async () => {
      const store = await time(`encode ${what}`, () => encode(dataset, cover, what));
      if (store.imageIds.length > 0) {
        opened.push(store);
        return store;
      }
      throw new Error(
        `Cannot run ${config.name}: none of the ${dataset.images.length} images of ` +
          `${dataset.name} could be encoded; the first reason: ${store.ledger[0]?.reason}`,
      );
    });
  };
  return {
    dataset,
    encoder,
    seconds,
    time,
    prompts: () => time("prompts", () => encodePrompts(config, { dataset, encoder }, options)),
    async searched(cover) {
      for (const larger of largerCovers(config, cover)) await store(dataset, larger);
      return await store(dataset, cover);
    },
    async split(name, cover) {
      const split = await partToLearn(config, dataset, name, open);
      return { dataset: split, store: await store(split, cover, name) };
    },
    close: () => encoder.dispose(),
  };
}

/** Unit vectors of the class names; shows progress unless they were kept. // (Q, D) */
async function encodePrompts(
  { prompts: templates }: ExperimentConfig,
  { dataset, encoder }: Pick<Workbench, "dataset" | "encoder">,
  { cacheDir = CACHE_DIR, signal, output, displayId }: WorkbenchOptions,
): Promise<Float32Array> {
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => {
    const shown = { unit: "classes", output, displayId };
    if (done < total) progress ??= createProgress({ label: "Encode prompts", total, ...shown });
    progress?.update(done);
  };
  try {
    return await classPrompts(encoder, dataset.categories, {
      templates,
      cacheDir: `${cacheDir}/prompts`,
      signal,
      onProgress,
    });
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
