/**
 * Where the project lies, which Deno it is pinned to, and how the tools start programs.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { spawnChild } from "../lib/runtime/children.ts";

/** The one Deno version of this project: see README.md for why upgrading takes evidence. */
export const DENO_VERSION = "2.8.1";

/** The project's root folder, without a slash at the end. */
export const ROOT: string = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

/** The test in a browser, with a deno.json of its own: it needs a package that no user does. */
export const BROWSER_TEST = "tools/jupyter/browser";

/** What a finished program printed, stdout and stderr together, and how it ended. */
export interface Finished {
  /** The exit status. */
  code: number;
  /** Everything it printed, without colours. */
  output: string;
}

/** Options of {@linkcode capture}. */
export interface CaptureOptions {
  /** The folder to run in; the project's root if absent. */
  cwd?: string;
  /** Variables added to the environment. */
  env?: Record<string, string>;
  /** What it reads; its standard input then stays open until this process ends, so that it can notice that. */
  input?: string;
  /** Closes its standard input when it aborts. */
  signal?: AbortSignal;
  /** Called with each piece of output as it comes. */
  onOutput?: (text: string) => void;
}

/** Writes what a program reads, and keeps its standard input open until the program ends or a signal aborts. */
async function feed(
  { stdin, status }: Deno.ChildProcess,
  input: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const abort = () => resolve();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await Promise.race([status, aborted]);
    await writer.close();
  } catch {
    // it ended without reading all; its exit status says more
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * Runs a program to its end and keeps what it prints. An interrupt ends it (with `signal`, by closing its input).
 *
 * @param program what to start
 * @param args its arguments
 * @param options the folder, the environment, what it reads and a listener for the output
 * @returns its exit status and output
 */
export async function capture(
  program: string,
  args: readonly string[],
  { cwd = ROOT, env = {}, input, signal, onOutput }: CaptureOptions = {},
): Promise<Finished> {
  const child = spawnChild(program, {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    endsByItself: signal !== undefined,
  });
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
      onOutput?.(text);
    }
  };
  const [status] = await Promise.all([
    child.status,
    collect(child.stdout),
    collect(child.stderr),
    ...(input === undefined ? [] : [feed(child, input, signal)]),
  ]);
  return { code: status.code, output };
}

/** Runs this very Deno, found without `deno` on the PATH, as {@linkcode capture} does. */
export function captureDeno(args: readonly string[], options?: CaptureOptions): Promise<Finished> {
  return capture(Deno.execPath(), args, options);
}

/**
 * Refuses to go on under another Deno than the pinned one.
 *
 * @throws {Error} when the running Deno has another version
 */
export function assertPinnedDeno(version: string = Deno.version.deno): void {
  if (version === DENO_VERSION) return;
  throw new Error(
    `Cannot go on: this project is pinned to Deno ${DENO_VERSION}, but this is Deno ${version}. ` +
      `Start it with: npx -y deno@${DENO_VERSION} task NAME`,
  );
}
