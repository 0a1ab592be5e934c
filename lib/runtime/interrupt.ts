/**
 * Stopping a long operation: Jupyter's stop button and Ctrl-C both send SIGINT, batch systems SIGTERM; each kills a
 * Deno process that does not listen. In a notebook the library listens to SIGINT as soon as it is imported; a
 * command-line tool opts in to both with {@linkcode interruptible}; elsewhere nothing happens.
 *
 * A signal is delivered between turns of the event loop, so a loop that never awaits cannot be
 * stopped: long computations call {@linkcode checkpoint} now and then. (The workspace's own tasks end all the same:
 * tools/commands/task.ts.)
 *
 * Only what runs is stopped here. That cells which are queued behind it do not run either is the matter of
 * the kernelspec (tools/jupyter/kernel_proxy.py); a Deno kernel started otherwise goes on with them.
 *
 * @module
 */
import { endChildren } from "./children.ts";
import { inNotebook } from "./in_notebook.ts";

export { inNotebook };

/** The reason with which an operation that a signal stopped rejects. */
export class InterruptError extends Error {
  /** Always `"InterruptError"`. */
  override readonly name: string = "InterruptError";

  /**
   * Makes the reason.
   *
   * @param message what was stopped, and by what
   */
  constructor(message: string = "Operation stopped: interrupted by SIGINT") {
    super(message);
  }
}

/** The exit status of a tool that was stopped: 128 + SIGINT. */
export const INTERRUPTED_EXIT = 130;

/** Within so long, two signals are one: under `deno task` one Ctrl-C comes from the terminal and from the task (ms). */
export const SAME_INTERRUPT = 300;

let controller = new AbortController();
let listening = false;

/** Aborts what runs now; what starts after it gets a fresh signal. */
function interruptCell(): void {
  const stopped = controller;
  controller = new AbortController();
  stopped.abort(new InterruptError());
  endChildren("SIGTERM");
}

/**
 * The signal that an operation starting now should honour. In a notebook it is renewed after each interrupt, so ask
 * for it at the start of every operation rather than keeping it.
 *
 * @param own a signal of the caller's that stops the operation as well
 * @returns a signal that aborts with an {@linkcode InterruptError} at the next interrupt, or with the reason
 * of `own`; where nothing listens (neither a notebook nor an {@linkcode interruptible} tool) no interrupt
 * aborts it
 *
 * @example
 * ```ts
 * import { operationSignal } from "detailclip";
 *
 * async function longWork({ signal = operationSignal() }: { signal?: AbortSignal } = {}) {
 *   for (let step = 0; step < 3; step++) {
 *     signal.throwIfAborted();
 *     await Promise.resolve(step);
 *   }
 * }
 * await longWork();
 * ```
 */
export function operationSignal(own?: AbortSignal): AbortSignal {
  return own ? AbortSignal.any([own, controller.signal]) : controller.signal;
}

/** Options of {@linkcode withInterrupt}. */
export interface InterruptOptions {
  /** A signal of the caller's that stops the operation too. */
  signal?: AbortSignal;
}

/**
 * Runs an operation that an interrupt ends at once, even where the operation itself does not listen
 * (it then goes on in the background and its outcome is dropped).
 *
 * @param operation what to run; it gets the signal to honour
 * @param options `signal`: another signal that stops it
 * @returns what the operation returns
 * @throws {InterruptError} when interrupted; the reason of `options.signal` when that one aborted
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { withInterrupt } from "detailclip";
 *
 * const answer = await withInterrupt(() => Promise.resolve(42));
 * assert(answer === 42);
 * ```
 */
export async function withInterrupt<T>(
  operation: (signal: AbortSignal) => T | Promise<T>,
  options: InterruptOptions = {},
): Promise<T> {
  const signal = operationSignal(options.signal);
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([operation(signal), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Lets the event loop turn once, so that signals, timers and progress bars are served, then throws if
 * the operation was stopped. Awaiting a promise that is already settled does not do this.
 *
 * @param signal the operation's signal
 * @throws the signal's reason, when it has aborted
 */
export async function checkpoint(signal: AbortSignal = operationSignal()): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal.throwIfAborted();
}

/**
 * Makes a command-line tool stop cleanly: the first Ctrl-C or SIGTERM aborts the running operation and whatever
 * operation would follow it, and asks programs that it started to end; one that comes while it is still stopping ends
 * the process. In a notebook the library listens already.
 *
 * @returns a handle that removes the listener when disposed of; operations that start after that run again
 *
 * @example
 * ```ts
 * import { interruptible, operationSignal } from "detailclip";
 *
 * using _interrupts = interruptible();
 * operationSignal().throwIfAborted();
 * ```
 */
export function interruptible(): Disposable {
  if (listening) return { [Symbol.dispose]: () => {} };
  let first: number | undefined;
  return listen((signal) => {
    const now = performance.now();
    if (first === undefined) stopTool(signal);
    else if (now - first > SAME_INTERRUPT) Deno.exit(INTERRUPTED_EXIT);
    first ??= now;
  });
}

/**
 * Aborts what a tool does, as a signal would: what runs, and what starts until {@linkcode interruptible} is disposed of.
 *
 * @param signal the signal's name
 */
export function stopTool(signal: string): void {
  controller.abort(new InterruptError(`Operation stopped: interrupted by ${signal}`));
  endChildren("SIGTERM");
}

/** Adds the process's one listener of the signals that stop a tool. */
function listen(listener: (signal: Deno.Signal) => void): Disposable {
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const listeners = signals.map((signal) => [signal, () => listener(signal)] as const);
  for (const [signal, listen] of listeners) Deno.addSignalListener(signal, listen);
  listening = true;
  return {
    [Symbol.dispose](): void {
      for (const [signal, listen] of listeners) Deno.removeSignalListener(signal, listen);
      listening = false;
      if (controller.signal.aborted) controller = new AbortController();
    },
  };
}

if (inNotebook()) {
  Deno.addSignalListener("SIGINT", interruptCell);
  listening = true;
}
