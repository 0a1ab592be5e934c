/**
 * Reading features back: by image, or image after image in the order in which they lie on disk.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Box } from "../covers/cover.ts";
import { canonicalJson, sha256 } from "../runtime/files.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import type { FeatureCache, Location } from "./cache.ts";
import { contentOf, type FeatureKey, keyIdentity } from "./key.ts";
import type { LedgerEntry } from "./ledger.ts";
import type { ShardEntry } from "./manifest.ts";
import { decodeShard, type ShardColumns, sliceRows } from "./shard.ts";

/** The features of one image. */
export interface ImageFeatures {
  /** The image's id in its data set. */
  imageId: string;
  /** Unit rows, one a patch; patch 0 is the whole image. A view on the shard: (P, D), row-major. */
  features: Float32Array;
  /** Where each patch lies, in px of the image: P boxes. */
  boxes: Box[];
  /** The cover's level of each patch: (P). */
  levels: Uint8Array;
}

/** The features of a data set, on disk. */
export interface FeatureStore {
  /** Number of values a feature has (D). */
  readonly dim: number;
  /** Ids of the images with features, in the data set's order. */
  readonly imageIds: string[];
  /** The images of the data set that could not be encoded, and why. */
  readonly ledger: LedgerEntry[];
  /** Number of patches of all images. */
  readonly patches: number;
  /** What the features depend on. */
  readonly key: FeatureKey;
  /** Where they are. */
  readonly folder: string;
  /**
   * A SHA-256 of what the features were made from, known without reading them: the key (but not
   * the encoder's name), and the id and the content hash of every image, in order.
   */
  fingerprint(): string;
  /** Whether there are features of the image. */
  has(imageId: string): boolean;
  /** How many patches the image has (P), known without reading a shard. */
  patchCount(imageId: string): number;
  /** The ids of the images shard by shard, in the order of `images()`, known without reading one. */
  shards(): string[][];
  /**
   * The features of one image.
   *
   * @throws Error when there are none, or when the shard on disk is damaged
   */
  get(imageId: string): ImageFeatures;
  /**
   * The features of an image by the SHA-256 of its file, whatever its id; undefined where there are none.
   *
   * @throws Error when the shard on disk is damaged
   */
  byContent(contentHash: string): ImageFeatures | undefined;
  /**
   * All images, shard by shard: one shard is in memory at a time, whatever the size of the data set.
   *
   * @param options `signal` ends the iteration with its reason; by default an interrupt does
   */
  images(options?: { signal?: AbortSignal }): AsyncGenerator<ImageFeatures>;
}

/** What a store is made from. */
export interface FeatureStoreParts {
  /** The cache with the rows. */
  cache: FeatureCache;
  /** Each image's id and key in the cache, in the data set's order. */
  images: readonly { id: string; key: string }[];
  /** The images that could not be encoded. */
  ledger: LedgerEntry[];
  /** Shards kept in memory for `get`: at most this many bytes (256 MiB unless told). */
  memory?: number;
}

/** Shards read lately, the last used last. */
class ShardShelf {
  readonly #shards = new Map<string, { columns: ShardColumns; bytes: number }>();
  readonly #checked = new Set<string>();
  #bytes = 0;

  constructor(readonly folder: string, readonly limit: number) {}

  /** Checks a shard's bytes, the first time this process sees them, and finds its columns. */
  decode(entry: ShardEntry, bytes: Uint8Array): ShardColumns {
    if (!this.#checked.has(entry.shard) && sha256(bytes) !== entry.sha256) {
      throw new Error(
        `Cannot read features: ${join(this.folder, entry.shard)} does not have its recorded ` +
          `SHA-256; extracting the data set again rebuilds it`,
      );
    }
    this.#checked.add(entry.shard);
    return decodeShard(bytes);
  }

