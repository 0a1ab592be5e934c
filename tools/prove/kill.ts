/**
 * Kills extractions and trainings at random moments (SIGKILL, which no process can catch), one process or two at once on
 * the same folder, and compares whatever gets finished with an undisturbed run, bit for bit.
 *
 * @module
 */
import { join } from "node:path";
import { writeImages } from "../../lib/features/testing.ts";
import { createRandom, type Random } from "../../lib/numeric/random.ts";
import { spawnChild } from "../../lib/runtime/children.ts";
import { operationSignal } from "../../lib/runtime/interrupt.ts";
import { ROOT } from "../project.ts";
import type { Fault } from "./trials.ts";

/** What is killed. */
type Subject = "extraction" | "training";

/** How often, and how large the work is. */
export interface KillOptions {
  /** How often a process is killed. */
  count: number;
  /** Seed of the moments. */
  seed: number;
  /** An existing, empty folder to work in. */
  folder: string;
  /** Images to extract. */
  images?: number;
  /** Epochs to train. */
  epochs?: number;
  /** Called after each kill. */
  onInput?: (done: number) => void;
}

/** What the kills led to. */
export interface KillResult {
  /** Kills that hit a running process, and those of them that hit one of two at once. */
  kills: Record<Subject, { alone: number; ofTwo: number }>;
  /** Runs to the end that were compared with an undisturbed one. */
  compared: Record<Subject, number>;
  /** Processes that refused to work beside another one, and said so. */
  refused: number;
  /** What must not be; empty when all is well. */
  faults: Fault[];
}

/** How a process ended. */
interface Run {
  killed: boolean;
  code: number;
  /** What it said when it had finished. */
  finished?: string;
  /** Its standard error. */
  errors: string;
  /** Milliseconds until it had started, and until its end. */
  startedMs: number;
  totalMs: number;
}

/** A process that has been started. */
interface Running {
  kill(): void;
  started: Promise<void>;
  end: Promise<Run>;
}

/** Starts a process that says when it has started and when it has finished. */
function start(args: readonly string[]): Running {
  const begin = performance.now();
  const child = spawnChild(Deno.execPath(), {
    args: ["run", "-A", "--frozen", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const read = async () => {
    let rest = "", finished: string | undefined, startedMs = 0;
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.includes('"type":"started"')) {
          startedMs = performance.now() - begin;
          resolve();
        }
        if (line.includes('"type":"finished"')) finished = line;
      }
    }
    resolve(); // it ended before it had started
    return { finished, startedMs };
  };
  const end = Promise.all([child.status, read(), new Response(child.stderr).text()]).then(
    ([{ code, signal }, said, errors]): Run => ({
      ...said,
      ...{ code, errors, killed: signal === "SIGKILL", totalMs: performance.now() - begin },
    }),
  );
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // it has just ended by itself
    }
  };
  return { kill, started, end };
}

/** A clear refusal to work beside another process. */
const REFUSAL = /Cannot .*(another process|in use|is running|runs already|lock)/i;

/** The work of a subject on a folder. */
type Work = (folder: string) => string[];

/** One line about a run that did not end as it should. */
const tell = ({ code, errors }: Run) => `status ${code}: ${errors.trim().slice(0, 300)}`;

/** The proof of one subject. */
class Killer {
  #folder = "";
  #cycle = 0;

  constructor(
    readonly subject: Subject,
    readonly work: Work,
    readonly root: string,
    readonly reference: Run,
    readonly result: KillResult,
  ) {
    this.#begin();
  }

