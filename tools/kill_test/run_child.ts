/**
 * A child process that says what it does on standard output, a JSON line each, and is killed (SIGKILL, which no process
 * can catch) at a chosen moment.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Random } from "../../lib/numeric/random.ts";

const CONFIG = new URL("../../deno.json", import.meta.url);

/** What every child says. */
export interface ChildEvent {
  /** `started`, `writing`, `written`, `finished`, or one of its own. */
  type: string;
}

/** When to kill: some ms after the start, or after the child began its n-th write. */
export type Moment = { afterMs: number } | { afterWrite: number; thenMs: number };

/** Half of the kills aim at writes; the others fall anywhere from start-up to the end of the work. */
export function chooseMoment(random: Random, { startUpMs, writeMs }: Pace): Moment {
  return random.next() < 0.5
    ? { afterWrite: random.integer(1, 4), thenMs: random.uniform(0, 1.1) * writeMs }
    : { afterMs: random.uniform(0.2, 2.2) * startUpMs };
}

/** How long things take here, so that kills land where they are meant to. */
export interface Pace {
  /** Until the encoder is loaded. */
  startUpMs: number;
  /** A write, on average. */
  writeMs: number;
}

/** One run of the child: what it said until it ended or was killed. */
export interface Run<E extends ChildEvent> {
  events: E[];
  killed: boolean;
  pace: Pace;
}

/**
 * Runs a child until it ends or is killed.
 *
 * @param module what it runs
 * @param args its arguments
 * @param moment when it is killed; never unless told
 * @throws {Error} when it fails
 */
export async function runChild<E extends ChildEvent>(
  module: URL,
  args: string[],
  moment?: Moment,
): Promise<Run<E>> {
  const begin = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `--config=${fileURLToPath(CONFIG)}`, fileURLToPath(module), ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const timers: ReturnType<typeof setTimeout>[] = [];
  const killAfter = (ms: number) => timers.push(setTimeout(() => kill(child), ms));
  if (moment && "afterMs" in moment) killAfter(moment.afterMs);
  const events: E[] = [];
  const pace = { startUpMs: 0, writeMs: 0 };
  let writes = 0, writing = 0, rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const event: E = JSON.parse(line);
      events.push(event);
      if (event.type === "started") pace.startUpMs = performance.now() - begin;
      if (event.type === "written") {
        pace.writeMs += (performance.now() - writing - pace.writeMs) / writes;
      }
      if (event.type !== "writing") continue;
      writing = performance.now();
      writes++;
      if (moment && "afterWrite" in moment && writes === moment.afterWrite) {
        killAfter(moment.thenMs);
      }
    }
  }
  const { signal, code } = await child.status;
  timers.forEach(clearTimeout);
  if (signal !== "SIGKILL" && code !== 0) {
    throw new Error(`Cannot finish kill test: the child failed with ${code}`);
  }
  return { events, killed: signal === "SIGKILL", pace };
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has just ended by itself: this round counts as a run to the end.
  }
}
