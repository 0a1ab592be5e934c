/**
 * Arithmetic of boxes: fitted sizes, clipping, and the way back from a cover to the pixels of the image.
 *
 * @module
 */

import type { Box, Cover } from "./cover.ts";
import { requireSize } from "./validate.ts";

/** The least multiple of `k` that is not below `length` px: the side of a fitted image. */
export function fittedSide(length: number, k: number): number {
  return Math.ceil(length / k) * k;
}

/** The box of a whole image. */
export function wholeBox(width: number, height: number): Box {
  return { left: 0, top: 0, width, height };
}

/** The part of `box` inside an image of the given size, in px; its width or height may be 0. */
export function clipBox(box: Box, width: number, height: number): Box {
  const left = Math.min(Math.max(box.left, 0), width);
  const top = Math.min(Math.max(box.top, 0), height);
  const right = Math.min(Math.max(box.left + box.width, left), width);
  const bottom = Math.min(Math.max(box.top + box.height, top), height);
  return { left, top, width: right - left, height: bottom - top };
}

/**
 * Takes a box of a cover back to the pixels of the image it was made for.
 *
 * A padded cover is clipped to the image: a patch that holds nothing but padding (possible when a side
 * is below k * k px) comes back with width or height 0, at the image's edge. A stretched cover is
 * scaled, its edges rounded outwards to whole pixels, so that every pixel the patch saw is inside.
 *
 * @param cover the cover the box belongs to: says how the image was fitted
 * @param box in px of the fitted image
 * @param imageWidth width of the image in px
 * @param imageHeight height of the image in px
 * @returns the box in px of the image
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { completeCover } from "detailclip";
 * import { toImageBox } from "detailclip/covers";
 * const cover = completeCover(224, 224, 10); // padded to 230x230
 * assert(toImageBox(cover, cover.levels[0][0], 224, 224).width === 224);
 * ```
 */
export function toImageBox(cover: Cover, box: Box, imageWidth: number, imageHeight: number): Box {
  requireSize("Cannot map a box to an image of", imageWidth, imageHeight);
  if (cover.fit === "pad") return clipBox(box, imageWidth, imageHeight);
  const [left, right] = scaleSpan(box.left, box.width, imageWidth, cover.width);
  const [top, bottom] = scaleSpan(box.top, box.height, imageHeight, cover.height);
  return { left, top, width: right - left, height: bottom - top };
}

/** Scales the span [start, start + length) by to / from, rounding outwards. */
function scaleSpan(start: number, length: number, to: number, from: number): [number, number] {
  return [Math.floor(start * to / from), Math.min(Math.ceil((start + length) * to / from), to)];
}
