/**
 * Rows on disk: one JSON object a line under `results/`, and beside them where they come from.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeAtomic } from "../runtime/files.ts";
import type { RecallRow } from "../retrieval/mod.ts";
import type { Provenance } from "./provenance.ts";

/** The workspace's own `results/` folder. */
export const RESULTS_DIR: string = fileURLToPath(new URL("../../results/", import.meta.url));

/** One measured recall of one method, with what it was measured on. */
export interface ResultRow extends RecallRow {
  /** Which part of the data the row speaks of: `"all"`, an object-size bin or an r_max subset. */
  subset: string;
  /** Mean number of vectors an image that the method scores. */
  vectors: number;
  /** How many images were ranked. */
  images: number;
  /** How many classes the number averages over. */
  classes: number;
}

/** Path of the rows of an experiment at a scale. */
export function rowsPath(name: string, scale: string, directory: string = RESULTS_DIR): string {
  return join(directory, "rows", `${name}.${scale}.jsonl`);
}

/** A line of a file of rows: every experiment writes those of its own kind, most of them {@linkcode ResultRow}s. */
export type Row = object;

/**
 * Writes rows and their provenance, each atomically: `rows/NAME.SCALE.jsonl`, every row with the seed and
 * the config hash, and `rows/NAME.SCALE.run.json` with everything else.
 *
 * @returns the path of the rows
 */
export async function writeResults(
  rows: readonly Row[],
  provenance: Provenance,
  directory: string = RESULTS_DIR,
): Promise<string> {
  const path = rowsPath(provenance.experiment, provenance.scale, directory);
  const { seed, configHash } = provenance;
  const lines = rows.map((row) => JSON.stringify({ ...row, seed, configHash }) + "\n");
  await writeAtomic(path, lines.join(""));
  await writeAtomic(path.replace(/jsonl$/, "run.json"), JSON.stringify(provenance, null, 2) + "\n");
  return path;
}

/**
 * Reads rows written by {@linkcode writeResults}.
 *
 * @throws {Error} when a line is not JSON; the message names file and line
 */
export async function readResults<T extends Row = ResultRow>(
  path: string,
): Promise<(T & { configHash: string })[]> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line)];
    } catch (cause) {
      throw new Error(`Cannot read results: ${path}:${i + 1} is not JSON`, { cause });
    }
  });
}
