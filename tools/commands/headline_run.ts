/**
 * The work of `deno task headline`. A module of its own because it loads the whole library.
 *
 * @module
 */
import { join } from "node:path";
import { runRetrieval } from "detailclip";
import { recallMarkdown } from "detailclip/report";
import { type Unit, unitConfigs, unitName, UNITS } from "../../experiments/headline.ts";
import { nextOf, unitsMarkdown, unitStates } from "../../experiments/headline_list.ts";
import { nearestName } from "../../lib/runtime/nearest.ts";
import { InterruptError, operationSignal } from "../../lib/runtime/interrupt.ts";
import { fillPages } from "../checks/readme_table.ts";
import { ROOT } from "../project.ts";
import {
  ENCODER_OPTIONS,
  type EncoderChoice,
  readEncoder,
  readOptions,
  UsageError,
} from "./arguments.ts";

/** What the command line asks for. */
export interface HeadlineCall {
  /** Which unit to run; none lists them. */
  unit?: Unit | "next";
  /** Minutes after which it stops. */
  minutes?: number;
  /** Where images are encoded. */
  device?: EncoderChoice["device"];
  /** Whether rows go to results/. */
  keep: boolean;
}

/** Milliseconds that a timer holds; a longer one would ring at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Reads the command line.
 *
 * @throws {UsageError} when it is not understood
 */
export function readArguments(args: string[]): HeadlineCall {
  const { values, positionals } = readOptions({
    args,
    allowPositionals: true,
    options: {
      next: { type: "boolean", default: false },
      minutes: { type: "string" },
      device: ENCODER_OPTIONS.device,
      keep: { type: "boolean", default: false },
    },
  });
  const refuse = (why: string): never => {
    throw new UsageError(`Cannot run headline: ${why}`);
  };
  const { next, keep } = values, [name] = positionals, { device } = readEncoder(values);
  if (positionals.length > 1) refuse(`one unit at a time, got ${positionals.join(", ")}`);
  if (next && name !== undefined) refuse(`--next and ${name} are two ways to say which unit`);
  if (keep && device !== undefined) {
    refuse("--keep is for the committed configuration, which --device changes");
  }
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  if (minutes !== undefined && !(minutes > 0)) {
    refuse(`--minutes must be a positive number, got "${values.minutes}"`);
  }
  if (minutes !== undefined && 60_000 * minutes > LONGEST_TIMER) {
    const most = Math.floor(LONGEST_TIMER / 60_000);
    refuse(`--minutes must be at most ${most}, longer than any unit takes, got ${values.minutes}`);
  }
  const unit = next ? "next" : UNITS.find((unit) => unitName(unit) === name);
  if (name !== undefined && unit === undefined) {
    const near = nearestName(name, UNITS.map(unitName));
    refuse(`there is no unit ${name}${near === undefined ? "" : `; did you mean ${near}?`}`);
  }
  if (unit === undefined && args.length > 0) refuse("which unit? Name one, or say --next");
  return {
    ...{ keep, ...(unit && { unit }) },
    ...(minutes !== undefined && { minutes }),
    ...(device && { device }),
  };
}

/**
 * Lists the units, or runs one.
 *
 * @param call what the command line asks for
 * @param command the command line, noted with the results
 */
export async function runHeadline(
  { unit: chosen, minutes, device, keep }: HeadlineCall,
  command: string,
): Promise<void> {
  if (chosen === undefined) {
    console.log(await unitsMarkdown());
    return;
  }
  const unit = chosen === "next" ? nextOf(await unitStates()) : chosen;
  if (unit === undefined) {
    console.log("All units are done.");
    return;
  }
  console.log(`Unit ${unitName(unit)}; stopped, the same command goes on: ${command}`);
  const late = new InterruptError(
    `Stopped after ${minutes} min as asked; the same command goes on`,
  );
  const limit = new AbortController();
  const timer = minutes && setTimeout(() => limit.abort(late), 60_000 * minutes);
  const signal = AbortSignal.any([limit.signal, operationSignal()]);
  try {
    for (const own of unitConfigs(unit)) {
      const config = device ? { ...own, encoder: { ...own.encoder, device } } : own;
      const { rows, path } = await runRetrieval(config, { command, keep, signal });
      console.log(`\n${recallMarkdown(rows)}\n\nrows     ${path}`);
    }
  } finally {
    clearTimeout(timer);
  }
  if (keep) await fillPages(ROOT, [join("results", "HEADLINE.md")]);
  else console.log("These rows are yours: --next and results/HEADLINE.md count those of --keep.");
}
