/**
 * Patch-grid (paper §6.1): the image cut into equal cells that do not overlap.
 *
 * @module
 */

import type { Cover, Fit } from "./cover.ts";
import { fittedSide, wholeBox } from "./geometry.ts";
import {
  requireFit,
  requireInteger,
  requireOptions,
  requirePatches,
  requireSize,
} from "./validate.ts";

/**
 * The whole image and, as a second level, n x n equal cells, row-major.
 *
 * Each side is rounded up to a multiple of n, by padding or stretching as in `completeCover`, so that
 * the last level of cc@k and grid@k are the same boxes. For n = 1 the only cell is the whole image,
 * which is not listed twice.
 *
 * @param width of the image in px
 * @param height of the image in px
 * @param n cells a side
 * @param options `fit`: how the image comes to a multiple of n, default `pad`
 * @returns the cover, in px of the fitted image
 * @throws RangeError if a side or n is not a positive integer, an option is unknown, or there would be over
 *   100,000 patches
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { coverBoxes, gridCover } from "detailclip";
 * assert(coverBoxes(gridCover(640, 480, 4)).length === 1 + 16);
 * ```
 */
export function gridCover(
  width: number,
  height: number,
  n: number,
  options: { fit?: Fit } = {},
): Cover {
  requireOptions("Cannot cut image", options, ["fit"]);
  const { fit = "pad" } = options;
  requireSize("Cannot cut image", width, height);
  requireInteger("Cannot cut image", "n", n, 1);
  requireFit("Cannot cut image", fit);
  requirePatches(`Cannot cut image ${width}x${height}`, n * n + 1, `choose n below ${n}`);
  const size = { width: fittedSide(width, n), height: fittedSide(height, n) };
  const cell = { width: size.width / n, height: size.height / n };
  const cells = Array.from({ length: n * n }, (_, i) => ({
    left: (i % n) * cell.width,
    top: Math.floor(i / n) * cell.height,
    ...cell,
  }));
  const whole = wholeBox(size.width, size.height);
  return { ...size, fit, levels: n === 1 ? [[whole]] : [[whole], cells] };
}
