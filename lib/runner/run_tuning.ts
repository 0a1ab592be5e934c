/**
 * Tuning of the hyper-parameters of a trained fusion (paper appendix A.4, Table 14).
 *
 * @module
 */
import { join } from "node:path";
import { CACHE_DIR } from "../runtime/cache_dir.ts";
import {
  batchCount,
  type EpochRecord,
  type GridPoint,
  gridPoints,
  PAPER_GRID,
  paperSettings,
  resolveTrainConfig,
  tune,
  type TuneRow,
} from "../fusion/mod.ts";
import { computesOn, engineInWords } from "../tensor/kernels.ts";
import { type EngineName, ENGINES, loadEngine } from "../tensor/mod.ts";
import { canonicalJson, entriesIn, sha256 } from "../runtime/files.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import { notice } from "../runtime/notice.ts";
import { createProgress, type Progress } from "../runtime/progress.ts";
import { checkConfig, type ExperimentConfig, type FusionMethod } from "./config.ts";
import { type FusionContext, recipeOf, trainModel } from "./train_fusion.ts";
import { collectProvenance, commandLine, type Provenance } from "../report/provenance.ts";
import { writeResults } from "../report/filing.ts";
import type { RunOptions } from "./run_retrieval.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";
import { divideWords } from "./words.ts";

/** Candidates of the hyper-parameters of the paper's Table 14. */
export type PaperGrid = { readonly [name in keyof typeof PAPER_GRID]: readonly number[] };

/** A point of such a grid. */
export type PaperPoint = GridPoint<PaperGrid>;

/** What is kept of a trial besides its recall. */
export interface TrialRecord {
  /** Number of the epoch that validation chose. */
  epoch: number;
  /** Training loss of the last epoch. */
  loss: number;
  /** Optimizer steps of the trial. */
  steps: number;
  /** The engine that ended it, with the name of its GPU; in rows that are written, where it is not the run's. */
  engine?: string;
}

/** A trial: the point of Table 14 and what came of it. */
export interface TrialRow extends PaperPoint, Partial<TrialRecord> {
  /** From 1 on, in the order in which the points were drawn. */
  trial: number;
  /** Recall@1 on the validation images at the best epoch, a share; absent when the trial failed. */
  recall?: number;
  /** Why it failed. */
  error?: string;
  /** Seconds that it took. */
  seconds: number;
}

/** Options of {@linkcode runTuning}. */
export interface TuningOptions extends RunOptions {
  /** The candidates of each hyper-parameter; those of Table 14 unless told. */
  grid?: PaperGrid;
  /** So many points of the grid, see `gridPoints`; all of them unless told. */
  draws?: number;
  /** Epochs of a trial, where they differ from the method's. */
  epochs?: number;
}

/** What a tuning leaves behind. */
export interface TuningRun {
  /** The configuration that was run, with the fusion and the size of the tuning. */
  config: ExperimentConfig;
  /** A row a trial, in the order of the draw. */
  rows: TrialRow[];
  /** The trial with the highest validation recall; of equals the first. */
  best: TrialRow;
  /** Images that every trial learned from, and by which its epoch was chosen. */
  images: { train: number; val: number };
  /** Where the numbers come from. */
  provenance: Provenance;
  /** Path of the written rows. */
  path: string;
}

/** A fusion whose hyper-parameters can be tuned. */
type Tunable = Extract<FusionMethod["fuser"], { kind: "trained" }>;

/** The epoch that validation chooses: of equals the first. */
function bestEpoch(epochs: readonly EpochRecord[]): EpochRecord {
  return epochs.reduce((best, epoch) => (epoch.recall! > best.recall! ? epoch : best));
}

function tunableFuser({ method, fuser }: FusionMethod): Tunable {
  if (fuser.kind === "trained" && fuser.model.kind === "transformer") return fuser;
  throw new Error(`Cannot tune: ${method} is no trained transformer`);
}

/** Progress over all trials that are not on disk yet; it begins with the first of them. */
function tuningProgress(epochs: number, options: TuningOptions) {
  const trials = gridPoints(options.grid ?? PAPER_GRID, options).length;
  let progress: Progress | undefined, first = 0, best = -Infinity;
  return {
    /** Says that some epochs of a trial, counted from 0, are done. */
    update(trial: number, done: number) {
      if (!progress) {
        first = trial;
        progress = createProgress({
          ...options,
          label: "Tune",
          total: (trials - first) * epochs,
          unit: "epochs",
        });
      }
      const so = best > 0 ? `, best ${(100 * best).toFixed(1)} %` : "";
      progress.update((trial - first) * epochs + done, `trial ${trial + 1} of ${trials}${so}`);
    },
    /** Notes the recall of a trial. */
    note: (recall = -Infinity) => best = Math.max(best, recall),
    finish: () => progress?.finish(),
  };
}

