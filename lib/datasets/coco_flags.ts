/**
 * Flags of annotations, in any of the ways in which they are written.
 *
 * @module
 */

/** Whether a flag is set, in any of the ways in which it is written. */
export function isSet(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && value !== 0;
  return value === true || (typeof value === "string" && /^\s*(1|1\.0|true|yes)\s*$/i.test(value));
}

/** A crowd or, in Open Images' words, a group; what is to be ignored, or difficult. */
const FLAG = /^(?:is[_-]?)?(?:(crowd|group[_-]?of)|ignored?|difficult)$/i;

/** Flags of an annotation: `iscrowd`, `isCrowd`, `is_crowd`, …; `ignore`, `ignored`, `difficult`, …. */
export function flagsOf(
  annotation: Readonly<Record<string, unknown>>,
): { crowd: boolean; ignored: boolean } {
  const flags = { crowd: false, ignored: false };
  for (const key of Object.keys(annotation)) {
    const flag = FLAG.exec(key);
    if (flag && isSet(annotation[key])) flags[flag[1] ? "crowd" : "ignored"] = true;
  }
  return flags;
}
