/**
 * Progress with rate and time left: one line that rewrites itself in a terminal, a line now and then in
 * a log, a live bar in a notebook. It moves at least once a second (in a log every few seconds), also while
 * nothing is finished.
 *
 * @module
 */
import { type Broadcast, createDisplay } from "./display.ts";
import { inNotebook } from "./interrupt.ts";
import {
  COLUMNS,
  formatProgress,
  type ProgressState,
  renderHtml,
  renderLine,
} from "./progress_line.ts";
import { Rate } from "./rate.ts";

/** Where progress is shown. */
export type ProgressOutput = "terminal" | "log" | "notebook" | "silent";

/** Where and when progress is shown. */
export interface ShowOptions {
  /** Where to show it; found out by itself unless told. */
  output?: ProgressOutput;
  /** In a notebook: the display to use, so that stages that follow each other share one bar. */
  displayId?: string;
  /** Writes text to the terminal or log (default: standard error). */
  write?: (text: string) => void;
  /** Sends a message to the notebook's front end (default: the kernel's own). */
  broadcast?: Broadcast;
  /** The time in ms (default: a clock that never goes back). */
  now?: () => number;
  /** Calls something every so many ms and returns what ends that (default: a timer that keeps no process alive). */
  every?: (ms: number, call: () => void) => () => void;
}

/** Options of {@linkcode createProgress}. */
export interface ProgressOptions extends ShowOptions {
  /** What is being done, for people. */
  label: string;
  /** How many units there are; a step without units tells its time only. */
  total?: number;
  /** What is counted, in the plural (default `images`). */
  unit?: string;
  /** What is known of a step before it begins, such as `about 30 s`. */
  about?: string;
  /** When its line stays at the end: `always` unless told, or only where it was `slow`, or `never`. */
  leaves?: "always" | "slow" | "never";
}

/** Progress of one long operation. */
export interface Progress {
  /**
   * Says how far it is.
   *
   * @param done units that are done
   * @param note what is added to the line
   * @param cached how many of these units were found done: they tell nothing of the rate
   */
  update(done: number, note?: string, cached?: number): void;
  /** Takes the line away for other output; it is back when nothing was shown for a while. */
  clear(): void;
  /** Shows the last state, or that there was an error, and ends the line. Await it in a notebook. */
  finish(outcome?: "stopped"): Promise<void>;
}

/** The least time between two messages (ms), as units are done and while none is. */
const INTERVAL: Record<ProgressOutput, { busy: number; idle: number }> = {
  terminal: { busy: 100, idle: 1000 },
  notebook: { busy: 250, idle: 1000 },
  log: { busy: 5000, idle: 10_000 },
  silent: { busy: Infinity, idle: Infinity },
};
/** The first line of a log comes after so long, and a step that takes it is slow (ms). */
const FIRST_LINE = 2000;
/** How often an operation looks whether it has been silent for too long (ms). */
const BEAT = 500;
/** What was found done is not shown as a bar before so long (ms). */
const CACHED = 1000;
function detectOutput(): ProgressOutput {
  if (inNotebook()) return "notebook";
  return Deno.stderr.isTerminal() ? "terminal" : "log";
}

/** The width of the terminal, at most {@linkcode COLUMNS}, less one: a full line may wrap. */
function terminalColumns(): number {
  try {
    return Math.max(10, Math.min(COLUMNS, Deno.consoleSize().columns || COLUMNS) - 1);
  } catch {
    return COLUMNS - 1; // not a terminal
  }
}

function writeToStderr(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += Deno.stderr.writeSync(bytes.subarray(done));
}

function callEvery(ms: number, call: () => void): () => void {
  const timer = setInterval(call, ms);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}

/** Shows states in one of four ways, and takes the last one away where that can be done. */
interface View {
  show(state: ProgressState): Promise<void>;
  hide(): Promise<void>;
}

