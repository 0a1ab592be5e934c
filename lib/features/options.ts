/**
 * What extraction is told, and what it tells.
 *
 * @module
 */
import type { CoverSpec } from "../covers/mod.ts";
import type { Dataset } from "../datasets/mod.ts";
import type { Encoder } from "../encoders/mod.ts";
import type { CutMethod } from "../images/mod.ts";
import type { BatchLimits } from "./batch.ts";
import type { Verify } from "./cache.ts";
import type { FeatureStore } from "./store.ts";

/** How far an extraction is. */
export interface ExtractProgress {
  /** Images to do. */
  total: number;
  /** Images done: `cached + encoded + failed`. */
  done: number;
  /** Images that were in the cache, or are copies of one done in this run. */
  cached: number;
  /** Images whose features were made in this run. */
  encoded: number;
  /** Images that could not be encoded: they are in the ledger. */
  failed: number;
  /** Patches encoded in this run. */
  patches: number;
  /** Patches of these images that were copied instead (see `reuse`). */
  copied: number;
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
  /**
   * Features of the same images on other covers: a patch that one of them has, made by the same encoder in
   * the same way, is copied bit for bit instead of encoded, and an image of which all patches are there
   * is not even decoded. Stores of other encoders, and images that a store lacks, do no harm. Where only
   * some patches are copied, the others are encoded in a call of another size than without `reuse`: with
   * an encoder whose rounding depends on it, their last digits may differ.
   */
  reuse?: readonly FeatureStore[];
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
