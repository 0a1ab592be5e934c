/**
 * From a trained fusion's configuration to its model: found where the same training was done before, trained otherwise.
 *
 * @module
 */
import { join } from "node:path";
import type { CoverSpec } from "../covers/mod.ts";
import type { FeatureStore } from "../features/mod.ts";
import {
  CHECKPOINT_VERSION,
  createFusion,
  type EpochRecord,
  findTraining,
  fuseStore,
  type FusionModel,
  needsPatchCount,
  patchMean,
  resolveSpec,
  resolveTrainConfig,
  startAsAverage,
  startAsDetectors,
  train,
  TRAINING_VERSION,
} from "../fusion/mod.ts";
import { bestVectorScores, recallAtK, relevanceOf } from "../retrieval/mod.ts";
import { canonicalJson, sha256 } from "../runtime/files.ts";
import { createProgress, type ProgressOutput } from "../runtime/progress.ts";
import { loadEngine } from "../tensor/mod.ts";
import type { ExperimentConfig, FusionMethod } from "./config.ts";
import { onlyQueries, type Words } from "./words.ts";
import type { Split, Workbench } from "./workbench.ts";

/** A fusion that is trained. */
export type TrainedFuser = Extract<FusionMethod["fuser"], { kind: "trained" }>;

/** What fusing needs from the run around it. */
export interface FusionContext {
  /** The configuration of the run. */
  config: ExperimentConfig;
  /** Unit vectors of all class prompts. // (Q, D) */
  prompts: Float32Array;
  /** Which classes the fusion may learn from. */
  words: Words;
  /** Features of the searched images. */
  searched: (cover: CoverSpec) => Promise<FeatureStore>;
  /** Concepts by which the searched images can be described. */
  vocabulary: Workbench["vocabulary"];
  /** Features of another split; throws where the data set has none. */
  split: (name: "train" | "val", cover: CoverSpec) => Promise<Split>;
  /** Where trained models are kept. */
  cacheDir: string;
  /** Stops the run. */
  signal: AbortSignal;
  /** Where progress shows. */
  output?: ProgressOutput;
  /** In a notebook: the display that the stages of a run share. */
  displayId?: string;
  /** Called after each epoch of each training. */
  onEpoch?: (method: string, record: EpochRecord) => void | Promise<void>;
}

/** Name of the folder of all trainings that one validation chooses the epochs of. */
function validationKey({ dataset, store }: Split, words: Words): string {
  const parts = [dataset.fingerprint, store.fingerprint(), words.hidden];
  return sha256(canonicalJson(parts)).slice(0, 8);
}

/**
 * Raise this when initial weights, the centre, validation or fusing changes: a training that is done is found without
 * computing any of them.
 */
const RECIPE_VERSION = 2;
/** Raise this when what a training starts from changes, where that is not random. */
const START_VERSION = 3;

/** What a training depends on besides its fuser. */
interface Ingredients {
  /** Images that it learns from, and by which its epoch is chosen. */
  splits: Record<"learn" | "choose", Split>;
  /** Unit vectors of all class prompts. // (Q, D) */
  prompts: Float32Array;
  /** Which of them it may learn from. */
  words: Words;
  /** Patches of an image, where the model is made for one number of them. */
  patches?: number;
  /** Seed of the training. */
  seed: number;
}

/** All that a training depends on, known before features are read: code's versions, data and settings. */
export function recipeOf(
  fuser: TrainedFuser,
  { splits: { learn, choose }, prompts, words, patches, seed }: Ingredients,
): Record<string, unknown> {
  const { buffer, byteOffset, byteLength } = words.pick(prompts);
  const { model, train, centre = false, start = "random" } = fuser;
  const recipe = {
    versions: { RECIPE_VERSION, TRAINING_VERSION, CHECKPOINT_VERSION },
    model: resolveSpec(model, learn.store.dim),
    train: resolveTrainConfig({ ...train, seed }),
    ...{ centre, start, patches, ...(start !== "random" && { START_VERSION }) },
    learn: learn.store.fingerprint(),
    choose: [choose.store.fingerprint(), choose.dataset.fingerprint],
    hidden: words.hidden,
    prompts: sha256(new Uint8Array(buffer, byteOffset, byteLength)),
  };
  return JSON.parse(JSON.stringify(recipe)); // as it will be read back
}

