/**
 * How claims are put from differences: one place for the words and the rule.
 *
 * @module
 */
import { type ResultRow } from "detailclip";
import {
  type Decision,
  percentBetween,
  several,
  signedBetween,
  type Verdict,
} from "detailclip/report";
import { type Interval } from "detailclip/retrieval";

/** One of the differences that a claim is about. */
export interface Part {
  /** What it is the difference of, where a claim has several, or more is to be known of it. */
  label?: string;
  /** First minus second, as shares. */
  difference: Interval;
}

/** Differences with their intervals, in points. */
export const partsText = (parts: readonly Part[]): string =>
  parts.map(({ label, difference }) =>
    signedBetween(difference) + (label === undefined ? "" : ` (${label})`)
  ).join(", ");

/**
 * The verdict on differences, all by one rule.
 *
 * @param rule `better`, `level` or `asGood`
 * @param parts the differences, at least one
 * @param note what else is to be known, behind the numbers
 */
export const verdictOn = (
  rule: (difference: Interval) => Decision,
  parts: readonly Part[],
  note = "",
): Verdict => ({
  ours: partsText(parts) + note,
  holds: several(parts.map(({ difference }) => rule(difference))),
});

/** Two recalls, each with its interval: `"72.7 [71.4, 74.0] against 25.8 [24.6, 27.0]"`. */
export const against = (first: ResultRow, second: ResultRow): string =>
  `${percentBetween(first)} against ${percentBetween(second)}`;
