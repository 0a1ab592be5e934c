/**
 * Child processes that end with this one. Each gets a process group of its own, so that what it starts in its turn
 * (a compiler's passes, a test's processes) ends with it; in a notebook they stay in the kernel's, which Jupyter ends.
 *
 * @module
 */
import { inNotebook } from "./in_notebook.ts";

/** What {@linkcode spawnChild} is told besides what `Deno.Command` takes. */
export interface ChildOptions extends Deno.CommandOptions {
  /** Whether it notices by itself that this process stops, as one does whose standard input is closed. */
  endsByItself?: boolean;
}

const children = new Map<Deno.ChildProcess, { endsByItself: boolean }>();
const listeners = new Set<(pids: number[]) => void>();

/** Tells who listens which children there are. */
function tell(): void {
  const pids = [...children.keys()].map(({ pid }) => pid);
  for (const listener of listeners) listener(pids);
}

/**
 * Calls something with the ids of all children, now and whenever they change.
 *
 * @param listener what is called
 */
export function onChildren(listener: (pids: number[]) => void): void {
  listeners.add(listener);
  tell();
}

/** Sends a signal to a child's group, or where that may not be done, to the child. */
function signalGroup(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    Deno.kill(-child.pid, signal);
  } catch {
    try {
      child.kill(signal);
    } catch {
      // it has ended
    }
  }
}

/**
 * Asks the children to end, or makes them.
 *
 * @param signal `SIGTERM` asks all but those that end by themselves; `SIGKILL` ends all
 */
export function endChildren(signal: "SIGTERM" | "SIGKILL"): void {
  for (const [child, { endsByItself }] of children) {
    if (signal === "SIGKILL" || !endsByItself) signalGroup(child, signal);
  }
}

/**
 * Starts a program that ends, with all that it starts, when this process does so by itself or by an interrupt.
 *
 * @param program what to start
 * @param options as `Deno.Command` takes them
 * @returns the process
 * @throws {Deno.errors.NotFound} when there is no such program
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { spawnChild } from "detailclip/runtime";
 * const child = spawnChild(Deno.execPath(), { args: ["--version"], stdout: "piped" });
 * assert((await child.output()).success);
 * ```
 */
export function spawnChild(program: string, options: ChildOptions = {}): Deno.ChildProcess {
  const { endsByItself = false, ...command } = options;
  const child = new Deno.Command(program, { ...command, detached: !inNotebook() }).spawn();
  if (children.size === 0) globalThis.addEventListener("unload", endAll);
  children.set(child, { endsByItself });
  tell();
  void child.status.then(() => {
    children.delete(child);
    if (children.size === 0) globalThis.removeEventListener("unload", endAll);
    tell();
  });
  return child;
}

const endAll = () => endChildren("SIGKILL");
