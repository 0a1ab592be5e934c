/**
 * A cover that is complete by construction, with as few patches as we could manage.
 *
 * @module
 */

import type { Box, Cover } from "./cover.ts";
import { wholeBox } from "./geometry.ts";
import { cheapestSteps, type LevelPlan, planRows, type Step, tighten } from "./plan.ts";
import {
  MAX_PATCHES,
  requireInteger,
  requireOptions,
  requirePatches,
  requireSize,
} from "./validate.ts";

/** What a verified cover promises. */
export interface VerifiedOptions {
  /** 1/c, the effective scale sensitivity: a patch Q answers for objects above |Q| / k^2 px^2. */
  k: number;
  /** Shortest side of a square object to cover, as a fraction of the image's shorter side. */
  minSide: number;
  /** Largest ratio of a patch's sides, at least 1; default 4/3. With 1 all windows are square. */
  maxAspect?: number;
  /** Objects up to this ratio of longer to shorter side are covered too, at least 1; default 1. */
  objectAspect?: number;
}

/** One level of a layout: its rows and whether they run down the image. */
interface Level extends LevelPlan {
  upright: boolean;
  /** Longest side of an object it answers for, in px. */
  object: number;
}

/** Sides tried as ends of levels: all of them, or this many in geometric progression. */
const MAX_CANDIDATES = 160;
const OPTIONS: readonly (keyof VerifiedOptions)[] = ["k", "minSide", "maxAspect", "objectAspect"];
const CACHE_SIZE = 256;
const REMEDY = "raise minSide, or k";
const layouts = new Map<string, Level[]>();

/**
 * A cover in which **every square object of whole-pixel side s >= ceil(minSide * shorter side), at every
 * whole-pixel position, lies inside a patch Q with s^2 > |Q| / k^2** (paper eq. 4 and property (5)).
 *
 * By construction: level i answers for objects of s_i <= s <= m_i. Its windows have at most
 * (k s_i)^2 - 1 px^2, and windows next to each other overlap by at least m_i - 1 px, so that no object
 * falls between them. The levels join up (m_i + 1 is the next level's s), and the whole image answers
 * for s^2 > |image| / k^2. Which s_i, and how many windows, is chosen by dynamic programming to have the
 * fewest patches; the windows are then made as small as their number allows, which only helps objects.
 *
 * - *Shapes.* Windows are up to 4:3 (or 3:4), because rows of 3 and of 2 windows, say, save patches over
 *   square lattices. An encoder that centre-crops its input would lose the ends of such a window: use
 *   `maxAspect: 1` with it. Patch 0 is the whole image whatever its shape.
 * - *Non-square images* get the same promise: windows do not follow the image's shape, `minSide` counts
 *   from its shorter side. Its fitted size is its own: nothing is padded or stretched.
 * - *Non-square objects* a x b are covered if a b >= (minSide px)^2 and the longer side is at most
 *   `objectAspect` times the shorter. Without that option only square objects are promised.
 *
 * @param width of the image in px
 * @param height of the image in px
 * @param options see {@linkcode VerifiedOptions}; for a side of p px, minSide is p / min(width, height)
 * @returns the cover, largest windows first, row-major in a level (by top, then left)
 * @throws RangeError if a size is not a positive integer, k not an integer of at least 2 (with k = 1
 *   only objects larger than their patch would count), minSide not in (0, 1], an aspect below 1, an
 *   option unknown, or if there would be more than 100,000 patches
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { coverage, coverBoxes, verifiedCover } from "detailclip";
 * const cover = verifiedCover(1000, 1000, { k: 10, minSide: 0.02 });
 * assert(coverBoxes(cover).length < 50); // cc@10 has 166, and holes
 * assert(coverage(cover, 10, { sides: [20, 35, 50, 100] }).every((row) => row.fraction === 1));
 * ```
 */
export function verifiedCover(width: number, height: number, options: VerifiedOptions): Cover {
  requireOptions("Cannot cover image", options, OPTIONS);
  const { k, minSide, maxAspect = 4 / 3, objectAspect = 1 } = options;
  const attempt = `Cannot cover image ${width}x${height}`;
  requireSize("Cannot cover image", width, height);
  requireInteger(attempt, "k", k, 2);
  if (!(minSide > 0 && minSide <= 1)) {
    throw new RangeError(
      `${attempt}: minSide must be a fraction of the shorter side in (0, 1], got ${minSide}`,
    );
  }
  requireAspect(attempt, "maxAspect", maxAspect);
  requireAspect(attempt, "objectAspect", objectAspect);
  const key = [width, height, k, minSide, maxAspect, objectAspect].join();
  const layout = layouts.get(key) ?? layOut(width, height, k, minSide, maxAspect, objectAspect);
  remember(key, layout);
  const levels = layout.map((level) => levelBoxes(level, width, height));
  return { width, height, fit: "pad", levels: [[wholeBox(width, height)], ...levels] };
}

