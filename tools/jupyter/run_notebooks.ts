/**
 * Running notebooks without a browser: parameters set, executed copies kept, sources untouched.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { KEEP_VARIABLE } from "../../lib/report/filing.ts";
import { inputsPrint } from "../../lib/report/inputs.ts";
import { RUNS_DIR } from "../../lib/runtime/cache_dir.ts";
import { CACHE_DIR, SHARED_VARIABLE } from "../../lib/runtime/cache_dir.ts";
import { canonicalJson, sha256, writeAtomic } from "../../lib/runtime/files.ts";
import { operationSignal } from "../../lib/runtime/interrupt.ts";
import { type Progress, type ShowOptions, showStep } from "../../lib/runtime/progress.ts";
import { didYouMean } from "../../lib/runtime/nearest.ts";
import { type JupyterSetup, setUpJupyter } from "./kernelspec.ts";
import { UsageError } from "../commands/arguments.ts";
import { capture, ROOT } from "../project.ts";
import {
  checkParameter,
  injectParameters,
  notebookName,
  parameterNames,
  parametersOf,
  readNotebook,
} from "./notebook.ts";

/** What to run, and how. */
export interface NotebookRunOptions {
  /** The notebooks' paths. */
  notebooks: readonly string[];
  /** The scale, given to every notebook that has a `scale` parameter. */
  scale: string;
  /** Other parameters, given to every notebook that has them. */
  set?: Record<string, unknown>;
  /** Seconds that one notebook may take; see {@linkcode timeLimit}. */
  timeout?: number;
  /** Whether results of committed configurations (and executed copies, see {@linkcode keepsCopies}) go to results/; else to runs/. */
  keep?: boolean;
  /** Where executed copies go, unless where {@linkcode outputFolder} says. */
  output?: string;
  /** The caches that notebooks use; the workspace's own if absent. */
  cacheDir?: string;
  /** Ends the run, and the notebook that is running. */
  signal?: AbortSignal;
  /** How often each notebook runs, one run after the other. */
  repeat?: number;
  /** Where messages go. */
  log?: (message: string) => void;
  /** Where and when it shows which cell runs. */
  show?: ShowOptions;
}

/** How many runs ended well, and how many did not. */
export interface RunTotals {
  /** Runs without an error. */
  passed: number;
  /** Runs that a cell's error, a dead kernel or the time limit ended. */
  failed: number;
  /** Seconds of each run that ended well, by notebook. */
  seconds: Record<string, number[]>;
}

/** Seconds that a notebook may take unless told: full and paper scale take what they take. */
export function timeLimit(scale: string): number {
  return { smoke: 600, quick: 5400 }[scale] ?? Infinity;
}

/** Whether executed copies are kept: those of another seed are not, as their figures are not. */
export const keepsCopies = (
  { keep = false, set = {} }: Pick<NotebookRunOptions, "keep" | "set">,
): boolean => keep && Object.keys(set).length === 0;

/** The folder of executed copies and times. */
export function outputFolder(keep = false): string {
  return join(keep ? join(ROOT, "results") : RUNS_DIR, "notebooks");
}

/**
 * File name of an executed copy: those of other scales and parameters, and of other data under the same path, lie
 * beside it. The kept one of the quick scale has the notebook's own name.
 */
export function copyName(
  path: string,
  scale: string,
  { set = {}, keep }: Pick<NotebookRunOptions, "set" | "keep"> = {},
): string {
  if (keepsCopies({ set, keep }) && scale === "quick") return `${notebookName(path)}.ipynb`;
  const changed = Object.keys(set).length > 0, print = inputsPrint(set);
  const parts = print === undefined ? set : [set, print]; // own data may have changed in place
  const hash = changed ? `-${sha256(canonicalJson(parts)).slice(0, 6)}` : "";
  return `${notebookName(path)}.${scale}${hash}.ipynb`;
}

/**
 * Where the copy of a run that failed goes: beside the executed ones, but never to results/. It names the same file
 * whether results are kept or not.
 */
