/**
 * The thread that ends a task which was stopped and does not end by itself: its main thread may be within a native
 * call, which nothing interrupts. It needs the permission `ffi` and no other.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { readProc } from "../../lib/runtime/proc.ts";

/** What a task tells its watchdog. */
export interface TaskNews {
  /** Ids of the programs that end with it. */
  children?: number[];
  /** Whether npm started it, and so is to be watched. */
  npm?: boolean;
}

/** What a watchdog tells its task: that it listens, or which signal should have reached it. */
export type WatchdogNews = { ready: true } | { stop: string };

/** How long a task has to end by itself (ms). */
const GRACE = 1500;
/** Two signals within so long are one, as in lib/runtime/interrupt.ts (ms). */
const SAME_INTERRUPT = 300;
/** How often npm is looked for (ms). */
const LOOK = 250;
const STOPPED = 130, SIGKILL = 9;

const libc = Deno.dlopen(Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6", {
  kill: { parameters: ["i32", "i32"], result: "i32" },
  _exit: { parameters: ["i32"], result: "void" },
  getppid: { parameters: [], result: "i32" },
});
let children: number[] = [], first: number | undefined;

/** Ends the process at once, whatever its other threads do, with its children. */
function end(signal: string): void {
  for (const pid of children) libc.symbols.kill(-pid, SIGKILL);
  const line = `\nerror: Operation stopped: interrupted by ${signal}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
  libc.symbols._exit(STOPPED);
}

/** Hears of a signal: the first one leaves some time, another one none. */
function hear(signal: string): void {
  const now = performance.now();
  if (first === undefined) setTimeout(() => end(signal), GRACE);
  else if (now - first > SAME_INTERRUPT) end(signal);
  first ??= now;
}

/** The parent of a process. */
function parentOf(pid: number): string | undefined {
  return readProc(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ")[1];
}

/**
 * npm and npx pass no SIGTERM on: they end, and so does the shell between them and `deno task`, which goes on with
 * another parent.
 */
function watchNpm(): void {
  const task = libc.symbols.getppid(), starter = parentOf(task);
  const timer = starter === undefined ? undefined : setInterval(() => {
    if (parentOf(task) === starter) return;
    clearInterval(timer);
    hear("the end of npm");
    postMessage({ stop: "the end of npm" } satisfies WatchdogNews);
  }, LOOK);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => hear(signal));
}
addEventListener("message", ({ data }: MessageEvent<TaskNews>) => {
  if (data.children) children = data.children;
  if (data.npm) watchNpm();
});
postMessage({ ready: true } satisfies WatchdogNews);