function requireAspect(attempt: string, name: string, value: number): void {
  if (Number.isFinite(value) && value >= 1) return;
  throw new RangeError(`${attempt}: ${name} must be a number of at least 1, got ${value}`);
}

/** Keeps the layouts used last: most images of a data set share a few sizes. */
function remember(key: string, layout: Level[]): void {
  layouts.delete(key);
  layouts.set(key, layout);
  if (layouts.size > CACHE_SIZE) layouts.delete(layouts.keys().next().value!);
}

/** The levels below the whole image, coarsest first. */
function layOut(
  width: number,
  height: number,
  k: number,
  minSide: number,
  aspect: number,
  objectAspect: number,
): Level[] {
  const shorter = Math.min(width, height);
  const first = Math.max(1, Math.ceil(minSide * shorter - 1e-9)); // 0.07 * 100 is 7.000000000000001
  const whole = firstAbove(width * height / (k * k)); // from here on patch 0 answers
  const end = Math.min(whole, Math.floor(shorter * Math.sqrt(objectAspect)) + 1);
  if (first >= end) return [];
  const tasks = ({ from, to }: Step) => {
    const object = Math.max(from, Math.ceil(to * Math.sqrt(objectAspect)) - 1);
    const task = { object, area: (k * from) ** 2 - 1, aspect };
    return [
      { ...task, along: width, across: height },
      ...(width === height ? [] : [{ ...task, along: height, across: width }]),
    ];
  };
  const cost = (step: Step) =>
    Math.min(...tasks(step).map((t) => planRows(t)?.patches ?? Infinity));
  const attempt = `Cannot cover image ${width}x${height}`;
  requirePatches(attempt, leastPatches(width, height, k, first), REMEDY);
  const { patches, steps } = cheapestSteps(candidateSides(first, end), cost);
  if (patches === Infinity) {
    throw new RangeError(
      `${attempt}: no windows of aspect up to ${aspect} and fewer than ${MAX_PATCHES} hold all ` +
        `objects of aspect up to ${objectAspect} at k = ${k}; raise minSide or allow less`,
    );
  }
  requirePatches(attempt, patches + 1, REMEDY);
  return steps.map((step) => {
    const plans = tasks(step).map((task) => ({ task, plan: planRows(task) }));
    const upright = (plans[1]?.plan?.patches ?? Infinity) < (plans[0].plan?.patches ?? Infinity);
    const { task, plan } = plans[upright ? 1 : 0];
    return { ...tighten(task, plan!), upright, object: task.object };
  });
}

/** No fewer patches can do: a window holds at most that many positions of the smallest object. */
function leastPatches(width: number, height: number, k: number, side: number): number {
  const held = (k * side - side + 1) ** 2;
  return Math.ceil((width - side + 1) * (height - side + 1) / held);
}

/** The first whole number whose square exceeds `area`. */
function firstAbove(area: number): number {
  let side = Math.floor(Math.sqrt(area));
  while (side * side <= area) side++;
  return side;
}

/** Ends of levels to try, from `first` to `end`, both included. */
function candidateSides(first: number, end: number): number[] {
  const steps = Math.min(end - first, MAX_CANDIDATES);
  const side = (i: number) => Math.round(first * (end / first) ** (i / steps));
  if (steps === end - first) return Array.from({ length: steps + 1 }, (_, i) => first + i);
  return [...new Set(Array.from({ length: steps + 1 }, (_, i) => side(i)))];
}

/** Starts of spans that fill [0, end) in order, their surplus length shared out as overlap. */
function spread(lengths: readonly number[], end: number): number[] {
  const surplus = lengths.reduce((sum, length) => sum + length, 0) - end;
  let before = 0;
  return lengths.map((length, i) => {
    const start = before - Math.floor(surplus * i / Math.max(lengths.length - 1, 1));
    before += length;
    return start;
  });
}

/** Boxes of a level, by top and then left. */
function levelBoxes({ rows, upright }: Level, width: number, height: number): Box[] {
  const [along, across] = upright ? [height, width] : [width, height];
  const tops = spread(rows.map((row) => row.breadth), across);
  const boxes = rows.flatMap((row, r) =>
    spread(new Array<number>(row.windows).fill(row.length), along).map((left) =>
      upright
        ? { left: tops[r], top: left, width: row.breadth, height: row.length }
        : { left, top: tops[r], width: row.length, height: row.breadth }
    )
  );
  return boxes.sort((a, b) => a.top - b.top || a.left - b.left);
}
