/**
 * How far the reading of a large annotation file is.
 *
 * @module
 */
import { basename } from "node:path";
import { createProgress, type Progress, type ShowOptions } from "../runtime/progress.ts";

/** Bytes of a file from which on its reading is shown. */
const LARGE = 2 ** 25;

/** Shows the reading of a file. */
export interface ReadProgress {
  /** Says how many bytes of how many are done; each is read twice. */
  update(done: number, total: number): void;
  /** Ends the line, which stays only where the reading was slow. */
  finish(outcome?: "stopped"): Promise<void>;
}

/**
 * Shows how far the reading of a file is, unless it is small.
 *
 * @param path of the file
 * @param options where to show it
 */
export function showReading(path: string, options: ShowOptions): ReadProgress {
  let progress: Progress | undefined;
  const megabytes = (bytes: number) => Math.round(bytes / 2e6);
  return {
    update(done, total) {
      if (total < 2 * LARGE) return;
      progress ??= createProgress({
        ...options,
        ...{ label: `Read ${basename(path)}`, total: megabytes(total), unit: "MB", leaves: "slow" },
      });
      progress.update(megabytes(done));
    },
    finish: async (outcome) => await progress?.finish(outcome),
  };
}
