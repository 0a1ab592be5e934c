/**
 * Progress with rate and time left: one line that rewrites itself in a terminal, a line now and then in
 * a log, a live bar in a notebook.
 *
 * @module
 */
import { type Broadcast, createDisplay } from "./display.ts";
import { inNotebook } from "./interrupt.ts";

/** Where progress is shown. */
export type ProgressOutput = "terminal" | "log" | "notebook" | "silent";

/** Options of {@linkcode createProgress}. */
export interface ProgressOptions {
  /** What is being done, for people. */
  label: string;
  /** How many units there are. */
  total: number;
  /** What is counted, in the plural (default `images`). */
  unit?: string;
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
}

/** Progress of one long operation. */
export interface Progress {
  /** Says how many units are done; `note` is added to the line. */
  update(done: number, note?: string): void;
  /** Shows the last state and ends the line. Await it in a notebook. */
  finish(): Promise<void>;
}

/** The state of an operation, as it is shown. */
export interface ProgressState {
  /** What is being done. */
  label: string;
  /** Units done. */
  done: number;
  /** Units there are. */
  total: number;
  /** What is counted. */
  unit: string;
  /** Units a second, lately (overall once finished); 0 when not known yet. */
  rate: number;
  /** Seconds since the start. */
  elapsed: number;
  /** Whether it has ended. */
  finished: boolean;
  /** Anything else worth knowing. */
  note?: string;
}

/** The least time between two messages (ms). */
const INTERVAL: Record<ProgressOutput, number> = {
  terminal: 100,
  notebook: 250,
  log: 10_000,
  silent: Infinity,
};
/** The rate is taken over this much of the past (ms). */
const RATE_WINDOW = 20_000;
const BAR_CELLS = 20;

/** Seconds as people say them: `8 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/**
 * The numbers of a progress line.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatProgress } from "detailclip/runtime";
 * const line = formatProgress({
 *   label: "cc@10", done: 50, total: 200, unit: "images", rate: 10, elapsed: 5, finished: false,
 * });
 * assert(line === "cc@10: 50/200 images (25 %), 10.0 images/s, 15 s left");
 * ```
 */
export function formatProgress(state: ProgressState): string {
  const { label, done, total, unit, rate, elapsed, finished, note } = state;
  const share = total > 0 ? ` (${Math.floor(100 * done / total)} %)` : "";
  const parts = [`${label}: ${done}/${total} ${unit}${share}`];
  if (rate > 0) parts.push(`${rate < 10 ? rate.toFixed(2) : rate.toFixed(1)} ${unit}/s`);
  if (finished) parts.push(`in ${formatSeconds(elapsed)}`);
  else if (rate > 0) parts.push(`${formatSeconds((total - done) / rate)} left`);
  if (note) parts.push(note);
  return parts.join(", ");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** The same for a notebook: a bar and the line. */
function renderHtml(state: ProgressState): string {
  return `<div style="display:flex;gap:.75em;align-items:center">` +
    `<progress value="${state.done}" max="${
      Math.max(1, state.total)
    }" style="width:16em"></progress>` +
    `<span>${escapeHtml(formatProgress(state))}</span></div>`;
}

/** The same for a terminal, cut to its width: a line that wraps cannot be rewritten. */
function renderLine(state: ProgressState, columns: number): string {
  const share = state.total > 0 ? Math.min(1, state.done / state.total) : 1;
  const full = Math.floor(share * BAR_CELLS);
  const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
  return [...`${bar} ${formatProgress(state)}`].slice(0, Math.max(10, columns - 1)).join("");
}

function detectOutput(): ProgressOutput {
  if (inNotebook()) return "notebook";
  return Deno.stderr.isTerminal() ? "terminal" : "log";
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80; // not a terminal
  }
}

function writeToStderr(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += Deno.stderr.writeSync(bytes.subarray(done));
}

/** Makes the function that shows a state, one of four ways. */
function createView(output: ProgressOutput, options: ProgressOptions) {
  const { write = writeToStderr } = options;
  if (output === "silent") return () => Promise.resolve();
  if (output === "log") {
    return (state: ProgressState) => Promise.resolve(write(formatProgress(state) + "\n"));
  }
  if (output === "terminal") {
    return (state: ProgressState) => {
      const end = state.finished ? "\n" : "";
      return Promise.resolve(write(`\r${renderLine(state, terminalColumns())}\x1b[K${end}`));
    };
  }
  const display = createDisplay(options);
  return (state: ProgressState) =>
    display({ "text/html": renderHtml(state), "text/plain": formatProgress(state) });
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
  const { label, total, unit = "images", now = () => performance.now() } = options;
  const output = options.output ?? detectOutput();
  const show = createView(output, options);
  const start = now();
  let shown = output === "log" ? start : -Infinity; // a log need not say that nothing is done yet
  let samples = [{ time: start, done: 0 }];
  let done = 0;
  let note: string | undefined;

  const state = (time: number, finished: boolean): ProgressState => {
    const from = finished ? { time: start, done: 0 } : samples[0];
    const seconds = (time - from.time) / 1000;
    const rate = seconds > 0 ? (done - from.done) / seconds : 0;
    return { label, done, total, unit, rate, elapsed: (time - start) / 1000, finished, note };
  };
  return {
    update(value, text) {
      done = value;
      note = text ?? note;
      const time = now();
      if (time - shown < INTERVAL[output]) return;
      shown = time;
      void show(state(time, false));
      samples.push({ time, done });
      const old = samples.findLastIndex((sample) => sample.time <= time - RATE_WINDOW);
      if (old > 0) samples = samples.slice(old);
    },
    finish: () => show(state(now(), true)),
  };
}
