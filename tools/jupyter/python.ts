/**
 * The project's own Python environment: `.venv`, made from the frozen `tools/requirements/jupyter.txt`. It carries
 * JupyterLab and the drivers of headless notebooks; nothing outside the project's folder is written.
 *
 * @module
 */
import { join } from "node:path";
import { sharedFolder } from "../../lib/runtime/cache_dir.ts";
import { sha256, writeAtomic } from "../../lib/runtime/files.ts";
import { type ShowOptions, showStep } from "../../lib/runtime/progress.ts";
import { capture, ROOT } from "../project.ts";

/** A ready environment. */
export interface Venv {
  /** Its folder. */
  path: string;
  /** Its Python interpreter. */
  python: string;
}

/** Options of {@linkcode ensureVenv}. */
export interface VenvOptions {
  /** The folder that holds the requirements and gets `.venv`; the project's root if absent. */
  root?: string;
  /** The Python to make it from; the variable PYTHON, else `python3`. */
  python?: string;
  /** Where and when it shows what is being done, when something has to be. */
  show?: ShowOptions;
}

/** What the environment is made from, a path in the project. */
export const REQUIREMENTS = "tools/requirements/jupyter.txt";
const WINDOWS = Deno.build.os === "windows";
const OLDEST_PYTHON = [3, 10];

/** Runs a step of the set-up; its output is shown only when it fails. */
async function step(what: string, program: string, args: string[], root: string): Promise<string> {
  // pip's cache stays in the project, too
  const env = {
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_INPUT: "1",
    PIP_CACHE_DIR: sharedFolder("pip"),
  };
  const { code, output } = await capture(program, args, { cwd: root, env });
  if (code !== 0) {
    throw new Error(`Cannot ${what}: ${program} ended with ${code}\n${output.trim()}`);
  }
  return output.trim();
}

/** The version of a Python as text, e.g. "3.11.7". */
async function pythonVersion(python: string, root: string): Promise<string> {
  const wanted = `Python ${OLDEST_PYTHON.join(".")} or newer is needed; set PYTHON to its path`;
  let version: string;
  try {
    const print = "import sys; print('.'.join(map(str, sys.version_info[:3])))";
    version = await step("ask Python for its version", python, ["-c", print], root);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot set up Python: there is no program ${python}. ${wanted}`);
  }
  const [major, minor] = version.split(".").map(Number);
  if (major < OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor < OLDEST_PYTHON[1])) {
    throw new Error(`Cannot set up Python: ${python} is ${version}. ${wanted}`);
  }
  return version;
}

/** Makes the environment anew and fills it. */
async function build(venv: Venv, python: string, root: string, show?: ShowOptions): Promise<void> {
  try {
    const make = ["-m", "venv", "--clear", venv.path];
    await showStep("Make .venv (once)", () => step("make .venv", python, make, root), {
      ...show,
      about: "about 10 s",
    });
  } catch (error) {
    const hint = "On Debian and Ubuntu the module is a package: apt-get install python3-venv";
    throw new Error(`${(error as Error).message}\n${hint}`);
  }
  const install = ["-m", "pip", "install", "--quiet", "-r", join(root, REQUIREMENTS)];
  await showStep(
    "Install JupyterLab in .venv (once)",
    () => step(`install ${REQUIREMENTS}`, venv.python, install, root),
    { ...show, about: "about 1 min" },
  );
}

/**
 * Makes sure that `.venv` holds exactly what the requirements say. It costs a few milliseconds when
 * nothing changed; of two processes that ask at once, one sets up and the other waits for it.
 *
 * @param options where, from which Python, and where it shows what it does
 * @returns the environment
 * @throws {Error} when Python or its venv module is missing, or a package cannot be installed
 */
export async function ensureVenv(options: VenvOptions = {}): Promise<Venv> {
  const { root = ROOT, python = Deno.env.get("PYTHON") ?? "python3", show } = options;
  const path = join(root, ".venv");
  const venv = {
    path,
    python: join(path, ...(WINDOWS ? ["Scripts", "python.exe"] : ["bin", "python"])),
  };
  const stampFile = join(path, "requirements.stamp");
  const requirements = await Deno.readTextFile(join(root, REQUIREMENTS));
  const ready = async () => {
    const stamp = await Deno.readTextFile(stampFile).catch(() => "");
    return stamp.split("\n")[0] === sha256(requirements);
  };
  if (await ready()) return venv;

  await Deno.mkdir(join(root, ".cache"), { recursive: true });
  using lock = await Deno.open(join(root, ".cache", "venv.lock"), { write: true, create: true });
  await lock.lock(true); // the system frees it when the process ends, however that happens
  if (await ready()) return venv;
  const version = await pythonVersion(python, root);
  await build(venv, python, root, show);
  await writeAtomic(stampFile, `${sha256(requirements)}\nPython ${version}\n`);
  return venv;
}
