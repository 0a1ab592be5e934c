/**
 * Rows on disk: one JSON object a line, those that are committed under `results/`.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RecallRow } from "../retrieval/mod.ts";

/** The workspace's own `results/` folder: what is committed. */
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

/** Path of the committed rows of an experiment at a scale; see `filesOf` for those of any run. */
export function rowsPath(name: string, scale: string, directory: string = RESULTS_DIR): string {
  return join(directory, "rows", `${name}.${scale}.jsonl`);
}

/** Path of the kept rows of an experiment's own configuration but for the seed. */
export function seedRowsPath(
  name: string,
  { scale, seed }: { scale: string; seed: number },
  directory: string = RESULTS_DIR,
): string {
  return join(directory, "rows", "seeds", `${name}.${scale}.seed-${seed}.jsonl`);
}

/** Path of the paired differences beside committed rows. */
export const pairsPath = (rows: string): string => rows.replace(/jsonl$/, "pairs.jsonl");

/**
 * The seeds, ascending, of which rows are kept beside those of the experiment's own seed.
 *
 * @throws {Error} when the folder is there and cannot be read
 */
export async function keptSeeds(
  name: string,
  scale: string,
  directory: string = RESULTS_DIR,
): Promise<number[]> {
  const seeds: number[] = [], start = `${name}.${scale}.seed-`;
  try {
    for await (const { name: file } of Deno.readDir(join(directory, "rows", "seeds"))) {
      const seed = file.startsWith(start) && /^(\d+)\.jsonl$/.exec(file.slice(start.length))?.[1];
      if (seed) seeds.push(Number(seed));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return seeds.sort((a, b) => a - b);
}

/** A line of a file of rows: every experiment writes those of its own kind, most of them {@linkcode ResultRow}s. */
export type Row = object;

/**
 * Rows from the text of a file.
 *
 * @param text JSON lines
 * @param name of the file, for messages
 * @throws {Error} when a line is not JSON; the message names file and line
 */
export function parseResults<T extends Row = ResultRow>(
  text: string,
  name: string,
): (T & { configHash: string })[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line)];
    } catch (cause) {
      throw new Error(`Cannot read results: ${name}:${i + 1} is not JSON`, { cause });
    }
  });
}

/**
 * Reads rows written by `writeResults`.
 *
 * @throws {Error} when a line is not JSON; the message names file and line
 */
export async function readResults<T extends Row = ResultRow>(
  path: string,
): Promise<(T & { configHash: string })[]> {
  return parseResults<T>(await Deno.readTextFile(path), path);
}
