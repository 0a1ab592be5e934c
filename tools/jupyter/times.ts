/**
 * How long each notebook took, kept beside the executed copies.
 *
 * @module
 */
import { join } from "node:path";
import { writeAtomic } from "../../lib/runtime/files.ts";
import { machine } from "../../lib/report/provenance.ts";

/** Seconds of a notebook's latest runs. */
export interface NotebookTimes {
  /** In a run of `--cold`: on what the notebooks before it in that run had computed, and nothing else. */
  cold?: number;
  /** On what earlier runs had computed. */
  warm?: number;
}

/** What the file holds. */
export interface TimesFile {
  /** Where it was measured. */
  machine: string;
  /** The whole set in one run of `--cold`, in seconds. */
  wholeSetCold?: number;
  /** Seconds by notebook. */
  notebooks: Record<string, NotebookTimes>;
}

/** Path of the times at a scale. */
export function timesPath(folder: string, scale: string): string {
  return join(folder, `times.${scale}.json`);
}

/** One decimal: the tenths that the log shows. */
const tenths = (seconds: number) => Math.round(10 * seconds) / 10;

/**
 * Notes the times of a run, of several warm runs of one notebook the last. Times of another machine are dropped.
 *
 * @param path the file, made where there is none
 * @param seconds of the runs that ended well, by notebook
 * @param options whether they began with empty caches, and whether they were all notebooks there are
 * @returns what the file then holds
 * @throws {RangeError} when a notebook has several cold runs: all but the first found warm caches
 */
export async function noteTimes(
  path: string,
  seconds: Readonly<Record<string, readonly number[]>>,
  { cold, whole }: { cold: boolean; whole: boolean },
): Promise<TimesFile> {
  for (const [name, { length }] of Object.entries(seconds)) {
    if (!cold || length < 2) continue;
    throw new RangeError(
      `Cannot note times: ${name} ran ${length} times, and only the first was cold`,
    );
  }
  const here: TimesFile = { machine: machine(), notebooks: {} };
  const found: TimesFile = await Deno.readTextFile(path).then(JSON.parse, () => here);
  const { wholeSetCold, notebooks } = found.machine === here.machine ? found : here;
  const now = Object.entries(seconds).map(([name, runs]) => {
    const times = { ...notebooks[name], [cold ? "cold" : "warm"]: tenths(runs.at(-1)!) };
    return [name, times] as const;
  });
  const total = Object.values(seconds).reduce((sum, runs) => sum + runs.at(-1)!, 0);
  const kept = cold && whole ? tenths(total) : wholeSetCold;
  const times: TimesFile = {
    ...here,
    ...(kept !== undefined && { wholeSetCold: kept }),
    notebooks: Object.fromEntries(
      Object.entries({ ...notebooks, ...Object.fromEntries(now) })
        .sort(([a], [b]) => a.localeCompare(b)),
    ),
  };
  await writeAtomic(path, JSON.stringify(times, null, 2) + "\n");
  return times;
}
