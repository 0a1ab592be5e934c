/**
 * `deno task lab [folder] [--no-browser] [--port N]`: opens JupyterLab on notebooks/, or on another folder,
 * with the Deno kernel. All it reads and writes stays in the project: `.venv` and `.cache/jupyter`.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { KERNEL_NAME, setUpJupyter } from "../jupyter/kernelspec.ts";
import { fail, ROOT } from "../project.ts";

/**
 * The arguments of `python -m jupyter` that open the project's notebooks.
 *
 * @param args the task's own arguments
 * @param user the number of the user who runs it; Jupyter wants to be told when that is root
 * @throws {Error} when an argument is not understood
 */
export function labArguments(args: readonly string[], user: number | null = Deno.uid()): string[] {
  const { values, positionals: [folder = join(ROOT, "notebooks"), ...more] } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { "no-browser": { type: "boolean" }, port: { type: "string" } },
  });
  if (more.length > 0) {
    throw new Error(`Cannot open JupyterLab on ${more.length + 1} folders at once`);
  }
  return [
    "lab",
    `--ServerApp.root_dir=${resolve(folder)}`,
    // this kernel only, and first choice for new notebooks
    `--KernelSpecManager.allowed_kernelspecs=${KERNEL_NAME}`,
    "--KernelSpecManager.ensure_native_kernel=False",
    `--MultiKernelManager.default_kernel_name=${KERNEL_NAME}`,
    // no calls to the outside
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
    ...(values["no-browser"] ? ["--no-browser"] : []),
    ...(values.port ? [`--ServerApp.port=${values.port}`] : []),
    ...(user === 0 ? ["--allow-root"] : []),
  ];
}

if (import.meta.main) {
  try {
    const args = labArguments(Deno.args);
    const { venv, env } = await setUpJupyter();
    Deno.addSignalListener("SIGINT", () => {}); // JupyterLab gets the same Ctrl-C and asks back
    const lab = new Deno.Command(venv.python, { args: ["-m", "jupyter", ...args], env }).spawn();
    Deno.addSignalListener("SIGTERM", () => lab.kill("SIGTERM"));
    Deno.exit((await lab.status).code);
  } catch (error) {
    fail(error);
  }
}
