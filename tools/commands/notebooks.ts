/**
 * `deno task notebooks [name…] [--scale smoke|quick|full|paper] [--set key=value] [--timeout minutes]
 * [--repeat times] [--cold] [--keep]`, or `--text`: runs the notebooks headless. Executed copies and times go to
 * runs/notebooks, rows and figures beside them under runs/; with `--keep` all of it renews what is committed in
 * results/, or, with another seed, adds the rows of that seed to results/rows/seeds. With `--cold` they
 * begin with empty caches: every data set is drawn, every patch encoded, every fusion trained anew, in a folder that is
 * removed at the end.
 *
 * @module
 */
import { hostname } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { CACHE_DIR } from "../../lib/runtime/cache_dir.ts";
import { carryText } from "../jupyter/executed_copies.ts";
import { listNotebooks, notebookName } from "../jupyter/notebook.ts";
import {
  keepsCopies,
  type NotebookRunOptions,
  outputFolder,
  runNotebooks,
  type RunTotals,
} from "../jupyter/run_notebooks.ts";
import { noteTimes, timesPath } from "../jupyter/times.ts";
import { baseline } from "../../experiments/baseline.ts";
import { ROOT } from "../project.ts";
import {
  ENCODER_OPTIONS,
  type EncoderChoice,
  encoderUsage,
  oneOf,
  readEncoder,
  readOptions,
  UsageError,
} from "./arguments.ts";
import { runTask } from "./task.ts";

const SCALES = ["smoke", "quick", "full", "paper"];

const USAGE = `Usage: deno task notebooks [name…] [options]
  name…                       notebooks whose names begin so, such as 05, or their paths; all unless named
  --scale SCALE               smoke, quick (unless told), full or paper
  --set KEY=VALUE             another value for a parameter of the first cell, such as seed=8 or ks=2,4,6
                              (a list) or 'grid={"gamma":[0.5]}' (JSON); may be repeated
${encoderUsage()}
  --timeout MINUTES           the most that a notebook may take
  --repeat N                  run them so many times
  --cold                      begin with empty caches, which are removed at the end
  --keep                      write to results/, which is committed, not to runs/;
                              with --set seed=N the rows of that seed alone
  --text                      run nothing: carry changed text into the copies in results/,
                              where the code is theirs`;

/** JSON, or text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The value of `key=value`: JSON where it is JSON, a list where commas without a space part several, text otherwise.
 *
 * @throws {UsageError} when it is none
 */
export function parseSetting(setting: string): [name: string, value: unknown] {
  const at = setting.indexOf("=");
  if (at < 1) throw new UsageError(`Cannot set a parameter: expected key=value, got ${setting}`);
  const name = setting.slice(0, at), text = setting.slice(at + 1);
  const parts = /^[^\s,"[\]{}]+(,[^\s,"[\]{}]+)+$/.test(text) ? text.split(",") : undefined;
  return [name, parts ? parts.map(valueOf) : valueOf(text)];
}

/** Whether a notebook's file name begins with `name`, or `name` is its path: one of another folder is another notebook. */
function isNamed(path: string, name: string): boolean {
  return basename(path).startsWith(name) || path === resolve(ROOT, name);
}

/**
 * The notebooks that `names` name; all of them when none is given.
 *
 * @throws {UsageError} when a name is of none
 */
export function selectNotebooks(paths: readonly string[], names: readonly string[]): string[] {
  for (const name of names) {
    if (paths.some((path) => isNamed(path, name))) continue;
    const known = paths.map(notebookName).join(", ") || "none";
    throw new UsageError(
      `Cannot run notebook ${name}: there is no such notebook in notebooks/ (there are: ${known})`,
    );
  }
  return paths.filter((path) => names.length === 0 || names.some((name) => isNamed(path, name)));
}

/** An option's value, which must be a positive number. */
function positive(option: string, text: string, { integer = false } = {}): number {
  const value = Number(text);
  if (value > 0 && (!integer || Number.isSafeInteger(value))) return value;
  const kind = integer ? "integer" : "number";
  throw new UsageError(`Cannot read --${option}: expected a positive ${kind}, got ${text}`);
}

/** The parameter `encoder` where options say it: an id, or an object where they say more. */
function encoderSetting(
  values: Parameters<typeof readEncoder>[0],
  set: readonly string[],
): { encoder?: string | EncoderChoice } {
  const { id, ...how } = readEncoder(values), more = Object.keys(how).length > 0;
  if (id === undefined && !more) return {};
  if (set.includes("encoder")) {
    throw new UsageError("Cannot set encoder: it is said by --set and by --encoder, too");
  }
  return { encoder: id !== undefined && !more ? id : { ...(id && { id }), ...how } };
}

