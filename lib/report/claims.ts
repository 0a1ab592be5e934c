/**
 * Claims of the paper, each with the measurement that says whether it holds here.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { canonicalJson } from "../runtime/files.ts";
import type { Interval, PairRow } from "../retrieval/mod.ts";
import { hashButSeed, type NamedConfig } from "./provenance.ts";
import {
  keptSeeds,
  pairsPath,
  readResults,
  type ResultRow,
  RESULTS_DIR,
  type Row,
  rowsPath,
  seedRowsPath,
} from "./results.ts";
import type pl from "nodejs-polars";
import { toDataFrame } from "./tables.ts";
import { type Decision, NEEDED, several } from "./verdicts.ts";

/** Rows by the name of the experiment that wrote them. */
export type RowsOf = <T extends Row = ResultRow>(experiment: string) => readonly T[];

/** What a run says about a claim. */
export interface Verdict {
  /** Our number, as text with its unit; of a claim that was not measured the reason. */
  ours: string;
  /** Whether the claim holds here. */
  holds: Decision | "not measured";
}

/** The runs of one seed, by which a claim is judged. */
export interface Evidence {
  /** The runs, by name of the experiment. */
  runs: ReadonlyMap<string, MeasuredRun>;
  /**
   * The rows of an experiment.
   *
   * @throws {NotMeasured} when it was not run
   */
  rowsOf: RowsOf;
  /**
   * The paired difference in Recall@1 of two methods of an experiment, as shares.
   *
   * @param experiment whose
   * @param method from whose recall is subtracted
   * @param over whose recall is subtracted
   * @param subset which part of the data; all unless told
   * @throws {NotMeasured} when a method was not run, or no pair of it kept
   */
  differenceOf(experiment: string, method: string, over: string, subset?: string): Interval;
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
  /** What it is about, which says in how many seeds it has to hold: see {@linkcode NEEDED}. */
  about: keyof typeof NEEDED;
  /**
   * Looks at the runs of one seed, and throws {@linkcode NotMeasured} where they lack what is compared. Of a claim about
   * a choice it looks at all seeds together, each row with its `seed`, and counts the trainings.
   *
   * @returns the verdict, and `trainings` a side of a claim about a choice
   */
  judge(evidence: Evidence): Verdict & { trainings?: number };
}

