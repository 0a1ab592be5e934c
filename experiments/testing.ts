/**
 * Claims judged in tests, by rows that a test makes up.
 *
 * @module
 */
import {
  type Claim,
  judgeClaims,
  type JudgedClaim,
  type PairRow,
  type ResultRow,
} from "detailclip";
import { type NamedConfig, type Row } from "detailclip/report";

/** Half the width of every paired interval that a test makes up: a point. */
const HALF = 0.01;

/** The paired differences that a run with these rows might have, each a point either way. */
export function pairsFrom(rows: readonly Row[]): PairRow[] {
  const recalls = (rows as readonly Partial<ResultRow>[])
    .filter((row): row is ResultRow => row.metric === "recall@1" && row.subset !== undefined);
  return recalls.flatMap(({ method: over, subset, value: less }, i) =>
    recalls.slice(i + 1).filter((row) => row.subset === subset).map(({ method, value: more }) => {
      const value = more - less;
      return { subset, method, over, value, low: value - HALF, high: value + HALF };
    })
  );
}

/**
 * Judges claims by rows of the experiments' own configurations at the quick scale, or of changed ones, as if three seeds
 * had given the same: what holds is said of all three, and our numbers are of one.
 *
 * @param claims which ones
 * @param rows by experiment
 * @param change makes the configuration that was run
 */
export function judgedBy(
  claims: readonly Claim[],
  rows: Readonly<Record<string, readonly Row[]>>,
  change: (own: NamedConfig) => NamedConfig = (own) => own,
): JudgedClaim[] {
  const needed = Object.assign({}, ...claims.map(({ needs }) => needs)) as Claim["needs"];
  const own = (name: string) => needed[name]?.("quick") ?? { name, scale: "quick", seed: 7 };
  const runs = (seed: number) =>
    Object.entries(rows).map(([experiment, rows]) => ({
      ...{ experiment, config: { ...change(own(experiment)), seed }, rows },
      pairs: pairsFrom(rows),
    }));
  const holds = judgeClaims(claims, [7, 8, 9].flatMap(runs)).map(({ holds }) => holds);
  return judgeClaims(claims, runs(7)).map((claim, i) => ({
    ...claim,
    ours: claim.ours.replace(/; 1 of 3 seeds$/, ""),
    holds: holds[i],
  }));
}
