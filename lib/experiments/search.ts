/**
 * The search for hyper-parameters of a trained fusion (paper appendix A.4, Table 14).
 *
 * @module
 */
import { join } from "node:path";
import { CACHE_DIR } from "../cache_dir.ts";
import {
  type EpochRecord,
  loadEngine,
  PAPER_SPACE,
  paperSettings,
  sweep,
  type SweepPoint,
  sweepPoints,
  type SweepRow,
} from "../fusion/mod.ts";
import { canonicalJson, sha256 } from "../files.ts";
import { operationSignal } from "../interrupt.ts";
import { createProgress, type Progress } from "../progress.ts";
import type { ExperimentConfig, FusionMethod } from "./config.ts";
import { type FusionContext, trainModel } from "./fusion.ts";
import { collectProvenance, commandLine, type Provenance } from "./provenance.ts";
import { RESULTS_DIR, writeResults } from "./results.ts";
import type { RunOptions } from "./retrieval.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";
import { divideWords } from "./words.ts";

/** A point of the paper's Table 14. */
export type PaperPoint = SweepPoint<typeof PAPER_SPACE>;

/** What is kept of a trial besides its recall. */
export interface TrialRecord {
  /** Number of the epoch that validation chose. */
  epoch: number;
  /** Training loss of the last epoch. */
  loss: number;
  /** Optimizer steps of the trial. */
  steps: number;
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

/** Options of {@linkcode runSearch}. */
export interface SearchOptions extends RunOptions {
  /** So many points of the grid, see `sweepPoints`; all 360 unless told. */
  draws?: number;
  /** Epochs of a trial, where they differ from the method's. */
  epochs?: number;
}

/** What a search leaves behind. */
export interface SearchRun {
  /** The configuration that was run. */
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

/** A fusion that can be searched for. */
type Searched = Extract<FusionMethod["fuser"], { kind: "trained" }>;

/** The epoch that validation chooses: of equals the first. */
function bestEpoch(epochs: readonly EpochRecord[]): EpochRecord {
  return epochs.reduce((best, epoch) => (epoch.recall! > best.recall! ? epoch : best));
}

function searchedFuser({ method, fuser }: FusionMethod): Searched {
  if (fuser.kind === "trained" && fuser.model.kind === "transformer") return fuser;
  throw new Error(`Cannot search: ${method} is no trained transformer`);
}

/** Progress over all trials that are not on disk yet; it begins with the first of them. */
function searchProgress(epochs: number, options: SearchOptions) {
  const trials = sweepPoints(PAPER_SPACE, options).length;
  let progress: Progress | undefined, first = 0, best = -Infinity;
  return {
    /** Says that some epochs of a trial, counted from 0, are done. */
    update(trial: number, done: number) {
      if (!progress) {
        first = trial;
        progress = createProgress({
          ...options,
          label: "Search",
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
    split: bench.split,
    cacheDir,
    signal,
    output: "silent",
  };
}

/** One trial. Its weights are removed when it ends, since its row is all that is asked of it; not when it is stopped. */
async function runTrial(
  method: FusionMethod,
  fuser: Searched,
  context: FusionContext,
): Promise<{ recall: number } & Omit<TrialRecord, "steps">> {
  try {
    const { model, epochs } = await trainModel({ ...method, fuser }, fuser, context);
    model.dispose();
    const { epoch, recall } = bestEpoch(epochs);
    return { recall: recall!, epoch, loss: epochs.at(-1)!.loss };
  } finally {
    if (!context.signal.aborted) {
      await Deno.remove(context.cacheDir, { recursive: true }).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
  }
}

/** The fusion at a point of the grid. */
function fuserAt(fuser: Searched, point: PaperPoint, epochs: number): Searched {
  const { training, epsilon } = paperSettings(point);
  const model = { ...fuser.model, epsilon } as Searched["model"];
  return { ...fuser, model, train: { ...fuser.train, ...training, epochs } };
}

/** A row as it is written: the point's values beside what came of them. */
function trialRow(row: SweepRow<PaperPoint, TrialRecord>, i: number): TrialRow {
  const { point, result, ...rest } = row;
  return { trial: i + 1, ...point, ...rest, ...result };
}

/**
 * Trains a fusion at points of Table 14's grid, one after the other, and chooses by Recall@1 on the
 * validation split. Nothing is searched: the test split stays untouched. Every trial's row is kept in the
 * cache as it ends, so that a stopped search goes on with the trial that it was stopped in, and one with
 * more draws goes on from one with fewer. Trials keep no weights: train the chosen point to have them.
 *
 * @param config data set, encoder and seed
 * @param method a fusion that is trained and is a transformer; the grid replaces its settings
 * @param options how many points, and how
 * @returns a row a trial, as written under `results/rows/`, and the best
 * @throws {Error} when the fusion is no trained transformer, or every trial failed
 */
export async function runSearch(
  config: ExperimentConfig,
  method: FusionMethod,
  options: SearchOptions = {},
): Promise<SearchRun> {
  const started = new Date();
  const fuser = searchedFuser(method);
  const { draws, epochs = fuser.train.epochs ?? 10, cacheDir = CACHE_DIR } = options;
  const interrupted = operationSignal();
  const signal = options.signal ? AbortSignal.any([options.signal, interrupted]) : interrupted;
  const run = { displayId: crypto.randomUUID(), ...options, signal };
  const bench = await openWorkbench(config, run);
  const progress = searchProgress(epochs, { ...run, draws });
  try {
    // what fails here is no trial's fault
    const { store: learn } = await bench.split("train", method.cover);
    const { store: choose } = await bench.split("val", method.cover);
    const engine = await loadEngine();
    const { seed, prompts, hiddenWords = 0 } = config;
    const data = [learn.fingerprint(), choose.fingerprint(), bench.encoder.fingerprint];
    const study = sha256(
      canonicalJson([data, seed, prompts, hiddenWords, method, epochs, engine.name]),
    ).slice(0, 12);
    const weights = join(cacheDir, "search", study);
    const context = await trialContext(bench, config, { cacheDir: weights, signal });
    const perEpoch = Math.ceil(learn.imageIds.length / (fuser.train.batchSize ?? 30));
    let done = 0; // trials
    const { rows: tried } = await bench.time(
      "search",
      () =>
        sweep<typeof PAPER_SPACE, TrialRecord>({
          space: PAPER_SPACE,
          draws,
          seed,
          path: `${weights}.jsonl`,
          study,
          signal,
          trial: async (point) => {
            const trial = done;
            progress.update(trial, 0);
            const outcome = await runTrial(method, fuserAt(fuser, point, epochs), {
              ...context,
              onEpoch: (_, { epoch }) => progress.update(trial, epoch),
            });
            return { ...outcome, steps: epochs * perEpoch };
          },
          onTrial: ({ recall }, count) => {
            progress.note(recall);
            done = count;
          },
        }),
    );
    const rows = tried.map(trialRow);
    const provenance = await collectProvenance({
      config: { ...config, fusion: [method] },
      command: options.command ?? commandLine(),
      dataset: bench.dataset.fingerprint,
      encoder: bench.encoder.fingerprint,
      started,
      seconds: bench.seconds,
      engine,
    });
    const best = rows.filter(({ recall }) => recall !== undefined)
      .reduce((a, b) => b.recall! > a.recall! ? b : a);
    return {
      config,
      rows,
      best,
      images: { train: learn.imageIds.length, val: choose.imageIds.length },
      provenance,
      path: await writeResults(rows, provenance, options.resultsDir ?? RESULTS_DIR),
    };
  } finally {
    await progress.finish();
    await bench.close();
  }
}
