/**
 * Claims of the paper, each with the measurement that says whether it holds here.
 *
 * @module
 */
import { canonicalJson } from "../runtime/files.ts";
import type { NamedConfig } from "./provenance.ts";
import { readResults, type ResultRow, RESULTS_DIR, type Row, rowsPath } from "./results.ts";
import type pl from "nodejs-polars";
import { toDataFrame } from "./tables.ts";

/** Rows by the name of the experiment that wrote them. */
export type RowsOf = <T extends Row = ResultRow>(experiment: string) => readonly T[];

/** What a run says about a claim. */
export interface Verdict {
  /** Our number, as text with its unit; of a claim that was not measured the reason. */
  ours: string;
  /** Whether the claim holds here. */
  holds: "yes" | "partly" | "no" | "not measured";
}

/** A claim of the paper, or one that goes beyond it. */
export interface Claim {
  /** Name of the notebook that measures it. */
  notebook: string;
  /** Where the paper makes it, such as `"Table 2"`; `"beyond"` where it does not. */
  where: string;
  /** What is claimed, in a sentence. */
  claim: string;
  /** What is compared, with its unit: the meaning of both numbers. */
  measure: string;
  /** The paper's number, as text; empty where it gives none. */
  paper: string;
  /** Experiments whose rows it needs, by name, each with its own configuration at a scale. */
  needs: Readonly<Record<string, (scale: string) => NamedConfig>>;
  /** Keys of these configurations that what is compared does not depend on: changed, they leave the paper's number. */
  independentOf?: readonly string[];
  /**
   * Looks at the rows, and throws {@linkcode NotMeasured} where they lack what is compared.
   *
   * @param rowsOf the rows of an experiment
   * @param experiments names of all experiments that were run
   */
  judge(rowsOf: RowsOf, experiments: readonly string[]): Verdict;
}

/** A claim with its verdict, as tables show it. */
export interface JudgedClaim extends Omit<Claim, "judge" | "needs" | "independentOf">, Verdict {
  /** What makes the run another experiment than the one that the paper's number is beside; absent where nothing does. */
  configuration?: string;
}

/** The rows of an experiment, with what was run: a `RetrievalRun` is one. */
export interface MeasuredRun {
  /** Name under which its rows are kept, where it is not that of the configuration. */
  experiment?: string;
  /** What was run. */
  config: NamedConfig;
  /** What was measured. */
  rows: readonly Row[];
}

/** Thrown where rows lack what a claim compares: it cannot be judged, and nothing is wrong. */
export class NotMeasured extends RangeError {
  /** What is missing, in a few words. */
  readonly reason: string;

  /** Says what is missing. */
  constructor(reason: string) {
    super(`Cannot judge by these rows: ${reason}`);
    this.name = "NotMeasured";
    this.reason = reason;
  }
}

/**
 * One recall of a run.
 *
 * @param rows rows of one run
 * @param method whose
 * @param options `metric` (`"recall@1"`) and `subset` (`"all"`)
 * @throws {NotMeasured} when there is none
 * @throws {RangeError} when there are several
 */
export function recallOf(
  rows: readonly ResultRow[],
  method: string,
  { metric = "recall@1", subset = "all" }: { metric?: string; subset?: string } = {},
): ResultRow {
  const found = rows.filter((row) =>
    row.method === method && row.metric === metric && row.subset === subset
  );
  if (found.length === 1) return found[0];
  if (found.length === 0) {
    throw new NotMeasured(`no ${metric} of ${method}${subset === "all" ? "" : `, ${subset}`}`);
  }
  throw new RangeError(
    `Cannot read ${metric} of ${method} (${subset}): ${found.length} rows have it`,
  );
}

/** Whether the intervals of two rows do not touch. */
export function apart(a: ResultRow, b: ResultRow): boolean {
  return a.low > b.high || b.low > a.high;
}

/**
 * By how much the recall of one method is ahead of another's.
 *
 * @param rows rows of one run
 * @param method whose recall
 * @param other from which to subtract
 * @returns points of Recall@1, and whether the intervals do not touch
 */
export function ahead(
  rows: readonly ResultRow[],
  method: string,
  other: string,
): { points: number; apart: boolean } {
  const [a, b] = [recallOf(rows, method), recallOf(rows, other)];
  return { points: 100 * (a.value - b.value), apart: apart(a, b) };
}

/** Keys that may differ without making the paper's number another experiment's: which images, how many, how resampled. */
const SAME_EXPERIMENT = new Set(["name", "seed", "bootstrap", "learn"]);
const SAME_DATASET = new Set(["images", "limit"]);

