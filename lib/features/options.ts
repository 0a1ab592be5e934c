/**
 * What extraction is told, and what it tells.
 *
 * @module
 */
import { z } from "zod";
import type { CoverSpec } from "../covers/mod.ts";
import { COVER_SCHEMA } from "../covers/spec.ts";
import type { Dataset } from "../datasets/mod.ts";
import type { Encoder } from "../encoders/mod.ts";
import type { CutMethod } from "../images/mod.ts";
import {
  COUNT,
  FLAG,
  integer,
  listOf,
  number,
  oneOf,
  settings,
  TEXT,
} from "../runtime/settings.ts";
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
  /**
   * Called at the end with each line about what was done to the pixels of images of this run, such as bands that were
   * left out; written as a notice unless told.
   */
  onNote?: (line: string) => void;
  /**
   * Pixels above which an image goes to the ledger (the limit of `decodeImage` unless told). One that is there
   * because of a smaller limit is tried again; one whose features are there already keeps them.
   */
  maxPixels?: number;
  /** Size of a file (bytes) above which it goes to the ledger (default 512 MiB); as with `maxPixels`. */
  maxBytes?: number;
  /** Try again all images that are in the ledger already (default no). */
  retry?: boolean;
  /**
   * How shards in the cache are checked before they are trusted (default `checksum`: read whole, about
   * a second a gigabyte). Those that fail are computed again.
   */
  verify?: Verify;
  /** When encoded images are written; a kill loses at most one such batch. */
  batch?: BatchLimits;
  /** Images decoded and cut at the same time, ahead of the encoder (default: two more than there are threads, at least 3). */
  ahead?: number;
  /**
   * Threads that decode and cut, started as there are images enough (default: one a core, at most 16), each of 30 to 60
   * MiB; with 0 the caller's own does. No feature depends on it.
   */
  threads?: number;
}

/** An object with a life of its own, known by some of its members and not looked into. */
function object<T>(what: string, isOne: (value: Partial<T>) => boolean): z.ZodType<T> {
  const holds = (value: unknown) => typeof value === "object" && value !== null && isOne(value);
  return z.custom<T>(holds, { error: `must be ${what}` });
}

/** A function, whatever it takes. */
function callback<T>(): z.ZodType<T> {
  return z.custom<T>((value) => typeof value === "function", { error: "must be a function" });
}

/** What {@linkcode ExtractOptions} may say. */
export const OPTIONS_SCHEMA: z.ZodType<ExtractOptions> = settings<ExtractOptions>({
  dataset: object<Dataset>("a data set", ({ images }) => Array.isArray(images)),
  cover: COVER_SCHEMA,
  encoder: object<Encoder>(
    "an encoder",
    ({ fingerprint, preprocessing }) =>
      typeof fingerprint === "string" && typeof preprocessing === "object",
  ),
  cacheDir: TEXT,
  method: oneOf<CutMethod>("exact", "pyramid").optional(),
  shard: settings<NonNullable<ExtractOptions["shard"]>>({
    index: integer("an integer from 0 on", 0),
    count: COUNT,
  }).optional(),
  reuse: listOf(
    object<FeatureStore>("a feature store", ({ byContent }) => typeof byContent === "function"),
  ).optional(),
  signal: object<AbortSignal>("an AbortSignal", (value) => value instanceof AbortSignal).optional(),
  onProgress: callback<ExtractOptions["onProgress"]>().optional(),
  onEvent: callback<ExtractOptions["onEvent"]>().optional(),
  onNote: callback<ExtractOptions["onNote"]>().optional(),
  maxPixels: COUNT.optional(),
  maxBytes: COUNT.optional(),
  retry: FLAG.optional(),
  verify: oneOf<Verify>("checksum", "size").optional(),
  batch: settings<BatchLimits>({
    images: COUNT.optional(),
    bytes: COUNT.optional(),
    seconds: number("a number from 0 on", (value) => value >= 0).optional(),
  }).optional(),
  ahead: COUNT.optional(),
  threads: integer("an integer from 0 on", 0).optional(),
});
