/**
 * What continuous integration runs: the gate, then every notebook at the smallest scale, as it is and once more with
 * changed parameters. The last line counts checks, tests and notebooks together.
 *
 * @module
 */
import { join } from "node:path";
import { listNotebooks, notebookName } from "../jupyter/notebook.ts";
import { runNotebooks, type RunTotals } from "../jupyter/run_notebooks.ts";
import { CHANGED_KNOBS } from "./changed_knobs.ts";
import { runGate } from "./ok.ts";
import { ROOT } from "../project.ts";
import { readOptions } from "./arguments.ts";
import { runTask } from "./task.ts";
import { sumTotals, totalsLine } from "./test.ts";

const USAGE = `Usage: deno task ci
  what continuous integration runs: the gate, then every notebook at the smoke scale, twice`;

type Counts = Pick<RunTotals, "passed" | "failed">;

/**
 * Runs notebooks at the smoke scale, each with parameters of its own; these executed copies are not the ones to keep.
 *
 * @param folder of the copies, in the cache
 * @param knobs the parameters of a notebook
 */
async function runSmoke(
  folder: string,
  knobs: (notebook: string) => Record<string, unknown>,
): Promise<Counts> {
  const output = join(ROOT, ".cache", folder), start = performance.now();
  const counts = { passed: 0, failed: 0 };
  for (const path of await listNotebooks(join(ROOT, "notebooks"))) {
    const set = knobs(notebookName(path));
    const { passed, failed } = await runNotebooks({
      ...{ notebooks: [path], scale: "smoke", set, output },
    });
    counts.passed += passed;
    counts.failed += failed;
  }
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  console.log(`notebooks: ${counts.passed} passed, ${counts.failed} failed in ${minutes} min`);
  return counts;
}

if (import.meta.main) {
  await runTask(USAGE, async () => {
    readOptions({ args: Deno.args });
    const gate = await runGate();
    const asTheyAre = await runSmoke("notebooks-smoke", () => ({}));
    console.log("once more, with changed parameters:");
    const changed = await runSmoke("notebooks-smoke-changed", (name) => CHANGED_KNOBS[name]);
    const totals = sumTotals([
      gate,
      ...[asTheyAre, changed].map((counts) => ({ ...counts, skipped: 0 })),
    ]);
    console.log(totalsLine(totals));
    return totals.failed > 0 ? 1 : 0;
  });
}
