/**
 * The Complete Cover cc@k as published (paper §3.3, A.1 and Table 13; `cc_algo.py` of the authors).
 *
 * @module
 */

import type { Box, Cover, Fit } from "./cover.ts";
import { fittedSide, wholeBox } from "./geometry.ts";
import {
  requireFit,
  requireInteger,
  requireOptions,
  requirePatches,
  requireSize,
} from "./validate.ts";

/** Window and stride of one axis at one level, in px. */
interface Slide {
  length: number;
  window: number;
  stride: number;
}

/** How many windows a slide has: it goes on until a window reaches the end, where it is clamped. */
function countWindows({ length, window, stride }: Slide): number {
  return Math.ceil((length - window) / stride) + 1;
}

/** First pixels of a slide's windows, the last one clamped to the end of the axis. */
function windowStarts(slide: Slide): number[] {
  const last = slide.length - slide.window;
  return Array.from({ length: countWindows(slide) }, (_, i) => Math.min(i * slide.stride, last));
}

/**
 * The slide along one axis at the level whose windows are `cells` cells long.
 *
 * With the cell c = length / k the published stride is floor(window - (window - c) / c), which for a
 * window of m cells is exactly m * c - m + 1: neighbours overlap by m - 1 px, whatever c is.
 */
function slideAt(length: number, k: number, cells: number): Slide {
  const window = cells * (length / k);
  return { length, window, stride: window - cells + 1 };
}

/** The levels that cc@k keeps: of those with equally many patches only the last (smallest window). */
function keptSlides(width: number, height: number, k: number): { x: Slide; y: Slide }[] {
  const kept: { x: Slide; y: Slide; patches: number }[] = [];
  for (let cells = k; cells >= 1; cells--) {
    const x = slideAt(width, k, cells), y = slideAt(height, k, cells);
    const patches = countWindows(x) * countWindows(y);
    // Counts never fall from level to level, so an equal count can only be the previous one.
    if (kept.at(-1)?.patches === patches) kept.pop();
    kept.push({ x, y, patches });
    const total = kept.reduce((sum, level) => sum + level.patches, 0);
    requirePatches(`Cannot cover image ${width}x${height}`, total, `choose k below ${k}`);
  }
  return kept;
}

/** Boxes of one level, row-major. */
function slideBoxes({ x, y }: { x: Slide; y: Slide }): Box[] {
  const lefts = windowStarts(x);
  return windowStarts(y).flatMap((top) =>
    lefts.map((left) => ({ left, top, width: x.window, height: y.window }))
  );
}

/**
 * The published Complete Cover: sliding windows at the scales 1, (k-1)/k … 1/k of the image.
 *
 * Either fit rounds each side **up** to a multiple of k, as both published programs do: `pad` repeats
 * the edge at the right and at the bottom (`cc_algo.py` computes the same boxes but centres the image in
 * the padding, at most (k-1)/2 px away), `stretch` resizes (`feature_extractor.py`). Every size from
 * 1x1 up works. Patch counts are those of Table 13 unless a side is so short that a cell, ceil(side/k)
 * px, is only a few pixels long, where the overlap of k - 1 px and less makes more windows.
 *
 * It is *not* complete in the sense of the paper's property (5): see `coverage`, and
 * `verifiedCover` for one that is.
 *
 * @param width of the image in px
 * @param height of the image in px
 * @param k 1/c, the effective scale sensitivity: the smallest window is 1/k of the image's side
 * @param options `fit`: how the image comes to a multiple of k, default `pad`
 * @returns the cover, in px of the fitted image
 * @throws RangeError if a side or k is not a positive integer, an option is unknown, or there would be over
 *   100,000 patches
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { completeCover, coverBoxes } from "detailclip";
 * const cover = completeCover(640, 480, 10);
 * assert(coverBoxes(cover).length === 166);
 * assert(cover.levels.map((level) => level.length).join() === "1,4,9,16,36,100");
 * ```
 */
export function completeCover(
  width: number,
  height: number,
  k: number,
  options: { fit?: Fit } = {},
): Cover {
  requireOptions("Cannot cover image", options, ["fit"]);
  const { fit = "pad" } = options;
  requireSize("Cannot cover image", width, height);
  requireInteger("Cannot cover image", "k", k, 1);
  requireFit("Cannot cover image", fit);
  const size = { width: fittedSide(width, k), height: fittedSide(height, k) };
  requireSize("Cannot cover image fitted to", size.width, size.height);
  const levels = keptSlides(size.width, size.height, k).map(slideBoxes);
  levels[0] = [wholeBox(size.width, size.height)];
  return { ...size, fit, levels };
}
