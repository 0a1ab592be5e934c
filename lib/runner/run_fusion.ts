/**
 * From a fusion method's configuration to its scores: train it (or find it trained), fuse the searched
 * images, score the fused vectors.
 *
 * @module
 */
import { coverName, type CoverSpec } from "../covers/mod.ts";
import type { FeatureStore } from "../features/mod.ts";
import { canonicalJson } from "../runtime/files.ts";
import {
  bestUnitVectors,
  closedFormFusion,
  type EpochRecord,
  fitVisualWords,
  fuseClassWise,
  type FusedVectors,
  fuseStore,
  fuseVisualWords,
  targetsOf,
  type VisualWords,
  type VisualWordsOptions,
} from "../fusion/mod.ts";
import { sphericalKMeans } from "../numeric/mod.ts";
import { checkpoint } from "../runtime/interrupt.ts";
import { type Progress, showStep } from "../runtime/progress.ts";
import { createRandom } from "../numeric/random.ts";
import { bestVectorScores } from "../retrieval/mod.ts";
import { columnMeans } from "../numeric/vectors.ts";
import type { FusionMethod } from "./config.ts";
import type { MethodScores } from "./score_covers.ts";
import { hasTraining, splitsOf } from "./splits.ts";
import { type FusionContext, type TrainedFuser, trainModel } from "./train_fusion.ts";

/** A fusion that needs no epochs. */
type UntrainedFuser = Exclude<FusionMethod["fuser"], TrainedFuser>;

/** One trained or computed fusion on the searched images. */
export interface FusedMethod {
  /** Its scores. */
  scores: MethodScores;
  /** The images, in the order of the columns. */
  imageIds: string[];
  /** The training, epoch by epoch; empty where nothing was trained. */
  epochs: EpochRecord[];
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

/** Trains a model, or finds it trained, and fuses the searched images with it. */
async function fuseTrained(
  method: FusionMethod,
  fuser: TrainedFuser,
  store: FeatureStore,
  context: FusionContext,
): Promise<{ fused: FusedVectors; epochs: EpochRecord[] }> {
  const { model, epochs } = await trainModel(method, fuser, context);
  try {
    const fused = await showFusing(
      method,
      ({ update }) => fuseStore(model, store, { signal: context.signal, onProgress: update }),
      { ...context, total: store.imageIds.length },
    );
    return { fused, epochs };
  } finally {
    model.dispose();
  }
}

/** Centroids of each image's own patches; every image draws from the same seed. // (N, m, D) */
async function fuseKMeans(
  store: FeatureStore,
  vectors: number,
  { seed, signal }: { seed: number; signal: AbortSignal },
): Promise<FusedVectors> {
  const { dim, imageIds } = store;
  const data = new Float32Array(imageIds.length * vectors * dim); // (N, m, D)
  const place = new Map(imageIds.map((id, n) => [id, n]));
  for await (const { imageId, features } of store.images({ signal })) {
    await checkpoint(signal);
    const centroids = sphericalKMeans(features, vectors, { dim, random: createRandom(seed) });
    data.set(centroids, place.get(imageId)! * vectors * dim);
  }
  return { imageIds, vectors, dim, data };
}

/** Fused vectors of the searched images by what needs no epochs. */
async function fuseUntrained(
  fuser: UntrainedFuser,
  cover: CoverSpec,
  store: FeatureStore,
  context: FusionContext,
): Promise<FusedVectors> {
  const { dim, imageIds } = store;
  const { config: { seed }, prompts, words, signal } = context;
  switch (fuser.kind) {
    case "loss-ceiling":
    case "closed-form": {
      const known = words.pick(prompts); // (Q', D)
      const targets = (await targetsOf(store, known, { signal })).values; // (N, Q')
      const data = fuser.kind === "loss-ceiling"
        ? bestUnitVectors(targets, known, dim)
        : closedFormFusion(targets, known, {
          ...{ dim, ridge: fuser.ridge },
          means: await trainingMeans(cover, known, context),
        }); // (N, D)
      return { imageIds, vectors: 1, dim, data };
    }
    case "class-wise-maximum": {
      const { anchors, concepts } = await context.vocabulary(cover, fuser.of);
      const { pool, full } = fuser, options = { concepts, pool, full, signal };
      return await fuseClassWise(store, anchors, options);
    }
    case "visual-words": {
      const { store: patches } = await context.split("train", cover);
      const found = await visualWordsOf(patches, { words: fuser.words, seed, signal });
      return await fuseVisualWords(found, store, { vectors: fuser.vectors, signal });
    }
    case "k-means":
      return await fuseKMeans(store, fuser.vectors, { seed, signal });
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
  const { cover, fuser } = method, { dataset } = context.config;
  await context.searched(cover);
  if (fuser.kind === "class-wise-maximum") await context.vocabulary(cover, fuser.of);
  for (const split of splitsOf(method, dataset)) await context.split(split, cover);
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
  const { cover, fuser } = method;
  const store = await context.searched(cover);
  const { fused, epochs } = fuser.kind === "trained" // which shows its own stages
    ? await fuseTrained(method, fuser, store, context)
    : {
      fused: await showFusing(method, () => fuseUntrained(fuser, cover, store, context), context),
      epochs: [],
    };
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
