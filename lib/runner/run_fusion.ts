/**
 * From a fusion method's configuration to its scores: train it (or find it trained), fuse the searched
 * images, score the fused vectors.
 *
 * @module
 */
import { join } from "node:path";
import { coverName, type CoverSpec } from "../covers/mod.ts";
import type { FeatureStore } from "../features/mod.ts";
import { canonicalJson, sha256 } from "../runtime/files.ts";
import {
  bestUnitVectors,
  CHECKPOINT_VERSION,
  closedFormFusion,
  createFusion,
  type EpochRecord,
  findTraining,
  fitVisualWords,
  fuseClassWise,
  type FusedVectors,
  fuseStore,
  fuseVisualWords,
  type FusionModel,
  needsPatchCount,
  patchMean,
  resolveSpec,
  resolveTrainConfig,
  startAsAverage,
  startAsDetectors,
  targetsOf,
  train,
  TRAINING_VERSION,
  type VisualWords,
  type VisualWordsOptions,
} from "../fusion/mod.ts";
import { loadEngine } from "../tensor/mod.ts";
import { sphericalKMeans } from "../numeric/mod.ts";
import { checkpoint } from "../runtime/interrupt.ts";
import {
  createProgress,
  type Progress,
  type ProgressOutput,
  showStep,
} from "../runtime/progress.ts";
import { createRandom } from "../numeric/random.ts";
import { bestVectorScores, recallAtK, relevanceOf } from "../retrieval/mod.ts";
import { columnMeans } from "../numeric/vectors.ts";
import type { ExperimentConfig, FusionMethod } from "./config.ts";
import type { MethodScores } from "./score_covers.ts";
import { hasTraining } from "./splits.ts";
import { onlyQueries, type Words } from "./words.ts";
import type { Split, Workbench } from "./workbench.ts";

/** A fusion that is trained. */
type TrainedFuser = Extract<FusionMethod["fuser"], { kind: "trained" }>;

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

