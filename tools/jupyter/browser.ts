/**
 * Finding a browser that tests can drive.
 *
 * @module
 */
import { delimiter, join } from "node:path";
import { exists } from "../checks/check.ts";

/** What Chromium and its relatives are called, by preference. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * The Chromium of this machine: the one that the variable CHROMIUM names, else the first on the PATH.
 *
 * @param path folders to look in
 * @returns its path; `undefined` where there is none
 * @throws {Error} when CHROMIUM names a file that is not there
 */
export async function findBrowser(
  path: string = Deno.env.get("PATH") ?? "",
): Promise<string | undefined> {
  const told = Deno.env.get("CHROMIUM");
  if (told) {
    if (await exists(told)) return told;
    throw new Error(`Cannot open a browser: CHROMIUM names ${told}; there is none`);
  }
  for (const name of NAMES) {
    for (const folder of path.split(delimiter).filter(Boolean)) {
      if (await exists(join(folder, name))) return join(folder, name);
    }
  }
}
