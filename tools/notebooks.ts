/**
 * `deno task notebooks [name…] [--scale smoke|quick|paper] [--set key=value] [--timeout minutes]
 * [--repeat times]`: runs the notebooks headless and keeps executed copies in results/notebooks.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { interruptible } from "../lib/interrupt.ts";
import { listNotebooks, notebookName } from "./notebooks/notebook.ts";
import { runNotebooks, type RunOptions } from "./notebooks/run.ts";
import { fail, ROOT } from "./project.ts";

const SCALES = ["smoke", "quick", "paper"];

/** The value of `key=value`: JSON where it is JSON, text otherwise. */
export function parseSetting(setting: string): [name: string, value: unknown] {
  const at = setting.indexOf("=");
  if (at < 1) throw new Error(`Cannot set a parameter: expected key=value, got ${setting}`);
  const text = setting.slice(at + 1);
  try {
    return [setting.slice(0, at), JSON.parse(text)];
  } catch {
    return [setting.slice(0, at), text];
  }
}

/** The notebooks whose names begin with one of `names`; all of them when none is given. */
export function selectNotebooks(paths: readonly string[], names: readonly string[]): string[] {
  for (const name of names) {
    if (paths.some((path) => notebookName(path).startsWith(name))) continue;
    const known = paths.map(notebookName).join(", ") || "none";
    throw new Error(`Cannot run notebook ${name}: there is no such notebook (there are: ${known})`);
  }
  const wanted = (path: string) => names.some((name) => notebookName(path).startsWith(name));
  return paths.filter((path) => names.length === 0 || wanted(path));
}

/** A number of the command line that must be positive. */
function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`Cannot run notebooks: --${name} must be a positive number, got ${text}`);
}

/**
 * Reads the command line.
 *
 * @throws {Error} when it is not understood
 */
export function parseCommandLine(args: readonly string[], all: readonly string[]): RunOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      scale: { type: "string", default: "quick" },
      set: { type: "string", multiple: true, default: [] },
      timeout: { type: "string", default: "30" },
      repeat: { type: "string", default: "1" },
    },
  });
  if (!SCALES.includes(values.scale)) {
    throw new Error(`Cannot run notebooks: --scale must be one of ${SCALES.join(", ")}`);
  }
  return {
    notebooks: selectNotebooks(all, positionals),
    scale: values.scale,
    set: Object.fromEntries(values.set.map(parseSetting)),
    timeout: 60 * positive("timeout", values.timeout),
    repeat: positive("repeat", values.repeat),
  };
}

if (import.meta.main) {
  using _interrupts = interruptible(); // the runner gets the same Ctrl-C and ends its kernel
  try {
    const options = parseCommandLine(Deno.args, await listNotebooks(join(ROOT, "notebooks")));
    const { passed, failed } = await runNotebooks(options);
    console.log(`${passed} passed, ${failed} failed`);
    Deno.exit(failed > 0 ? 1 : 0);
  } catch (error) {
    fail(error);
  }
}
