/**
 * `deno task site [--out FOLDER] [--notebooks FOLDER] [--no-api]`: the executed notebooks as a static site.
 *
 * @module
 */
import { resolve } from "node:path";
import { showStep } from "../../lib/runtime/progress.ts";
import { readOptions } from "./arguments.ts";
import { runTask } from "./task.ts";
import { ROOT } from "../project.ts";

const USAGE = `Usage: deno task site [options]
  --out FOLDER        gets the site (site/)
  --notebooks FOLDER  of executed notebooks (results/notebooks/), such as runs/notebooks/
  --no-api            without the pages of the API`;

if (import.meta.main) {
  await runTask(USAGE, async () => {
    const { values } = readOptions({
      options: {
        out: { type: "string", default: resolve(ROOT, "site") },
        notebooks: { type: "string", default: resolve(ROOT, "results", "notebooks") },
        "no-api": { type: "boolean", default: false },
      },
    });
    const out = resolve(values.out);
    const load = () => import("../site/site.ts"); // with the whole library: a second or two
    const { buildSite } = await showStep("Load", load, { leaves: "never" });
    const names = await buildSite({
      out,
      notebooks: resolve(values.notebooks),
      api: !values["no-api"],
    });
    console.log(`${names.length} notebooks; open ${out}/index.html`);
  });
}
