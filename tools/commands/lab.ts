/**
 * `deno task lab [folder] [--no-browser] [--port N]`: opens JupyterLab with the Deno kernel on my-notebooks/, which git
 * ignores and which holds copies of the notebooks; see {@linkcode placeCopies}. `deno task lab notebooks` opens the
 * notebooks themselves, to edit them. All it reads and writes stays in the project: these copies, `.venv` and
 * `.cache/jupyter`.
 *
 * @module
 */
import { statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { KEEP_VARIABLE } from "../../lib/report/filing.ts";
import { KERNEL_NAME, setUpJupyter } from "../jupyter/kernelspec.ts";
import { placeCopies, WORKING_FOLDER } from "../jupyter/working_copies.ts";
import { spawnChild } from "../../lib/runtime/children.ts";
import { readTextIfThere } from "../../lib/runtime/files.ts";
import { notice } from "../../lib/runtime/notice.ts";
import { showStep } from "../../lib/runtime/progress.ts";
import { ROOT } from "../project.ts";
import { readOptions, UsageError } from "./arguments.ts";
import { runTask } from "./task.ts";

const USAGE = `Usage: deno task lab [folder] [options]
  folder         what is opened: my-notebooks, with your copies of the notebooks, unless another is named
  --no-browser   print the address only
  --port N       the port to listen on`;

const LARGEST_PORT = 65535;

/**
 * What somebody should know who opens a folder outside of the workspace, where no deno.json names the library.
 *
 * @param folder what is opened
 */
export function outsideNotice(folder: string): string | undefined {
  if (!/^\.\.([\\/]|$)|^[A-Za-z]:/.test(relative(ROOT, folder))) return undefined;
  return `${folder} is outside of ${ROOT}: notebooks there cannot import "detailclip"`;
}

/**
 * Refuses a folder that cannot be opened; that of the copies is made.
 *
 * @throws {UsageError} when there is none, or it is no folder
 */
export function requireFolder(folder: string): void {
  if (folder === resolve(WORKING_FOLDER)) return;
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  throw new UsageError(
    `Cannot open JupyterLab on ${folder}: ${found ? "it is no folder" : "there is no such folder"}`,
  );
}

/** What the command line asks for. */
interface Lab {
  /** The folder that is opened, an absolute path. */
  folder: string;
  /** The arguments of `python -m jupyter`. */
  args: string[];
}

/**
 * Reads the command line, which asks for the copies of the notebooks, or another folder.
 *
 * @param args the task's own arguments
 * @param user the number of the user who runs it; Jupyter wants to be told when that is root
 * @throws {UsageError} when an argument is not understood
 */
export function labArguments(args: readonly string[], user: number | null = Deno.uid()): Lab {
  const { values, positionals: [named = WORKING_FOLDER, ...more] } = readOptions({
    args: [...args],
    allowPositionals: true,
    options: { "no-browser": { type: "boolean" }, port: { type: "string" } },
  });
  if (more.length > 0) {
    throw new UsageError(`Cannot open JupyterLab on ${more.length + 1} folders at once`);
  }
  const { port } = values;
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) <= LARGEST_PORT)) {
    throw new UsageError(
      `Cannot read --port: expected a number from 0 to ${LARGEST_PORT}, got ${port}`,
    );
  }
  const folder = resolve(named);
  const lab = [
    "lab",
    `--ServerApp.root_dir=${folder}`,
    // this kernel only, and first choice for new notebooks
    `--KernelSpecManager.allowed_kernelspecs=${KERNEL_NAME}`,
    "--KernelSpecManager.ensure_native_kernel=False",
    `--MultiKernelManager.default_kernel_name=${KERNEL_NAME}`,
    // no calls to the outside
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
    ...(values["no-browser"] ? ["--no-browser"] : []),
    ...(port ? [`--ServerApp.port=${port}`] : []),
    ...(user === 0 ? ["--allow-root"] : []),
  ];
  return { folder, args: lab };
}

/** The most seconds that the start is followed. */
const START_SECONDS = 60;

/** Waits until JupyterLab serves, which it notes in its runtime folder, or has ended. */
async function untilStarted(lab: Deno.ChildProcess, runtime: string): Promise<void> {
  const note = join(runtime, `jpserver-${lab.pid}.json`);
  let ended = false;
  void lab.status.then(() => ended = true);
  for (const end = performance.now() + 1000 * START_SECONDS; performance.now() < end;) {
    if (ended || await readTextIfThere(note) !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

if (import.meta.main) {
  await runTask(USAGE, async () => {
    const { folder, args } = labArguments(Deno.args), said = outsideNotice(folder);
    requireFolder(folder);
    if (said) notice(said);
    const { venv, env: jupyter } = await setUpJupyter();
    if (folder === resolve(WORKING_FOLDER)) await placeCopies();
    const env = { ...jupyter, [KEEP_VARIABLE]: "" }; // whatever the user's environment says
    const lab = spawnChild(venv.python, { args: ["-m", "jupyter", ...args], env, stdin: "null" });
    // whole lines: JupyterLab writes to the terminal, too
    const started = () => untilStarted(lab, jupyter.JUPYTER_RUNTIME_DIR);
    await showStep("Start JupyterLab", started, { about: "about 10 s", output: "log" });
    return (await lab.status).code;
  });
}
