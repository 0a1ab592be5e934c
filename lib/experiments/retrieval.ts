/**
 * The main experiment: retrieve the images of a data set by the names of their classes.
 *
 *     data set -> covers -> features (cached) -> scores -> Recall@k rows under results/
 *
 * @module
 */
import { coverName, type CoverSpec } from "../covers/mod.ts";
import type { Dataset } from "../datasets/mod.ts";
import { classPrompts, type Encoder, loadEncoder } from "../encoders/mod.ts";
import { extractFeatures, type FeatureStore } from "../features/mod.ts";
import { checkpoint, operationSignal } from "../interrupt.ts";
import { createProgress, type ProgressOutput } from "../progress.ts";
import {
  imagesInOrder,
  R_MAX_THRESHOLDS,
  recallRows,
  relevanceBySize,
  type RelevanceMatrix,
  relevanceOf,
  restrictTo,
  SIZE_BINS,
  subsetByRmax,
} from "../retrieval/mod.ts";
import type { ExperimentConfig } from "./config.ts";
import { CACHE_DIR, openDataset } from "./data.ts";
import { alignMethods, type MethodScores, scoreMethods } from "./methods.ts";
import { collectProvenance, commandLine, type Provenance } from "./provenance.ts";
import { type ResultRow, RESULTS_DIR, writeResults } from "./results.ts";

/** How an experiment is run; nothing here changes its numbers. */
export interface RunOptions {
  /** Stops the run; its reason is thrown and the caches stay usable. */
  signal?: AbortSignal;
  /** Where generated data sets and features are kept; `.cache/` of the workspace by default. */
  cacheDir?: string;
  /** Where rows are written; `results/` of the workspace by default. */
  resultsDir?: string;
  /** The command that repeats this run, for the record; found by {@linkcode commandLine} unless told. */
  command?: string;
  /** Where progress shows; found out by itself unless told. */
  output?: ProgressOutput;
  /** In a notebook: the display that all stages share; a new one a run unless told. */
  displayId?: string;
}

/** Everything a retrieval experiment leaves behind. */
export interface RetrievalRun {
  /** The configuration that was run. */
  config: ExperimentConfig;
  /** The data set that was searched. */
  dataset: Dataset;
  /** Which image shows which class; columns are `imageIds`. // (Q, N) */
  relevance: RelevanceMatrix;
  /** The images that were ranked: those with every cover, in the order of the columns. */
  imageIds: string[];
  /** Scores a method. */
  methods: MethodScores[];
  /** Features a cover, by `coverName`. */
  stores: Map<string, FeatureStore>;
  /** Recall rows, as written. */
  rows: ResultRow[];
  /** Where the numbers come from. */
  provenance: Provenance;
  /** Path of the written rows. */
  path: string;
}

/** Seconds a stage takes, added up under the stage's name. */
function stopwatch() {
  const seconds: Record<string, number> = {};
  const time = async <T>(stage: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    const total = (seconds[stage] ?? 0) + (performance.now() - start) / 1000;
    seconds[stage] = Math.round(total * 1000) / 1000;
    return result;
  };
  return { seconds, time };
}

/** Extracts (or finds in the cache) the features of one cover, with a progress line. */
async function extract(
  config: ExperimentConfig,
  dataset: Dataset,
  cover: CoverSpec,
  encoder: Encoder,
  { cacheDir = CACHE_DIR, output, displayId, signal }: RunOptions,
): Promise<FeatureStore> {
  const label = `Encode ${coverName(cover)}`;
  const progress = createProgress({ label, total: dataset.images.length, output, displayId });
  try {
    return await extractFeatures({
      dataset,
      cover,
      encoder,
      cacheDir: `${cacheDir}/features`,
      method: config.cut,
      signal,
      onProgress: ({ done }) => progress.update(done),
    });
  } finally {
    await progress.finish();
  }
}

function nothingToFind({ name }: ExperimentConfig, dataset: Dataset): Error {
  return new Error(`Cannot run ${name}: no image of ${dataset.name} shows an object of any class`);
}

/** Refuses covers that rows, figures and stores could not tell apart. */
function checkCovers({ name, covers }: ExperimentConfig): void {
  const names = covers.map(coverName);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new RangeError(`Cannot run ${name}: two of its covers are called ${twice}`);
}