/** One trained or computed fusion on the searched images. */
export interface FusedMethod {
  /** Its scores. */
  scores: MethodScores;
  /** The images, in the order of the columns. */
  imageIds: string[];
  /** The training, epoch by epoch; empty where nothing was trained. */
  epochs: EpochRecord[];
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

/**
 * Trains a model, or loads it as it was trained before; its weights are those of the epoch with the best
 * Recall@1 on the validation split.
 *
 * @param method which one
 * @param fuser how it is trained
 * @param context what the run provides
 * @returns the model, which is the caller's to dispose of, and what its epochs were like
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
  const known = words.pick(prompts); // (Q', D)
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
    const total = found.epochs.length;
    const progress = createProgress({ label, total, unit: "epochs", output, displayId });
    progress.update(total, undefined, total);
    await progress.finish();
    return found;
  }
  const relevance = onlyQueries(relevanceOf(choose.dataset, choose.store.imageIds), words.known);
  const model = createFusion(fuser.model, {
    dim: learn.store.dim,
    ...(patches !== undefined && { patches }),
    seed,
    ...(fuser.centre && { centre: await patchMean(learn.store, { signal }) }),
  });
  try {
    const start = fuser.start && STARTS[fuser.start];
    await start?.(model, learn.store, known, { signal });
    const { epochs } = await train({
      model,
      store: learn.store,
      prompts: known,
      config: { ...fuser.train, seed },
      validate: async (model) => {
        const fused = await fuseStore(model, choose.store, { signal });
        return recallAtK(bestVectorScores(fused.data, prompts, fused), relevance, [1]).recall[0];
      },
      ...{ checkpointRoot, recipe },
      label,
      signal,
      output,
      displayId,
      onEpoch: (record) => onEpoch?.(method.method, record),
    });
    return { model, epochs };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The mean target of each prompt over the training images; without any the searched images give them. // (Q) */
async function trainingMeans(
  cover: CoverSpec,
  prompts: Float32Array,
  context: FusionContext,
): Promise<Float64Array | undefined> {
  if (!hasTraining(context.config.dataset)) return undefined;
  const { split, signal } = context;
  const { store } = await split("train", cover);
  const { values, proxies } = await targetsOf(store, prompts, { signal });
  return columnMeans(values, proxies);
}

/** Visual words of a store, by their settings: fitted once, for any number of vectors. */
const fitted = new WeakMap<FeatureStore, Map<string, Promise<VisualWords>>>();

function visualWordsOf(
  store: FeatureStore,
  { signal, ...settings }: VisualWordsOptions,
): Promise<VisualWords> {
  const known = fitted.get(store) ?? new Map<string, Promise<VisualWords>>();
  fitted.set(store, known);
  const key = canonicalJson(settings);
  const words = known.get(key) ?? fitVisualWords(store, { ...settings, signal });
  known.set(key, words);
  words.catch(() => known.delete(key)); // an interrupted fit is not remembered
  return words;
}

/** Shows how far the fusing of the searched images is. */
function showFusing<T>(
  { method }: FusionMethod,
  work: (progress: Progress) => Promise<T>,
  { output, displayId, total }: Pick<FusionContext, "output" | "displayId"> & { total?: number },
): Promise<T> {
  return showStep(`Fuse ${method}`, work, { leaves: "slow", total, output, displayId });
}

/** Fused vectors of the searched images, and the training where there was one. */
async function fuse(
  method: FusionMethod,
  store: FeatureStore,
  context: FusionContext,
): Promise<{ fused: FusedVectors; epochs: EpochRecord[] }> {
  const { fuser } = method;
  const { dim, imageIds } = store;
  const { config: { seed }, prompts, words, signal } = context;
  switch (fuser.kind) {
    case "trained": {
      const { model, epochs } = await trainModel(method, fuser, context);
      try {
        const fused = await showFusing(
          method,
          ({ update }) => fuseStore(model, store, { signal, onProgress: update }),
          { ...context, total: imageIds.length },
        );
        return { fused, epochs };
      } finally {
        model.dispose();
      }
    }
    case "loss-ceiling": {
      const known = words.pick(prompts);
      const targets = (await targetsOf(store, known, { signal })).values; // (N, Q')
      const data = bestUnitVectors(targets, known, dim); // (N, D)
      return { fused: { imageIds, vectors: 1, dim, data }, epochs: [] };
    }
    case "closed-form": {
      const known = words.pick(prompts);
      const targets = (await targetsOf(store, known, { signal })).values; // (N, Q')
      const means = await trainingMeans(method.cover, known, context);
      const data = closedFormFusion(targets, known, { dim, ridge: fuser.ridge, means }); // (N, D)
      return { fused: { imageIds, vectors: 1, dim, data }, epochs: [] };
    }
    case "class-wise-maximum": {
      const { anchors, concepts } = await context.vocabulary(method.cover, fuser.of);
      const { pool, full } = fuser, options = { concepts, pool, full, signal };
      return { fused: await fuseClassWise(store, anchors, options), epochs: [] };
    }
    case "visual-words": {
      const { store: patches } = await context.split("train", method.cover);
      const found = await visualWordsOf(patches, { words: fuser.words, seed, signal });
      const { vectors } = fuser;
      return { fused: await fuseVisualWords(found, store, { vectors, signal }), epochs: [] };
    }
    case "k-means": {
      const { vectors } = fuser;
      const data = new Float32Array(imageIds.length * vectors * dim); // (N, m, D)
      const place = new Map(imageIds.map((id, n) => [id, n]));
      for await (const { imageId, features } of store.images({ signal })) {
        await checkpoint(signal);
        const centroids = sphericalKMeans(features, vectors, { dim, random: createRandom(seed) });
        data.set(centroids, place.get(imageId)! * vectors * dim);
      }
      return { fused: { imageIds, vectors, dim, data }, epochs: [] };
    }
  }
}

/**
 * Encodes what a method needs: the searched images, and the splits that it learns from.
 *
 * @param method which one
 * @param context what the run provides
 * @throws {Error} when it must be trained and the data set has no images to train on
 */
export async function prepareFusion(method: FusionMethod, context: FusionContext): Promise<void> {
  const { cover, fuser } = method, { kind } = fuser;
  await context.searched(cover);
  if (fuser.kind === "class-wise-maximum") await context.vocabulary(cover, fuser.of);
  const learns = kind === "closed-form" && hasTraining(context.config.dataset);
  if (kind === "trained" || kind === "visual-words" || learns) {
    await context.split("train", cover);
  }
  if (kind === "trained") await context.split("val", cover);
}

/**
 * Runs one fusion method: trains it if it learns, fuses the searched images and scores them.
 *
 * @param method which one
 * @param context what the run provides
 * @throws {Error} when it must be trained and the data set has no images to train on
 */
export async function runFusion(
  method: FusionMethod,
  context: FusionContext,
): Promise<FusedMethod> {
  const { cover } = method;
  const store = await context.searched(cover);
  const work = () => fuse(method, store, context);
  const { fused, epochs } = method.fuser.kind === "trained" // which shows its own stages
    ? await work()
    : await showFusing(method, work, context);
  const learned = epochs.length > 0 && (await context.split("train", cover)).store.imageIds.length;
  return {
    imageIds: fused.imageIds,
    epochs,
    scores: {
      method: method.method,
      cover: coverName(cover),
      ...("k" in cover && { k: cover.k }),
      vectors: fused.vectors,
      ...(learned && { trained: { images: learned, epochs: epochs.length } }),
      scores: bestVectorScores(fused.data, context.prompts, fused),
    },
  };
}
