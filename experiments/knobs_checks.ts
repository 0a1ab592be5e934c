/**
 * Checks of what notebooks let their readers turn: numbers, lists, names and covers.
 *
 * @module
 */
import { coverBoxes, coverName, type CoverSpec, makeCover, parseCoverName } from "detailclip";
import { nearestName } from "detailclip/runtime";

/** The least and the most that a number may be. */
export type Range = readonly [least: number, most: number];

/** Whether a parameter was told: JSON has `null` for what TypeScript calls `undefined`. */
export const isTold = <T>(value: T | null | undefined): value is T =>
  value !== undefined && value !== null;

/** The k of covers that experiments measure: from 5 patches to 355. */
export const K_RANGE: Range = [2, 15];

/**
 * A whole number of a range.
 *
 * @param name of the parameter
 * @param value what it was set to
 * @param range what it may be
 * @throws {RangeError} when it is something else
 */
export function checkWhole(name: string, value: number, [least, most]: Range): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(
    `Cannot set ${name}: it must be a whole number from ${least} to ${most}, got ${
      JSON.stringify(value)
    }`,
  );
}

/**
 * A number of a range.
 *
 * @param name of the parameter
 * @param value what it was set to
 * @param range what it may be
 * @throws {RangeError} when it is something else
 */
export function checkNumber(name: string, value: number, [least, most]: Range): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new RangeError(
    `Cannot set ${name}: it must be a number from ${least} to ${most}, got ${
      JSON.stringify(value)
    }`,
  );
}

/**
 * A list of different values, none of them missing.
 *
 * @param name of the parameter
 * @param values what it was set to
 * @throws {RangeError} when it is no list, empty, or has a value twice
 */
export function checkList<T>(name: string, values: readonly T[]): readonly T[] {
  const fail = (why: string) => {
    throw new RangeError(`Cannot set ${name}: ${why}, got ${JSON.stringify(values)}`);
  };
  if (!Array.isArray(values) || values.length === 0) fail("it must be a list of at least one");
  if (new Set(values).size < values.length) fail("it has a value twice");
  return values;
}

/**
 * Different whole numbers of a range.
 *
 * @param name of the parameter
 * @param values what it was set to
 * @param range what each may be
 * @returns the numbers, smallest first
 * @throws {RangeError} when one is outside, or the list is empty or has one twice
 */
export function checkWholes(name: string, values: readonly number[], range: Range): number[] {
  return checkList(name, values).map((value) => checkWhole(`each of ${name}`, value, range))
    .toSorted((a, b) => a - b);
}

/**
 * Values of a list of known ones.
 *
 * @param name of the parameter
 * @param values what it was set to
 * @param known what each may be
 * @throws {RangeError} when one is not known, or the list is empty or has one twice
 */
export function checkNames(
  name: string,
  values: readonly string[],
  known: readonly string[],
): readonly string[] {
  const odd = checkList(name, values).find((value) => !known.includes(value));
  if (odd === undefined) return values;
  const near = typeof odd === "string" ? nearestName(odd, known) : undefined;
  throw new RangeError(
    `Cannot set ${name}: each must be one of ${listed(known)}, got ${JSON.stringify(odd)}` +
      (near === undefined ? "" : `; did you mean ${near}?`),
  );
}

/**
 * Covers by name, the full image first: it is always among them.
 *
 * @param name of the parameter
 * @param names such as `"cc@5"`, `"grid@10"`, `"vc@4:0.05"`, `"objects"`
 * @throws {RangeError} when one is no cover, its k is not in {@linkcode K_RANGE}, or it is there twice
 */
export function checkCovers(name: string, names: readonly string[]): CoverSpec[] {
  const covers = checkList(name, names).map((text) => {
    const spec = parseCoverName(String(text));
    const k = spec.scheme === "grid" ? spec.n : "k" in spec ? spec.k : undefined;
    if (k !== undefined) checkWhole(`k of ${text} in ${name}`, k, K_RANGE);
    if (spec.scheme === "verified") checkPatches(name, text, spec);
    return spec;
  });
  const called = covers.map(coverName), twice = called.find((n, i) => called.indexOf(n) !== i);
  if (twice === undefined) {
    return [{ scheme: "full" }, ...covers.filter(({ scheme }) => scheme !== "full")];
  }
  throw new RangeError(`Cannot set ${name}: two of its covers are called ${twice} in tables`);
}

/** More patches than cc@15 has, which is the most that is measured, would take hours. */
const MOST_PATCHES = 400;

/** Refuses a cover of very many patches. */
function checkPatches(name: string, text: string, spec: CoverSpec): void {
  const patches = coverBoxes(makeCover(spec, { width: 480, height: 480 })).length;
  if (patches <= MOST_PATCHES) return;
  throw new RangeError(
    `Cannot set ${name}: ${text} has ${patches} patches an image, more than ${MOST_PATCHES}`,
  );
}

/** The first of many names, and how many there are. */
const listed = (names: readonly string[], most = 12) =>
  names.length <= most
    ? names.join(", ")
    : `${names.slice(0, most).join(", ")}, … (${names.length})`;
