/**
 * Patches of several images encoded in one call, and encoded images gathered into shards.
 *
 * @module
 */
import { type Encoder, VectorError } from "../encoders/mod.ts";
import type { PatchBatch } from "../images/mod.ts";
import type { PreparedImage } from "./prepare.ts";
import type { ImageRows } from "./shard.ts";

/**
 * Images with fewer patches to encode than this share calls of exactly twice as many patches, the last one filled
 * up with black; images with as many or more have a call of their own. So the shape of the call in which
 * an image is encoded does not depend on which images were cached already. Where patches are copied from another
 * cover it depends on how many are left: an encoder that rounds by the shape of its calls differs in last digits.
 */
const SMALL_IMAGE = 32;
const CALL_PATCHES = 2 * SMALL_IMAGE;

/** An image with all its features. */
export interface EncodedImage extends ImageRows {
  /** How many of its patches were encoded; the others were copied. */
  encoded: number;
}

/** Makes rows of features out of a prepared image and the vectors of the patches it had encoded. */
function toRows(
  { key, boxes, levels, patches, copied }: PreparedImage,
  vectors: Float32Array,
  dim: number,
): EncodedImage {
  const features = copied?.features ?? vectors; // (P, D)
  copied?.missing.forEach((patch, row) =>
    features.set(vectors.subarray(row * dim, (row + 1) * dim), patch * dim)
  );
  return { key, features, boxes, levels, encoded: patches.count };
}

/** Stacks the patches of small images into one batch of `CALL_PATCHES`. */
function stackPatches(group: readonly PreparedImage[]): PatchBatch {
  const size = group[0].patches.size;
  const data = new Uint8Array(CALL_PATCHES * size * size * 3); // (CALL_PATCHES, S, S, 3)
  let offset = 0;
  for (const { patches } of group) {
    data.set(patches.data, offset);
    offset += patches.data.length;
  }
  return { count: CALL_PATCHES, size, data };
}

/** What `encodePrepared` is told. */
export interface EncodePreparedOptions {
  /** Stops the work with its reason. */
  signal: AbortSignal;
  /** How many images more may be encoded before a batch must be written. */
  room: () => number;
  /** Told of an image for which the encoder gives no finite vector; the others go on. */
  onFailed: (image: PreparedImage, error: VectorError) => Promise<void>;
}

/** Encodes patches of a group, in one call; images without finite vectors leave the group. */
async function encodeGroup(
  group: readonly PreparedImage[],
  patches: PatchBatch,
  encoder: Encoder,
  { signal, onFailed }: EncodePreparedOptions,
): Promise<EncodedImage[]> {
  const failed = new Set<PreparedImage>();
  const firstRows = [0];
  for (const image of group) firstRows.push(firstRows.at(-1)! + image.patches.count);
  while (failed.size < group.length) {
    try {
      const all = await encoder.encodeImages(patches, { signal }); // (P, D)
      return group.flatMap((image, i) => {
        if (failed.has(image)) return [];
        const rows = all.slice(firstRows[i] * encoder.dim, firstRows[i + 1] * encoder.dim);
        return [toRows(image, rows, encoder.dim)];
      });
    } catch (error) {
      const at = error instanceof VectorError ? firstRows.findLastIndex((r) => r <= error.row) : -1;
      const image = group[at];
      if (image === undefined || failed.has(image)) throw error; // not an image's fault
      const row = (error as VectorError).row - firstRows[at];
      const patch = image.copied?.missing[row] ?? row;
      await onFailed(image, new VectorError("patch", patch, { cause: error }));
      failed.add(image);
      // Black in its place: the others stay where they are in a call of the same shape.
      const bytes = patches.size ** 2 * 3;
      patches.data.fill(0, firstRows[at] * bytes, firstRows[at + 1] * bytes);
    }
  }
  return [];
}

/**
 * Encodes images as they arrive, several small ones in one call.
 *
 * @param images prepared images
 * @param encoder what encodes their patches
 * @param options when to stop, and whom to tell
 * @returns groups of encoded images; within a call's limits, in the order of arrival
 */
export async function* encodePrepared(
  images: AsyncIterable<PreparedImage>,
  encoder: Encoder,
  options: EncodePreparedOptions,
): AsyncGenerator<EncodedImage[]> {
  let group: PreparedImage[] = [];
  let waiting = 0;
  const finish = () => {
    const full = group;
    group = [];
    waiting = 0;
    return encodeGroup(full, stackPatches(full), encoder, options);
  };
  for await (const image of images) {
    options.signal.throwIfAborted();
    const { count } = image.patches;
    if (count === 0) { // all of it is copied
      yield [toRows(image, new Float32Array(), encoder.dim)];
      continue;
    }
    if (count >= SMALL_IMAGE) {
      yield await encodeGroup([image], image.patches, encoder, options);
      continue;
    }
    if (waiting + count > CALL_PATCHES) yield await finish();
    group.push(image);
    waiting += count;
    if (group.length >= options.room()) yield await finish();
  }
  if (group.length > 0) yield await finish();
}

/** When a batch of encoded images is written: as soon as one of the limits is reached. */
export interface BatchLimits {
  /** Images (default 1024). */
  images?: number;
  /** Bytes of features (default 16 MiB). */
  bytes?: number;
  /** Seconds since the last write (default 10). */
  seconds?: number;
}

/** Encoded images that are not on disk yet: what a kill can lose. */
export class PendingBatch {
  #images: ImageRows[] = [];
  #bytes = 0;
  #since = performance.now();
  readonly #limits: Required<BatchLimits>;

  /**
   * @param limits when the batch is full
   */
  constructor({ images = 1024, bytes = 16 * 2 ** 20, seconds = 10 }: BatchLimits = {}) {
    this.#limits = { images, bytes, seconds };
  }

  /** Adds an image. */
  add(image: ImageRows): void {
    this.#images.push(image);
    this.#bytes += image.features.byteLength;
  }

  /** Whether it is time to write. */
  get full(): boolean {
    const { images, bytes, seconds } = this.#limits;
    return this.#images.length >= images || this.#bytes >= bytes ||
      (this.#images.length > 0 && performance.now() - this.#since >= 1000 * seconds);
  }

  /** Number of images waiting. */
  get size(): number {
    return this.#images.length;
  }

  /** Number of images until the batch is full: at least 1. */
  get room(): number {
    return Math.max(1, this.#limits.images - this.#images.length);
  }

  /** Hands the images over and starts anew. */
  take(): ImageRows[] {
    const images = this.#images;
    this.#images = [];
    this.#bytes = 0;
    this.#since = performance.now();
    return images;
  }
}
