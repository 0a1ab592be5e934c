/**
 * `deno task ok`: the one gate. Every check runs, also after one failed; tests come last.
 *
 * @module
 */
import type { Check } from "../checks/check.ts";
import { executedCopies } from "../checks/executed_copies.ts";
import { oneWayImports } from "../checks/imports.ts";
import { notebookCells } from "../checks/notebook_cells.ts";
import { notebookForm } from "../checks/notebook_form.ts";
import { notebooksClean } from "../checks/notebooks_clean.ts";
import { pins } from "../checks/pins.ts";
import { readme } from "../checks/readme.ts";
import { browserTest, documentation, format, lint, types } from "../checks/sources.ts";
import { wasmBytes } from "../checks/wasm.ts";
import { showStep } from "../../lib/runtime/progress.ts";
import { assertPinnedDeno, ROOT } from "../project.ts";
import { readOptions } from "./arguments.ts";
import { runTask } from "./task.ts";
import { runTests, sumTotals, type Totals, totalsLine } from "./test.ts";

const USAGE = `Usage: deno task ok
  the gate: format, lint, types, docs, notebooks, imports, pins, tests; every check runs, also after one failed`;

/** The checks of the gate, quick ones first; tests and doc examples come after them. */
const CHECKS: readonly Check[] = [
  format,
  lint,
  pins,
  notebooksClean,
  notebookForm,
  executedCopies,
  oneWayImports,
  wasmBytes,
  types,
  browserTest,
  notebookCells,
  documentation,
  readme,
];

/** Lines of one problem that are shown; a formatter's difference can have thousands. */
const SHOWN_LINES = 60;

/** A problem's first lines. */
function shorten(problem: string): string {
  const lines = problem.split("\n");
  if (lines.length <= SHOWN_LINES) return problem;
  return [...lines.slice(0, SHOWN_LINES), `… ${lines.length - SHOWN_LINES} more lines`].join("\n");
}

/** Runs the checks one by one, each with a line of its own, and counts them. */
export async function runChecks(
  checks: readonly Check[],
  root: string = ROOT,
  log: (line: string) => void = console.log,
): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, run } of checks) {
    const start = performance.now();
    const problems = await showStep(name, () => run(root), { leaves: "never" })
      .catch((error) => [`the check itself failed: ${error}`]);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const good = problems.length === 0;
    totals[good ? "passed" : "failed"]++;
    log(`${good ? "✓" : "✗"} ${name.padEnd(16)} ${seconds.padStart(6)} s`);
    for (const problem of problems) log(shorten(problem).replace(/^/gm, "    "));
  }
  return totals;
}

/**
 * Runs the whole gate.
 *
 * @returns the checks and tests that passed and failed, added up
 */
export async function runGate(log: (line: string) => void = console.log): Promise<Totals> {
  assertPinnedDeno();
  const checks = await runChecks(CHECKS, ROOT, log);
  const start = performance.now();
  const tests = await runTests();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  log(`${tests.failed === 0 ? "✓" : "✗"} ${"tests".padEnd(16)} ${seconds.padStart(6)} s`);
  log(`checks: ${totalsLine(checks)}; tests and doc examples: ${totalsLine(tests)}`);
  return sumTotals([checks, tests]);
}

if (import.meta.main) {
  await runTask(USAGE, async () => {
    readOptions({ args: Deno.args });
    const totals = await runGate();
    console.log(totalsLine(totals));
    return totals.failed > 0 ? 1 : 0;
  });
}
