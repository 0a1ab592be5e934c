/**
 * Copies of the notebooks to work on: git ignores their folder, so that runs, outputs and changes stay out of the
 * sources, and nothing that somebody changed is ever written over.
 *
 * @module
 */
import { join } from "node:path";
import { readTextIfThere, sha256, writeAtomic } from "../../lib/runtime/files.ts";
import { ROOT } from "../project.ts";
import { listNotebooks, notebookName } from "./notebook.ts";

/** The folder that `deno task lab` opens; the kernel finds deno.json in its parent. */
export const WORKING_FOLDER: string = join(ROOT, "my-notebooks");

/** Beside the copies: the hash of the source that each was made from. */
const SOURCES = ".sources.json";

/** Hashes of sources by the file name of the copy. */
type Sources = Record<string, string>;

/**
 * Reads the hashes. Of a file that is broken nothing is taken: what lies in the folder is then somebody's own, and stays.
 *
 * @param text the file's; nothing where there is none
 */
function readSources(text = "{}"): Sources {
  try {
    const found: unknown = JSON.parse(text);
    const hashes = found instanceof Array || !(found instanceof Object) ? {} : found;
    return Object.fromEntries(
      Object.entries(hashes).filter(([, hash]) => typeof hash === "string"),
    );
  } catch {
    return {};
  }
}

/**
 * Brings one notebook into the folder. Its copy is written where there is none, or renewed where it is as it was made. One
 * that was changed stays, and the new version comes beside it as `NAME-2.ipynb`, once.
 *
 * @returns the file name of a version that was put beside changed ones
 */
async function placeCopy(path: string, folder: string, made: Sources): Promise<string | undefined> {
  const text = await Deno.readTextFile(path), hash = sha256(text);
  for (let version = 1;; version++) {
    const copy = `${notebookName(path)}${version === 1 ? "" : `-${version}`}.ipynb`;
    const found = await readTextIfThere(join(folder, copy));
    // a further version that was removed is not wanted
    if (made[copy] === hash && (found !== undefined || version > 1)) return;
    const changed = found !== undefined && ![hash, made[copy]].includes(sha256(found));
    if (changed) continue;
    if (found !== text) await writeAtomic(join(folder, copy), text);
    made[copy] = hash;
    return version > 1 ? copy : undefined;
  }
}

/**
 * Brings the notebooks of a folder into another one to work on.
 *
 * @param source the folder of the notebooks
 * @param folder the folder to work in
 * @param log told of every new version that stands beside a changed copy
 */
export async function placeCopies(
  source: string = join(ROOT, "notebooks"),
  folder: string = WORKING_FOLDER,
  log: (message: string) => void = console.log,
): Promise<void> {
  const file = join(folder, SOURCES);
  const made = readSources(await readTextIfThere(file));
  for (const path of await listNotebooks(source)) {
    const beside = await placeCopy(path, folder, made);
    if (beside === undefined) continue;
    log(`${notebookName(path)}.ipynb has a new version; yours stays, the new one is ${beside}`);
  }
  await writeAtomic(file, JSON.stringify(made, null, 2) + "\n");
}
