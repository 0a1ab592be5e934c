/**
 * A cache folder: the features of any number of images under one key, filled by any number of
 * processes, whole after each of them was killed.
 *
 * @module
 */
import { join } from "node:path";
import {
  canonicalJson,
  isReadOnly,
  removeLeftovers,
  sha256,
  writeAtomic,
} from "../runtime/files.ts";
import { createJournal, type Journal } from "./journal.ts";
import { type FeatureKey, featureKeyName } from "./key.ts";
import { claimFolder } from "./key_file.ts";
import { addToLedger, type Ledger, type LedgerEntry, limitOf, readLedger } from "./ledger.ts";
import {
  checkShard,
  fileNames,
  newWriterName,
  readManifest,
  type Retraction,
  type ShardEntry,
  sweepFolder,
} from "./manifest.ts";
import { encodeShard, type ImageRows } from "./shard.ts";

/** Where the rows of an image are. */
export interface Location {
  /** The shard's entry in the manifest. */
  entry: ShardEntry;
  /** Its first row there. */
  first: number;
  /** Its number of rows (P). */
  count: number;
}

/** How thoroughly shards are checked when a cache is opened: by size only, or by their SHA-256. */
export type Verify = "size" | "checksum";

/** Options of `FeatureCache.open`. */
export interface OpenCacheOptions {
  /** How shards are checked (default `size`). */
  verify?: Verify;
  /** Stops the checking with its reason. */
  signal?: AbortSignal;
}

/** The complete features of a cache folder. */
export class FeatureCache {
  /** Where each image's rows are, by image key. */
  readonly locations = new Map<string, Location>();
  /** Shards that the manifest names and that are not whole on disk. */
  readonly broken: Retraction[] = [];

  private constructor(
    /** The cache folder. */
    readonly folder: string,
    /** What the features in it depend on. */
    readonly key: FeatureKey,
    /** Images that could not be encoded. */
    readonly ledger: Ledger,
  ) {}

  /**
   * Opens the folder of `key`, made when it does not exist, and reads its manifest.
   *
   * @param cacheDir the directory of all caches
   * @param key what the features depend on
   * @param options how to check shards
   * @throws Error when the folder belongs to another key, saying what to do about it
   */
  static async open(
    cacheDir: string,
    key: FeatureKey,
    { verify = "size", signal }: OpenCacheOptions = {},
  ): Promise<FeatureCache> {
    const folder = join(cacheDir, featureKeyName(key));
    await claimFolder(folder, key);
    const cache = new FeatureCache(folder, key, await readLedger(folder));
    for (const entry of (await readManifest(folder)).shards) {
      signal?.throwIfAborted(); // a large cache takes minutes to read
      const reason = await checkShard(folder, entry, verify);
      if (reason) cache.broken.push({ retract: entry.shard, reason });
      else cache.register(entry);
    }
    return cache;
  }

  /** Makes a complete shard's images known; an image that is known already stays where it is. */
  register(entry: ShardEntry): void {
    for (const [key, first, count] of entry.images) {
      if (!this.locations.has(key)) this.locations.set(key, { entry, first, count });
    }
  }

  /** Removes what killed processes left behind. */
  async sweep(): Promise<string[]> {
    const removed = await sweepFolder(this.folder);
    return [...removed, ...await removeLeftovers(this.folder)];
  }
}

/** Features are to be written where nothing can be: that spoils all images alike. */
export class ReadOnlyCacheError extends Error {
  /** The name by which it is told from other errors. */
  override name = "ReadOnlyCacheError";
}

/** Writes shards and ledger lines to a cache on behalf of this process. */
export class CacheWriter {
  readonly #name = newWriterName();
  #manifest: Promise<Journal> | undefined;
  #ledger: Promise<Journal> | undefined;
  #shards = 0;
  #closed = false;
  /** Whether what was noted could not be written. */
  readOnly = false;

  /**
   * @param cache the cache to write to; what is written becomes known to it
   */
  constructor(readonly cache: FeatureCache) {}

  /** The manifest exists and is locked before the first shard, so that no one takes that for litter. */
  #openManifest(): Promise<Journal> {
    return this.#manifest ??= createJournal(
      join(this.cache.folder, fileNames.manifest(this.#name)),
    );
  }

  /**
   * Makes ready to write, before work is done that would be lost otherwise.
   *
   * @throws {ReadOnlyCacheError} when nothing can be written to the cache
   */
  async open(): Promise<void> {
    try {
      await this.#openManifest();
    } catch (error) {
      if (!isReadOnly(error)) throw error;
      throw new ReadOnlyCacheError(
        `Cannot write features to ${this.cache.folder}, and some are missing there: ` +
          (error as Error).message,
        { cause: error },
      );
    }
  }

  /** Strikes broken shards from the manifest and deletes their files. */
  async retract(broken: readonly Retraction[]): Promise<void> {
    if (broken.length > 0) await this.open();
    for (const entry of broken) {
      await (await this.#openManifest()).append(entry);
      await Deno.remove(join(this.cache.folder, entry.retract)).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
  }

  /**
   * Writes one shard. When this returns, its images are in the cache for good; when the process is
   * killed before, none of them is.
   */
  async commit(images: readonly ImageRows[]): Promise<ShardEntry> {
    const manifest = await this.#openManifest();
    const shard = fileNames.shard(this.#name, this.#shards++);
    const { key, folder } = this.cache;
    const bytes = encodeShard(images, key.encoder.dim, { detailclip: canonicalJson(key) });
    await writeAtomic(join(folder, shard), bytes);
    let first = 0;
    const located = images.map(({ key, boxes }): ShardEntry["images"][number] => {
      first += boxes.length;
      return [key, first - boxes.length, boxes.length];
    });
    const entry = {
      shard,
      bytes: bytes.length,
      sha256: sha256(bytes),
      rows: first,
      images: located,
    };
    await manifest.append(entry);
    this.cache.register(entry);
    return entry;
  }

  /** Notes an image that could not be encoded, unless the ledger says the same already. */
  async note(entry: LedgerEntry): Promise<void> {
    const { byKey, byPath } = this.cache.ledger;
    const known = entry.key === null ? byPath.get(entry.path) : byKey.get(entry.key);
    const same = known?.reason === entry.reason && known.path === entry.path &&
      known.conditions === entry.conditions && known.cause === entry.cause;
    if (same && limitOf(known) === limitOf(entry)) return;
    // An image in work when the run failed: the ledger it would open now would stay open and locked.
    if (this.#closed) throw new Error(`Cannot note ${entry.image}: the cache is closed`);
    addToLedger(this.cache.ledger, entry); // before waiting: two may note the same image at once
    // A line that a crash loses costs another try: not each of 100,000 has to wait for the disk.
    this.#ledger ??= createJournal(join(this.cache.folder, fileNames.ledger(this.#name)), {
      flush: false,
    });
    try {
      await (await this.#ledger).append(entry);
    } catch (error) {
      if (!isReadOnly(error)) throw error; // what cannot be written is known in this run alone
      this.#ledger = undefined;
      this.readOnly = true;
    }
  }

  /** Closes the files, and so tells other processes that this writer is done. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const journal of [this.#manifest, this.#ledger]) {
      (await journal?.catch(() => undefined))?.close(); // one that could not be opened was an error before
    }
  }
}
