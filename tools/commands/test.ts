/**
 * `deno task test [path…] [--filter name]`: all tests, the doc examples of the library and README.md's
 * snippets; or those of some paths. The last line counts what the runner reported.
 *
 * @module
 */
import { join } from "node:path";
import { exists } from "../checks/check.ts";
import { type Progress, showStep } from "../../lib/runtime/progress.ts";
import { setUpJupyter } from "../jupyter/kernelspec.ts";
import { BROWSER_TEST, captureDeno, ROOT } from "../project.ts";
import { runTask } from "./task.ts";

const USAGE = `Usage: deno task test [path…] [options]
  path…           files and folders whose tests and doc examples run; all of the project unless named
  --filter NAME   only tests whose names contain it, and whatever else \`deno test --help\` lists`;

/** What a run of tests came to. */
export interface Totals {
  /** Tests that passed. */
  passed: number;
  /** Tests that failed; a runner that broke off counts as one. */
  failed: number;
  /** Tests that were skipped. */
  skipped: number;
}

/**
 * Reads the counts from what Deno's test runner printed.
 *
 * @param output the runner's output, without colours
 * @param code its exit status
 * @returns the counts; never a clean result for a run that ended badly or ran nothing
 */
export function readTotals(output: string, code: number): Totals {
  const line =
    /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/gm;
  const last = [...output.matchAll(line)].at(-1);
  const [passed, failed, skipped] = (last ?? []).slice(1).map((count) => Number(count ?? 0));
  const totals = { passed: passed ?? 0, failed: failed ?? 0, skipped: skipped ?? 0 };
  const ranNothing = totals.passed + totals.failed === 0;
  if (totals.failed === 0 && (code !== 0 || ranNothing)) totals.failed = 1;
  return totals;
}

/**
 * Why no test ran, where the runner does not say so in words of the call; nothing of other runs.
 *
 * @param output the runner's output, without colours
 */
export function whyNothing(output: string): string | undefined {
  const missing = /^error: Import 'file:\/\/([^']+)' failed, not found/m.exec(output)?.[1];
  if (missing) return `no test ran: there is no ${missing}`;
  if (!/^ok \| 0 passed \| 0 failed/m.test(output)) return undefined;
  const filtered = /\| (\d+) filtered out/.exec(output)?.[1];
  return filtered
    ? `no test ran: of the ${filtered} that there are none has such a name (--filter PART or "/PATTERN/")`
    : "no test ran: there is none in what was named";
}

/** The closing line: "N passed, N failed" and, where some were, ", N skipped". */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Adds up counts. */
export function sumTotals(all: readonly Totals[]): Totals {
  const sum = (key: keyof Totals) => all.reduce((total, counts) => total + counts[key], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

/** Tests that start kernels and servers of their own: one at a time, with the machine to themselves. */
const ALONE = [
  "tools/jupyter/kernel.test.ts",
  "tools/commands/lab.test.ts",
  "tools/commands/notebooks.test.ts",
  "tools/jupyter/python.test.ts",
];

/** The runs of Deno's test runner that make up the whole. */
async function wholeSuite(): Promise<string[][]> {
  await setUpJupyter().catch(() => {}); // once, before the clock of any test; they report what fails
  const folders = ["lib", "experiments", "bench", "README.md"];
  const present = await Promise.all(folders.map((folder) => exists(join(ROOT, folder))));
  const sources = folders.filter((_folder, i) => present[i]);
  return [
    ["--parallel", "--doc", ...sources],
    // apart, because with several folders on the command line Deno 2.8.1 ignores --ignore
    // (and --ignore takes the place of what deno.json excludes)
    ["--parallel", "--doc", `--ignore=${[...ALONE, BROWSER_TEST].join(",")}`, "tools"],
    ALONE,
    ["--config", `${BROWSER_TEST}/deno.json`, BROWSER_TEST],
  ];
}

/**
 * Runs tests, showing the runner's output as it comes.
 *
 * @param args paths and options for `deno test`; the whole suite if empty
 * @param show where the output goes
 * @returns the counts of all runs together
 */
export async function runTests(
  args: readonly string[] = [],
  show: (text: string) => void = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)),
): Promise<Totals> {
  const runs = args.length > 0 ? [["--doc", ...args]] : await wholeSuite();
  const totals: Totals[] = [];
  for (const run of runs) {
    // "auto": with deno.json's "manual" Deno 2.8.1 forgets which files it has type-checked
    const command = [
      "test",
      "-A",
      "--frozen",
      "--permit-no-files",
      "--node-modules-dir=auto",
      ...run,
    ];
    const { code, output } = await showStep(
      "Tests",
      (progress) => captureDeno(command, { onOutput: betweenLines(progress, show) }),
      { leaves: "never" },
    );
    const tail = output.slice(output.lastIndexOf("\n") + 1);
    if (tail !== "") show(`${tail}\n`); // a runner that broke off
    const why = args.length > 0 ? whyNothing(output) : undefined;
    if (why) show(`${why}\n`);
    totals.push(readTotals(output, code));
  }
  return sumTotals(totals);
}

/** Shows whole lines of a runner's output; in between, progress tells how long it goes on, and with what. */
function betweenLines(
  progress: Progress,
  show: (text: string) => void,
): (text: string) => void {
  let rest = "";
  return (text) => {
    const end = (rest + text).lastIndexOf("\n") + 1;
    const lines = (rest + text).slice(0, end);
    rest = (rest + text).slice(end);
    if (lines !== "") {
      progress.clear();
      show(lines);
    }
    progress.update(0, rest.replace(/ \.\.\. $/, "")); // the test that runs
  };
}

if (import.meta.main) {
  await runTask(USAGE, async () => {
    const totals = await runTests(Deno.args);
    console.log(totalsLine(totals));
    return totals.failed > 0 ? 1 : 0;
  });
}
