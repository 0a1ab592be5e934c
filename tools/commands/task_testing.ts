/**
 * What tests of whole tasks share: a task as a user starts it, and the processes that it leaves.
 *
 * @module
 */
import { join } from "node:path";
import { ROOT } from "../project.ts";

/** The variable by which a task and all processes that it starts are known. */
const MARK = "DETAILCLIP_TEST_MARK";

/** A task that runs. */
export interface RunningTask {
  /** The process of `deno task`. */
  process: Deno.ChildProcess;
  /** All that it and its programs print, up to now. */
  said(): string;
  /** Waits until something holds; fails when the task ends before it does. */
  until(holds: () => boolean | Promise<boolean>): Promise<void>;
  /** Processes of the task that still run, with their command lines. */
  processes(): string[];
  /** Its end, with all output read. */
  end: Promise<Deno.CommandStatus>;
}

/** How a task is started. */
export interface TaskOptions {
  /** The root of the project; its own unless told. */
  root?: string;
  /** Variables of the environment. */
  env?: Record<string, string>;
  /** Whether a shell stands between, as npx has one: the process is then the shell's. */
  shell?: boolean;
}

/** Reads a text, or nothing where the process has just ended. */
function readProcess(pid: string, file: string): string {
  try {
    return Deno.readTextFileSync(join("/proc", pid, file)).replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** The processes that carry a mark. */
function marked(mark: string): string[] {
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) =>
    /^\d+$/.test(name) && readProcess(name, "environ").includes(`${MARK}=${mark}`)
  );
  return pids.map((pid) => `${pid} ${readProcess(pid, "cmdline")}`);
}

/**
 * Starts a task.
 *
 * @param task its name, or a program of the project, with the arguments
 * @param options where, and with what around it
 */
export function startTask(
  [task, ...args]: string[],
  { root = ROOT, env = {}, shell = false }: TaskOptions = {},
): RunningTask {
  const mark = crypto.randomUUID();
  const how = task.endsWith(".ts") ? ["run", "-A"] : ["task", "--quiet"];
  const command = [Deno.execPath(), ...how, task, ...args];
  const process = new Deno.Command(shell ? "sh" : command[0], {
    args: shell ? ["-c", '"$@"; exit $?', "sh", ...command] : command.slice(1),
    cwd: root,
    env: { NO_COLOR: "1", ...env, [MARK]: mark },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "", ended = false;
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) text += piece;
  };
  const end = Promise.all([process.status, read(process.stdout), read(process.stderr)])
    .then(([status]) => status).finally(() => ended = true);
  return {
    process,
    end,
    said: () => text,
    processes: () => marked(mark),
    async until(holds) {
      while (!await holds()) {
        if (ended) throw new Error(`The task ended too early:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}
