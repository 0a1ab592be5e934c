/**
 * Patch-obj (paper §6.1): patches cut by the annotated boxes, the upper bound of retrieval.
 *
 * @module
 */

import type { Box, Cover } from "./cover.ts";
import { clipBox, wholeBox } from "./geometry.ts";
import { requireSize } from "./validate.ts";

/** Whole pixels that hold an annotated box, inside the image and at least 1 px a side. */
function annotatedBox(box: Box, index: number, width: number, height: number): Box {
  const attempt = `Cannot cut object ${index} of image ${width}x${height}`;
  const text = `[${box.left}, ${box.top}, ${box.width}, ${box.height}]`;
  const right = box.left + box.width, bottom = box.top + box.height;
  if (![box.left, box.top, right, bottom].every(Number.isFinite)) {
    throw new RangeError(`${attempt}: its box ${text} is not made of finite numbers`);
  }
  if (box.width < 0 || box.height < 0) {
    throw new RangeError(`${attempt}: its box ${text} has a negative side`);
  }
  if (box.left > width || box.top > height || right < 0 || bottom < 0) {
    throw new RangeError(`${attempt}: its box ${text} lies outside the image`);
  }
  // Outwards to whole pixels (COCO boxes are fractional), and back by one where nothing is left.
  const left = Math.min(Math.max(Math.floor(box.left), 0), width - 1);
  const top = Math.min(Math.max(Math.floor(box.top), 0), height - 1);
  return clipBox(
    {
      left,
      top,
      width: Math.max(Math.ceil(right) - left, 1),
      height: Math.max(Math.ceil(bottom) - top, 1),
    },
    width,
    height,
  );
}

/**
 * The whole image and, as a second level, one patch an annotated box, **in the order of the boxes**
 * (patch i + 1 is object i), so that annotations and patches stay aligned.
 *
 * Fractional boxes are rounded outwards to whole pixels and clipped to the image. A degenerate box (zero
 * width or height) in or at the edge of the image is enlarged to 1 px. A box that is not finite, has a
 * negative side or lies outside the image is refused: the data set room counts and drops such boxes.
 *
 * @param width of the image in px
 * @param height of the image in px
 * @param boxes annotated boxes in px of the image; may be empty
 * @returns the cover; its fitted size is the image's own
 * @throws RangeError if a side is not a positive integer or a box is refused (its index is named)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { objectCover } from "detailclip";
 * const cover = objectCover(100, 80, [{ left: 90.5, top: 10, width: 20, height: 0 }]);
 * const { left, width, height } = cover.levels[1][0];
 * assert(left === 90 && width === 10 && height === 1);
 * ```
 */
export function objectCover(width: number, height: number, boxes: readonly Box[]): Cover {
  requireSize("Cannot cut the objects of image", width, height);
  const levels = [[wholeBox(width, height)]];
  if (boxes.length > 0) levels.push(boxes.map((box, i) => annotatedBox(box, i, width, height)));
  return { width, height, fit: "pad", levels };
}
