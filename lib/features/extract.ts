/**
 * Features of a data set: taken from the cache where they are there, computed where they are not.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { makeCover } from "../covers/mod.ts";
import type { DatasetImage } from "../datasets/mod.ts";
import { canonicalJson, isReadOnly, removeLeftovers, sha256 } from "../runtime/files.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import { acquireLock } from "../runtime/lock.ts";
import { notice } from "../runtime/notice.ts";
import { checkSettings } from "../runtime/settings.ts";
import { CacheWriter, FeatureCache } from "./cache.ts";
import { Cutters, cuttingThreads } from "./cutters.ts";
import { openHashIndex } from "./hashes.ts";
import { type FeatureKey, featureKey, featureKeyName } from "./key.ts";
import { openResult } from "./open.ts";
import { type ExtractOptions, OPTIONS_SCHEMA } from "./options.ts";
import { countNotes, type ImageNotes, notesInWords } from "./notes.ts";
import { type Run, runPipeline } from "./pipeline.ts";
import { DEFAULT_MAX_BYTES } from "./prepare.ts";
import { findPatches } from "./reuse.ts";
import type { FeatureStore } from "./store.ts";

/** Side (px) of an image that every sensible cover fits. */
const PROBE_SIDE = 4096;

function selectImages({ dataset, shard }: ExtractOptions): DatasetImage[] {
  if (!shard) return dataset.images;
  const { index, count } = shard;
  if (index >= count) {
    throw new RangeError(
      `Cannot extract features: shard must be index/count with 0 <= index < count, ` +
        `got ${index}/${count}`,
    );
  }
  return dataset.images.filter((_, position) => position % count === index);
}

/** Refuses options that would spoil every image alike. */
function checkOptions(options: ExtractOptions): void {
  checkSettings(OPTIONS_SCHEMA, options, "Cannot extract features");
  const { cover, dataset } = options;
  if (cover.scheme === "objects" && dataset.annotated === false) {
    throw new RangeError(
      `Cannot extract features: the cover "objects" needs annotated boxes, but ${dataset.name} ` +
        `has no annotations`,
    );
  }
  makeCover(cover, { width: PROBE_SIDE, height: PROBE_SIDE, objects: [] });
}

/**
 * Lets one process at a time extract the features of the same images under the same key: the second one waits, and finds
 * them. Other parts of a data set go side by side.
 *
 * @returns the lock; undefined where nothing can be written, so that there is nothing to share
 */
async function lockImages(
  folder: string,
  images: readonly DatasetImage[],
  signal: AbortSignal,
): Promise<Disposable | undefined> {
  const which = sha256(
    canonicalJson(images.map(({ path, part }) => part ? [resolve(path), part.box] : resolve(path))),
  ).slice(0, 16);
  const doing = `extracts the same features into ${folder}`;
  try {
    return await acquireLock(join(folder, `extract-${which}.lock`), { doing, signal });
  } catch (error) {
    if (isReadOnly(error)) return undefined;
    throw error;
  }
}

async function startRun(
  options: ExtractOptions,
  { images, key, signal, cutters }:
    & Pick<Run, "images" | "signal">
    & { key: FeatureKey; cutters: Cutters },
): Promise<Run> {
  const { encoder, cacheDir, method = "exact", maxPixels } = options;
  const { maxBytes = DEFAULT_MAX_BYTES, verify = "checksum", reuse = [] } = options;
  const cache = await FeatureCache.open(cacheDir, key, { verify, signal });
  const hashes = await openHashIndex(cacheDir);
  const { preprocessing } = encoder;
  const notes: ImageNotes = new Map();
  return {
    options,
    images,
    keys: new Map(),
    prepare: {
      cover: key.cover,
      preprocessing,
      method,
      maxPixels,
      pixels: key.pixels,
      onNote: countNotes(notes),
      maxBytes,
      hashes,
      cut: (job) => cutters.cut(job),
      signal,
      known: { find: findPatches(reuse, key, maxPixels), dim: encoder.dim },
    },
    cache,
    writer: new CacheWriter(cache),
    hashes,
    hashesKept: performance.now(),
    signal,
    progress: {
      total: images.length,
      done: 0,
      cached: 0,
      encoded: 0,
      failed: 0,
      patches: 0,
      copied: 0,
    },
    claimed: new Set(),
    notes,
  };
}

/**
 * Computes the features of a data set, or reads them from the cache.
 *
 * Images are known by their content, so that a renamed or copied file is not encoded again. A bad image
 * goes to the ledger and the run goes on. The process may be killed at any moment: what was written is
 * whole, and the next run goes on from there. A second process that is to do the same waits. Decoding and cutting run
 * ahead of the encoder.
 *
 * @param options what to encode, how, and where to keep it
 * @returns the features of all images that are not in the ledger
 * @throws {RangeError} when an option is missing, unknown or out of range, or the cover fits no image
 * @throws Error when images in are not images cached plus images in the ledger
 * @throws {Error} when a thread ended by itself, such as for want of memory; `threads: 0` does without
 * @throws the signal's reason when aborted
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodePng } from "detailclip/images";
 * import { extractFeatures, loadEncoder, loadFolder } from "detailclip";
 * const folder = await Deno.makeTempDir();
 * const image = { width: 40, height: 30, data: new Uint8Array(40 * 30 * 3).fill(200) };
 * await Deno.writeFile(`${folder}/grey.png`, await encodePng(image));
 * const dataset = await loadFolder(folder);
 * const encoder = await loadEncoder("./lib/encoders/testdata/random-clip");
 * const cover = { scheme: "complete", k: 3 } as const;
 * const store = await extractFeatures({ dataset, cover, encoder, cacheDir: `${folder}/cache` });
 * const { features, boxes } = store.get(store.imageIds[0]); // (P, D), P boxes
 * assert(features.length === boxes.length * store.dim && boxes[0].width === 40);
 * await encoder.dispose();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function extractFeatures(options: ExtractOptions): Promise<FeatureStore> {
  checkOptions(options);
  const { cover, encoder, method, cacheDir } = options;
  const images = selectImages(options), signal = operationSignal(options.signal);
  signal.throwIfAborted();
  const key = featureKey({ cover, encoder, method, pixels: options.dataset.pixels });
  using _lock = await lockImages(join(cacheDir, featureKeyName(key)), images, signal);
  using cutters = new Cutters(options.threads ?? cuttingThreads(), signal);
  const run = await startRun(options, { images, key, signal, cutters });
  try {
    await run.cache.sweep();
    await removeLeftovers(cacheDir);
    await run.writer.retract(run.cache.broken);
    await runPipeline(run);
  } finally {
    for (const line of notesInWords(run.notes)) (options.onNote ?? notice)(line);
    await run.writer.close();
    await run.hashes.save();
  }
  const unwritten = run.writer.readOnly ? run.cache.ledger : undefined;
  return await openResult(cacheDir, run.cache.key, run.images, run.keys, unwritten);
}
