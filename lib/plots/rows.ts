/**
 * What all figures ask of their rows.
 *
 * @module
 */
import { type RecallRow, trainedText } from "../retrieval/mod.ts";

/**
 * Throws when there are no rows, or when two of them would be drawn at one place: rows of several
 * runs, encoders or subsets passed together give a figure that looks right and is not.
 */
export function checkRows<T>(rows: readonly T[], place: (row: T) => string, figure: string): void {
  if (rows.length === 0) throw new RangeError(`Cannot draw ${figure}: there are no rows`);
  const seen = new Set<string>();
  for (const key of rows.map(place)) {
    if (seen.has(key)) throw new RangeError(`Cannot draw ${figure}: two rows are for ${key}`);
    seen.add(key);
  }
}

/**
 * What an uninformed ranking reaches in each panel; none where no row of it says so.
 *
 * @param rows with `chance` as a share, from 0 to 1
 * @param panelOf the panel of a row
 * @returns in per cent, in order of the panels' first appearance
 */
export function chancesOf<T extends { chance?: number }>(
  rows: readonly T[],
  panelOf: (row: T) => string,
): { panel: string; chance: number }[] {
  return [...Map.groupBy(rows, panelOf)].flatMap(([panel, group]) => {
    const chance = group.find((row) => row.chance !== undefined)?.chance;
    return chance === undefined ? [] : [{ panel, chance: 100 * chance }];
  });
}

/** A share as text in per cent: 0.841 -> "84". */
export function percentText(share: number, digits = 0): string {
  return (100 * share).toFixed(digits);
}

/** On how much each trained method was trained, for the note under a figure; by panel, where that differs. */
export function trainingNotes(
  rows: readonly (Pick<RecallRow, "method" | "trained"> & { panel?: string })[],
): string[] {
  const methods = Map.groupBy(rows.filter(({ trained }) => trained), ({ method }) => method);
  return [...methods].map(([method, group]) => {
    const texts = [...Map.groupBy(group, ({ trained }) => trainedText(trained!))];
    const named = texts.map(([text, rows]) => {
      const panels = [...new Set(rows.map(({ panel }) => panel ?? ""))].filter((name) =>
        name !== ""
      );
      return texts.length > 1 && panels.length > 0 ? `${text} (${panels.join(", ")})` : text;
    });
    return `${method}: ${named.join("; ")}.`;
  });
}
