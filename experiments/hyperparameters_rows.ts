/**
 * Trials of a search as figures take them: a point a hyper-parameter and trial.
 *
 * @module
 */
import { medianOf, type TrialRow } from "detailclip";
import { ranked, type Strip } from "./hyperparameters.ts";

/** A trial at its value of one hyper-parameter. */
export interface TrialPoint {
  trial: number;
  /** The value, as the axis has it. */
  value: string;
  /** Validation Recall@1, %. */
  recall: number;
  /** Whether no other trial is better. */
  best: boolean;
}

/** The median of the trials at one value. */
export interface ValueMedian {
  value: string;
  /** Validation Recall@1, %. */
  recall: number;
}

/** Fewer trials than this have no median worth a line. */
const ENOUGH_TRIALS = 3;

/** A candidate as text: 0.001 as it is, 0.0001 as 1e-4. */
export const valueText = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);

/** Trials that ended, at their values of a hyper-parameter. */
export function trialPoints(rows: readonly TrialRow[], { key }: Pick<Strip, "key">): TrialPoint[] {
  return ranked(rows).map((row, place) => ({
    trial: row.trial,
    value: valueText(row[key]),
    recall: 100 * row.recall,
    best: place === 0,
  }));
}

/** Medians of the values that enough trials had. */
export function valueMedians(points: readonly TrialPoint[]): ValueMedian[] {
  return [...Map.groupBy(points, ({ value }) => value)]
    .filter(([, group]) => group.length >= ENOUGH_TRIALS)
    .map(([value, group]) => ({ value, recall: medianOf(group.map(({ recall }) => recall)) }));
}