export function failedPath(
  path: string,
  { scale, set, output = outputFolder() }: Pick<NotebookRunOptions, "scale" | "set" | "output">,
): string {
  return join(output, copyName(path, scale, { set }).replace(/\.ipynb$/, ".failed.ipynb"));
}

/** The most characters of a stage's label beside the notebook, its time and its cell. */
const STAGE_LABEL = 18;

/** What run_notebook.py says while cells run. */
interface PythonNews {
  /** The number of the cell that begins. */
  cell?: number;
  /** How many cells there are. */
  of?: number;
  /** Its first line. */
  line?: string;
  /** What a progress bar under the cell says. */
  stage?: string;
}

/** What a cell's progress bar says, with a label that leaves room for its numbers in a line. */
function stageText(stage: string): string {
  const [, label, numbers] = /^(.*?)(: .*)$/.exec(stage) ?? ["", stage, ""];
  const plain = label.replaceAll(", ", " "); // a comma parts what may be left out
  return (plain.length > STAGE_LABEL ? `${plain.slice(0, STAGE_LABEL - 1)}…` : plain) + numbers;
}

/** Follows what run_notebook.py prints, in pieces as they come, and tells where it is in a line. */
export function followRun(update: (where: string) => void): (text: string) => void {
  let rest = "", cell = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines.filter((line) => line.startsWith("{"))) {
      const news: PythonNews & Partial<PythonReport> = JSON.parse(line);
      if (news.line !== undefined) cell = `cell ${news.cell}/${news.of}`;
      const what = news.stage === undefined ? news.line : stageText(news.stage);
      if (what !== undefined) update([cell, what].filter(Boolean).join(", "));
    }
  };
}

/** What run_notebook.py says at its end. */
export interface PythonReport {
  /** What went wrong, in full; null when nothing did. */
  error: string | null;
  /** The name of the error that a cell threw. */
  name?: string;
  /** Its message. */
  message?: string;
  /** The number of the cell that was running; null of the one that sets parameters. */
  cell?: number | null;
  /** Its text. */
  source?: string;
}

/** Lines of a cell that are shown with an error of the user's. */
const SHOWN_LINES = 3;

/**
 * Tells what went wrong and where. A message of the form `Cannot X: why` is meant for the user and says all; any other
 * error may be a fault of the code, and is told with its trace and the whole cell.
 */