/** A configuration without what {@linkcode changedKeys} overlooks. */
function essence(config: NamedConfig): Record<string, unknown> {
  const kept = (object: object, left: ReadonlySet<string>) =>
    Object.fromEntries(Object.entries(object).filter(([key]) => !left.has(key)));
  const rest = kept(config, SAME_EXPERIMENT);
  const { dataset } = rest;
  return typeof dataset === "object" && dataset !== null
    ? { ...rest, dataset: kept(dataset, SAME_DATASET) }
    : rest;
}

/**
 * What makes a configuration another experiment than the one that it comes from. Another seed, other numbers of images
 * and another bootstrap do not.
 *
 * @param config what was run
 * @param own the experiment's own configuration
 * @returns names of the keys that differ, sorted
 */
export function changedKeys(config: NamedConfig, own: NamedConfig): string[] {
  const [a, b] = [essence(config), essence(own)];
  const text = (value: unknown) => value === undefined ? "" : canonicalJson(value);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => text(a[key]) !== text(b[key])).sort();
}

/** The runs by name. */
function byExperiment(runs: Iterable<MeasuredRun>): Map<string, MeasuredRun> {
  const found = new Map<string, MeasuredRun>();
  for (const run of runs) {
    const name = run.experiment ?? run.config.name;
    if (found.has(name)) throw new RangeError(`Cannot judge claims: two runs are of ${name}`);
    found.set(name, run);
  }
  return found;
}

/** What the rows say, or what they lack. */
function verdictOf({ judge }: Claim, runs: ReadonlyMap<string, MeasuredRun>): Verdict {
  const rowsOf = <T extends Row>(experiment: string): readonly T[] => {
    const found = runs.get(experiment);
    if (found) return found.rows as readonly T[];
    throw new NotMeasured(`${experiment} was not run`);
  };
  try {
    return judge(rowsOf, [...runs.keys()]);
  } catch (error) {
    if (error instanceof NotMeasured) return { ours: error.reason, holds: "not measured" };
    throw error;
  }
}

/**
 * Judges claims by the rows of runs, each by those of its own experiments, however they were configured. Where rows lack
 * what a claim compares it is `not measured`; where a run is another experiment than the paper's (see
 * {@linkcode changedKeys}) it says what was changed.
 *
 * @param claims which ones
 * @param runs what was run; see {@linkcode storedRuns} for runs on disk
 * @throws {RangeError} when two runs are of one experiment
 */
export function judgeClaims(
  claims: readonly Claim[],
  runs: Iterable<MeasuredRun>,
): JudgedClaim[] {
  const found = byExperiment(runs);
  return claims.map((claim) => {
    const { judge: _, needs, independentOf = [], ...shown } = claim;
    const changed = Object.entries(needs).flatMap(([name, own]) => {
      const config = found.get(name)?.config;
      return config ? changedKeys(config, own(config.scale)) : [];
    });
    const keys = [...new Set(changed)].filter((key) => !independentOf.includes(key)).join(", ");
    return {
      ...shown,
      ...(keys && { configuration: `your configuration (${keys})` }),
      ...verdictOf(claim, found),
    };
  });
}

/**
 * The runs that claims need, as they were left under `results/rows` by the experiments' own configurations.
 *
 * @param claims which ones
 * @param scale of the runs
 * @throws {Error} when a file cannot be read
 */
export async function storedRuns(
  claims: readonly Claim[],
  scale: string,
  directory: string = RESULTS_DIR,
): Promise<MeasuredRun[]> {
  const needed = new Map(claims.flatMap(({ needs }) => Object.entries(needs)));
  return await Promise.all([...needed].map(async ([experiment, own]) => ({
    experiment,
    config: own(scale),
    rows: await readResults<Row>(rowsPath(experiment, scale, directory)),
  })));
}

/**
 * Judged claims as a data frame for a notebook, with the paper's number beside ours.
 *
 * @param judged claims with their verdicts
 */
export function claimsFrame(judged: readonly JudgedClaim[]): pl.DataFrame {
  const changed = judged.some(({ configuration }) => configuration !== undefined);
  return toDataFrame(judged.map(({ where, claim, measure, ours, paper, holds, configuration }) => ({
    where,
    claim,
    "what is measured": measure,
    here: ours,
    ...(changed && { "measured with": configuration ?? "the experiment's" }),
    "the paper": paper,
    "holds here": holds,
  })));
}
