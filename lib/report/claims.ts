/**
 * Claims of the paper, each with the measurement that says whether it holds here.
 *
 * @module
 */
import { readResults, type ResultRow, RESULTS_DIR, type Row, rowsPath } from "./results.ts";
import type pl from "nodejs-polars";
import { toDataFrame } from "./tables.ts";

/** Rows by the name of the experiment that wrote them. */
export type RowsOf = <T extends Row = ResultRow>(experiment: string) => readonly T[];

/** What a run says about a claim. */
export interface Verdict {
  /** Our number, as text with its unit. */
  ours: string;
  /** Whether the claim holds here. */
  holds: "yes" | "partly" | "no";
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
  /** Names of the experiments whose rows it needs. */
  needs: readonly string[];
  /** Looks at the rows. */
  judge(rows: RowsOf): Verdict;
}

/** A claim with its verdict, as tables show it. */
export interface JudgedClaim extends Omit<Claim, "judge" | "needs">, Verdict {}

/**
 * One recall of a run.
 *
 * @param rows rows of one run
 * @param method whose
 * @param options `metric` (`"recall@1"`) and `subset` (`"all"`)
 * @throws {RangeError} when there is not exactly one
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

/**
 * Judges claims by the rows of runs.
 *
 * @param claims which ones
 * @param rows rows by experiment: those of runs at hand, or see {@linkcode storedRows}
 */
export function judgeClaims(
  claims: readonly Claim[],
  rows: Readonly<Record<string, readonly Row[]>>,
): JudgedClaim[] {
  return claims.map(({ judge, needs: _, ...claim }) => {
    const rowsOf = <T extends Row>(experiment: string): readonly T[] => {
      const found = rows[experiment];
      if (found) return found as readonly T[];
      throw new RangeError(`Cannot judge "${claim.claim}": there are no rows of ${experiment}`);
    };
    return { ...claim, ...judge(rowsOf) };
  });
}

/**
 * The rows that claims need, as runs left them under `results/rows`.
 *
 * @param claims which ones
 * @param scale of the runs
 * @throws {Error} when a file cannot be read
 */
export async function storedRows(
  claims: readonly Claim[],
  scale: string,
  directory: string = RESULTS_DIR,
): Promise<Record<string, Row[]>> {
  const names = [...new Set(claims.flatMap(({ needs }) => needs))];
  const files = await Promise.all(
    names.map(async (name) => [name, await readResults<Row>(rowsPath(name, scale, directory))]),
  );
  return Object.fromEntries(files);
}

/**
 * Judged claims as a data frame for a notebook, with the paper's number beside ours.
 *
 * @param judged claims with their verdicts
 */
export function claimsFrame(judged: readonly JudgedClaim[]): pl.DataFrame {
  return toDataFrame(judged.map(({ where, claim, measure, ours, paper, holds }) => ({
    where,
    claim,
    "what is measured": measure,
    here: ours,
    "the paper": paper,
    "holds here": holds,
  })));
}