export function failureText({ error, name, message, cell, source = "" }: PythonReport): string {
  const told = message?.startsWith("Cannot ");
  const lines = source.split("\n");
  const cut = told && lines.length > SHOWN_LINES
    ? [...lines.slice(0, SHOWN_LINES), "…"].join("\n")
    : source;
  const place = cell ? `cell [${cell}]` : "the parameters set on the command line";
  const where = source === "" ? "" : `in ${place}:\n${cut}\n\n`;
  return where + (told ? `${name}: ${message}` : error);
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

/** A copy that is kept names no folder of the machine that made it. */
async function withoutRoot(path: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  await writeAtomic(path, text.replaceAll(join(ROOT, "/"), ""));
}

/**
 * Runs one notebook. The executed copy takes the place of an earlier one when the run ended well; what a failed run left
 * lies in a file of its own until one ends well, and a run that is stopped leaves nothing.
 *
 * @returns what went wrong, or null
 */
async function runOne(
  path: string,
  options: NotebookRunOptions,
  { venv, env }: JupyterSetup,
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<string | null> {
  const { scale, keep = false, output = outputFolder(keepsCopies(options)), cacheDir } = options;
  const notebook = await readNotebook(path);
  const names = parameterNames(notebook);
  const known = (values: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
  const set = known(options.set ?? {});
  const values = { ...known({ scale }), ...set };
  const target = join(output, copyName(path, scale, { set, keep: keepsCopies(options) }));
  const failed = failedPath(path, { ...options, set });

  const script = join(ROOT, "tools", "jupyter", "run_notebook.py");
  const timeout = options.timeout ?? timeLimit(scale);
  const limit = Number.isFinite(timeout) ? `${timeout}` : "inf";
  const result = await capture(venv.python, [script, target, failed, dirname(path), limit], {
    input: JSON.stringify(injectParameters(notebook, values)) + "\n",
    signal,
    onOutput: followRun((where) => progress.update(0, where)),
    env: {
      ...env,
      DETAILCLIP_COMMAND: notebookCommand(path, scale, options.set),
      [KEEP_VARIABLE]: keep ? "1" : "", // whatever the caller's environment says
      // an empty cache: what is built or downloaded once is not
      ...(cacheDir !== undefined && { DETAILCLIP_CACHE: cacheDir, [SHARED_VARIABLE]: CACHE_DIR }),
    },
  });
  if (result.code !== 0) return `the runner ended with ${result.code}\n${result.output.trim()}`;
  const report: PythonReport = JSON.parse(result.output.trim().split("\n").at(-1)!);
  if (report.error !== null) return `${failureText(report)}\n\nthe copy up to there is ${failed}`;
  await Deno.remove(failed).catch(() => {}); // mostly there is none
  if (keep) await withoutRoot(target);
  return null;
}

/**
 * Refuses parameters that none of the notebooks has, which would go unnoticed, and values of another kind than a
 * notebook declares, which would be noticed late.
 */
async function checkSet({ notebooks, set = {} }: NotebookRunOptions): Promise<void> {
  const known = new Set<string>();
  for (const path of notebooks) {
    // one that cannot be read fails when its turn comes
    const parameters = await readNotebook(path).then(parametersOf, () => new Map<string, string>());
    for (const [name, text] of parameters) {
      known.add(name);
      if (Object.hasOwn(set, name)) checkParameter(text, name, set[name]);
    }
  }
  for (const name of Object.keys(set)) {
    if (known.has(name)) continue;
    const near = didYouMean(name, [...known]);
    throw new UsageError(
      `Cannot set ${name}: no notebook that is to run has such a parameter${near}`,
    );
  }
}

/** Tells a notebook's runs in a line: how many ended well, and how long they took. */
function repeatLine(name: string, repeat: number, seconds: readonly number[] = []): string {
  const sorted = [...seconds].sort((a, b) => a - b);
  const [least, most] = [sorted[0] ?? NaN, sorted.at(-1) ?? NaN].map((s) => s.toFixed(1));
  const median = (sorted[Math.floor(sorted.length / 2)] ?? NaN).toFixed(1);
  return `  ${name}: ${sorted.length} of ${repeat} runs ended well; ` +
    `${least} to ${most} s, median ${median} s`;
}

/**
 * Runs notebooks one after the other and logs each one's name and seconds, or its error. One that fails,
 * or whose kernel dies, does not keep the others from running.
 *
 * @param options which, at what scale, with what parameters
 * @returns how many ended well and how many did not, and how long they took
 * @throws {UsageError} when a parameter is set that no notebook has, or to a value of another kind
 * @throws {Error} when Jupyter cannot be set up; the signal's reason when it has aborted
 */
export async function runNotebooks(options: NotebookRunOptions): Promise<RunTotals> {
  const { repeat = 1, log = console.log, signal = operationSignal(), show } = options;
  await checkSet(options);
  const setup = await setUpJupyter();
  const totals: RunTotals = { passed: 0, failed: 0, seconds: {} };
  for (const path of options.notebooks) {
    const name = notebookName(path);
    for (let turn = 0; turn < repeat; turn++) {
      const start = performance.now();
      const run = (progress: Progress) => {
        progress.update(0, "the kernel starts");
        return runOne(path, options, setup, { signal, progress });
      };
      const error = await showStep(name, run, { ...show, leaves: "never" }).catch(String);
      signal.throwIfAborted();
      const seconds = (performance.now() - start) / 1000;
      totals[error === null ? "passed" : "failed"]++;
      if (error === null) (totals.seconds[name] ??= []).push(seconds);
      log(`${error === null ? "✓" : "✗"} ${name.padEnd(32)} ${seconds.toFixed(1).padStart(7)} s`);
      if (error !== null) log(error.replace(/^/gm, "    "));
    }
    if (repeat > 1) log(repeatLine(name, repeat, totals.seconds[name]));
  }
  return totals;
}
