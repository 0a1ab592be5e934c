/**
 * Claims judged in tests, by rows that a test makes up.
 *
 * @module
 */
import { type Claim, judgeClaims, type JudgedClaim } from "detailclip";
import { type NamedConfig, type Row } from "detailclip/report";

/**
 * Judges claims by rows of the experiments' own configurations at the quick scale, or of changed ones.
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
  return judgeClaims(
    claims,
    Object.entries(rows).map(([experiment, rows]) => ({
      ...{ experiment, config: change(own(experiment)), rows },
    })),
  );
}
