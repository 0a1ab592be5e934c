/**
 * Patches of several images encoded in one call, and encoded images gathered into shards.
 *
 * @module
 */
import type { Encoder } from "../encoders/mod.ts";
import type { PatchBatch } from "../images/mod.ts";
import type { PreparedImage } from "./prepare.ts";
import type { ImageRows } from "./shard.ts";

/**
 * Images with fewer patches than this share calls of exactly twice as many patches, the last one filled
 * up with black; images with as many or more have a call of their own. So the shape of the call in which
 * an image is encoded never depends on which images were cached already, and with it no rounding does.
 */
const SMALL_IMAGE = 32;
const CALL_PATCHES = 2 * SMALL_IMAGE;

/** Makes rows of features out of a prepared image. */
function toRows(image: PreparedImage, features: Float32Array): ImageRows {
  return { key: image.key, features, boxes: image.boxes, levels: image.levels };
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

async function encodeGroup(
  group: readonly PreparedImage[],
  encoder: Encoder,
  signal: AbortSignal,
): Promise<ImageRows[]> {
  const all = await encoder.encodeImages(stackPatches(group), { signal }); // (CALL_PATCHES, D)
  let row = 0;
  return group.map((image) => {
    const end = row + image.patches.count;
    const features = all.slice(row * encoder.dim, end * encoder.dim); // (P, D)
    row = end;
    return toRows(image, features);
  });
}

/**
 * Encodes images as they arrive, several small ones in one call.
 *
 * @param images prepared images
 * @param encoder what encodes their patches
 * @param options `signal` stops the work with its reason; `room` says how many images more may be
 * encoded before a batch must be written
 * @returns groups of encoded images; within a call's limits, in the order of arrival
 */
export async function* encodePrepared(
  images: AsyncIterable<PreparedImage>,
  encoder: Encoder,
  { signal, room }: { signal: AbortSignal; room: () => number },
): AsyncGenerator<ImageRows[]> {
  let group: PreparedImage[] = [];
  let waiting = 0;
  for await (const image of images) {
    signal.throwIfAborted();
    const { count } = image.patches;
    if (count >= SMALL_IMAGE) {
      yield [toRows(image, await encoder.encodeImages(image.patches, { signal }))];
      continue;
    }
    if (waiting + count > CALL_PATCHES) {
      yield await encodeGroup(group, encoder, signal);
      group = [];
      waiting = 0;
    }
    group.push(image);
    waiting += count;
    if (group.length >= room()) {
      yield await encodeGroup(group, encoder, signal);
      group = [];
      waiting = 0;
    }
  }
  if (group.length > 0) yield await encodeGroup(group, encoder, signal);
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
  constructor(limits: BatchLimits = {}) {
    this.#limits = { images: 1024, bytes: 16 * 2 ** 20, seconds: 10, ...limits };
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
