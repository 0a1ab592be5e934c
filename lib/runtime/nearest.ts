/**
 * The name that a mistyped one was probably meant to be.
 *
 * @module
 */

/** The fewest insertions, deletions, substitutions and swaps of neighbours that turn one text into another. */
function editDistance(a: string, b: string): number {
  let before: number[] = [], last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length];
}

/**
 * The name that is nearest to another one, where it is near: at most a third of its letters differ.
 *
 * @param name what was written
 * @param names what there is
 * @returns the first of the nearest; `undefined` where none is near
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined, least = Infinity;
  for (const known of names) {
    if (name.length > 2 * known.length + 2) continue; // no distance of long texts is needed
    const distance = editDistance(name.toLowerCase(), known.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(name.length, known.length) / 3));
    if (distance < least && distance <= allowed && distance < known.length) {
      [best, least] = [known, distance];
    }
  }
  return best;
}

/** The end of a sentence that refuses a name: the nearest one, or all that there are. */
export function didYouMean(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  if (nearest !== undefined) return `; did you mean ${nearest}?`;
  return ` (there are: ${names.join(", ") || "none"})`;
}
