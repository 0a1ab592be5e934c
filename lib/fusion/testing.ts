/**
 * Stand-ins for the tests of this room: stores of made-up features.
 *
 * @module
 */
import { CacheWriter, FeatureCache } from "../features/cache.ts";
import { featureKey, type FeatureStore } from "../features/mod.ts";
import type { ImageRows } from "../features/shard.ts";
import { createFeatureStore } from "../features/store.ts";
import { hashEncoder } from "../features/testing.ts";
import { createRandom } from "../numeric/random.ts";
import { randomUnit, toUnit } from "../numeric/testing.ts";
import { digestWeights } from "./training/checkpoint.ts";
import { createFusion } from "./model/model.ts";
import type { FusionSpec } from "./model/spec.ts";
import { train } from "./training/train.ts";
import type { TrainConfig } from "./training/train_config.ts";
import type { TrainOptions, TrainResult } from "./training/train_options.ts";

/** An image for {@linkcode makeStore}. */
export interface TestImage {
  /** Its id. */
  id: string;
  /** Its patches' features, patch 0 the full image. // (P, D) */
  features: Float32Array;
}

/** Writes images to a cache in `folder`, `shardImages` to a shard, and opens them. */
export async function makeStore(
  folder: string,
  images: readonly TestImage[],
  { dim, shardImages = 4, memory }: { dim: number; shardImages?: number; memory?: number },
): Promise<FeatureStore> {
  const key = featureKey({ cover: { scheme: "full" }, encoder: hashEncoder({ dim }) });
  const cache = await FeatureCache.open(folder, key);
  const writer = new CacheWriter(cache);
  const rows = images.map(({ id, features }): ImageRows => {
    const count = features.length / dim;
    const box = { left: 0, top: 0, width: 8, height: 8 };
    return {
      key: `key ${id}`,
      features,
      boxes: Array.from({ length: count }, () => box),
      levels: new Uint8Array(count).fill(1, 1),
    };
  });
  for (let i = 0; i < rows.length; i += shardImages) {
    await writer.commit(rows.slice(i, i + shardImages));
  }
  await writer.close();
  const listed = images.map(({ id }) => ({ id, key: `key ${id}` }));
  return createFeatureStore({ cache, images: listed, ledger: [], memory });
}

/** Images of random unit vectors with `patches(i)` patches each. */
export function randomImages(
  count: number,
  dim: number,
  patches: (index: number) => number,
  seed: number | string = 1,
): TestImage[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const features = new Float32Array(patches(i) * dim);
    for (let p = 0; p < patches(i); p++) features.set(randomUnit(random, dim), p * dim);
    return { id: `image ${i}`, features };
  });
}

/** A made-up retrieval task that fusion can solve: details are lost in the mean of the patches. */
export interface DetailTask {
  /** The images, each of `objects` details among background. */
  images: TestImage[];
  /** One unit vector a class. // (Q, D) */
  prompts: Float32Array;
  /** The classes in each image. */
  classes: Set<number>[];
}

/**
 * Draws images whose patches are near the prompts of a few classes, or background that all images share.
 *
 * @param options how many images, classes (Q), dimensions (D), patches (P) and details an image
 */
export function drawDetailTask(
  { images, classes, dim, patches, objects, seed }: {
    images: number;
    classes: number;
    dim: number;
    patches: number;
    objects: number;
    seed: number | string;
  },
): DetailTask {
  const world = createRandom("detail task"); // classes are the same whatever the seed
  const prompts = Float32Array.from(
    Array.from({ length: classes }, () => [...randomUnit(world, dim)]).flat(),
  );
  const backgrounds = Array.from({ length: 3 }, () => randomUnit(world, dim));
  const random = createRandom(seed);
  const near = (vector: Float32Array, noise: number) =>
    toUnit(vector.map((value) => value + noise * random.normal() / Math.sqrt(dim)));
  const shown: Set<number>[] = [];
  const drawn = Array.from({ length: images }, (_, i): TestImage => {
    const present = random.shuffle(Array.from({ length: classes }, (_, c) => c)).slice(0, objects);
    shown.push(new Set(present));
    const rows = random.shuffle([
      ...present.map((c) => near(prompts.subarray(c * dim, (c + 1) * dim), 0.5)),
      ...Array.from(
        { length: patches - 1 - objects },
        () => near(random.pick(backgrounds), 0.5),
      ),
    ]);
    const mean = new Float32Array(dim).map((_, d) => rows.reduce((sum, row) => sum + row[d], 0));
    const features = new Float32Array(patches * dim);
    [near(toUnit(mean), 1), ...rows].forEach((row, p) => features.set(row, p * dim));
    return { id: `image ${i}`, features };
  });
  return { images: drawn, prompts, classes: shown };
}

/**
 * Share of the classes whose best image shows the class.
 *
 * @param task prompts and what each image shows
 * @param vectors one unit vector an image, in the task's order // (N, D)
 */
export function recallAtOne({ prompts, classes }: DetailTask, vectors: Float32Array): number {
  const dim = vectors.length / classes.length;
  const queries = prompts.length / dim;
  let hits = 0;
  for (let q = 0; q < queries; q++) {
    const scores = classes.map((_, n) => {
      let score = 0;
      for (let d = 0; d < dim; d++) score += prompts[q * dim + d] * vectors[n * dim + d];
      return score;
    });
    if (classes[scores.indexOf(Math.max(...scores))].has(q)) hits++;
  }
  return hits / queries;
}

/** D of the small training. */
export const SMALL_DIM = 8;

/** A transformer that trains in no time, dropout included. */
export const SMALL_SPEC: FusionSpec = {
  kind: "transformer",
  size: "tiny",
  encoderLayers: 1,
  decoderLayers: 1,
  feedForward: 16,
  dropout: 0.1,
};

/** Three epochs of three steps each. */
export const SMALL_CONFIG: TrainConfig = {
  epochs: 3,
  batchSize: 5,
  learningRate: 5e-3,
  clipNorm: 1,
  loss: { kind: "listwise-kl", temperature: 0.5 },
  mixing: 0.3,
  seed: 7,
};

/** Fourteen images of four to six patches; `memory` as in `createFeatureStore`. */
export function openSmallStore(
  folder: string,
  { seed = 1, memory }: { seed?: number; memory?: number } = {},
): Promise<FeatureStore> {
  const images = randomImages(14, SMALL_DIM, (i) => 4 + i % 3, seed);
  return makeStore(`${folder}/features ${seed}`, images, { dim: SMALL_DIM, memory });
}

/** Trains a fresh model on a small store; with a digest of the weights that it ends with. */
export async function trainSmall(
  store: FeatureStore,
  changes: Partial<TrainOptions> & { spec?: FusionSpec; modelSeed?: number } = {},
): Promise<TrainResult & { weights: string }> {
  const { spec = SMALL_SPEC, modelSeed = 1, ...rest } = changes;
  const model = createFusion(spec, { dim: SMALL_DIM, patches: 6, seed: modelSeed });
  const prompts = randomImages(1, SMALL_DIM, () => 6, "prompts")[0].features; // (6, D)
  try {
    const options = { model, store, prompts, config: SMALL_CONFIG, checkpointSeconds: 0 };
    const result = await train({ ...options, output: "silent", ...rest });
    return { ...result, weights: await digestWeights(model) };
  } finally {
    model.dispose();
  }
}
