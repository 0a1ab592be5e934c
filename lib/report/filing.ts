/**
 * Stand-in: where the files of a run are kept.
 *
 * @module
 */
import { join } from "node:path";
import type { NamedConfig } from "./provenance.ts";
import { RESULTS_DIR, rowsPath } from "./results.ts";

/** Where the files of a run are kept. */
export interface Files {
  /** Path of a figure, without its ending. */
  figure(name?: string): string;
  /** Path of the rows. */
  rows: string;
  /** Path of the provenance. */
  provenance: string;
  /** The folder. */
  folder: string;
}

/**
 * Where the files of an experiment are kept.
 *
 * @param experiment its name
 * @param configs what was run
 */
export function filesOf(experiment: string, configs: NamedConfig | readonly NamedConfig[]): Files {
  const { scale } = [configs].flat()[0] as NamedConfig;
  const rows = rowsPath(experiment, scale);
  return {
    figure: (name) =>
      join(RESULTS_DIR, "figures", [experiment, name, scale].filter(Boolean).join(".")),
    rows,
    provenance: rows.replace(/jsonl$/, "run.json"),
    folder: RESULTS_DIR,
  };
}
