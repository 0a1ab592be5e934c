/**
 * What continuous integration runs: the gate, then every notebook at the smallest scale. The last line
 * counts checks, tests and notebooks together.
 *
 * @module
 */
import { join } from "node:path";
import { listNotebooks } from "../jupyter/notebook.ts";
import { runNotebooks } from "../jupyter/run_notebooks.ts";
import { runGate } from "./ok.ts";
import { fail, ROOT } from "../project.ts";
import { sumTotals, totalsLine } from "./test.ts";

if (import.meta.main) {
  try {
    const gate = await runGate();
    const notebooks = await listNotebooks(join(ROOT, "notebooks"));
    const start = performance.now();
    const { passed, failed } = await runNotebooks({ notebooks, scale: "smoke" });
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    console.log(`notebooks: ${passed} passed, ${failed} failed in ${minutes} min`);
    const totals = sumTotals([gate, { passed, failed, skipped: 0 }]);
    console.log(totalsLine(totals));
    Deno.exit(totals.failed > 0 ? 1 : 0);
  } catch (error) {
    fail(error);
  }
}
