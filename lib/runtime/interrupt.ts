/**
 * Stopping a long operation: Jupyter's stop button and Ctrl-C both send SIGINT, which kills a Deno
 * process that does not listen. In a notebook the library listens as soon as it is imported; a
 * command-line tool opts in with {@linkcode interruptible}; elsewhere nothing happens.
 *
 * A signal is delivered between turns of the event loop, so a loop that never awaits cannot be
 * stopped: long computations call {@linkcode checkpoint} now and then.
 *
 * Only what runs is stopped here. That cells which are queued behind it do not run either is the matter of
 * the kernelspec (tools/jupyter/kernel_proxy.py); a Deno kernel started otherwise goes on with them.
 *
 * @module
 */

/** The reason with which an operation that SIGINT stopped rejects. */
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

/** The exit status of a process that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED_EXIT = 130;

let controller = new AbortController();
let listening = false;

/** Whether this code runs in a cell of a Deno Jupyter kernel. */
export function inNotebook(): boolean {
  try {
    return Boolean((Deno as unknown as { jupyter?: unknown }).jupyter);
  } catch {
    return false; // outside a kernel the getter throws
  }
}

/** Aborts what runs now; what starts after it gets a fresh signal. */
function interrupt(): void {
  const stopped = controller;
  controller = new AbortController();
  stopped.abort(new InterruptError());
}

/**
 * The signal that an operation starting now should honour. It is renewed after each interrupt, so ask for
 * it at the start of every operation rather than keeping it.
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
 * Makes a command-line tool stop cleanly: the first Ctrl-C aborts the running operation, and one that
 * comes while it is still stopping ends the process. In a notebook the library listens already.
 *
 * @returns a handle that removes the listener when disposed of
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
  let interrupts = 0;
  const listener = () => {
    if (interrupts++ > 0) Deno.exit(INTERRUPTED_EXIT);
    interrupt();
  };
  return listen(listener);
}

/** Adds the process's one SIGINT listener. */
function listen(listener: () => void): Disposable {
  Deno.addSignalListener("SIGINT", listener);
  listening = true;
  return {
    [Symbol.dispose](): void {
      Deno.removeSignalListener("SIGINT", listener);
      listening = false;
    },
  };
}

if (inNotebook()) listen(interrupt);