function createView(
  output: ProgressOutput,
  { write = writeToStderr, ...options }: ShowOptions,
): View {
  const nothing = () => Promise.resolve();
  const say = (text: string) => Promise.resolve(write(text));
  if (output === "silent") return { show: nothing, hide: nothing };
  if (output === "log") {
    return { show: (state) => say(`${formatProgress(state)}\n`), hide: nothing };
  }
  if (output === "terminal") {
    return {
      show(state) {
        const end = state.finished ? "\n" : "";
        return say(`\r${renderLine(state, terminalColumns())}\x1b[K${end}`);
      },
      hide: () => say("\r\x1b[K"),
    };
  }
  const display = createDisplay(options);
  let shown = false;
  return {
    show(state) {
      shown = true;
      const text = formatProgress(state, Infinity);
      return display({ "text/html": renderHtml(state), "text/plain": text });
    },
    hide: () => shown ? display({ "text/html": "", "text/plain": "" }) : nothing(),
  };
}

/**
 * Shows the progress of a long operation.
 *
 * @param options what is counted, and where to show it
 *
 * @example
 * ```ts
 * import { createProgress } from "detailclip";
 * const progress = createProgress({ label: "encode", total: 3, output: "silent" });
 * for (let done = 1; done <= 3; done++) progress.update(done);
 * await progress.finish();
 * ```
 */
export function createProgress(options: ProgressOptions): Progress {
  const { label, total, unit = "images", about, leaves = "always" } = options;
  const { now = () => performance.now(), every = callEvery } = options;
  const output = options.output ?? detectOutput();
  const { busy, idle } = INTERVAL[output];
  const { show, hide } = createView(output, options);
  const start = now(), rate = new Rate();
  const atOnce = output === "terminal" || (output === "notebook" && leaves === "always");
  let shown = atOnce ? -Infinity : start + FIRST_LINE - idle;
  let done = 0, cached = 0, note: string | undefined;

  const state = (time: number, finished: boolean): ProgressState => {
    const elapsed = (time - start) / 1000;
    const perSecond = finished && elapsed > 0 ? (done - cached) / elapsed : rate.perSecond;
    const since = (time - (rate.lastTime ?? time)) / 1000;
    return {
      ...{ label, done, total, unit, cached, elapsed, finished, about, note },
      rate: perSecond,
      idle: since,
    };
  };
  const showAfter = (interval: number) => {
    const time = now();
    rate.settle(time);
    if (time - shown < interval) return;
    if (cached === done && total !== undefined && time - start < CACHED) return;
    shown = time;
    void show(state(time, false));
  };
  const stop = output === "silent" ? () => {} : every(BEAT, () => showAfter(idle));
  // a step says at once what begins: it may keep timers from being served
  if (total === undefined && (atOnce || leaves === "always")) showAfter(0);
  return {
    update(value, text, found = cached) {
      const interval = value === done ? idle : busy;
      [done, cached, note] = [value, found, text ?? note];
      rate.note(now(), done - cached);
      showAfter(interval);
    },
    clear() {
      void hide();
      shown = now();
    },
    finish(outcome) {
      stop();
      const time = now();
      if (leaves === "always" || (leaves === "slow" && time - start >= FIRST_LINE)) {
        return show({ ...state(time, true), stopped: outcome === "stopped" });
      }
      return hide();
    },
  };
}

/**
 * Does a step and shows how far it is, or how long it takes where it counts nothing.
 *
 * @param label what is done, for people
 * @param work the step
 * @param options what is known of it, and where to show it
 * @returns what the step returns
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { showStep } from "detailclip/runtime";
 * const answer = await showStep("Think", () => Promise.resolve(42), { output: "silent" });
 * assert.equal(answer, 42);
 * ```
 */
export async function showStep<T>(
  label: string,
  work: (progress: Progress) => Promise<T>,
  options: Omit<ProgressOptions, "label"> = {},
): Promise<T> {
  const progress = createProgress({ ...options, label });
  let outcome: "stopped" | undefined = "stopped";
  try {
    const result = await work(progress);
    outcome = undefined;
    return result;
  } finally {
    await progress.finish(outcome);
  }
}
