/**
 * Features of a data set: taken from the cache where they are there, computed where they are not.
 *
 * @module
 */
import { type CoverSpec, makeCover } from "../covers/mod.ts";
import type { Dataset, DatasetImage } from "../datasets/mod.ts";
import type { Encoder } from "../encoders/mod.ts";
import { type CutMethod, ImageError } from "../images/mod.ts";
import { operationSignal } from "../interrupt.ts";
import { type BatchLimits, encodePrepared, PendingBatch } from "./batch.ts";
import { CacheWriter, FeatureCache, type Verify } from "./cache.ts";
import { type HashIndex, openHashIndex } from "./hashes.ts";
import { type FeatureKey, featureKey, type FeatureKeyParts } from "./key.ts";
import type { LedgerEntry } from "./ledger.ts";
import {
  DEFAULT_MAX_BYTES,
  identifyImage,
  type PreparedImage,
  prepareImage,
  type PrepareOptions,
} from "./prepare.ts";
import { BoundedQueue } from "./queue.ts";
import { createFeatureStore, type FeatureStore } from "./store.ts";

/** Patches that wait for the encoder: one image of a large cover, or many of a small one. */
const QUEUE_PATCHES = 128;
/** The remembered content hashes are written at most this often (ms) while images are encoded. */
const SAVE_HASHES_MS = 60_000;
/** Side (px) of an image that every sensible cover fits. */
const PROBE_SIDE = 4096;

/** How far an extraction is. */
export interface ExtractProgress {
  /** Images to do. */
  total: number;
  /** Images done: `cached + encoded + failed`. */
  done: number;
  /** Images that were in the cache, or are copies of one done in this run. */
  cached: number;
  /** Images encoded in this run. */
  encoded: number;
  /** Images that could not be encoded: they are in the ledger. */
  failed: number;
  /** Patches encoded in this run. */
  patches: number;
}

/** What happens to batches, for those who watch how safe the data is. */
export type ExtractEvent =
  | { type: "encoded"; key: string }
  | { type: "writing"; images: number }
  | { type: "written"; shard: string; keys: string[] };

/** Options of {@linkcode extractFeatures}. */
export interface ExtractOptions {
  /** The images. */
  dataset: Dataset;
  /** How each is cut into patches. The scheme `objects` uses the boxes of the data set. */
  cover: CoverSpec;
  /** What turns patches into features. */
  encoder: Encoder;
  /** The directory of all caches; each kind of feature gets a folder in it. */
  cacheDir: string;
  /** How patches are cut out of an image (default `exact`). */
  method?: CutMethod;
  /** Do only every `count`-th image, from the one at `index` on: one of several processes. */
  shard?: { index: number; count: number };
  /** Stops the run with its reason; what was encoded until then is written. */
  signal?: AbortSignal;
  /** Called as images are done. */
  onProgress?: (progress: ExtractProgress) => void;
  /** Called when images are encoded and when batches of them are written. */
  onEvent?: (event: ExtractEvent) => void;
  /** Pixels above which an image goes to the ledger (the limit of `decodeImage` unless told). */
  maxPixels?: number;
  /** Size of a file (bytes) above which it goes to the ledger (default 512 MiB). */
  maxBytes?: number;
  /** Try again the images that are in the ledger already (default no). */
  retry?: boolean;
  /**
   * How shards in the cache are checked before they are trusted (default `checksum`: read whole, about
   * a second a gigabyte). Those that fail are computed again.
   */
  verify?: Verify;
  /** When encoded images are written; a kill loses at most one such batch. */
  batch?: BatchLimits;
  /** Images decoded and cut at the same time, ahead of the encoder (default 3). */
  ahead?: number;
}

/** The state of one run. */
interface Run {
  options: ExtractOptions;
  images: DatasetImage[];
  /** Each image's key by its id; null where the file could not be read. */
  keys: Map<string, string | null>;
  prepare: PrepareOptions;
  cache: FeatureCache;
  writer: CacheWriter;
  hashes: HashIndex;
  signal: AbortSignal;
  progress: ExtractProgress;
  /** Keys that are being encoded, so that copies of an image are not encoded twice. */
  claimed: Set<string>;
}

function selectImages({ dataset, shard }: ExtractOptions): DatasetImage[] {
  if (!shard) return dataset.images;
  const { index, count } = shard;
  if (!Number.isInteger(index) || !Number.isInteger(count) || index < 0 || index >= count) {
    throw new RangeError(
      `Cannot extract features: shard must be index/count with 0 <= index < count, ` +
        `got ${index}/${count}`,
    );
  }
  return dataset.images.filter((_, position) => position % count === index);
}