/** A claim with its verdict, as tables show it. */
export interface JudgedClaim
  extends Omit<Claim, "judge" | "needs" | "independentOf" | "about">, Verdict {
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
  /** Paired differences of its methods, where they were made. */
  pairs?: readonly PairRow[];
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

type Runs = Map<string, MeasuredRun>;

/** The runs by seed and name. */
function bySeed(runs: Iterable<MeasuredRun>): Map<number, Runs> {
  const seeds = new Map<number, Runs>();
  for (const run of runs) {
    const name = run.experiment ?? run.config.name, { seed } = run.config;
    const found = seeds.get(seed) ?? new Map<string, MeasuredRun>();
    if (found.has(name)) throw new RangeError(`Cannot judge claims: two runs are of ${name}`);
    seeds.set(seed, found.set(name, run));
  }
  return seeds;
}

/** One difference among the pairs of a run, which hold each in one direction. */
function pairIn(
  pairs: readonly PairRow[],
  { method, over, subset }: Pick<PairRow, "method" | "over" | "subset">,
): Interval {
  const find = (a: string, b: string) =>
    pairs.find((pair) => pair.subset === subset && pair.method === a && pair.over === b);
  const found = find(method, over), other = found ? undefined : find(over, method);
  if (found) return found;
  if (other) return { value: -other.value, low: -other.high, high: -other.low };
  throw new NotMeasured("no paired interval was kept");
}

/** Runs as claims look at them. */
function evidenceOf(runs: ReadonlyMap<string, MeasuredRun>): Evidence {
  const runOf = (experiment: string) => {
    const found = runs.get(experiment);
    if (found) return found;
    throw new NotMeasured(`${experiment} was not run`);
  };
  const rowsOf = <T extends Row>(experiment: string) => runOf(experiment).rows as readonly T[];
  return {
    runs,
    rowsOf,
    differenceOf(experiment, method, over, subset = "all") {
      const rows = rowsOf<ResultRow>(experiment);
      for (const name of [method, over]) recallOf(rows, name, { subset });
      return pairIn(runOf(experiment).pairs ?? [], { method, over, subset });
    },
  };
}

/** What the runs of one seed say, or what they lack. */
function judged(
  { judge }: Claim,
  runs: ReadonlyMap<string, MeasuredRun>,
): ReturnType<typeof judge> {
  try {
    return judge(evidenceOf(runs));
  } catch (error) {
    if (error instanceof NotMeasured) return { ours: error.reason, holds: "not measured" };
    throw error;
  }
}

/** The runs of all seeds together, each row with its seed. */
function pooled(seeds: readonly (readonly [seed: number, runs: Runs])[]): Runs {
  const all: Runs = new Map();
  for (const [seed, runs] of seeds) {
    for (const [name, run] of runs) {
      const rows = run.rows.map((row) => ({ ...row, seed }));
      all.set(name, { ...run, rows: [...all.get(name)?.rows ?? [], ...rows] });
    }
  }
  return all;
}

/** What all seeds say: as much as each of them, where there are enough. */
function verdictOf(claim: Claim, all: ReadonlyMap<number, Runs>): Verdict {
  const needed = NEEDED[claim.about];
  const complete = [...all].filter(([, runs]) =>
    Object.keys(claim.needs).every((name) => runs.has(name))
  );
  const seeds = complete.length > 0 ? complete : [...all].slice(0, 1); // those say what is missing
  if (claim.about === "choice" || seeds.length === 0) {
    const { trainings = 0, ours, holds } = judged(claim, pooled(seeds));
    if (holds === "not measured" || trainings >= needed) return { ours, holds };
    return { ours: `${ours}; ${trainings} of ${needed} trainings a side`, holds: "not measured" };
  }
  const verdicts = seeds.map(([, runs]) => judged(claim, runs));
  const ours = verdicts.map(({ ours }, i) => i === 0 ? ours : `seed ${seeds[i][0]}: ${ours}`)
    .join("; ");
  const decisions = verdicts.flatMap(({ holds }) => holds === "not measured" ? [] : [holds]);
  if (decisions.length < verdicts.length) return { ours, holds: "not measured" };
  if (decisions.length >= needed) return { ours, holds: several(decisions) };
  return { ours: `${ours}; ${decisions.length} of ${needed} seeds`, holds: "not measured" };
}

/**
 * Judges claims by the rows of runs, each by those of its own experiments, however they were configured, and in each seed
 * that was run. Where rows lack what a claim compares, or there are fewer seeds than it needs, it is `not measured`; where
 * a run is another experiment than the paper's (see {@linkcode changedKeys}) it says what was changed.
 *
 * @param claims which ones
 * @param runs what was run; see {@linkcode storedRuns} for runs on disk
 * @throws {RangeError} when two runs are of one experiment and seed
 */
export function judgeClaims(
  claims: readonly Claim[],
  runs: Iterable<MeasuredRun>,
): JudgedClaim[] {
  const seeds = bySeed(runs);
  return claims.map((claim) => {
    const { judge: _judge, about: _about, needs, independentOf = [], ...shown } = claim;
    const changed = Object.entries(needs).flatMap(([name, own]) =>
      [...seeds.values()].flatMap((found) => {
        const config = found.get(name)?.config;
        return config ? changedKeys(config, own(config.scale)) : [];
      })
    );
    const keys = [...new Set(changed)].filter((key) => !independentOf.includes(key)).join(", ");
    return {
      ...shown,
      ...(keys && { configuration: `your configuration (${keys})` }),
      ...verdictOf(claim, seeds),
    };
  });
}

/** A run as it was kept, with its pairs where there are any. */
async function storedRun(
  experiment: string,
  config: NamedConfig,
  path: string,
): Promise<MeasuredRun> {
  const rows = await readResults<Row & { seed?: number }>(path);
  const odd = rows.find(({ seed }) => seed !== undefined && seed !== config.seed);
  if (odd) throw new Error(`Cannot judge claims: rows of ${path} are of seed ${odd.seed}`);
  try {
    return { experiment, config, rows, pairs: await readResults<PairRow>(pairsPath(path)) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { experiment, config, rows };
    throw error;
  }
}

/** Where the runs of an experiment's own configuration are kept, that of its own seed first. */
async function keptPaths(
  experiment: string,
  { scale, seed }: NamedConfig,
  directory: string,
): Promise<[seed: number, path: string][]> {
  const seeds = await keptSeeds(experiment, scale, directory);
  return [
    [seed, rowsPath(experiment, scale, directory)],
    ...seeds.map((seed): [number, string] => [
      seed,
      seedRowsPath(experiment, { scale, seed }, directory),
    ]),
  ];
}

/** The experiments that claims need, with their own configurations. */
const neededBy = (claims: readonly Claim[]) =>
  new Map(claims.flatMap(({ needs }) => Object.entries(needs)));

/**
 * The runs that claims need, as they were left under `results/rows` by the experiments' own configurations, with those of
 * other seeds that were kept.
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
  const runs = await Promise.all([...neededBy(claims)].map(async ([experiment, own]) => {
    const config = own(scale), kept = await keptPaths(experiment, config, directory);
    return await Promise.all(
      kept.map(([seed, path]) => storedRun(experiment, { ...config, seed }, path)),
    );
  }));
  return runs.flat();
}

/**
 * Runs, and after them those of other seeds that were kept of the same configurations: claims about a trained model ask
 * for several seeds. To a run that differs from its experiment's own configuration in more than the seed none is added.
 *
 * @param claims by which the runs are judged
 * @param runs what was run
 * @param directory the folder of kept results
 * @throws {Error} when a file cannot be read
 */
export async function withKeptSeeds(
  claims: readonly Claim[],
  runs: Iterable<MeasuredRun>,
  directory: string = RESULTS_DIR,
): Promise<MeasuredRun[]> {
  const own = [...runs], needed = neededBy(claims);
  const others = await Promise.all(own.map(async ({ experiment, config }) => {
    const name = experiment ?? config.name, committed = needed.get(name)?.(config.scale);
    if (!committed || hashButSeed(committed) !== hashButSeed(config)) return [];
    const kept = (await keptPaths(name, committed, directory))
      .filter(([seed, path]) => seed !== config.seed && existsSync(path));
    return await Promise.all(
      kept.map(([seed, path]) => storedRun(name, { ...committed, seed }, path)),
    );
  }));
  return [...own, ...others.flat()];
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
