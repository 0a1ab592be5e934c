/**
 * Installs the npm packages where they are not there yet: what every task does first. With
 * `"nodeModulesDir": "auto"` Deno would do so by itself, and print a line for each of the 200 packages.
 *
 * @module
 */
import { join } from "node:path";
import { readTextIfThere, sha256, writeAtomic } from "../../lib/runtime/files.ts";
import { showStep } from "../../lib/runtime/progress.ts";
import { captureDeno, ROOT } from "../project.ts";
import { readOptions } from "./arguments.ts";
import { runTask } from "./task.ts";

const USAGE =
  "Usage: deno task install   installs the npm packages, which every task does by itself";

/** What decides which packages there are. */
const SOURCES = ["deno.json", "deno.lock", "package.json"];
/** Written last: an install that was broken off is begun again. */
const STAMP = join(ROOT, "node_modules", ".installed");

/** Names the packages that the sources ask for. */
async function wanted(): Promise<string> {
  const texts = await Promise.all(SOURCES.map((file) => Deno.readTextFile(join(ROOT, file))));
  const [{ imports }, ...others] = texts.map((text) => JSON.parse(text));
  return sha256(JSON.stringify([imports, ...others]));
}

/** Installs; the output of an install that fails is the error. */
async function install(): Promise<void> {
  const { code, output } = await captureDeno(["install", "--quiet", "--frozen"]);
  if (code !== 0) throw new Error(`Cannot install npm packages: ${output.trim()}`);
}

if (import.meta.main) {
  await runTask(USAGE, async () => {
    readOptions({});
    if (await readTextIfThere(STAMP) !== await wanted()) {
      await showStep("Install npm packages (600 MB, once)", install, { about: "about 30 s" });
      await writeAtomic(STAMP, await wanted()); // the install may have written deno.lock
    }
  });
}
