/**
 * Batches of patch features, streamed from the shards of a store: what is in memory does not grow with
 * the data set.
 *
 * @module
 */
import type { FeatureStore } from "../../features/mod.ts";
import type { Random } from "../../numeric/random.ts";

/** Some images and their patches, padded to the largest number of patches among them. */
export interface FeatureBatch {
  /** The images. // B */
  imageIds: string[];
  /** P: the most patches of any image in the batch. */
  patches: number;
  /** D. */
  dim: number;
  /** Patch features; slot 0 is the full image, and the slots that an image lacks are 0. // (B, P, D) */
  features: Float32Array;
  /** The cover's level of each patch. // (B, P) */
  levels: Uint8Array;
  /** 1 where there is a patch and 0 where there is none; absent when all have P patches. // (B, P) */
  mask?: Float32Array;
}

/** Which images {@linkcode featureBatches} visits, and how. */
export interface BatchOptions {
  /** The images to visit (default: all of the store). */
  imageIds?: readonly string[];
  /** The most images of a batch (default 30, the paper's). */
  batchSize?: number;
  /** Pads every image to at least this many patches, for models that were made for as many. */
  patches?: number;
  /** Where chance comes from; without it images come in the order in which they lie on disk. */
  random?: Random;
  /**
   * How much is shuffled at once. More images than these bytes of features are cut into blocks of half as
   * much, in the data set's order; blocks come in random order, and the images of two at a time are mixed
   * (default 128 MiB, half of what a store keeps). Blocks ignore shards: where several strided processes
   * wrote the features, a block touches shards of all of them, and more is read.
   */
  windowBytes?: number;
}

/** What a store keeps in memory is twice this: a window's shards and those of the next. */
const WINDOW_BYTES = 128 * 2 ** 20;

/**
 * The wanted images in the order of the store's data set.
 *
 * @param store where the images are
 * @param imageIds the images wanted (default: all of the store)
 * @throws Error when there are no features of an image
 */
export function inDatasetOrder(store: FeatureStore, imageIds?: readonly string[]): string[] {
  if (!imageIds) return store.imageIds;
  const wanted = new Set(imageIds);
  for (const id of wanted) {
    if (!store.has(id)) store.patchCount(id); // throws, and says why there are none
  }
  return store.imageIds.filter((id) => wanted.has(id));
}

/**
 * Cuts images into blocks of successive ones, all of nearly the same size: at most `bytes`, and up to one
 * image more. It does not depend on the shards, whose ends depend on how fast they were written.
 */
function cutBlocks(store: FeatureStore, imageIds: readonly string[], bytes: number): string[][] {
  const sizes = imageIds.map((id) => store.patchCount(id) * store.dim * 4);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const count = Math.ceil(total / bytes);
  const blocks: string[][] = [];
  let before = 0;
  imageIds.forEach((id, n) => {
    (blocks[Math.floor(before / total * count)] ??= []).push(id);
    before += sizes[n];
  });
  return blocks.flatMap((block) => block ? [block] : []); // an image may be larger than a block
}

/**
 * The order in which images are visited. With `random` it follows from the images and the seed alone,
 * on every machine.
 *
 * @param store where the images are
 * @param options which images, and whether and how they are shuffled
 * @returns every wanted image once
 * @throws Error when there are no features of an image
 * @throws RangeError when `windowBytes` is not positive
 */
export function visitingOrder(
  store: FeatureStore,
  { imageIds, random, windowBytes = WINDOW_BYTES }: BatchOptions = {},
): string[] {
  if (!(windowBytes > 0)) {
    throw new RangeError(`Cannot order images: windowBytes must be positive, got ${windowBytes}`);
  }
  const ids = inDatasetOrder(store, imageIds);
  if (!random) {
    const wanted = new Set(ids);
    return store.shards().flat().filter((id) => wanted.has(id));
  }
  // A window is all images, or two blocks from anywhere: few shards, read as a whole.
  const fits =
    ids.reduce((sum, id) => sum + store.patchCount(id), 0) * store.dim * 4 <= windowBytes;
  const blocks = random.shuffle(fits ? [ids] : cutBlocks(store, ids, windowBytes / 2));
  const order: string[] = [];
  for (let i = 0; i < blocks.length; i += 2) {
    order.push(...random.shuffle(blocks.slice(i, i + 2).flat()));
  }
  return order;
}

/**
 * How many batches the images make: as few as `batchSize` allows.
 *
 * @param images how many images
 * @param batchSize the most images of a batch
 * @throws RangeError when `batchSize` is not a positive integer
 */
export function batchCount(images: number, batchSize: number): number {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(
      `Cannot make batches: batchSize must be a positive integer, got ${batchSize}`,
    );
  }
  return Math.ceil(images / batchSize);
}

/**
 * Visits images batch by batch. All batches have the same size to within one image, rather than a last
 * one of what is left over: losses that compare the images of a batch need several.
 *
 * @param store where the features are
 * @param options which images, in batches of how many, in which order
 * @throws Error when there are no features of an image, or a shard on disk is damaged
 * @throws RangeError when `batchSize` is not a positive integer, or `windowBytes` not positive
 */
export function* featureBatches(
  store: FeatureStore,
  options: BatchOptions = {},
): Generator<FeatureBatch> {
  const order = visitingOrder(store, options);
  const batches = batchCount(order.length, options.batchSize ?? 30);
  for (let i = 0; i < batches; i++) {
    const [first, end] = [i, i + 1].map((n) => Math.floor(n * order.length / batches));
    yield stackImages(store, order.slice(first, end), options.patches);
  }
}

/** Copies the features of some images into one batch. */
function stackImages(store: FeatureStore, imageIds: string[], atLeast = 1): FeatureBatch {
  const { dim } = store;
  const counts = imageIds.map((id) => store.patchCount(id));
  const patches = Math.max(atLeast, ...counts);
  const features = new Float32Array(imageIds.length * patches * dim); // (B, P, D)
  const levels = new Uint8Array(imageIds.length * patches); // (B, P)
  const ragged = counts.some((count) => count < patches);
  const mask = ragged ? new Float32Array(imageIds.length * patches) : undefined; // (B, P)
  imageIds.forEach((id, b) => {
    const image = store.get(id);
    features.set(image.features, b * patches * dim);
    levels.set(image.levels, b * patches);
    mask?.fill(1, b * patches, b * patches + counts[b]);
  });
  return { imageIds, patches, dim, features, levels, ...(mask && { mask }) };
}
