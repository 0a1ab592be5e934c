/**
 * What a cached feature depends on, and the names that follow from it.
 *
 * @module
 */
import { basename } from "node:path";
import type { Box } from "../covers/cover.ts";
import { coverName, type CoverSpec } from "../covers/mod.ts";
import type { Encoder } from "../encoders/mod.ts";
import { changedPixels, type CutMethod, type PixelConfig } from "../images/mod.ts";
import { canonicalJson, sha256 } from "../runtime/files.ts";

/**
 * Raise this when covers, images or encoders change in a way that changes features of the same image:
 * caches made before are then not used any more.
 */
export const FEATURE_VERSION = 2;

/** Everything but the image itself that a feature depends on; a cache folder holds one of these. */
export interface FeatureKey {
  /** Version of the code that makes features (`FEATURE_VERSION`). */
  version: number;
  /** How images are cut, with nothing left to defaults. */
  cover: CoverSpec;
  /** The encoder's name (for people) and SHA-256 over its weights and configuration. */
  encoder: { id: string; fingerprint: string; dtype: string; dim: number; device?: string };
  /** How a patch becomes the encoder's input. */
  preprocessing: { mode: string; size: number; filter?: string };
  /** How patches are cut out of the image. */
  method: CutMethod;
  /** How pixels become RGB, where that is not the default. */
  pixels?: PixelConfig;
}

/** The parts from which a key is made. */
export interface FeatureKeyParts {
  /** How images are cut. */
  cover: CoverSpec;
  /** What encodes the patches. */
  encoder: Pick<Encoder, "id" | "fingerprint" | "dtype" | "dim" | "device" | "preprocessing">;
  /** How patches are cut out of the image; `exact` unless told. */
  method?: CutMethod;
  /** How pixels become RGB: that of the data set. */
  pixels?: PixelConfig;
}

/**
 * Makes the key under which features are cached.
 *
 * @param parts cover, encoder, cut method, and how pixels become RGB
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { featureKey, featureKeyName } from "detailclip/features";
 * const encoder = {
 *   id: "tiny-clip", fingerprint: "00ff", dtype: "fp32", dim: 256,
 *   preprocessing: { mode: "clip", size: 64 },
 * } as const;
 * const key = featureKey({ cover: { scheme: "complete", k: 10 }, encoder });
 * assert(featureKeyName(key).startsWith("cc@10-tiny-clip-fp32-clip64-exact-"));
 * ```
 */
export function featureKey(
  { cover, encoder, method = "exact", pixels = {} }: FeatureKeyParts,
): FeatureKey {
  const changed = changedPixels(pixels);
  const fitted = cover.scheme === "complete" || cover.scheme === "grid";
  const { id, fingerprint, dtype, dim, device, preprocessing: { mode, size, filter } } = encoder;
  return {
    version: FEATURE_VERSION,
    cover: fitted ? { ...cover, fit: cover.fit ?? "pad" } : cover,
    encoder: { id, fingerprint, dtype, dim, ...(device && { device }) },
    preprocessing: { mode, size, ...(filter && { filter }) },
    method,
    ...(changed && { pixels: changed }),
  };
}

/**
 * What is equal for keys of the same features: all of a key but the encoder's name, since a folder of weights
 * that moves stays the same encoder.
 *
 * @param key what the features depend on, or part of it
 * @returns canonical JSON
 */
export function keyIdentity(key: Partial<FeatureKey> & Pick<FeatureKey, "encoder">): string {
  const { id: _, ...encoder } = key.encoder;
  return canonicalJson({ ...key, encoder });
}

/**
 * Name of a key's folder: readable, and unique through the first digits of the key's hash.
 *
 * @param key what the features depend on
 */
export function featureKeyName(key: FeatureKey): string {
  const { encoder, preprocessing, method } = key;
  const hash = sha256(keyIdentity(key)).slice(0, 10);
  const parts = [
    coverName(key.cover),
    basename(encoder.id),
    encoder.dtype,
    ...(encoder.device ? [encoder.device] : []),
    `${preprocessing.mode}${preprocessing.size}`,
    method,
    hash,
  ];
  return parts.join("-").replace(/[^\w@.+-]+/g, "_");
}

/**
 * The name of an image in the cache: SHA-256 of its file's bytes, so that a renamed or copied file is
 * the same image. Where the boxes are given from outside (object covers) they are part of the name.
 *
 * @param contentHash SHA-256 of the file's bytes
 * @param spec the cover
 * @param objects boxes of the image's objects, used by the scheme `objects` only
 */
export function imageKey(contentHash: string, spec: CoverSpec, objects: readonly Box[]): string {
  if (spec.scheme !== "objects") return contentHash;
  const sides = objects.map(({ left, top, width, height }) => [left, top, width, height]);
  return `${contentHash}.${sha256(canonicalJson(sides)).slice(0, 16)}`;
}

/** The SHA-256 of the file's bytes in a key that `imageKey` made. */
export function contentOf(key: string): string {
  return key.split(".", 1)[0];
}
