/**
 * Where the workspace keeps what it can make again, and what runs leave.
 *
 * @module
 */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder that a variable of the environment names, else one of the workspace, with a slash at its end. A
 * relative path is meant from the workspace's root: notebooks and tools run in different folders.
 */
function folderOf(variable: string, otherwise: string): string {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  return join(resolve(root, Deno.env.get(variable) || otherwise), "/");
}

/**
 * The folder of generated data sets, features and trained models: the one that the variable `DETAILCLIP_CACHE`
 * names, else `.cache/` of the workspace, which git ignores.
 */
export const CACHE_DIR: string = folderOf("DETAILCLIP_CACHE", ".cache");

/**
 * The folder that runs are filed in, see `filesOf`: the one that the variable `DETAILCLIP_RUNS` names, else `runs/`
 * of the workspace, which git ignores.
 */
export const RUNS_DIR: string = folderOf("DETAILCLIP_RUNS", "runs");

/** Why a folder cannot be made or written, where it cannot. */
function folderFault(folder: string): string | undefined {
  const path = resolve(folder);
  try {
    if (!statSync(path).isDirectory()) return `${path} is no folder`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? folderFault(dirname(path)) : message;
  }
  try {
    accessSync(path, constants.W_OK);
  } catch {
    return `nothing can be written in ${path}`;
  }
}

/**
 * Refuses a folder that a run would stumble over only when it writes, after its work.
 *
 * @param folder where something is to be written; it need not be there
 * @param name what names it
 * @throws {Error} when it is a file, lies in one or cannot be written
 */
export function checkFolder(folder: string, name: string): void {
  const fault = folderFault(folder);
  if (fault) throw new Error(`Cannot use the folder ${folder} of ${name}: ${fault}`);
}

/**
 * Refuses what the variables `DETAILCLIP_CACHE` and `DETAILCLIP_RUNS` name, as {@linkcode checkFolder} does.
 *
 * @throws {Error} when one of them names no folder that can be written
 */
export function checkFolders(): void {
  checkFolder(CACHE_DIR, "DETAILCLIP_CACHE");
  checkFolder(RUNS_DIR, "DETAILCLIP_RUNS");
}
