/**
 * The search behind `verifiedCover`: which window sizes, and how many windows in how many rows, cover
 * every object with the fewest patches. Lengths and sides are whole pixels throughout.
 *
 * One level answers for objects no longer than `object` and of at least some area, so its windows may
 * have any area up to a limit. Its windows lie in rows: a row's windows share one width and height and
 * neighbours overlap by `object - 1` px at least, and so do neighbouring rows. An object then lies
 * inside some row, and inside some window of that row: this is the whole proof of completeness.
 *
 * @module
 */

import { MAX_PATCHES } from "./validate.ts";

/** What one level has to do along and across its rows. */
export interface LevelTask {
  /** Length of the rows: the image's side along them. */
  along: number;
  /** The image's side across the rows. */
  across: number;
  /** Longest side of an object the level answers for. */
  object: number;
  /** Largest area of a window, in px^2. */
  area: number;
  /** Largest ratio of a window's longer to its shorter side. */
  aspect: number;
}

/** One row of equal windows, evenly spread from end to end. */
export interface Row {
  windows: number;
  /** A window's length along the row. */
  length: number;
  /** A window's length across the row. */
  breadth: number;
}

/** The rows of one level. */
export interface LevelPlan {
  patches: number;
  rows: Row[];
}

/**
 * The broadest row of `windows` windows, or none if they would be too long for their aspect.
 * Fewer windows are longer and, their area being limited, less broad.
 */
function broadestRow(task: LevelTask, windows: number): Row | undefined {
  const { along, across, object, area, aspect } = task;
  const needed = Math.ceil((along + (windows - 1) * (Math.min(object, along) - 1)) / windows);
  // A window may be longer than it need be, where it could not be as broad otherwise.
  const wanted = Math.min(along, idealLength(task), Math.ceil(across / aspect));
  const length = Math.max(needed, wanted);
  const breadth = Math.min(Math.floor(area / length), Math.floor(aspect * length), across);
  if (length > aspect * breadth || breadth < Math.min(object, across)) return undefined;
  return { windows, length, breadth };
}

/** Length along the row of the broadest window there is. */
function idealLength({ area, aspect }: LevelTask): number {
  return Math.max(1, Math.floor(Math.sqrt(area / aspect)));
}

/** The fewest windows whose length and aspect are possible at all, or Infinity. */
function fewestWindows({ along, across, object, area, aspect }: LevelTask): number {
  const longest = Math.min(along, Math.floor(Math.min(Math.sqrt(area * aspect), aspect * across)));
  const held = Math.min(object, along);
  return longest < held ? Infinity : Math.ceil((along - held + 1) / (longest - held + 1));
}

/** Rows to choose from, each more broad than the one before, which has fewer windows. */
function usefulRows(task: LevelTask): Row[] {
  const rows: Row[] = [];
  const fewest = fewestWindows(task);
  // Past the ideal length more windows add nothing; the other bound only ends hopeless searches.
  const most = Math.min(task.along, 3 * fewest + 8, MAX_PATCHES);
  for (let n = fewest; n <= most; n++) {
    const row = broadestRow(task, n);
    if (!row) continue;
    if (rows.length === 0 || row.breadth > rows.at(-1)!.breadth) rows.push(row);
    if (row.breadth >= task.across || row.length <= idealLength(task)) break;
  }
  return rows;
}

/** What a row adds: the positions of the longest object across the rows that it answers for. */
function gain(task: LevelTask, row: Row): number {
  return row.breadth - Math.min(task.object, task.across) + 1;
}

/**
 * The fewest windows in parallel rows that do a task. All rows have n or, as many as can, n' < n
 * windows, n and n' neighbours among the useful ones: what a row gains by one window more falls with
 * n (up to rounding), so the even spread wins.
 *
 * @returns the plan, or nothing if windows of that area and aspect cannot do it, or only too many
 */
export function planRows(task: LevelTask): LevelPlan | undefined {
  const goal = task.across - Math.min(task.object, task.across) + 1;
  const rows = usefulRows(task);
  if (rows.length === 0) return undefined;
  const gains = rows.map((row) => gain(task, row));
  let best = { patches: MAX_PATCHES, count: 0, i: 0, fewer: 0 };
  let i = rows.length - 1; // the fewest windows a row with which `count` rows do
  for (let count = Math.ceil(goal / gains[i]); count * rows[0].windows < best.patches; count++) {
    while (i > 0 && count * gains[i - 1] >= goal) i--;
    // Surplus gain lets that many rows make do with the next fewer windows.
    const fewer = i > 0 ? Math.floor((count * gains[i] - goal) / (gains[i] - gains[i - 1])) : 0;
    const saved = i > 0 ? fewer * (rows[i].windows - rows[i - 1].windows) : 0;
    const patches = count * rows[i].windows - saved;
    if (patches < best.patches) best = { patches, count, i, fewer };
  }
  if (best.count === 0) return undefined;
  const row = (r: number) => rows[r < best.count - best.fewer ? best.i : best.i - 1];
  return { patches: best.patches, rows: Array.from({ length: best.count }, (_, r) => row(r)) };
}

/** The plan with the same number of patches whose windows are as small as that number allows. */
export function tighten(task: LevelTask, plan: LevelPlan): LevelPlan {
  let tight = plan, low = 0, high = task.area;
  while (high - low > 1) {
    const area = Math.floor((low + high) / 2);
    const smaller = planRows({ ...task, area });
    if (smaller && smaller.patches <= plan.patches) [tight, high] = [smaller, area];
    else low = area;
  }
  return tight;
}

/** Levels are chosen so that the sum of their costs is least; `from` and `to` are object sides. */
export interface Step {
  from: number;
  /** First side that the next coarser level (or the whole image) answers for. */
  to: number;
}

/**
 * Splits object sides sides[0] .. sides.at(-1) into levels by dynamic programming from the coarse end.
 *
 * @param sides candidate ends of levels, ascending; the last is where the whole image takes over
 * @param cost patches of a level, or Infinity; must not fall as `to` grows
 * @returns the levels, coarsest first
 */
export function cheapestSteps(
  sides: readonly number[],
  cost: (step: Step) => number,
): { patches: number; steps: Step[] } {
  const last = sides.length - 1;
  const total = new Array<number>(sides.length).fill(Infinity);
  const next = new Array<number>(sides.length).fill(last);
  total[last] = 0;
  for (let i = last - 1; i >= 0; i--) {
    for (let j = i + 1; j <= last; j++) {
      const patches = cost({ from: sides[i], to: sides[j] });
      if (patches >= total[i]) break; // dearer levels reach further: none of them can win
      if (patches + total[j] < total[i]) [total[i], next[i]] = [patches + total[j], j];
    }
  }
  const steps: Step[] = [];
  for (let i = 0; i < last; i = next[i]) steps.unshift({ from: sides[i], to: sides[next[i]] });
  return { patches: total[0], steps };
}
