/**
 * How complete a cover is: the exact share of object positions that some patch covers (paper eq. 4, 5).
 *
 * @module
 */

import { type Box, type Cover, coverBoxes } from "./cover.ts";
import { requireInteger } from "./validate.ts";

/** Coverage of objects of one size at all their whole-pixel positions in the fitted image. */
export interface SizeCoverage {
  /** Side of the square object in px. */
  side: number;
  /** `side` over the shorter side of the fitted image. */
  relative: number;
  /** Positions at which an object of this size lies inside the fitted image. */
  positions: number;
  /** Positions at which at least one patch covers it. */
  covered: number;
  /** `covered / positions`. */
  fraction: number;
}

/** Size of an object in px. */
export interface ObjectSize {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
}

/** Positions of an object inside a patch: those with x in [x0, x1) and y in [y0, y1). */
interface Span {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

/** The positions each patch answers for; |P| > c^2 |Q| of eq. 4 is kept in integers. */
function answeredSpans(boxes: readonly Box[], k: number, object: ObjectSize): Span[] {
  const reach = object.width * object.height * k * k; // px^2: areas below it are answered for
  return boxes
    .filter((box) => box.width >= object.width && box.height >= object.height)
    .filter((box) => box.width * box.height < reach)
    .map((box) => ({
      x0: box.left,
      x1: box.left + box.width - object.width + 1,
      y0: box.top,
      y1: box.top + box.height - object.height + 1,
    }));
}

/** Sorted distinct numbers and the place of each. */
function ranked(values: number[]): { values: number[]; place: Map<number, number> } {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  return { values: distinct, place: new Map(distinct.map((value, i) => [value, i])) };
}

/**
 * Area of the union of rectangles. Only their edges matter, and the patches of a lattice share most
 * edges, so counting on the grid of distinct edges (a 2-D prefix sum of corners) is exact and small.
 */
function unionArea(spans: readonly Span[]): number {
  const xs = ranked(spans.flatMap(({ x0, x1 }) => [x0, x1]));
  const ys = ranked(spans.flatMap(({ y0, y1 }) => [y0, y1]));
  const columns = xs.values.length;
  const depth = new Int32Array(columns * ys.values.length); // (Y, X): patches over each grid cell
  for (const { x0, x1, y0, y1 } of spans) {
    const a = xs.place.get(x0)!, b = xs.place.get(x1)!;
    const c = ys.place.get(y0)! * columns, d = ys.place.get(y1)! * columns;
    depth[c + a]++;
    depth[c + b]--;
    depth[d + a]--;
    depth[d + b]++;
  }
  let area = 0;
  for (let y = 0; y + 1 < ys.values.length; y++) {
    const height = ys.values[y + 1] - ys.values[y];
    for (let x = 0, row = 0; x + 1 < columns; x++) {
      const i = y * columns + x;
      row += depth[i];
      depth[i] = row + (y > 0 ? depth[i - columns] : 0);
      if (depth[i] > 0) area += height * (xs.values[x + 1] - xs.values[x]);
    }
  }
  return area;
}

/**
 * Coverage of objects of one size, square or not: the exact share of whole-pixel positions in the
 * fitted image at which the object lies wholly inside some patch Q with |P| > |Q| / k^2 (eq. 4).
 *
 * @param cover patches in px of the fitted image
 * @param k 1/c, the effective scale sensitivity
 * @param object its width and height in px, at most those of the fitted image
 * @throws RangeError if k or a side is not a positive integer, or the object exceeds the image
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { gridCover } from "detailclip";
 * import { objectCoverage } from "detailclip/covers";
 * // A 2x2 grid of a 4x4 image holds a 2x2 object at 4 of its 9 positions.
 * const { covered, positions } = objectCoverage(gridCover(4, 4, 2), 2, { width: 2, height: 2 });
 * assert(covered === 4 && positions === 9);
 * ```
 */
export function objectCoverage(cover: Cover, k: number, object: ObjectSize): SizeCoverage {
  return measure(cover, coverBoxes(cover), k, object);
}

function measure(cover: Cover, boxes: readonly Box[], k: number, object: ObjectSize): SizeCoverage {
  requireInteger("Cannot measure coverage", "k", k, 1);
  requireInteger("Cannot measure coverage", "the object's width", object.width, 1);
  requireInteger("Cannot measure coverage", "the object's height", object.height, 1);
  if (object.width > cover.width || object.height > cover.height) {
    throw new RangeError(
      `Cannot measure coverage: an object of ${object.width}x${object.height} px does not fit ` +
        `an image of ${cover.width}x${cover.height} px`,
    );
  }
  const positions = (cover.width - object.width + 1) * (cover.height - object.height + 1);
  const covered = unionArea(answeredSpans(boxes, k, object));
  const side = Math.min(object.width, object.height);
  const relative = side / Math.min(cover.width, cover.height);
  return { side, relative, positions, covered, fraction: covered / positions };
}

/**
 * Coverage of square objects of many sides (paper eq. 4 and property (5)): for each side s the exact
 * share of its whole-pixel positions at which it lies wholly inside some patch Q with s^2 > |Q| / k^2;
 * for square patches, with a side ratio above 1/k. Nothing is sampled.
 *
 * @param cover patches in px of the fitted image, in which positions are counted too
 * @param k 1/c, the effective scale sensitivity, usually that of the cover
 * @param options `sides` of objects in px, default every whole one from 1 to the shorter side
 * @returns one row a side
 * @throws RangeError if k or a side is not a positive integer, or a side exceeds the image
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { completeCover, coverage } from "detailclip";
 * const [row] = coverage(completeCover(1000, 1000, 10), 10, { sides: [20] });
 * assert(row.fraction < 0.7); // cc@10 misses a third of the positions of 2 % objects
 * ```
 */
export function coverage(
  cover: Cover,
  k: number,
  options: { sides?: readonly number[] } = {},
): SizeCoverage[] {
  const boxes = coverBoxes(cover);
  const longest = Math.min(cover.width, cover.height);
  const sides = options.sides ?? Array.from({ length: longest }, (_, i) => i + 1);
  return sides.map((side) => measure(cover, boxes, k, { width: side, height: side }));
}
