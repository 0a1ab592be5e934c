/**
 * The one rule by which claims about recall hold, or do not: by the 95 % interval of a difference (paired where both
 * were measured on the same images), never by the two numbers alone.
 *
 * @module
 */
import type { Interval } from "../retrieval/mod.ts";

/** Differences in recall up to this size count as none: two points. */
export const MARGIN = 0.02;

/** What a claim is about, with how many seeds (of a choice: trainings a side) it has to hold in. */
export const NEEDED = {
  /** Images, covers, encoders as they come, and what is computed from them without gradient descent. */
  data: 1,
  /** A trained model: its training is a draw, too. */
  model: 3,
  /** A choice in training, such as a learning rate: less than what two seeds differ by anyway. */
  choice: 5,
} as const;

/** What can be said of something that was measured. */
export type Decision = "yes" | "partly" | "no" | "undecided";

/** What a decision is taken by: the bounds of an interval of a difference, as shares. */
export type Bounds = Pick<Interval, "low" | "high">;
const isWithin = ({ low, high }: Bounds) => low >= -MARGIN && high <= MARGIN;

/**
 * Whether the first of two is better.
 *
 * @param difference first minus second, as shares
 * @returns `yes` above 0; `no` at or below 0, or where the difference is none worth the name; else `undecided`
 */
export function better(difference: Bounds): Decision {
  if (difference.low > 0) return "yes";
  return difference.high <= 0 || isWithin(difference) ? "no" : "undecided";
}

/**
 * Whether two are level (equivalence).
 *
 * @param difference first minus second, as shares
 * @returns `yes` within the margin, `no` wholly beyond it, else `undecided`
 */
export function level(difference: Bounds): Decision {
  if (isWithin(difference)) return "yes";
  return difference.low > MARGIN || difference.high < -MARGIN ? "no" : "undecided";
}

/**
 * Whether the first is as good as the second, or better (non-inferiority).
 *
 * @param difference first minus second, as shares
 * @returns `yes` from minus the margin on, `no` wholly below it, else `undecided`
 */
export function asGood({ low, high }: Bounds): Decision {
  if (low >= -MARGIN) return "yes";
  return high < -MARGIN ? "no" : "undecided";
}

/** The decision of the contrary. */
export function not(decision: Decision): Decision {
  return decision === "yes" ? "no" : decision === "no" ? "yes" : decision;
}

/**
 * The decision on a claim of several parts, such as data sets or seeds.
 *
 * @param parts at least one
 * @returns what all parts say; `partly` where some hold beside others that do not, or not surely; else `undecided`
 * @throws {RangeError} when there is no part
 */
export function several(parts: readonly Decision[]): Decision {
  if (parts.length === 0) throw new RangeError("Cannot decide: a claim has no parts");
  for (const all of ["yes", "no"] as const) {
    if (parts.every((part) => part === all)) return all;
  }
  return parts.some((part) => part === "yes" || part === "partly") ? "partly" : "undecided";
}