async function startRun(options: ExtractOptions): Promise<Run> {
  const { cover, encoder, cacheDir, method = "exact", maxPixels, signal: own } = options;
  const { maxBytes = DEFAULT_MAX_BYTES, verify = "checksum" } = options;
  const images = selectImages(options);
  // A cover that fits no image is a mistake of the caller's, not of every image in turn.
  makeCover(cover, { width: PROBE_SIDE, height: PROBE_SIDE, objects: [] });
  const signal = own ? AbortSignal.any([own, operationSignal()]) : operationSignal();
  signal.throwIfAborted();
  const key = featureKey({ cover, encoder, method });
  const cache = await FeatureCache.open(cacheDir, key, { verify });
  const hashes = await openHashIndex(cacheDir);
  const { preprocessing } = encoder;
  return {
    options,
    images,
    keys: new Map(),
    prepare: { cover: key.cover, preprocessing, method, maxPixels, maxBytes, hashes, signal },
    cache,
    writer: new CacheWriter(cache),
    hashes,
    signal,
    progress: { total: images.length, done: 0, cached: 0, encoded: 0, failed: 0, patches: 0 },
    claimed: new Set(),
  };
}

/** Counts an image as done. */
function count({ progress, options }: Run, what: "cached" | "encoded" | "failed"): void {
  progress[what]++;
  progress.done++;
  options.onProgress?.({ ...progress });
}

/** Notes an image in the ledger; errors that are not the image's own are thrown on. */
async function fail(run: Run, image: DatasetImage, key: string | null, error: unknown) {
  if (run.signal.aborted || error instanceof Deno.errors.NotCapable) throw error;
  const detail = error instanceof Error ? error.message : String(error);
  const reason = error instanceof ImageError ? error.reason : detail;
  const time = new Date().toISOString();
  await run.writer.note({ image: image.id, path: image.path, key, reason, detail, time });
  count(run, "failed");
}

/** Finds an image in the cache or the ledger, or decodes and cuts it. */
async function produce(run: Run, image: DatasetImage): Promise<PreparedImage | undefined> {
  const { cache, claimed, keys, options } = run;
  keys.set(image.id, null);
  let key: string | null = null;
  try {
    const identified = await identifyImage(image, run.prepare);
    key = identified.key;
    keys.set(image.id, key);
    if (cache.locations.has(key) || claimed.has(key)) return void count(run, "cached");
    if (!options.retry && cache.ledger.byKey.has(key)) return void count(run, "failed");
    claimed.add(key);
    const prepared = await prepareImage(image, identified, run.prepare);
    keys.set(image.id, prepared.key);
    return prepared;
  } catch (error) {
    await fail(run, image, key, error);
  }
}

/** Fills the queue, several images at a time. */
async function produceAll(run: Run, queue: BoundedQueue<PreparedImage>): Promise<void> {
  const remaining = run.images.values();
  const work = async () => {
    for (const image of remaining) {
      run.signal.throwIfAborted();
      const prepared = await produce(run, image);
      if (prepared) await queue.push(prepared, prepared.patches.count);
    }
  };
  try {
    await Promise.all(Array.from({ length: run.options.ahead ?? 3 }, work));
    queue.close();
  } catch (error) {
    queue.fail(error);
    throw error;
  }
}

/** Empties the queue: encodes what is in it and writes a batch whenever there is enough. */
async function encodeAll(run: Run, queue: BoundedQueue<PreparedImage>): Promise<void> {
  const { encoder, batch, onEvent } = run.options;
  const pending = new PendingBatch(batch);
  let saved = performance.now();
  const write = async () => {
    onEvent?.({ type: "writing", images: pending.size });
    const { shard, images } = await run.writer.commit(pending.take());
    onEvent?.({ type: "written", shard, keys: images.map(([key]) => key) });
    if (performance.now() - saved < SAVE_HASHES_MS) return;
    await run.hashes.save();
    saved = performance.now();
  };
  const room = () => pending.room;
  try {
    for await (const group of encodePrepared(queue, encoder, { signal: run.signal, room })) {
      for (const rows of group) {
        pending.add(rows);
        run.progress.patches += rows.boxes.length;
        onEvent?.({ type: "encoded", key: rows.key });
        count(run, "encoded");
        if (pending.full) await write();
      }
    }
  } catch (error) {
    queue.fail(error);
    throw error;
  } finally {
    if (pending.size > 0) await write(); // also when stopped: nothing that was encoded is lost
  }
}

