/**
 * Opening features that are on disk, after making sure that none is missing.
 *
 * @module
 */
import type { Dataset, DatasetImage } from "../datasets/mod.ts";
import { ImageError } from "../images/mod.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import { checkSettings } from "../runtime/settings.ts";
import { FeatureCache } from "./cache.ts";
import { openHashIndex } from "./hashes.ts";
import { type FeatureKey, featureKey, type FeatureKeyParts } from "./key.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { OPTIONS_SCHEMA } from "./options.ts";
import { DEFAULT_MAX_BYTES, identifyImage } from "./prepare.ts";
import { createFeatureStore, type FeatureStore } from "./store.ts";

/**
 * Compares what came in with what is on disk, and opens it.
 *
 * @param cacheDir the directory of all caches
 * @param key which cache folder
 * @param images all that came in
 * @param keys the image key by image id; null where the file could not be read
 * @param unwritten entries of the ledger that could not be written
 * @returns the features, in the order of `images`
 * @throws Error when an image is neither in the cache nor in the ledger
 */
export async function openResult(
  cacheDir: string,
  key: FeatureKey,
  images: readonly DatasetImage[],
  keys: ReadonlyMap<string, string | null>,
  unwritten?: Ledger,
): Promise<FeatureStore> {
  const cache = await FeatureCache.open(cacheDir, key);
  const cached: { id: string; key: string }[] = [];
  const ledger: LedgerEntry[] = [];
  const missing: string[] = [];
  for (const { id, path } of images) {
    const key = keys.get(id) ?? null;
    const find = (ledger?: Ledger) =>
      key === null ? ledger?.byPath.get(path) : ledger?.byKey.get(key);
    const entry = find(unwritten) ?? find(cache.ledger);
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

/** Options of {@linkcode openFeatures}. */
export interface OpenFeaturesOptions extends Omit<FeatureKeyParts, "pixels"> {
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
 * @throws {RangeError} when an option is missing, unknown or out of range; those of an extraction are allowed
 * @throws Error when an image is neither in the cache nor in the ledger
 */
export async function openFeatures(options: OpenFeaturesOptions): Promise<FeatureStore> {
  checkSettings<unknown>(OPTIONS_SCHEMA, options, "Cannot open features");
  const { dataset, cacheDir, encoder, signal = operationSignal() } = options;
  const key = featureKey({ ...options, pixels: dataset.pixels });
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