/**
 * Reads the command line.
 *
 * @throws {UsageError} when it is not understood
 */
export function parseCommandLine(
  args: readonly string[],
  all: readonly string[],
): NotebookRunOptions & { cold: boolean } {
  const { values, positionals } = readOptions({
    args: [...args],
    allowPositionals: true,
    options: {
      scale: { type: "string", default: "quick" },
      set: { type: "string", multiple: true, default: [] },
      ...ENCODER_OPTIONS,
      timeout: { type: "string" },
      repeat: { type: "string", default: "1" },
      cold: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
    },
  });
  const repeat = positive("repeat", values.repeat, { integer: true });
  if (values.cold && repeat > 1) {
    throw new UsageError("Cannot run notebooks: only the first of several runs would be --cold");
  }
  const settings = values.set.map(parseSetting), names = settings.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`Cannot set ${twice}: it is set twice`);
  const set: Record<string, unknown> = {
    ...Object.fromEntries(settings),
    ...encoderSetting(values, names),
  };
  if (values.keep && set.seed === baseline.seed) {
    throw new UsageError(
      `Cannot run notebooks: seed ${baseline.seed} is the committed one; leave --set seed out`,
    );
  }
  if (values.keep && Object.keys(set).some((name) => name !== "seed")) {
    throw new UsageError(
      "Cannot run notebooks: --keep is for the committed configuration, of which --set may change " +
        "the seed alone",
    );
  }
  if (Object.hasOwn(set, "scale")) {
    throw new UsageError("Cannot set scale: it has an option of its own, --scale");
  }
  return {
    notebooks: selectNotebooks(all, positionals),
    scale: oneOf("scale", values.scale, SCALES),
    set,
    ...(values.timeout !== undefined && { timeout: 60 * positive("timeout", values.timeout) }),
    repeat,
    cold: values.cold,
    keep: values.keep,
  };
}

/** What the names of this machine's cold caches begin with; the process's id follows. */
const COLD = `cold-${hostname()}-`;

/** Whether a process of this machine runs, whoever owns it. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}

/**
 * Removes the cold caches of processes that are gone: one that was killed could not remove its own.
 *
 * @param folder where they lie
 */
export async function sweepColdCaches(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    const pid = name.startsWith(COLD) && /^(\d+)-/.exec(name.slice(COLD.length))?.[1];
    if (!pid || isRunning(Number(pid))) continue;
    await Deno.remove(join(folder, name), { recursive: true }).catch(() => {}); // litter harms nothing
  }
}

/**
 * Runs notebooks, with caches of their own where they are to begin cold.
 *
 * @param options what to run
 * @param cold whether they begin with empty caches
 */
export async function runWithCaches(
  options: NotebookRunOptions,
  cold: boolean,
): Promise<RunTotals> {
  if (!cold) return await runNotebooks(options);
  await Deno.mkdir(CACHE_DIR, { recursive: true });
  await sweepColdCaches(CACHE_DIR);
  const cacheDir = await Deno.makeTempDir({ dir: CACHE_DIR, prefix: `${COLD}${Deno.pid}-` });
  try {
    return await runNotebooks({ ...options, cacheDir });
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
}

if (import.meta.main) {
  await runTask(USAGE, async () => {
    if (Deno.args.join() === "--text") {
      console.log((await carryText()).join("\n") || "all copies have the notebooks' text");
      return;
    }
    const all = await listNotebooks(join(ROOT, "notebooks"));
    const { cold, ...options } = parseCommandLine(Deno.args, all);
    const start = performance.now();
    const { passed, failed, seconds } = await runWithCaches(options, cold);
    if (Object.keys(options.set ?? {}).length === 0) {
      const whole = options.notebooks.length === all.length && failed === 0;
      const file = timesPath(outputFolder(options.keep), options.scale);
      await noteTimes(file, seconds, { cold, whole });
    }
    console.log(`executed copies are in ${outputFolder(keepsCopies(options))}`);
    const total = (performance.now() - start) / 1000;
    console.log(
      `total ${total.toFixed(1)} s (${(total / 60).toFixed(1)} min), ` +
        `${options.scale} scale, caches ${cold ? "cold" : "as found"}`,
    );
    console.log(`${passed} passed, ${failed} failed`);
    return failed > 0 ? 1 : 0;
  });
}