/** All images, and the parts that the configuration asks for, each with its right answers. */
function subsetsOf(
  config: ExperimentConfig,
  dataset: Dataset,
  imageIds: string[],
): [name: string, relevance: RelevanceMatrix][] {
  const all = relevanceOf(dataset, imageIds);
  if (countClasses(all) === 0) throw nothingToFind(config, dataset);
  const subsets: [string, RelevanceMatrix][] = [["all", all]];
  if (config.subsets.includes("size")) {
    for (const bin of SIZE_BINS) {
      subsets.push([`size ${bin.name}`, relevanceBySize(dataset, bin, imageIds)]);
    }
  }
  if (config.subsets.includes("rMax")) {
    const images = imagesInOrder(dataset.images, imageIds);
    for (const threshold of R_MAX_THRESHOLDS) {
      const columns = subsetByRmax(images, threshold);
      subsets.push([`r_max ≤ 10^${Math.log10(threshold)}`, restrictTo(all, columns)]);
    }
  }
  return subsets.filter(([, relevance]) => countClasses(relevance) > 0);
}

/** Number of queries with a right answer that is ranked. */
function countClasses({ queries, images, relevant, ignored }: RelevanceMatrix): number {
  let count = 0;
  for (let q = 0; q < queries; q++) {
    for (let at = q * images; at < (q + 1) * images; at++) {
      if (relevant[at] && !ignored?.[at]) {
        count++;
        break;
      }
    }
  }
  return count;
}

/** Recall rows of every method on every subset; each bootstrap is a long computation that never waits. */
async function allRows(
  config: ExperimentConfig,
  methods: readonly MethodScores[],
  subsets: [name: string, relevance: RelevanceMatrix][],
  signal: AbortSignal,
): Promise<ResultRow[]> {
  const { recallAt: ks, bootstrap, seed } = config;
  const options = { ks, rounds: bootstrap.resamples, level: bootstrap.confidence, seed };
  const rows: ResultRow[] = [];
  for (const [subset, relevance] of subsets) {
    const classes = countClasses(relevance);
    for (const { scores, vectors, ...labels } of methods) {
      await checkpoint(signal);
      for (const row of recallRows(scores, relevance, labels, options)) {
        rows.push({ ...row, subset, vectors, images: scores.images, classes });
      }
    }
  }
  return rows;
}

/**
 * Runs a retrieval experiment and writes its rows.
 *
 * @param config what to run; see `configure`
 * @param options how; nothing in them changes the numbers
 * @returns rows, scores and features, for tables and figures
 * @throws {Error} when the data set has no annotations, or no image of it could be encoded
 * @throws {RangeError} when two covers have one name
 */
export async function runRetrieval(
  config: ExperimentConfig,
  options: RunOptions = {},
): Promise<RetrievalRun> {
  const started = new Date();
  checkCovers(config);
  const interrupted = operationSignal();
  const signal = options.signal ? AbortSignal.any([options.signal, interrupted]) : interrupted;
  const run = { displayId: crypto.randomUUID(), ...options, signal };
  const { seconds, time } = stopwatch();
  const dataset = await time("dataset", () => openDataset(config.dataset, config.seed, run));
  if (!dataset.annotated) {
    throw new Error(
      `Cannot run ${config.name}: ${dataset.name} has no annotations to score recall against`,
    );
  }
  if (dataset.report.objects === 0) throw nothingToFind(config, dataset); // before hours of encoding
  const { id, ...how } = config.encoder;
  const encoder = await loadEncoder(id, how);
  try {
    const templates = config.prompts;
    const prompts = await time(
      "prompts",
      () => classPrompts(encoder, dataset.categories, { templates, signal }), // (Q, D)
    );
    const stores = new Map<string, FeatureStore>();
    const scored: { imageIds: string[]; methods: MethodScores[] }[] = [];
    for (const cover of config.covers) {
      const name = coverName(cover);
      const store = await time(
        `encode ${name}`,
        () => extract(config, dataset, cover, encoder, run),
      );
      if (store.imageIds.length === 0) {
        throw new Error(
          `Cannot run ${config.name}: none of the ${dataset.images.length} images of ` +
            `${dataset.name} could be encoded; the first reason: ${store.ledger[0]?.reason}`,
        );
      }
      stores.set(name, store);
      const methods = await time("score", () => scoreMethods(cover, store, prompts, { signal }));
      scored.push({ imageIds: store.imageIds, methods });
    }
    const { imageIds, methods } = alignMethods(scored);
    if (imageIds.length === 0) {
      throw new Error(`Cannot run ${config.name}: no image of ${dataset.name} has every cover`);
    }
    const subsets = subsetsOf(config, dataset, imageIds);
    const rows = await time("recall", () => allRows(config, methods, subsets, signal));
    const provenance = await collectProvenance({
      config,
      command: options.command ?? commandLine(),
      dataset: dataset.fingerprint,
      encoder: encoder.fingerprint,
      started,
      seconds,
    });
    const path = await writeResults(rows, provenance, options.resultsDir ?? RESULTS_DIR);
    const relevance = subsets[0][1];
    return { config, dataset, relevance, imageIds, methods, stores, rows, provenance, path };
  } finally {
    await encoder.dispose();
  }
}
