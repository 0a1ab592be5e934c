/**
 * The main experiment: retrieve the images of a data set by the names of their classes.
 *
 *     data set -> covers -> features (cached) -> scores -> Recall@k rows, filed by configuration
 *
 * @module
 */
import { CACHE_DIR } from "../runtime/cache_dir.ts";
import { coverName, type CoverSpec } from "../covers/mod.ts";
import type { Dataset } from "../datasets/mod.ts";
import type { FeatureStore } from "../features/mod.ts";
import { type EpochRecord } from "../fusion/mod.ts";
import { loadEngine } from "../tensor/mod.ts";
import { checkpoint, operationSignal } from "../runtime/interrupt.ts";
import { type Progress, type ProgressOutput, showStep } from "../runtime/progress.ts";
import {
  imagesInOrder,
  intervalRows,
  type PairRow,
  pairRows,
  R_MAX_THRESHOLDS,
  recallAtK,
  relevanceBySize,
  type RelevanceMatrix,
  relevanceOf,
  resampleRecall,
  restrictTo,
  SIZE_BINS,
  subsetByRmax,
} from "../retrieval/mod.ts";
import { checkConfig, type ExperimentConfig } from "./config.ts";
import { prepareFusion, runFusion } from "./run_fusion.ts";
import { alignMethods, type MethodScores, scoreMethods } from "./score_covers.ts";
import { collectProvenance, commandLine, type Provenance } from "../report/provenance.ts";
import { type FilingOptions, writeResults } from "../report/filing.ts";
import type { ResultRow } from "../report/results.ts";
import type { FusionContext } from "./train_fusion.ts";
import { divideWords, onlyQueries, type Words } from "./words.ts";
import { nothingToFind } from "./open_parts.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

/** How an experiment is run; nothing here changes its numbers. */
export interface RunOptions extends FilingOptions {
  /** Stops the run; its reason is thrown and the caches stay usable. */
  signal?: AbortSignal;
  /** Where generated data sets and features are kept; `.cache/` of the workspace by default. */
  cacheDir?: string;
  /** The command that repeats this run, for the record; found by {@linkcode commandLine} unless told. */
  command?: string;
  /** Where progress shows; found out by itself unless told. */
  output?: ProgressOutput;
  /** In a notebook: the display that all stages share; a new one a run unless told. */
  displayId?: string;
  /** Called after each epoch of each training: for a live curve, see `liveLossCurve`. */
  onEpoch?: (method: string, record: EpochRecord) => void | Promise<void>;
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
  /** Paired differences in Recall@1 of every two methods, as written. */
  pairs: PairRow[];
  /** Each training of the run, epoch by epoch, by method. */
  training: Record<string, EpochRecord[]>;
  /** Where the numbers come from. */
  provenance: Provenance;
  /** Path of the written rows. */
  path: string;
}

/**
 * The Recall@k that a random ranking reaches on the searched images: the mean of min(1, n·k/N) over classes.
 *
 * @param run a run
 * @param k of Recall@k
 */
export function chanceOf({ methods: [{ scores }], relevance }: RetrievalRun, k = 1): number {
  return recallAtK(scores, relevance, [k]).chance[0];
}

/** Refuses covers, scorers and fusions that rows, figures and stores could not tell apart. */
function checkNames({ name, covers, scorers = [], fusion = [] }: ExperimentConfig): void {
  const refuseTwice = (what: string, names: string[]) => {
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice === undefined) return;
    throw new RangeError(`Cannot run ${name}: two of its ${what} are called ${twice}`);
  };
  refuseTwice("covers", covers.map(coverName));
  refuseTwice("scorers", ["mean", ...scorers]); // which every cover has
  refuseTwice("fusions", fusion.map(({ method }) => method));
}

/** A part of the data with its right answers, and how many images are ranked where that is not all. */
type Subset = [name: string, relevance: RelevanceMatrix, images?: number];

