/**
 * Where the workspace keeps what it can make again, and what runs leave.
 *
 * @module
 */
import { join, resolve } from "node:path";
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
