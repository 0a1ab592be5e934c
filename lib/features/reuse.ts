/**
 * Patches that features of another cover hold already: found by what they show, to be copied.
 *
 * @module
 */
import type { Box } from "../covers/cover.ts";
import { type Cover, coverBoxes, makeCover } from "../covers/mod.ts";
import { DEFAULT_MAX_PIXELS } from "../images/mod.ts";
import { type FeatureKey, keyIdentity } from "./key.ts";
import type { FeatureStore, ImageFeatures } from "./store.ts";

/** What is known of an image from features of other covers. */
export interface KnownPatches {
  /** Width of the image in px, as it was decoded. */
  width: number;
  /** Height of the image in px. */
  height: number;
  /** Features of a patch by its name (see `patchName`); views on a shard. */
  features: Map<string, Float32Array>;
}

/**
 * Finds what is known of an image by the SHA-256 of its file. Once `enough` is known no further store is
 * asked: each that is keeps shards in memory.
 */
export type FindPatches = (
  contentHash: string,
  enough?: (known: KnownPatches) => boolean,
) => KnownPatches | undefined;

/** All that features depend on, but not how the image was cut into boxes. */
function patchIdentity({ cover: _, ...rest }: FeatureKey): string {
  return keyIdentity(rest);
}

/**
 * A name that patches of one image share only when they show the same pixels. Padding repeats the edge, so
 * that a box shows the same however wide the padding is; a stretched image is another image.
 */
function patchName(
  { fit, ...cover }: Cover,
  box: Box,
  width: number,
  height: number,
): string {
  const place = `${box.left} ${box.top} ${box.width} ${box.height}`;
  const stretched = fit === "stretch" && (cover.width !== width || cover.height !== height);
  return stretched ? `${place} of ${cover.width} ${cover.height}` : place;
}

/** The names of an image's patches; undefined where its rows are not those of its cover. */
function storedNames({ key }: FeatureStore, { boxes }: ImageFeatures): string[] | undefined {
  const { width, height } = boxes[0];
  // The image may have had other objects then; their patches lie where the rows say, without padding.
  if (key.cover.scheme === "objects") {
    const cover: Cover = { width, height, fit: "pad", levels: [boxes] };
    return boxes.map((box) => patchName(cover, box, width, height));
  }
  const cover = makeCover(key.cover, { width, height });
  const made = coverBoxes(cover);
  if (made.length !== boxes.length) return undefined;
  return made.map((box) => patchName(cover, box, width, height));
}

/**
 * Prepares the copying of patches out of features that exist.
 *
 * A store is used when it differs from what is wanted in nothing but the cover. Patches cut by the method
 * `pyramid` depend on their whole level, so that they are never copied. A store that turns out to be
 * damaged is not asked again: its patches are encoded, as if there were none.
 *
 * @param stores features to copy from; of stores that hold the same patch the first counts
 * @param key what is wanted
 * @param maxPixels limit on an image's pixels; larger ones are not known
 */
export function findPatches(
  stores: readonly FeatureStore[],
  key: FeatureKey,
  maxPixels: number = DEFAULT_MAX_PIXELS,
): FindPatches {
  const wanted = patchIdentity(key);
  const usable = new Set(
    key.method === "exact" ? stores.filter((store) => patchIdentity(store.key) === wanted) : [],
  );
  return (contentHash, enough) => {
    let known: KnownPatches | undefined;
    for (const store of usable) {
      if (known && enough?.(known)) break;
      try {
        const image = store.byContent(contentHash);
        const names = image && storedNames(store, image);
        if (!image || !names) continue;
        const { width, height } = image.boxes[0]; // the whole image, whatever a data set says of it
        if (width * height > maxPixels) return undefined;
        known ??= { width, height, features: new Map() };
        for (const [row, name] of names.entries()) {
          if (known.features.has(name)) continue;
          const start = row * store.dim;
          known.features.set(name, image.features.subarray(start, start + store.dim));
        }
      } catch {
        usable.delete(store);
      }
    }
    return known;
  };
}

/** The features of a cover as far as they are known. */
export interface CopiedPatches {
  /** The rows that are known, in their places; the others are 0: (P, D). */
  features: Float32Array;
  /** The patches that are not known, in order. */
  missing: number[];
}

/** Whether every patch of a cover is known. */
export function hasAllPatches({ features, width, height }: KnownPatches, cover: Cover): boolean {
  return coverBoxes(cover).every((box) => features.has(patchName(cover, box, width, height)));
}

/** Copies what is known of a cover's patches. */
export function copyPatches(
  { features, width, height }: KnownPatches,
  cover: Cover,
  dim: number,
): CopiedPatches {
  const boxes = coverBoxes(cover);
  const rows = new Float32Array(boxes.length * dim); // (P, D)
  const missing: number[] = [];
  for (const [patch, box] of boxes.entries()) {
    const row = features.get(patchName(cover, box, width, height));
    if (row) rows.set(row, patch * dim);
    else missing.push(patch);
  }
  return { features: rows, missing };
}
