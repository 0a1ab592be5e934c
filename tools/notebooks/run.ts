/**
 * Running notebooks without a browser: parameters set, executed copies kept, sources untouched.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { writeAtomic } from "../../lib/files.ts";
import { operationSignal } from "../../lib/interrupt.ts";
import { setUpJupyter } from "../kernel/kernelspec.ts";
import { capture, ROOT } from "../project.ts";
import { injectParameters, notebookName, parameterNames, readNotebook } from "./notebook.ts";

/** What to run, and how. */
export interface RunOptions {
  /** The notebooks' paths. */
  notebooks: readonly string[];
  /** The scale, given to every notebook that has a `scale` parameter. */
  scale: string;
  /** Other parameters, given to every notebook that has them. */
  set?: Record<string, unknown>;
  /** Seconds that one notebook may take. */
  timeout?: number;
  /** Where executed copies go; results/notebooks if absent. */
  output?: string;
  /** Ends the run after the notebook that is running: its runner hears the same Ctrl-C. */
  signal?: AbortSignal;
  /** How often each notebook runs, one run after the other. */
  repeat?: number;
  /** Where messages go. */
  log?: (message: string) => void;
}

/** How many runs ended well, and how many did not. */
export interface RunTotals {
  /** Runs without an error. */
  passed: number;
  /** Runs that a cell's error, a dead kernel or the time limit ended. */
  failed: number;
}

/** What run_notebook.py says at its end. */
interface PythonReport {
  error: string | null;
  cell?: number | null;
  source?: string;
}

/** The command that runs one notebook; what it computes notes it. */
export function notebookCommand(
  path: string,
  scale: string,
  set: Record<string, unknown> = {},
): string {
  const settings = Object.entries(set).map(([name, value]) => {
    const setting = `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`;
    return ` --set ${/^[\w=.,@+-]+$/.test(setting) ? setting : `'${setting}'`}`;
  });
  return `deno task notebooks ${notebookName(path)} --scale ${scale}${settings.join("")}`;
}

/** Runs one notebook; returns what went wrong, or null. */
async function runOne(path: string, options: RunOptions): Promise<string | null> {
  const { scale, set = {}, timeout = 1800, output = join(ROOT, "results", "notebooks") } = options;
  const notebook = await readNotebook(path);
  const names = parameterNames(notebook);
  const values = Object.fromEntries(
    Object.entries({ scale, ...set }).filter(([name]) => names.includes(name)),
  );
  const target = join(output, `${notebookName(path)}.ipynb`);
  await writeAtomic(target, JSON.stringify(injectParameters(notebook, values), null, 1));

  const { venv, env } = await setUpJupyter();
  const script = join(ROOT, "tools", "notebooks", "run_notebook.py");
  const args = [script, target, target, dirname(path), String(timeout)];
  const command = notebookCommand(path, scale, set);
  const result = await capture(venv.python, args, { env: { ...env, DETAILCLIP_COMMAND: command } });
  if (result.code !== 0) return `the runner ended with ${result.code}\n${result.output.trim()}`;
  const report: PythonReport = JSON.parse(result.output.trim().split("\n").at(-1)!);
  if (report.error === null) return null;
  const where = report.cell ? `in cell ${report.cell}:\n${report.source}\n\n` : "";
  return `${where}${report.error}`;
}

/** Refuses parameters that none of the notebooks has: a slip of the pen would go unnoticed. */
async function assertKnown(options: RunOptions): Promise<void> {
  const notebooks = await Promise.all(options.notebooks.map(readNotebook));
  const known = new Set(notebooks.flatMap(parameterNames));
  for (const name of Object.keys(options.set ?? {})) {
    if (known.has(name)) continue;
    const has = [...known].join(", ") || "none";
    throw new Error(`Cannot set ${name}: no notebook has such a parameter (there are: ${has})`);
  }
}

/**
 * Runs notebooks one after the other and logs each one's name and seconds, or its error.
 *
 * @param options which, at what scale, with what parameters
 * @returns how many ended well and how many did not
 * @throws {Error} when a parameter is set that no notebook has, or Jupyter cannot be set up; the
 * signal's reason when it has aborted
 */
export async function runNotebooks(options: RunOptions): Promise<RunTotals> {
  const { repeat = 1, log = console.log, signal = operationSignal() } = options;
  await assertKnown(options);
  const totals: RunTotals = { passed: 0, failed: 0 };
  for (const path of options.notebooks) {
    for (let turn = 0; turn < repeat; turn++) {
      const start = performance.now();
      const error = await runOne(path, options);
      signal.throwIfAborted();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      totals[error === null ? "passed" : "failed"]++;
      log(
        `${error === null ? "✓" : "✗"} ${notebookName(path).padEnd(32)} ${seconds.padStart(7)} s`,
      );
      if (error !== null) log(error.replace(/^/gm, "    "));
    }
  }
  return totals;
}
