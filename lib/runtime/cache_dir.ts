/**
 * Where the workspace keeps what it can make again.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of generated data sets, features and trained models, with a slash at its end: the one that the
 * variable `DETAILCLIP_CACHE` names, else `.cache/` of the workspace, which git ignores. A relative path is meant
 * from the workspace's root: notebooks and tools run in different folders.
 */
export const CACHE_DIR: string = join(
  resolve(
    fileURLToPath(new URL("../..", import.meta.url)),
    Deno.env.get("DETAILCLIP_CACHE") || ".cache",
  ),
  "/",
);
