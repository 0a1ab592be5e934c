/**
 * Covers by name: a plain-data description of a cover, so that an experiment or a cache key can hold it.
 *
 * @module
 */

import type { z } from "zod";
import { checkSettings, COUNT, integer, kindsOf, number, oneOf } from "../runtime/settings.ts";
import { completeCover } from "./complete.ts";
import type { Box, Cover, Fit } from "./cover.ts";
import { wholeBox } from "./geometry.ts";
import { gridCover } from "./grid.ts";
import { objectCover } from "./objects.ts";
import { requireSize } from "./validate.ts";
import { verifiedCover } from "./verified.ts";

/**
 * Which cover to make of an image: the whole image alone, the published Complete Cover, a grid, a cover
 * complete by construction, or the annotated boxes.
 */
export type CoverSpec =
  | { scheme: "full" }
  | { scheme: "complete"; k: number; fit?: Fit }
  | { scheme: "grid"; n: number; fit?: Fit }
  | {
    scheme: "verified";
    k: number;
    minSide: number;
    maxAspect?: number;
    objectAspect?: number;
  }
  | { scheme: "objects" };

const FIT = oneOf<Fit>("pad", "stretch").optional();
const ASPECT = number("a number of at least 1", (value) => value >= 1).optional();
const FRACTION = number(
  "a fraction of the shorter side in (0, 1]",
  (value) => value > 0 && value <= 1,
);

/** What a {@linkcode CoverSpec} may say. */
export const COVER_SCHEMA: z.ZodType<CoverSpec> = kindsOf<CoverSpec, "scheme">("scheme", {
  full: {},
  complete: { k: COUNT, fit: FIT },
  grid: { n: COUNT, fit: FIT },
  verified: {
    k: integer("an integer of at least 2", 2),
    minSide: FRACTION,
    maxAspect: ASPECT,
    objectAspect: ASPECT,
  },
  objects: {},
});

/** What a cover is made of: the image's size in px and, for the scheme `objects`, its boxes. */
export interface CoverImage {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Annotated boxes in px of the image; an empty list is an image without objects. */
  objects?: readonly Box[];
}

/**
 * Makes the cover that a spec describes for one image.
 *
 * @param spec which cover
 * @param image size in px and, for `objects`, the annotated boxes
 * @returns the cover; patch 0 is the whole image
 * @throws RangeError if the scheme or a key of it is unknown, a value of it or of the image is out of range,
 *   or the scheme is `objects` and the image has no list of objects
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { coverBoxes, makeCover } from "detailclip";
 * const cover = makeCover({ scheme: "complete", k: 5 }, { width: 320, height: 240 });
 * assert(coverBoxes(cover).length === 39);
 * ```
 */
export function makeCover(spec: CoverSpec, image: CoverImage): Cover {
  checkSettings(COVER_SCHEMA, spec, "Cannot cover image");
  if (!image) throw new RangeError(`Cannot cover image: image must be an object, got ${image}`);
  const { width, height, objects } = image;
  switch (spec.scheme) {
    case "full":
      requireSize("Cannot cover image", width, height);
      return { width, height, fit: "pad", levels: [[wholeBox(width, height)]] };
    case "complete":
      return completeCover(width, height, spec.k, { fit: spec.fit });
    case "grid":
      return gridCover(width, height, spec.n, { fit: spec.fit });
    case "verified": {
      const { scheme: _, ...options } = spec;
      return verifiedCover(width, height, options);
    }
    case "objects":
      if (objects) return objectCover(width, height, objects);
      throw new RangeError(
        `Cannot cover image ${width}x${height} by its objects: it has no list of objects`,
      );
  }
}

/**
 * The short name of a cover in tables and plots: `full`, `cc@10`, `grid@10`, `vc@10`, `objects`. It
 * leaves out `fit`, `minSide` and aspects, so it is no cache key: use the spec itself.
 *
 * @param spec which cover
 * @throws RangeError if the scheme or a key of it is unknown, or a value is missing or out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { coverName } from "detailclip";
 * assert(coverName({ scheme: "complete", k: 10 }) === "cc@10");
 * ```
 */
export function coverName(spec: CoverSpec): string {
  checkSettings(COVER_SCHEMA, spec, "Cannot name a cover");
  switch (spec.scheme) {
    case "full":
    case "objects":
      return spec.scheme;
    case "complete":
      return `cc@${spec.k}`;
    case "grid":
      return `grid@${spec.n}`;
    case "verified":
      return `vc@${spec.k}`;
  }
}

/**
 * The spec of a short name, for command lines. A verified cover needs its smallest object too, written
 * as a fraction of the shorter side: `vc@10:0.02`.
 *
 * @param name `full`, `objects`, `cc@K`, `grid@N` or `vc@K:MINSIDE`
 * @returns a spec whose other values are the defaults
 * @throws RangeError if it is none of these, or its number is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { coverName, parseCoverName } from "detailclip";
 * assert(coverName(parseCoverName("grid@4")) === "grid@4");
 * ```
 */
export function parseCoverName(name: string): CoverSpec {
  const attempt = `Cannot read cover name ${JSON.stringify(name)}`;
  const spec = readCoverName(name);
  if (!spec) {
    throw new RangeError(
      `${attempt}: write full, objects, cc@K, grid@N or vc@K:MINSIDE with MINSIDE in (0, 1], ` +
        `for example vc@10:0.02`,
    );
  }
  checkSettings(COVER_SCHEMA, spec, attempt);
  return spec;
}

/** What a name says, whether or not its numbers are in range; nothing where it is no name of a cover. */
function readCoverName(name: string): CoverSpec | undefined {
  if (name === "full" || name === "objects") return { scheme: name };
  const match = /^(cc|grid|vc)@([1-9]\d*)(?::(\d*\.?\d+))?$/.exec(name);
  const [, kind, count, fraction] = match ?? [];
  const k = Number(count), minSide = Number(fraction);
  if (kind === "cc" && !fraction) return { scheme: "complete", k };
  if (kind === "grid" && !fraction) return { scheme: "grid", n: k };
  if (kind === "vc" && minSide > 0 && minSide <= 1) return { scheme: "verified", k, minSide };
  return undefined;
}