/** All images, and the parts that the configuration asks for, each with its right answers. */
function subsetsOf(
  config: ExperimentConfig,
  dataset: Dataset,
  imageIds: string[],
  words: Words,
): Subset[] {
  const all = relevanceOf(dataset, imageIds);
  if (countClasses(all) === 0) throw nothingToFind(config.name, dataset);
  const subsets: Subset[] = [["all", all]];
  if (words.hidden.length > 0) {
    subsets.push(["seen words", onlyQueries(all, words.known)]);
    subsets.push(["unseen words", onlyQueries(all, words.hidden)]);
  }
  if (config.subsets.includes("size")) {
    for (const bin of SIZE_BINS) {
      subsets.push([`size ${bin.name}`, relevanceBySize(dataset, bin, imageIds)]);
    }
  }
  if (config.subsets.includes("rMax")) {
    const images = imagesInOrder(dataset.images, imageIds);
    for (const threshold of R_MAX_THRESHOLDS) {
      const columns = subsetByRmax(images, threshold);
      const name = `r_max ≤ 10^${Math.log10(threshold)}`;
      subsets.push([name, restrictTo(all, columns), columns.length]);
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

/** What rows call a random ranking, whose recall is known exactly: the mean of min(1, n·k/N) over classes. */
const CHANCE = { method: "chance", cover: "none", vectors: 0 } as const;

/** The subsets on which all methods are compared. */
const COMPARED = new Set(["all", "seen words", "unseen words"]);

/**
 * The methods of which every two are compared on a subset: all of them, or, by size, the covers scored by their best
 * patch. By r_max the images differ, and pairs within one threshold say nothing new.
 */
function comparedOn(subset: string, methods: readonly MethodScores[]): readonly MethodScores[] {
  if (COMPARED.has(subset)) return methods;
  return subset.startsWith("size ") ? methods.filter(({ method, cover }) => method === cover) : [];
}

/**
 * Recall rows of every method on every subset, and the differences of every two. Each bootstrap is a long computation
 * that never waits; a method is resampled once for its rows and all its pairs.
 */
async function measureAll(
  config: ExperimentConfig,
  methods: readonly MethodScores[],
  subsets: readonly Subset[],
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<{ rows: ResultRow[]; pairs: PairRow[] }> {
  const { recallAt: ks, bootstrap, seed } = config;
  const options = { ks, rounds: bootstrap.resamples, level: bootstrap.confidence, seed };
  const rows: ResultRow[] = [], pairs: PairRow[] = [];
  let done = 0;
  for (const [subset, relevance, ranked] of subsets) {
    const classes = countClasses(relevance), compared = new Set(comparedOn(subset, methods));
    const { scores } = methods[0], images = ranked ?? scores.images;
    for (const [i, value] of recallAtK(scores, relevance, ks).chance.entries()) {
      const row = { ...CHANCE, metric: `recall@${ks[i]}`, value, low: value, high: value };
      rows.push({ ...row, subset, images, classes });
    }
    const drawn: Parameters<typeof pairRows>[0][number][] = [];
    for (const scored of methods) {
      await checkpoint(signal);
      const { scores, vectors, ...labels } = scored;
      const resampled = resampleRecall(scores, relevance, options);
      for (const row of intervalRows(resampled, labels, ks)) {
        rows.push({ ...row, subset, vectors, images, classes });
      }
      if (compared.has(scored)) drawn.push({ method: scored.method, resampled });
      progress.update(++done);
    }
    pairs.push(...pairRows(drawn, subset, ks));
  }
  return { rows, pairs };
}

/** {@linkcode measureAll}, with its progress: the rankings that are resampled. */
function showMeasuring(
  config: ExperimentConfig,
  methods: readonly MethodScores[],
  subsets: readonly Subset[],
  { signal, output, displayId }: Pick<FusionContext, "signal" | "output" | "displayId">,
): ReturnType<typeof measureAll> {
  return showStep(
    "Bootstrap recall",
    (progress) => measureAll(config, methods, subsets, { signal, progress }),
    {
      ...{ total: subsets.length * methods.length, unit: "rankings", leaves: "slow" },
      ...{ output, displayId },
    },
  );
}

/** Scores of every cover and every fusion of a configuration, each with its images. */
async function scoreAll(
  bench: Workbench,
  context: FusionContext,
): Promise<{ imageIds: string[]; methods: MethodScores[]; training: RetrievalRun["training"] }> {
  const { config, prompts, signal, output, displayId } = context;
  const scored: { imageIds: readonly string[]; methods: MethodScores[] }[] = [];
  for (const cover of config.covers) {
    const store = await context.searched(cover);
    const methods = await bench.time(
      "score",
      () =>
        showStep(
          `Score ${coverName(cover)}`,
          () => scoreMethods(cover, store, prompts, { scorers: config.scorers, signal }),
          { leaves: "slow", output, displayId },
        ),
    );
    scored.push({ imageIds: store.imageIds, methods });
  }
  const training: RetrievalRun["training"] = {};
  for (const method of config.fusion ?? []) {
    await prepareFusion(method, context); // drawing and encoding are stages of their own
    const { imageIds, scores, epochs } = await bench.time(
      `fuse ${method.method}`,
      () => runFusion(method, context),
    );
    if (epochs.length > 0) training[method.method] = epochs;
    scored.push({ imageIds, methods: [scores] });
  }
  const aligned = alignMethods(scored);
  if (aligned.imageIds.length > 0) return { ...aligned, training };
  throw new Error(`Cannot run ${config.name}: no image of ${bench.dataset.name} has every cover`);
}

/**
 * Runs a retrieval experiment and writes its rows.
 *
 * @param config what to run; see `configure`
 * @param options how; nothing in them changes the numbers
 * @returns rows, scores and features, for tables and figures
 * @throws {Error} when the data set has no annotations, or no image of it could be encoded
 * @throws {RangeError} before any work, when the configuration says what `checkConfig` refuses, or two covers, scorers or
 * fusions have one name
 */
export async function runRetrieval(
  config: ExperimentConfig,
  options: RunOptions = {},
): Promise<RetrievalRun> {
  const started = new Date();
  checkConfig(config);
  checkNames(config);
  const { cacheDir = CACHE_DIR } = options;
  const signal = operationSignal(options.signal);
  const run = { displayId: crypto.randomUUID(), ...options, signal };
  const bench = await openWorkbench(config, run);
  try {
    const { dataset, encoder, seconds } = bench;
    const words = divideWords(dataset.categories.length, config.hiddenWords ?? 0, config.seed);
    const prompts = await bench.prompts(); // (Q, D)
    const stores = new Map<string, FeatureStore>();
    const searched = async (cover: CoverSpec) => {
      const store = await bench.searched(cover);
      stores.set(coverName(cover), store);
      return store;
    };
    const { vocabulary, split } = bench;
    const context = { ...run, config, prompts, words, cacheDir, searched, vocabulary, split };
    const { imageIds, methods, training } = await scoreAll(bench, context);
    const subsets = subsetsOf(config, dataset, imageIds, words);
    const measure = () => showMeasuring(config, methods, subsets, run);
    const { rows, pairs } = await bench.time("recall", measure);
    const provenance = await collectProvenance({
      config,
      command: options.command ?? commandLine(),
      dataset: dataset.fingerprint,
      encoder: encoder.fingerprint,
      encoderDevice: encoder.device,
      started,
      seconds,
      ...(config.fusion && { training }),
      ...(Object.keys(training).length > 0 && { engine: await loadEngine() }),
    });
    const path = await writeResults(rows, provenance, options, pairs);
    return {
      ...{ config, dataset, relevance: subsets[0][1], imageIds, methods, stores },
      ...{ rows, pairs, training, provenance, path },
    };
  } finally {
    await bench.close();
  }
}
