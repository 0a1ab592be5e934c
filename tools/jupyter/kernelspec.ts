/**
 * The Deno kernel as Jupyter sees it, kept inside the project's `.venv`, and the environment that
 * makes Jupyter read and write inside the project only.
 *
 * @module
 */
import { join } from "node:path";
import { CACHE_DIR, checkFolders } from "../../lib/runtime/cache_dir.ts";
import { writeAtomic } from "../../lib/runtime/files.ts";
import { assertPinnedDeno, ROOT } from "../project.ts";
import { ensureVenv, type Venv } from "./python.ts";

/** The name by which notebooks ask for the kernel. */
export const KERNEL_NAME = "deno";

/** The program between Jupyter and Deno that keeps queued cells from running after Stop or an error. */
const PROXY = join(ROOT, "tools", "jupyter", "kernel_proxy.py");

/**
 * Jupyter's kernelspec for the running Deno.
 *
 * @param python the Python of the environment that has Jupyter
 */
export function kernelspec(python: string): Record<string, unknown> {
  return {
    argv: [python, PROXY, Deno.execPath(), "{connection_file}"],
    display_name: `Deno ${Deno.version.deno}`,
    language: "typescript",
    // lib/runtime/interrupt.ts listens for the signal; "message" cannot end a pending await
    interrupt_mode: "signal",
  };
}

/** The variables that keep everything Jupyter reads and writes inside the project. */
function jupyterEnv(venv: Venv, cacheDir: string = CACHE_DIR): Record<string, string> {
  const home = join(cacheDir, "jupyter");
  return {
    JUPYTER_CONFIG_DIR: join(home, "config"),
    JUPYTER_DATA_DIR: join(home, "data"),
    JUPYTER_RUNTIME_DIR: join(home, "runtime"),
    JUPYTER_PATH: join(venv.path, "share", "jupyter"),
    JUPYTER_CONFIG_PATH: join(home, "config"),
    JUPYTERLAB_SETTINGS_DIR: join(home, "lab", "settings"),
    JUPYTERLAB_WORKSPACES_DIR: join(home, "lab", "workspaces"),
    JUPYTER_PLATFORM_DIRS: "0",
    IPYTHONDIR: join(home, "ipython"),
    XDG_CONFIG_HOME: join(home, "xdg-config"),
    XDG_DATA_HOME: join(home, "xdg-data"),
    PYTHONDONTWRITEBYTECODE: "1",
    PYDEVD_DISABLE_FILE_VALIDATION: "1",
  };
}

/**
 * What JupyterLab is to leave out: the extension that asks, at the first start, whether to fetch news from
 * the outside.
 */
const PAGE_CONFIG = {
  disabledExtensions: { "@jupyterlab/apputils-extension:announcements": true },
};

/** A Python environment that knows the kernel. */
export interface JupyterSetup {
  /** The environment. */
  venv: Venv;
  /** Variables for every Jupyter program. */
  env: Record<string, string>;
}

/**
 * Makes the environment ready and writes the kernelspec into it, naming the running, pinned Deno, and
 * JupyterLab's configuration.
 *
 * @returns the environment and its variables
 * @throws {Error} under another Deno than the pinned one, or when Python cannot be set up
 */
export async function setUpJupyter(): Promise<JupyterSetup> {
  assertPinnedDeno();
  checkFolders();
  const venv = await ensureVenv();
  const env = jupyterEnv(venv);
  const spec = join(venv.path, "share", "jupyter", "kernels", KERNEL_NAME, "kernel.json");
  await writeChanged(spec, kernelspec(venv.python));
  await writeChanged(join(env.JUPYTER_CONFIG_DIR, "labconfig", "page_config.json"), PAGE_CONFIG);
  return { venv, env };
}

/** Writes a JSON file, unless it is there as it should be. */
async function writeChanged(file: string, content: unknown): Promise<void> {
  const text = JSON.stringify(content, null, 2) + "\n";
  if (await Deno.readTextFile(file).catch(() => "") !== text) await writeAtomic(file, text);
}