  /** The columns of a shard, read now or lately. */
  take(entry: ShardEntry): ShardColumns {
    let kept = this.#shards.get(entry.shard);
    if (kept) this.#shards.delete(entry.shard);
    else {
      const columns = this.decode(entry, readFileSync(join(this.folder, entry.shard)));
      kept = { columns, bytes: entry.bytes };
      this.#bytes += entry.bytes;
    }
    this.#shards.set(entry.shard, kept);
    for (const [name, { bytes }] of this.#shards) {
      if (this.#bytes <= this.limit || name === entry.shard) break;
      this.#shards.delete(name);
      this.#bytes -= bytes;
    }
    return kept.columns;
  }
}

/**
 * Makes a store of the images of a data set that are in a cache.
 *
 * @param parts the cache, the images and the ledger
 * @throws Error when an image is not in the cache
 */
export function createFeatureStore(parts: FeatureStoreParts): FeatureStore {
  const { cache, ledger, memory = 256 * 2 ** 20 } = parts;
  const locations = new Map<string, Location>();
  for (const { id, key } of parts.images) {
    const location = cache.locations.get(key);
    if (!location) throw new Error(`Cannot open features: image "${id}" is not in ${cache.folder}`);
    locations.set(id, location);
  }
  const locate = (imageId: string): Location => {
    const location = locations.get(imageId);
    if (location) return location;
    const entry = ledger.find((entry) => entry.image === imageId);
    throw new Error(
      `Cannot get features of image "${imageId}": ` +
        (entry ? `it could not be encoded: ${entry.reason}` : "the data set has no such image"),
    );
  };
  const ids = new Map(parts.images.map(({ id, key }) => [contentOf(key), id]));
  const shelf = new ShardShelf(cache.folder, memory);
  const slice = (columns: ShardColumns, imageId: string, { first, count }: Location) => ({
    imageId,
    ...sliceRows(columns, first, count),
  });
  const get = (imageId: string): ImageFeatures => {
    const location = locate(imageId);
    return slice(shelf.take(location.entry), imageId, location);
  };
  return {
    dim: cache.key.encoder.dim,
    imageIds: [...locations.keys()],
    ledger,
    patches: [...locations.values()].reduce((sum, { count }) => sum + count, 0),
    key: cache.key,
    folder: cache.folder,
    fingerprint: () =>
      sha256(canonicalJson([keyIdentity(cache.key), parts.images.map(({ id, key }) => [id, key])])),
    has: (imageId) => locations.has(imageId),
    patchCount: (imageId) => locate(imageId).count,
    shards: () => groupByShard(locations).map(([, members]) => members.map(([id]) => id)),
    get,
    byContent(contentHash) {
      const id = ids.get(contentHash);
      return id === undefined ? undefined : get(id);
    },
    async *images({ signal = operationSignal() } = {}) {
      for (const [entry, members] of groupByShard(locations)) {
        signal.throwIfAborted();
        const columns = shelf.decode(entry, await readFile(join(cache.folder, entry.shard)));
        for (const [imageId, location] of members) {
          signal.throwIfAborted();
          yield slice(columns, imageId, location);
        }
      }
    },
  };
}

/** Images by shard, in the order of shards and, within one, of rows. */
function groupByShard(locations: Map<string, Location>): [ShardEntry, [string, Location][]][] {
  const groups = new Map<ShardEntry, [string, Location][]>();
  for (const item of locations) {
    const group = groups.get(item[1].entry);
    if (group) group.push(item);
    else groups.set(item[1].entry, [item]);
  }
  for (const group of groups.values()) group.sort((a, b) => a[1].first - b[1].first);
  return [...groups].sort(([a], [b]) => (a.shard < b.shard ? -1 : 1));
}

/**
 * A SHA-256 over everything in a store that retrieval sees: for each image, in the order of ids, its
 * features bit for bit, its boxes and its levels. How the images lie in shards does not matter.
 *
 * @param store the store
 * @param options `signal` ends the reading with its reason
 * @returns lower-case hexadecimal
 */
export async function digestFeatures(
  store: FeatureStore,
  options: { signal?: AbortSignal } = {},
): Promise<string> {
  const images: [id: string, digest: string][] = [];
  for await (const { imageId, features, boxes, levels } of store.images(options)) {
    const hash = createHash("sha256");
    hash.update(new Uint8Array(features.buffer, features.byteOffset, features.byteLength));
    hash.update(levels).update(canonicalJson(boxes));
    images.push([imageId, hash.digest("hex")]);
  }
  images.sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(canonicalJson([store.dim, images]));
}
