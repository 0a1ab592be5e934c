/**
 * What every task does first and last: it reads `--help`, ends within two seconds of one Ctrl-C or SIGTERM whatever it
 * is doing, leaves no program behind that it started, and tells by its exit status how it went.
 *
 * @module
 */
import { onChildren } from "../../lib/runtime/children.ts";
import {
  interruptible,
  operationSignal,
  stopTool,
  withInterrupt,
} from "../../lib/runtime/interrupt.ts";
import { fail, helpOn } from "./arguments.ts";
import type { TaskNews, WatchdogNews } from "./watchdog.ts";

/** Starts the thread that ends this process should a signal not do so; where that cannot be, signals alone are heard. */
async function startWatchdog(): Promise<void> {
  const watchdog = new Worker(new URL("./watchdog.ts", import.meta.url), { type: "module" });
  const { promise: listens, resolve } = Promise.withResolvers<void>();
  watchdog.onerror = (event) => {
    event.preventDefault();
    resolve();
  };
  watchdog.onmessage = ({ data }: MessageEvent<WatchdogNews>) => {
    if ("stop" in data) stopTool(data.stop);
    else resolve();
  };
  await listens;
  const tell = (news: TaskNews) => watchdog.postMessage(news);
  tell({ npm: Deno.env.get("npm_command") !== undefined });
  onChildren((children) => tell({ children }));
}

/**
 * Runs a task and ends the process: with the status that the work returns (0 unless it does), 1 when it failed, 2 when it
 * was called wrongly, 130 when it was stopped.
 *
 * @param usage how it is called
 * @param work what it does
 */
export async function runTask(
  usage: string,
  work: () => Promise<number | void> | number | void,
): Promise<never> {
  helpOn(usage);
  using _interrupts = interruptible();
  addEventListener("unhandledrejection", (event) => { // of a promise that a library forgot
    event.preventDefault();
    fail(event.reason, usage);
  });
  try {
    await withInterrupt(startWatchdog); // until it listens, signals reach this thread alone
    const status = await work() ?? 0;
    operationSignal().throwIfAborted();
    Deno.exit(status);
  } catch (error) {
    const { aborted, reason } = operationSignal(); // a program that was ended makes an error of another kind
    fail(aborted ? reason : error, usage);
  }
}
