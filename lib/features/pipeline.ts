/**
 * The pipeline of an extraction: images are found, decoded and cut ahead of the encoder; what it has
 * encoded is written in batches.
 *
 * @module
 */
import type { DatasetImage } from "../datasets/mod.ts";
import { encodePrepared, PendingBatch } from "./batch.ts";
import { type CacheWriter, type FeatureCache, ReadOnlyCacheError } from "./cache.ts";
import { CutterError, cuttingThreads } from "./cutters.ts";
import type { HashIndex } from "./hashes.ts";
import { conditionsOf, explain, isWorthTrying } from "./ledger.ts";
import type { ImageNotes } from "./notes.ts";
import type { ExtractOptions, ExtractProgress } from "./options.ts";
import { identifyImage, type PreparedImage, prepareImage, type PrepareOptions } from "./prepare.ts";
import { BoundedQueue } from "./queue.ts";

/** Patches that wait for the encoder: one image of a large cover, or many of a small one. */
const QUEUE_PATCHES = 128;
/** The remembered content hashes are written at most this often (ms): what a kill can lose of them. */
const SAVE_HASHES_MS = 60_000;

/** The state of one run. */
export interface Run {
  options: ExtractOptions;
  images: DatasetImage[];
  /** Each image's key by its id; null where the file could not be read. */
  keys: Map<string, string | null>;
  prepare: PrepareOptions;
  cache: FeatureCache;
  writer: CacheWriter;
  hashes: HashIndex;
  /** When they were written last (ms since the process began). */
  hashesKept: number;
  signal: AbortSignal;
  progress: ExtractProgress;
  /** Keys that are being encoded, so that copies of an image are not encoded twice. */
  claimed: Set<string>;
  /** What was done to the pixels of images. */
  notes: ImageNotes;
}

/** Counts an image as done. */
function count({ progress, options }: Run, what: "cached" | "encoded" | "failed"): void {
  progress[what]++;
  progress.done++;
  options.onProgress?.({ ...progress });
}

/** Notes an image in the ledger; errors that are not the image's own are thrown on. */
async function fail(run: Run, image: DatasetImage, key: string | null, error: unknown) {
  const general = error instanceof Deno.errors.NotCapable ||
    error instanceof ReadOnlyCacheError || error instanceof CutterError;
  if (run.signal.aborted || general) throw error;
  const why = { ...explain(error), conditions: conditionsOf(image, run.prepare) };
  const time = new Date().toISOString();
  await run.writer.note({ image: image.id, path: image.path, key, ...why, time });
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
    const refused = cache.ledger.byKey.get(key);
    if (refused && !options.retry && !isWorthTrying(refused, image, run.prepare)) {
      return void count(run, "failed");
    }
    claimed.add(key);
    const prepared = await prepareImage(image, identified, run.prepare);
    await run.writer.open(); // only now there is something to write, and before it is encoded
    keys.set(image.id, prepared.key);
    return prepared;
  } catch (error) {
    await fail(run, image, key, error);
  }
}

/** Writes the remembered content hashes, if it is time: of many images none may need to be encoded. */
async function keepHashes(run: Run): Promise<void> {
  if (performance.now() - run.hashesKept < SAVE_HASHES_MS) return;
  run.hashesKept = performance.now();
  await run.hashes.save();
}

/** Fills the queue in the order of the images, several of which are worked on at a time. */
async function produceAll(run: Run, queue: BoundedQueue<PreparedImage>): Promise<void> {
  const { ahead = Math.max(3, 2 + (run.options.threads ?? cuttingThreads())) } = run.options;
  const begun: Promise<PreparedImage | undefined>[] = [];
  const pushFirst = async () => {
    const prepared = await begun.shift();
    if (prepared) await queue.push(prepared, Math.max(1, prepared.patches.count));
  };
  try {
    for (const image of run.images) {
      run.signal.throwIfAborted();
      await keepHashes(run);
      const one = produce(run, image);
      one.catch(() => {}); // it is told when its turn comes
      begun.push(one);
      if (begun.length >= ahead) await pushFirst();
    }
    while (begun.length > 0) await pushFirst();
    queue.close();
  } catch (error) {
    queue.fail(error);
    throw error;
  } finally {
    // what has begun is of no interest after an abort; else nothing goes on behind the caller's back
    if (!run.signal.aborted) await Promise.allSettled(begun);
  }
}

/** Empties the queue: encodes what is in it and writes a batch whenever there is enough. */
async function encodeAll(run: Run, queue: BoundedQueue<PreparedImage>): Promise<void> {
  const { encoder, batch, onEvent } = run.options;
  const pending = new PendingBatch(batch);
  const write = async () => {
    onEvent?.({ type: "writing", images: pending.size });
    const { shard, images } = await run.writer.commit(pending.take());
    onEvent?.({ type: "written", shard, keys: images.map(([key]) => key) });
  };
  const room = () => pending.room;
  const onFailed = ({ image, key }: PreparedImage, error: Error) => fail(run, image, key, error);
  try {
    const encoded = encodePrepared(queue, encoder, { signal: run.signal, room, onFailed });
    for await (const group of encoded) {
      for (const rows of group) {
        pending.add(rows);
        run.progress.patches += rows.encoded;
        run.progress.copied += rows.boxes.length - rows.encoded;
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

/**
 * Runs producers and encoder side by side until all is done or one of them fails.
 *
 * @param run what is extracted, and what was found so far
 * @throws the signal's reason when aborted, otherwise what the first of the two that failed threw
 */
export async function runPipeline(run: Run): Promise<void> {
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