/** Runs producers and encoder side by side until all is done or one of them fails. */
async function runPipeline(run: Run): Promise<void> {
  const queue = new BoundedQueue<PreparedImage>(QUEUE_PATCHES);
  const stop = () => queue.fail(run.signal.reason);
  run.signal.addEventListener("abort", stop, { once: true });
  try {
    const results = await Promise.allSettled([produceAll(run, queue), encodeAll(run, queue)]);
    run.signal.throwIfAborted(); // the reason itself, not what it made of some library's call
    for (const result of results) if (result.status === "rejected") throw result.reason;
  } finally {
    run.signal.removeEventListener("abort", stop);
  }
}

/** Compares what came in with what is on disk, and opens it. */
async function openResult(
  cacheDir: string,
  key: FeatureKey,
  images: readonly DatasetImage[],
  keys: ReadonlyMap<string, string | null>,
): Promise<FeatureStore> {
  const cache = await FeatureCache.open(cacheDir, key);
  const cached: { id: string; key: string }[] = [];
  const ledger: LedgerEntry[] = [];
  const missing: string[] = [];
  for (const { id, path } of images) {
    const key = keys.get(id) ?? null;
    const entry = key === null ? cache.ledger.byPath.get(path) : cache.ledger.byKey.get(key);
    if (key !== null && cache.locations.has(key)) cached.push({ id, key });
    else if (entry) ledger.push({ ...entry, image: id, path });
    else missing.push(id);
  }
  if (missing.length > 0 || cached.length + ledger.length !== images.length) {
    throw new Error(
      `Cannot open features: ${images.length} images in, but ${cached.length} cached + ` +
        `${ledger.length} in the ledger in ${cache.folder}; missing: ` +
        missing.slice(0, 5).join(", ") + (missing.length > 5 ? ", …" : ""),
    );
  }
  return createFeatureStore({ cache, images: cached, ledger });
}

/**
 * Computes the features of a data set, or reads them from the cache.
 *
 * Images are known by their content, so that a renamed or copied file is not encoded again. A bad image
 * goes to the ledger and the run goes on. The process may be killed at any moment: what was written is
 * whole, and the next run goes on from there. Decoding and cutting run ahead of the encoder.
 *
 * @param options what to encode, how, and where to keep it
 * @returns the features of all images that are not in the ledger
 * @throws Error when images in are not images cached plus images in the ledger
 * @throws the signal's reason when aborted
 */
export async function extractFeatures(options: ExtractOptions): Promise<FeatureStore> {
  const run = await startRun(options);
  try {
    await run.cache.sweep();
    await run.writer.retract(run.cache.broken);
    await runPipeline(run);
  } finally {
    await run.writer.close();
    await run.hashes.save();
  }
  return await openResult(options.cacheDir, run.cache.key, run.images, run.keys);
}

/** Options of {@linkcode openFeatures}. */
export interface OpenFeaturesOptions extends FeatureKeyParts {
  /** The images. */
  dataset: Dataset;
  /** The directory of all caches. */
  cacheDir: string;
  /** Stops the work with its reason. */
  signal?: AbortSignal;
}

/**
 * Opens features that were extracted before; computes nothing.
 *
 * @param options the data set, what its features depend on, and where they are
 * @returns the features of all images that are not in the ledger
 * @throws Error when an image is neither in the cache nor in the ledger
 */
export async function openFeatures(options: OpenFeaturesOptions): Promise<FeatureStore> {
  const { dataset, cacheDir, encoder, signal = operationSignal() } = options;
  const key = featureKey(options);
  const hashes = await openHashIndex(cacheDir);
  const { cover, method } = key;
  const { preprocessing } = encoder;
  const maxBytes = DEFAULT_MAX_BYTES;
  const prepare = { cover, preprocessing, method, maxBytes, hashes, signal };
  const keys = new Map<string, string | null>();
  for (const image of dataset.images) {
    signal.throwIfAborted();
    const found = await identifyImage(image, prepare).catch((error) => {
      if (error instanceof ImageError) return null; // as it should be in the ledger
      throw error;
    });
    keys.set(image.id, found?.key ?? null);
  }
  await hashes.save();
  return await openResult(cacheDir, key, dataset.images, keys);
}
