/**
 * The Python side of a benchmark, PyTorch's mostly: its environment, and a process that answers requests.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

/** The repository's root. */
export const ROOT: string = join(import.meta.dirname!, "..");
const pythonOf = (folder: string) =>
  join(ROOT, folder, Deno.build.os === "windows" ? "Scripts" : "bin", "python");
/** The Python that has PyTorch. */
const NAMED = Deno.env.get("DETAILCLIP_TORCH_PYTHON") || undefined;
const PYTHON = NAMED ?? pythonOf(".venv-torch");

/** Runs a program to its end; what it says on standard error is shown. */
async function run(program: string, args: string[]): Promise<void> {
  console.error(`$ ${program} ${args.join(" ")}`);
  const { code } = await new Deno.Command(program, { args, cwd: ROOT, stdout: "null" })
    .spawn().status;
  if (code !== 0) throw new Error(`Cannot run ${program} ${args.join(" ")}: it ended with ${code}`);
}

/**
 * Makes an environment when it is not there.
 *
 * @param folder where, in the repository's root
 * @param requirements the packages it has
 * @param options of pip
 * @returns its Python
 */
export async function ensureEnvironment(
  folder: string,
  requirements: string,
  ...options: string[]
): Promise<string> {
  const python = pythonOf(folder);
  if (existsSync(python)) return python;
  await run(Deno.env.get("PYTHON") ?? "python3", ["-m", "venv", join(ROOT, folder)]);
  await run(python, ["-m", "pip", "install", "-q", "-r", requirements, ...options]);
  return python;
}

/** Whether a Python with PyTorch is there already. */
export const hasTorch = (): boolean => existsSync(PYTHON);

/** Whether that PyTorch computes on a GPU. */
export async function torchHasCuda(): Promise<boolean> {
  const code = "import torch; print(torch.cuda.is_available())";
  const { stdout } = await new Deno.Command(PYTHON, { args: ["-c", code], stderr: "null" })
    .output();
  return new TextDecoder().decode(stdout).trim() === "True";
}

/** Makes `.venv-torch` from tools/requirements/torch.txt when it is not there, and no other Python is named. */
export async function ensureTorch(): Promise<void> {
  if (hasTorch()) return;
  // an index that cannot be reached is asked about every package: not for long
  const index = ["--retries", "1", "--extra-index-url", "https://download.pytorch.org/whl/cpu"];
  const options = ["--no-deps", "--require-hashes", ...index];
  await ensureEnvironment(".venv-torch", "tools/requirements/torch.txt", ...options);
}

/**
 * Makes `.venv-torch` as above, with more packages where it lacks one of their modules.
 *
 * @throws {Error} when a Python that was named lacks it: into that nothing is installed
 */
export async function ensureTorchWith(requirements: string, module: string): Promise<void> {
  await ensureTorch();
  const probe = new Deno.Command(PYTHON, { args: ["-c", `import ${module}`], stderr: "null" });
  if ((await probe.output()).success) return;
  if (NAMED) {
    throw new Error(
      `Cannot use DETAILCLIP_TORCH_PYTHON: ${NAMED} has no module ${module}; install ${requirements} there, or unset it`,
    );
  }
  const options = ["-m", "pip", "install", "-q", "--no-deps", "--require-hashes"];
  await run(PYTHON, [...options, "-r", requirements]);
}

/** Runs a Python script of the repository where PyTorch is. */
export async function runPython(script: string, args: string[]): Promise<void> {
  await run(PYTHON, [script, ...args]);
}

/**
 * Memory that PyTorch frees stays with its process, as in onnxruntime: by default blocks of megabytes go back to the system after
 * every operation and come again page by page, which in a virtual machine can take most of the time.
 */
const KEEPS_MEMORY = { MALLOC_MMAP_THRESHOLD_: "4294967296", MALLOC_TRIM_THRESHOLD_: "4294967296" };

/** A Python process that reads a request a line and answers with a line. */
export class TorchProcess {
  #process: Deno.ChildProcess;
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  #lines: AsyncIterator<string>;

  constructor(script: string, args: string[], python: string = PYTHON) {
    this.#process = new Deno.Command(python, {
      args: [script, ...args],
      cwd: ROOT,
      env: KEEPS_MEMORY,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    const input = Readable.fromWeb(this.#process.stdout as Parameters<typeof Readable.fromWeb>[0]);
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  /** Reads the next answer. */
  async read<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) {
      throw new Error("Cannot measure the Python side: its process ended; see its output above");
    }
    return JSON.parse(value) as T;
  }

  /**
   * Sends a request and waits for its answer. The process stands still in between: threads of its that wait
   * for work would take time from the others' turns.
   */
  async ask<T>(request: unknown): Promise<T> {
    this.#process.kill("SIGCONT");
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    const answer = await this.read<T>();
    this.#process.kill("SIGSTOP");
    return answer;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    this.#process.kill("SIGCONT");
    await this.#writer.close();
    await this.#process.status;
  }
}
