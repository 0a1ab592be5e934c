/**
 * Tuning of hyper-parameters: every trial's row is kept as it ends, a tuning that was stopped goes on where it
 * was, and validation alone decides (paper appendix A.4).
 *
 * @module
 */
import { dirname } from "node:path";
import { canonicalJson, readTextIfThere } from "../../runtime/files.ts";
import { checkpoint, operationSignal } from "../../runtime/interrupt.ts";
import { type Grid, type GridPoint, gridPoints } from "./grid.ts";

/** One trial, as its row says. */
export interface TuneRow<P, R> {
  /** What was tried. */
  point: P;
  /** Validation recall; absent when the trial failed. */
  recall?: number;
  /** What else the trial told. */
  result?: R;
  /** Why it failed. */
  error?: string;
  /** Seconds that it took. */
  seconds: number;
}

/** Options of {@linkcode tune}. */
export interface TuneOptions<S extends Grid, R> {
  /** The candidates of each hyper-parameter. */
  grid: S;
  /**
   * Trains at one point and says how good it is on the **validation** images; whatever else it returns is
   * kept in the row. A trial that throws (a diverging loss, say) is a row too, and is never chosen; an
   * error of the operating system (a full disk) ends the tuning instead.
   */
  trial: (
    point: GridPoint<S>,
    options: { signal: AbortSignal },
  ) => Promise<{ recall: number } & R>;
  /** The file of rows, one JSON object a line; rows that are in it are not computed again. */
  path: string;
  /**
   * What the trials depend on besides the point: data, encoder, seeds. Rows of another study in the same
   * file are left alone and not looked at.
   */
  study: string;
  /** Try only this many points, drawn without replacement (default: all). */
  draws?: number;
  /** Where the draw comes from (default 0). */
  seed?: number;
  /** Stops the tuning; its reason is thrown. By default an interrupt does. */
  signal?: AbortSignal;
  /** Called once a trial's row is on disk, and at once for rows that are there already; waited for. */
  onTrial?: (
    row: TuneRow<GridPoint<S>, R>,
    done: number,
    total: number,
  ) => void | Promise<void>;
}

/** What a tuning ends in. */
export interface TuneResult<P, R> {
  /** A row a point, in the order of the points. */
  rows: TuneRow<P, R>[];
  /** The row with the highest validation recall; of equals the first. */
  best: TuneRow<P, R>;
}

/** Causes that are looked at: errors could name each other in a circle. */
const MAX_CAUSES = 20;

/** Rows of a study, by point. A torn last line, of a process that was killed, is left out. */
async function readRows<P, R>(path: string, study: string): Promise<Map<string, TuneRow<P, R>>> {
  const text = await readTextIfThere(path) ?? "";
  const rows = new Map<string, TuneRow<P, R>>();
  const whole = text.split("\n").slice(0, -1); // without a line feed a line is not whole
  for (const [i, line] of whole.entries()) {
    if (line.trim() === "") continue;
    try {
      const { study: of, ...row } = JSON.parse(line);
      if (of === study) rows.set(canonicalJson(row.point), row);
    } catch (cause) {
      throw new Error(`Cannot resume tuning: ${path}:${i + 1} is not JSON`, { cause });
    }
  }
  return rows;
}

/** Locks the file of rows while a tuning writes to it; the system frees it when the process ends. */
async function lockRows(path: string): Promise<Deno.FsFile> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const lock = await Deno.open(`${path}.lock`, { write: true, create: true });
  if (await lock.tryLock(true)) return lock;
  lock.close();
  throw new Error(`Cannot tune: another tuning is writing to ${path}`);
}

/** Adds one line and flushes it to disk; a torn line before it is closed first. */
async function appendRow(path: string, row: object): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true, create: true });
  const size = await file.seek(0, Deno.SeekMode.End);
  let torn = false;
  if (size > 0) {
    await file.seek(-1, Deno.SeekMode.End);
    const last = new Uint8Array(1);
    await file.read(last);
    torn = last[0] !== 0x0a;
  }
  if (torn) await dropTornLine(path, file);
  const bytes = new TextEncoder().encode(JSON.stringify(row) + "\n");
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  await file.sync();
}

/** Cuts off what a killed process left of its last line. */
async function dropTornLine(path: string, file: Deno.FsFile): Promise<void> {
  const bytes = await Deno.readFile(path);
  const whole = bytes.lastIndexOf(0x0a) + 1;
  await file.truncate(whole);
  await file.seek(whole, Deno.SeekMode.Start);
}

/**
 * Tries points of a grid one after the other and chooses by validation recall. Call it again after a
 * kill: finished trials are read from the file, failed ones included; only the trial that was under way
 * starts anew (or goes on, if it keeps a checkpoint).
 *
 * @param options the grid, what a trial is, and where rows are kept
 * @returns all rows and the best
 * @throws Error when every trial failed, the file of rows is damaged, or another tuning is writing to it
 * @throws RangeError when the grid or the number of draws is out of range
 * @throws the signal's reason when aborted
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tune } from "detailclip";
 * const path = await Deno.makeTempFile();
 * const { best } = await tune({
 *   grid: { learningRate: [0.001, 0.01] },
 *   trial: ({ learningRate }) => Promise.resolve({ recall: learningRate * 10 }),
 *   study: "an example",
 *   path,
 * });
 * assert.equal(best.point.learningRate, 0.01);
 * ```
 */
export async function tune<S extends Grid, R = unknown>(
  { grid, trial, path, study, draws, seed, signal: own, onTrial }: TuneOptions<S, R>,
): Promise<TuneResult<GridPoint<S>, R>> {
  const points = gridPoints(grid, { draws, seed });
  const signal = operationSignal(own);
  using _lock = await lockRows(path);
  const known = await readRows<GridPoint<S>, R>(path, study);
  const rows: TuneRow<GridPoint<S>, R>[] = [];
  for (const point of points) {
    await checkpoint(signal);
    let row = known.get(canonicalJson(point));
    if (!row) {
      row = await runTrial(point, trial, signal);
      await appendRow(path, { study, ...row });
    }
    rows.push(row);
    await onTrial?.(row, rows.length, points.length);
  }
  const good = rows.filter(({ recall }) => recall !== undefined);
  if (good.length === 0) {
    throw new Error(`Cannot tune: all trials failed, the first with: ${rows[0].error}`);
  }
  const best = good.reduce((a, b) => b.recall! > a.recall! ? b : a);
  return { rows, best };
}

/**
 * Whether an error of the operating system, such as a full disk, is among an error's causes: it is not the
 * point's fault.
 */
function isSystemError(error: unknown): boolean {
  for (let depth = 0; error instanceof Error && depth < MAX_CAUSES; depth++, error = error.cause) {
    if ("code" in error && /^E[A-Z0-9]+$/.test(String(error.code))) return true;
  }
  return false;
}

/** One trial; one that was stopped has no row. */
async function runTrial<S extends Grid, R>(
  point: GridPoint<S>,
  trial: TuneOptions<S, R>["trial"],
  signal: AbortSignal,
): Promise<TuneRow<GridPoint<S>, R>> {
  const started = performance.now();
  const seconds = () => Math.round(performance.now() - started) / 1000;
  try {
    const { recall, ...result } = await trial(point, { signal });
    signal.throwIfAborted();
    if (!Number.isFinite(recall)) throw new Error(`validation recall is ${recall}`);
    return { point, recall, result: result as R, seconds: seconds() };
  } catch (error) {
    signal.throwIfAborted();
    if (isSystemError(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return { point, error: why, seconds: seconds() };
  }
}
