/**
 * Trainings that are done: found by what is known before a model is made, and loaded as they ended.
 *
 * @module
 */
import { join } from "node:path";
import { canonicalJson, entriesIn } from "../../runtime/files.ts";
import { notice } from "../../runtime/notice.ts";
import { backendInUse, engineInWords } from "../../tensor/kernels.ts";
import {
  bestWeightsPath,
  type CheckpointRecord,
  type EpochRecord,
  readCheckpointRecord,
} from "./checkpoint.ts";
import type { FusionModel } from "../model/model.ts";
import { TRAINING_VERSION } from "./training_run.ts";
import { loadFusion } from "../model/saving.ts";

/** A training that is done. */
export interface FinishedTraining {
  /** With the weights of the best epoch; the caller's to dispose of. */
  model: FusionModel;
  /** What each epoch was like. */
  epochs: EpochRecord[];
}

/**
 * Finds a training that is done, on the engine in use or else on another, which is said; and loads the model that it
 * ended with: no features are read, and nothing is computed. Folders with damaged files, or of another version, are passed over:
 * `train` begins them anew. `loadEngine()` comes first.
 *
 * @param checkpointRoot the folder that `train` was given
 * @param recipe what it was given as the training's recipe: all that the training depends on
 * @returns the training, or undefined when there is none, or it is not done
 *
 * @example
 * ```ts
 * import type { FusionModel, TrainOptions } from "detailclip";
 * import { findTraining, train } from "detailclip";
 * type Rest = Omit<TrainOptions, "checkpointRoot" | "recipe">;
 * async function trained(prepare: () => Promise<Rest>): Promise<FusionModel> {
 *   const known = { checkpointRoot: ".cache/trainings", recipe: { seed: 7 } };
 *   const found = await findTraining(known.checkpointRoot, known.recipe);
 *   if (found) return found.model;
 *   const options = await prepare(); // takes long
 *   await train({ ...options, ...known });
 *   return options.model;
 * }
 * ```
 */
export async function findTraining(
  checkpointRoot: string,
  recipe: Record<string, unknown>,
): Promise<FinishedTraining | undefined> {
  let other: { path: string; record: CheckpointRecord } | undefined;
  for (const name of await foldersIn(checkpointRoot)) {
    const folder = join(checkpointRoot, name);
    // one that cannot be read is passed over: others may be whole
    const record = await readCheckpointRecord(folder).catch(() => undefined);
    if (!record || record.files.state) continue;
    if (record.identity?.training !== TRAINING_VERSION) continue;
    if (canonicalJson(record.identity.recipe) !== canonicalJson(recipe)) continue;
    const path = await bestWeightsPath(folder, record).catch(() => undefined);
    if (path === undefined) continue;
    if (record.backend === backendInUse()) {
      return { model: await loadFusion(path), epochs: record.history };
    }
    other ??= { path, record };
  }
  if (!other) return undefined;
  const { path, record: { history, ...on } } = other, engine = engineInWords(on);
  notice(`${path} was trained on ${engine}, and is taken as it is`);
  return { model: await loadFusion(path), epochs: history.map((one) => ({ engine, ...one })) };
}

/** Names of the folders in a folder, in order; none when it does not exist. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await entriesIn(folder);
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
}
