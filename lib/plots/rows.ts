/**
 * What all figures ask of their rows.
 *
 * @module
 */

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

/** A share as text in per cent: 0.841 -> "84". */
export function percentText(share: number, digits = 0): string {
  return (100 * share).toFixed(digits);
}
