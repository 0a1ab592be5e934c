/**
 * Several configurations that one table or figure compares: data sets, encoders, sizes.
 *
 * @module
 */
import { operationSignal } from "../runtime/interrupt.ts";
import { checkConfig, type ExperimentConfig } from "./config.ts";
import { missingPart } from "./preflight.ts";
import { filesOf } from "../report/filing.ts";
import { commandLine } from "../report/provenance.ts";
import type { ResultRow } from "../report/results.ts";
import { type RetrievalRun, type RunOptions, runRetrieval } from "./run_retrieval.ts";

/** One configuration of a series. */
export interface SeriesMember {
  /** What tells it from the others in tables and figures, such as `"CLEVR-DS-S"`. */
  label: string;
  /** What is run. */
  config: ExperimentConfig;
  /** The command that runs this member, to be shown where it cannot be run yet. */
  command?: string;
}

/** A row that says which member of a series it is of. */
export interface SeriesRow extends ResultRow {
  /** Label of the member. */
  member: string;
}

/** A member that was not run, because this machine lacks something. */
export interface NotRun {
  /** Label of the member. */
  member: string;
  /** What is missing, in words. */
  missing: string;
  /** The command that runs it once that is there. */
  command: string;
}

/** What a series leaves behind. */
export interface Series {
  /** The runs, by label. */
  runs: Map<string, RetrievalRun>;
  /** The rows of all of them, in the order of the members. */
  rows: SeriesRow[];
  /** What could not be run, and what would be needed. */
  notRun: NotRun[];
}

/**
 * The run of one member, without which there is nothing to show.
 *
 * @param series what was run
 * @param label of the member
 * @throws {Error} when it was not run; the message says what is missing and which command runs it
 */
export function memberRun(
  { runs, notRun }: Pick<Series, "runs" | "notRun">,
  label: string,
): RetrievalRun {
  const found = runs.get(label);
  if (found) return found;
  const why = notRun.find(({ member }) => member === label);
  throw new Error(
    `Cannot show ${label}: ${why ? `${why.missing}; then run ${why.command}` : "it was not run"}`,
  );
}

/**
 * Runs one configuration after the other; those that lack an encoder or a data set are reported, not run.
 * Each writes its own rows.
 *
 * @param members what to run
 * @param options how; see `runRetrieval`
 * @throws {RangeError} before any work, when a configuration says what `checkConfig` refuses, or two members have
 * one label or write to one file
 */
export async function runSeries(
  members: readonly SeriesMember[],
  options: RunOptions = {},
): Promise<Series> {
  for (const { config } of members) checkConfig(config);
  const refuseTwice = (what: string, keys: string[]) => {
    const twice = keys.find((key, i) => keys.indexOf(key) !== i);
    if (twice === undefined) return;
    throw new RangeError(`Cannot run series: two of its members ${what} ${twice}`);
  };
  refuseTwice("are called", members.map(({ label }) => label));
  refuseTwice(
    "would write",
    members.map(({ config }) => filesOf(config.name, config, options).rows),
  );
  const signal = operationSignal(options.signal); // the stop button ends a series whoever else may
  const displayId = options.displayId ?? crypto.randomUUID();
  const series: Series = { runs: new Map(), rows: [], notRun: [] };
  for (const { label, config, command = commandLine() } of members) {
    signal.throwIfAborted();
    const missing = await missingPart(config);
    if (missing !== undefined) {
      series.notRun.push({ member: label, missing, command });
      continue;
    }
    const run = await runRetrieval(config, { ...options, signal, displayId });
    series.runs.set(label, run);
    series.rows.push(...run.rows.map((row) => ({ ...row, member: label })));
  }
  return series;
}
