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
  type SweepResult,
} from "../fusion/mod.ts";
import { canonicalJson, sha256 } from "../files.ts";
import { operationSignal } from "../interrupt.ts";
import type { ExperimentConfig, FusionMethod } from "./config.ts";
import { trainModel } from "./fusion.ts";
import { RESULTS_DIR } from "./results.ts";
import type { RunOptions } from "./retrieval.ts";
import { openWorkbench } from "./workbench.ts";
import { divideWords } from "./words.ts";

/** A point of the paper's Table 14. */
export type PaperPoint = SweepPoint<typeof PAPER_SPACE>;

/** What is kept of a trial besides its recall. */
export interface TrialRecord {
  /** Number of the epoch that validation chose. */
  epoch: number;
  /** Training loss of the last epoch. */
  loss: number;
}

/** Options of {@linkcode runSearch}. */
export interface SearchOptions extends RunOptions {
  /** So many points of the grid, drawn by the seed; all 360 unless told. */
  draws?: number;
  /** Epochs of a trial, where they differ from the method's. */
  epochs?: number;
}

/** The epoch that validation chooses: of equals the first. */
function bestEpoch(epochs: readonly EpochRecord[]): EpochRecord {
  return epochs.reduce((best, epoch) => (epoch.recall! > best.recall! ? epoch : best));
}

/**
 * Trains a fusion at points of Table 14's grid, one after the other, and chooses by Recall@1 on the
 * validation split. Nothing is searched: the test split stays untouched. Every trial's row is kept under
 * `results/rows/` as it ends, and a stopped search goes on where it was.
 *
 * @param config data set, encoder and seed
 * @param method a fusion that is trained and is a transformer; the grid replaces its settings
 * @param options how many points, and how
 * @returns a row a point, and the best
 * @throws {Error} when the fusion is no trained transformer, or every trial failed
 */
export async function runSearch(
  config: ExperimentConfig,
  method: FusionMethod,
  options: SearchOptions = {},
): Promise<SweepResult<PaperPoint, TrialRecord>> {
  const { fuser } = method;
  if (fuser.kind !== "trained" || fuser.model.kind !== "transformer") {
    throw new Error(`Cannot search: ${method.method} is no trained transformer`);
  }
  const { draws, epochs = fuser.train.epochs, cacheDir = CACHE_DIR, resultsDir = RESULTS_DIR } =
    options;
  const { model, train } = fuser;
  const interrupted = operationSignal();
  const signal = options.signal ? AbortSignal.any([options.signal, interrupted]) : interrupted;
  const run = { displayId: crypto.randomUUID(), ...options, signal };
  const bench = await openWorkbench(config, run);
  try {
    const context = {
      ...run,
      config,
      prompts: await bench.prompts(),
      words: divideWords(bench.dataset.categories.length, config.hiddenWords ?? 0, config.seed),
      cacheDir,
      searched: bench.searched,
      split: bench.split,
    };
    await context.split("train", method.cover); // what fails here is no trial's fault
    await context.split("val", method.cover);
    const { dataset, encoder, seed, prompts, cut, hiddenWords } = config;
    const { name: engine } = await loadEngine();
    const study = [dataset, encoder, seed, prompts, cut, hiddenWords ?? 0, method, epochs, engine];
    return await sweep<typeof PAPER_SPACE, TrialRecord>({
      space: PAPER_SPACE,
      draws,
      seed: config.seed,
      path: join(resultsDir, "rows", `search.${config.name}.${config.scale}.jsonl`),
      study: sha256(canonicalJson(study)).slice(0, 12),
      signal,
      async trial(point) {
        const { training, epsilon } = paperSettings(point);
        const tried = {
          ...fuser,
          model: { ...model, epsilon },
          train: { ...train, ...training, epochs },
        };
        const trained = await trainModel({ ...method, fuser: tried }, tried, context);
        trained.model.dispose();
        const { epoch, recall } = bestEpoch(trained.epochs);
        return { recall: recall!, epoch, loss: trained.epochs.at(-1)!.loss };
      },
    });
  } finally {
    await bench.close();
  }
}