/** What trials share. */
async function trialContext(
  bench: Workbench,
  config: ExperimentConfig,
  { cacheDir, signal }: Pick<FusionContext, "cacheDir" | "signal">,
): Promise<FusionContext> {
  return {
    config,
    prompts: await bench.prompts(),
    words: divideWords(bench.dataset.categories.length, config.hiddenWords ?? 0, config.seed),
    searched: bench.searched,
    vocabulary: bench.vocabulary,
    split: bench.split,
    cacheDir,
    signal,
    output: "silent",
  };
}

/** One trial. */
async function runTrial(
  method: FusionMethod,
  fuser: Tunable,
  context: FusionContext,
): Promise<{ recall: number } & Omit<TrialRecord, "steps">> {
  const { model, epochs } = await trainModel({ ...method, fuser }, fuser, context);
  model.dispose();
  const { epoch, recall } = bestEpoch(epochs);
  return { recall: recall!, epoch, loss: epochs.at(-1)!.loss };
}

/** Does some work with a file or folder, unless there is none. */
async function ifThere(work: Promise<void>): Promise<void> {
  await work.catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/**
 * Removes a trial's weights once its row, which is all that is asked of it, is on disk. They are moved away
 * first: a process that is killed half-way leaves no part of a training where one is looked for.
 */
async function removeWeights(folder: string): Promise<void> {
  const away = `${folder}.removed`;
  await ifThere(Deno.remove(away, { recursive: true })); // of a process that was killed here
  await ifThere(Deno.rename(folder, away));
  await ifThere(Deno.remove(away, { recursive: true }));
}

/** The fusion at a point of the grid, trained for the epochs that it has. */
function fuserAt(fuser: Tunable, point: PaperPoint): Tunable {
  const { training, epsilon } = paperSettings(point);
  const model = { ...fuser.model, epsilon } as Tunable["model"];
  return { ...fuser, model, train: { ...fuser.train, ...training, epochs: fuser.train.epochs } };
}

/** All that trials depend on besides their points, on one engine. */
async function recipeOfTrials(
  fuser: Tunable,
  { cover }: FusionMethod,
  { split, prompts, words, config: { seed } }: FusionContext,
): Promise<object> {
  const splits = { learn: await split("train", cover), choose: await split("val", cover) };
  return recipeOf(fuser, { splits, prompts, words, seed });
}

/** Where the rows of trials are kept. */
interface Study {
  /** Name of all that they depend on: rows of another study are not used. */
  name: string;
  /** The engine that began it. */
  engine: EngineName;
}

/**
 * The study of a tuning: that of the engine in use, or of another one that began it where there is no such, which is
 * said. Trials are compared with each other, and what engines differ by, last digits, is far below what seeds do.
 */
async function findStudy(folder: string, recipe: object, own: EngineName): Promise<Study> {
  const there = (await entriesIn(folder)).map(({ name }) => name)
    .filter((name) => !name.endsWith(".lock")); // rows, or the weights of the first trial
  const studies = [own, ...ENGINES].map((engine): Study => ({
    name: sha256(canonicalJson([recipe, engine])).slice(0, 12),
    engine,
  }));
  return studies.find(({ name }) => there.some((entry) => entry.startsWith(name))) ?? studies[0];
}

/** A row as it is written: the point's values beside what came of them. */
function trialRow(row: TuneRow<PaperPoint, TrialRecord>, i: number, begunOn?: string): TrialRow {
  const { point, result, ...rest } = row;
  const { engine = begunOn, ...record } = result ?? {}; // older rows do not say it
  const elsewhere = engine !== undefined && engine !== engineInWords(computesOn());
  return { trial: i + 1, ...point, ...rest, ...record, ...(elsewhere && { engine }) };
}

/** Tries points of the grid; each has a folder for its weights until its row is on disk. */
async function tryPoints(
  method: FusionMethod,
  fuser: Tunable,
  context: FusionContext,
  { grid, draws, engine, progress, steps }: {
    grid: PaperGrid;
    draws?: number;
    engine: EngineName;
    progress: ReturnType<typeof tuningProgress>;
    steps: number;
  },
): Promise<TrialRow[]> {
  const { cacheDir, signal, config: { seed } } = context, folder = join(cacheDir, "search");
  const recipe = await recipeOfTrials(fuser, method, context);
  const study = await findStudy(folder, recipe, engine), path = join(folder, study.name);
  const begunOn = study.engine === engine ? undefined : study.engine;
  if (begunOn) {
    notice(
      `${path}.jsonl: trials were run on ${begunOn} so far, and go on on ${engine}: ` +
        "rows of engines differ in their last digits",
    );
  }
  const weightsOf = (point: PaperPoint) => `${path}-${sha256(canonicalJson(point)).slice(0, 12)}`;
  let done = 0; // trials
  const { rows } = await tune<PaperGrid, TrialRecord>({
    ...{ grid, draws, seed, path: `${path}.jsonl`, study: study.name, signal },
    trial: async (point) => {
      const trial = done;
      progress.update(trial, 0);
      const outcome = await runTrial(method, fuserAt(fuser, point), {
        ...context,
        cacheDir: weightsOf(point),
        onEpoch: (_, { epoch }) => progress.update(trial, epoch),
      });
      return { ...outcome, steps, engine: engineInWords(computesOn()) };
    },
    onTrial: async ({ point, recall }, count) => {
      progress.note(recall);
      done = count;
      await removeWeights(weightsOf(point));
    },
  });
  return rows.map((row, i) => trialRow(row, i, begunOn));
}

/** The trial with the highest recall. */
function bestTrial(rows: readonly TrialRow[]): TrialRow {
  return rows.filter(({ recall }) => recall !== undefined)
    .reduce((a, b) => b.recall! > a.recall! ? b : a);
}

/**
 * Trains a fusion at points of a grid, one after the other, and chooses by Recall@1 on the
 * validation split. The test split stays untouched. Every trial's row is kept in the
 * cache as it ends, so that a tuning that was stopped goes on with the trial that it was stopped in, also on another
 * engine, and one with more draws goes on from one with fewer. Trials keep no weights: train the chosen point to have them.
 *
 * @param config data set, encoder and seed
 * @param method a fusion that is trained and is a transformer; the grid replaces its settings
 * @param options how many points, and how
 * @returns a row a trial, as written, and the best
 * @throws {RangeError} before any work, when configuration or method say what `checkConfig` refuses
 * @throws {Error} when the fusion is no trained transformer, or every trial failed
 */
export async function runTuning(
  config: ExperimentConfig,
  method: FusionMethod,
  options: TuningOptions = {},
): Promise<TuningRun> {
  const started = new Date();
  checkConfig({ ...config, fusion: [method] }, `Cannot tune in ${config?.name}`);
  const given = tunableFuser(method);
  const { grid = PAPER_GRID, draws, cacheDir = CACHE_DIR } = options;
  const { epochs, batchSize } = resolveTrainConfig({
    ...given.train,
    epochs: options.epochs ?? given.train.epochs,
    seed: config.seed,
  });
  const fuser = { ...given, train: { ...given.train, epochs } };
  const signal = operationSignal(options.signal);
  const run = { displayId: crypto.randomUUID(), ...options, signal };
  const progress = tuningProgress(epochs, { ...run, grid, draws }); // refuses draws that cannot be
  const bench = await openWorkbench({ ...config, fusion: [method] }, run);
  try {
    // what fails here is no trial's fault
    const { store: learn } = await bench.split("train", method.cover);
    const { store: choose } = await bench.split("val", method.cover);
    const engine = await loadEngine({ output: run.output });
    const context = await trialContext(bench, config, { cacheDir, signal });
    const steps = epochs * batchCount(learn.imageIds.length, batchSize);
    const tuning = { grid, draws, engine: engine.name, progress, steps };
    const rows = await bench.time("search", () => tryPoints(method, fuser, context, tuning));
    const search = { draws: rows.length, epochs, ...(options.grid && { grid }) };
    const searched = { ...config, fusion: [method], search };
    const provenance = await collectProvenance({
      config: searched,
      command: options.command ?? commandLine(),
      dataset: bench.dataset.fingerprint,
      encoder: bench.encoder.fingerprint,
      encoderDevice: bench.encoder.device,
      started,
      seconds: bench.seconds,
      engine,
    });
    return {
      config: searched,
      rows,
      best: bestTrial(rows),
      images: { train: learn.imageIds.length, val: choose.imageIds.length },
      provenance,
      path: await writeResults(rows, provenance, options),
    };
  } finally {
    await progress.finish();
    await bench.close();
  }
}
