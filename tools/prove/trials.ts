/**
 * Tries many inputs in processes of their own, so that a crash, a hang and the memory of each are seen from outside.
 *
 * @module
 */
import { join } from "node:path";
import { spawnChild } from "../../lib/runtime/children.ts";
import { operationSignal } from "../../lib/runtime/interrupt.ts";

/** One input. */
export interface TrialInput {
  /** What it is, for people; it can be made again from this and the seed. */
  name: string;
  /** The kind that it is counted under. */
  kind: string;
  /** The file. */
  bytes: Uint8Array;
  /** Whether nothing is wrong with it, so that it must be accepted; not counted. */
  whole?: boolean;
  /** Where it is one of several files: which it takes the place of, and what the process is asked in place of a path. */
  among?: { file: string; question: string };
}

/** What a process answers: it took the input, refused it as it should, or did what must not be. */
export interface Answer {
  outcome: "accepted" | "refused" | "wrong";
  /** What is wrong. */
  detail?: string;
  /** Peak memory of the process so far, in MiB. */
  peakMiB: number;
}

/** Something that must not be. */
export interface Fault {
  input: string;
  what: string;
}

/** What came of the inputs. */
export interface TrialResult {
  /** How many of each kind were accepted, refused, or led to what must not be. */
  kinds: Record<string, Record<Answer["outcome"], number>>;
  /** The largest peak of a process, in MiB. */
  peakMiB: number;
  /** The longest time that an input took, in seconds. */
  longestSeconds: number;
  /** What must not be; empty when all is well. */
  faults: Fault[];
}

/** How inputs are tried. */
export interface TrialOptions {
  /** The arguments of Deno that start a process; a line with a path on its standard input asks, a JSON line answers. */
  child: readonly string[];
  /** An existing folder for the files. */
  folder: string;
  /** An input that takes longer hangs (s). */
  deadline?: number;
  /** A process of more memory is at fault (MiB). */
  mostMiB?: number;
  /** Called after each input. */
  onInput?: (done: number) => void;
}

/** A process that answers. */
class Trier {
  #child: Deno.ChildProcess;
  #reader: ReadableStreamDefaultReader<string>;
  #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #rest = "";
  #said: Promise<string>;

  constructor(args: readonly string[]) {
    this.#child = spawnChild(Deno.execPath(), {
      args: [...args],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    });
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#writer = this.#child.stdin.getWriter();
    this.#said = new Response(this.#child.stderr).text();
  }

  /** Asks; `undefined` when the process ended. */
  async ask(path: string): Promise<Answer | undefined> {
    await this.#writer.write(new TextEncoder().encode(`${path}\n`)).catch(() => {});
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#rest += value;
    }
    const [line, ...more] = this.#rest.split("\n");
    this.#rest = more.join("\n");
    return JSON.parse(line);
  }

  /** How it ended, for people. */
  async end(): Promise<string> {
    const { code, signal } = await this.#child.status;
    const said = (await this.#said).trim().split("\n").slice(0, 3).join(" ").slice(0, 300);
    return `${signal ?? `status ${code}`} ${said}`.trim();
  }

  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
  }

  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#child.status;
    await this.#reader.cancel();
  }
}

/** Asks with a deadline; says what is wrong where there is no answer. */
async function askInTime(
  trier: Trier,
  path: string,
  seconds: number,
): Promise<Answer | { hangs: true } | { ended: string }> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), 1000 * seconds);
  try {
    const answer = await Promise.race([trier.ask(path), late]);
    if (answer === "late") return { hangs: true };
    return answer ?? { ended: await trier.end() };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Tries inputs one after the other. A process that crashed or hung is replaced.
 *
 * @param inputs the inputs
 * @param options how they are tried
 * @returns counts, and what must not be
 * @throws {InterruptError} when interrupted
 */
export async function runTrials(
  inputs: AsyncIterable<TrialInput>,
  { child, folder, deadline = 30, mostMiB = 1024, onInput }: TrialOptions,
): Promise<TrialResult> {
  const result: TrialResult = { kinds: {}, peakMiB: 0, longestSeconds: 0, faults: [] };
  const path = join(folder, "input");
  const signal = operationSignal();
  let trier = new Trier(child), done = 0;
  try {
    for await (const { name, kind, bytes, whole = false, among } of inputs) {
      signal.throwIfAborted();
      const before = among && await Deno.readFile(among.file);
      await Deno.writeFile(among?.file ?? path, bytes);
      const start = performance.now();
      const answer = await askInTime(trier, among?.question ?? path, deadline);
      result.longestSeconds = Math.max(result.longestSeconds, (performance.now() - start) / 1000);
      const counts = result.kinds[kind] ??= { accepted: 0, refused: 0, wrong: 0 };
      const most = result.peakMiB <= mostMiB ? mostMiB : Infinity; // one fault is told once
      const fault = faultOf(answer, deadline, most, whole);
      if (fault !== undefined) result.faults.push({ input: name, what: fault });
      if (!whole) counts[fault === undefined ? (answer as Answer).outcome : "wrong"]++;
      if ("outcome" in answer) result.peakMiB = Math.max(result.peakMiB, answer.peakMiB);
      else {
        trier.kill();
        trier = new Trier(child);
      }
      if (among) await Deno.writeFile(among.file, before!);
      if (!whole) onInput?.(++done);
    }
  } finally {
    await trier.close();
  }
  return result;
}

/** What is wrong with an answer, if anything. */
function faultOf(
  answer: Awaited<ReturnType<typeof askInTime>>,
  deadline: number,
  mostMiB: number,
  whole: boolean,
): string | undefined {
  if ("hangs" in answer) return `no answer after ${deadline} s`;
  if ("ended" in answer) return `the process ended: ${answer.ended}`;
  if (answer.outcome === "wrong") return answer.detail ?? "wrong";
  if (whole && answer.outcome === "refused") return "nothing is wrong with it, and it was refused";
  if (answer.peakMiB > mostMiB) return `${answer.peakMiB} MiB, more than ${mostMiB}`;
}
