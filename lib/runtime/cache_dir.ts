/**
 * Where the workspace keeps what it can make again, and what runs leave.
 *
 * @module
 */
import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { notice } from "./notice.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A variable of the environment; nothing where there is none, or it may not be read. */
function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name) || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The folder that relative paths of the user are meant from: the one in which a task was called, which Deno runs in the
 * workspace's root, else the working directory.
 */
export function callersFolder(): string {
  const here = Deno.cwd(), caller = variable("INIT_CWD");
  return caller && realpathSync(here) === realpathSync(ROOT) ? caller : here;
}

/**
 * The folder that a variable of the environment names, else one of the workspace, with a slash at its end. A relative
 * path is meant from {@linkcode callersFolder}.
 */
function folderOf(name: string, otherwise: string): string {
  const named = variable(name);
  return join(named ? resolve(callersFolder(), named) : join(ROOT, otherwise), "/");
}

/**
 * The folder of generated data sets, features and trained models: the one that the variable `DETAILCLIP_CACHE`
 * names, else `.cache/` of the workspace, which git ignores.
 */
export const CACHE_DIR: string = folderOf("DETAILCLIP_CACHE", ".cache");

/** The variable that names the cache whose programs and models an empty one uses, see {@linkcode sharedFolder}. */
export const SHARED_VARIABLE = "DETAILCLIP_SHARED";

/**
 * A folder of programs or models, which caches share: the workspace's own where it has it, else that of the cache.
 *
 * @param name of the folder
 */
export function sharedFolder(name: string): string {
  const own = join(ROOT, ".cache", name);
  return existsSync(own) ? own : join(variable(SHARED_VARIABLE) ?? CACHE_DIR, name);
}

/**
 * The folder that runs are filed in, see `filesOf`: the one that the variable `DETAILCLIP_RUNS` names, else `runs/`
 * of the workspace, which git ignores.
 */
export const RUNS_DIR: string = folderOf("DETAILCLIP_RUNS", "runs");

/** Why a folder cannot be made or written, where it cannot; one that is there may be for reading alone. */
function folderFault(folder: string, complete: boolean): string | undefined {
  const path = resolve(folder);
  try {
    if (!statSync(path).isDirectory()) return `${path} is no folder`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? folderFault(dirname(path), false) : message;
  }
  try {
    accessSync(path, constants.W_OK);
  } catch {
    if (!complete) return `nothing can be written in ${path}`;
    notice(`nothing can be written in ${path}: what is there is used, and nothing may be missing`);
  }
}

/**
 * Refuses a folder that a run would stumble over only when it writes, after its work.
 *
 * @param folder where something is to be written; it need not be there
 * @param name what names it
 * @param options `complete`: whether all that is wanted may be there already, so that a folder which cannot be written
 * is not refused but said
 * @throws {Error} when it is a file, lies in one or cannot be written
 */
export function checkFolder(
  folder: string,
  name: string,
  { complete = false }: { complete?: boolean } = {},
): void {
  const fault = folderFault(folder, complete);
  if (fault) throw new Error(`Cannot use the folder ${folder} of ${name}: ${fault}`);
}

/**
 * Refuses what the variables `DETAILCLIP_CACHE` and `DETAILCLIP_RUNS` name, as {@linkcode checkFolder} does; a cache
 * may be complete.
 *
 * @throws {Error} when one of them names no folder that can be used
 */
export function checkFolders(): void {
  checkFolder(CACHE_DIR, "DETAILCLIP_CACHE", { complete: true });
  checkFolder(RUNS_DIR, "DETAILCLIP_RUNS");
}