/** The most patches of any image. */
function mostPatches(stores: readonly FeatureStore[]): number {
  return stores.reduce(
    (most, store) =>
      store.imageIds.reduce((most, id) => Math.max(most, store.patchCount(id)), most),
    0,
  );
}

/** Where training can start from. */
const STARTS = { random: undefined, average: startAsAverage, detectors: startAsDetectors };

/** Shows a training that was found done, as if its last epoch had just ended. */
async function showFound(
  epochs: number,
  label: string,
  { output, displayId }: Pick<FusionContext, "output" | "displayId">,
): Promise<void> {
  const progress = createProgress({ label, total: epochs, unit: "epochs", output, displayId });
  progress.update(epochs, undefined, epochs);
  await progress.finish();
}

/** Recall@1 of a model on the images by which the epoch is chosen, of the words that it may learn from. */
function validationOn(
  { dataset, store }: Split,
  { prompts, words, signal }: FusionContext,
): (model: FusionModel) => Promise<number> {
  const relevance = onlyQueries(relevanceOf(dataset, store.imageIds), words.known);
  return async (model) => {
    const fused = await fuseStore(model, store, { signal });
    return recallAtK(bestVectorScores(fused.data, prompts, fused), relevance, [1]).recall[0];
  };
}

/**
 * Trains a model, or loads it as it was trained before; its weights are those of the epoch with the best
 * Recall@1 on the validation split.
 *
 * @param method which one
 * @param fuser how it is trained
 * @param context what the run provides
 * @returns the model, which is the caller's to dispose of, and what its epochs were like
 * @throws {Error} when the data set has no images to train on, or the training fails
 */
export async function trainModel(
  method: FusionMethod,
  fuser: TrainedFuser,
  context: FusionContext,
): Promise<{ model: FusionModel; epochs: EpochRecord[] }> {
  await loadEngine({ output: context.output });
  const { config: { seed }, prompts, words, signal, output, displayId, onEpoch } = context;
  const learn = await context.split("train", method.cover);
  const choose = await context.split("val", method.cover);
  const patches = needsPatchCount(fuser.model)
    ? mostPatches([learn.store, choose.store, await context.searched(method.cover)])
    : undefined;
  const recipe = recipeOf(fuser, { splits: { learn, choose }, prompts, words, patches, seed });
  const checkpointRoot = join(
    ...[context.cacheDir, "fusion", validationKey(choose, words)],
    sha256(canonicalJson(recipe)).slice(0, 16),
  );
  const label = `Train ${method.method}`;
  const found = await findTraining(checkpointRoot, recipe);
  if (found) {
    await showFound(found.epochs.length, label, context);
    return found;
  }
  const known = words.pick(prompts); // (Q', D)
  const validate = validationOn(choose, context);
  const { dim } = learn.store;
  const centre = fuser.centre ? await patchMean(learn.store, { signal }) : undefined; // (D)
  const model = createFusion(fuser.model, {
    ...{ dim, seed },
    ...(patches !== undefined && { patches }),
    ...(centre && { centre }),
  });
  try {
    const start = fuser.start && STARTS[fuser.start];
    await start?.(model, learn.store, known, { signal });
    const { epochs } = await train({
      ...{ model, store: learn.store, prompts: known, config: { ...fuser.train, seed } },
      ...{ validate, checkpointRoot, recipe, label, signal, output, displayId },
      onEpoch: (record) => onEpoch?.(method.method, record),
    });
    return { model, epochs };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