  #begin(): void {
    this.#folder = join(this.root, `${this.subject}-${this.#cycle++}`);
  }

  /** Looks at a run that was not killed: done and equal, refused, or at fault. */
  #judge(run: Run, what: string): boolean {
    if (run.killed) return false;
    if (run.code === 0 && run.finished === this.reference.finished) {
      this.result.compared[this.subject]++;
      return true;
    }
    if (run.code !== 0 && REFUSAL.test(run.errors)) this.result.refused++;
    else {
      const why = run.code === 0
        ? `it ended with ${run.finished}, undisturbed with ${this.reference.finished}`
        : tell(run);
      this.result.faults.push({ input: what, what: why });
      return true; // nothing more is to be learnt in this folder
    }
    return false;
  }

  /** Kills one of one or two processes; true when it hit a running one. */
  async round(random: Random, two: boolean): Promise<boolean> {
    const { startedMs, totalMs } = this.reference;
    const runs = Array.from({ length: two ? 2 : 1 }, () => start(this.work(this.#folder)));
    const victim = random.integer(0, runs.length - 1);
    // most kills fall into the work, some before it has begun
    const early = random.next() < 0.15, share = random.next();
    if (!early) await runs[victim].started;
    const ms = early ? share * startedMs : share * (totalMs - startedMs) * (two ? 1.5 : 0.9);
    const timer = setTimeout(runs[victim].kill, ms);
    const ended = await Promise.all(runs.map(({ end }) => end));
    clearTimeout(timer);
    const what = `${this.subject} ${this.#cycle}, ${two ? "one of two" : "alone"}, after ${
      Math.round(ms)
    } ms${early ? "" : " of work"}`;
    const done = ended.map((run) => this.#judge(run, what)).some(Boolean);
    const hit = ended[victim].killed;
    if (hit) this.result.kills[this.subject][two ? "ofTwo" : "alone"]++;
    if (done) await this.finish(false);
    return hit;
  }

  /** Brings the folder to its end, undisturbed, and begins another one. */
  async finish(open = true): Promise<void> {
    const run = await start(this.work(this.#folder)).end;
    const judged = this.#judge(run, `${this.subject} ${this.#cycle}, at its end`);
    if (open && !judged) {
      this.result.faults.push({ input: this.subject, what: `it cannot be finished: ${tell(run)}` });
    }
    await Deno.remove(this.#folder, { recursive: true });
    this.#begin();
  }
}

/**
 * Kills extractions and trainings in turn, alone and one of two at once in turn.
 *
 * @param options how often
 * @returns counts, and what must not be
 * @throws {Error} when the undisturbed run fails
 */
export async function proveKills(options: KillOptions): Promise<KillResult> {
  const { count, seed, folder, images = 36, epochs = 60, onInput } = options;
  const pictures = join(folder, "images"), signal = operationSignal();
  await writeImages(pictures, images, { side: 80, seed });
  await Deno.writeTextFile(join(pictures, "image-broken.png"), "not an image");
  const encoder = join(ROOT, "lib", "encoders", "testdata", "random-clip");
  const extractor = join("tools", "kill_test", "child.ts");
  const works: Record<Subject, Work> = {
    extraction: (cache) => [extractor, pictures, cache, "cc@2", encoder, "4"],
    training: (place) => [join("tools", "prove", "kill_train.ts"), place, String(epochs)],
  };
  const result: KillResult = {
    kills: { extraction: { alone: 0, ofTwo: 0 }, training: { alone: 0, ofTwo: 0 } },
    compared: { extraction: 0, training: 0 },
    refused: 0,
    faults: [],
  };
  const killers: Killer[] = [];
  for (const subject of ["extraction", "training"] as const) {
    const reference = await start(works[subject](join(folder, `${subject}-reference`))).end;
    if (reference.code !== 0 || !reference.finished) {
      throw new Error(`Cannot prove kills: the undisturbed ${subject} failed: ${tell(reference)}`);
    }
    killers.push(new Killer(subject, works[subject], folder, reference, result));
  }
  const random = createRandom(`kill ${seed}`);
  const total = () =>
    Object.values(result.kills).reduce((sum, { alone, ofTwo }) => sum + alone + ofTwo, 0);
  // a kill that came too late is made up for
  for (let turn = 0; total() < count && turn < 4 * count; turn++) {
    signal.throwIfAborted();
    const killer = killers[turn % 2], two = turn % 4 >= 2;
    while (!await killer.round(random, two) && result.faults.length === 0) signal.throwIfAborted();
    onInput?.(total());
    if (result.faults.length >= 10) break; // they repeat themselves
  }
  for (const killer of killers) await killer.finish();
  return result;
}
