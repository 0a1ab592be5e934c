/**
 * Checks of what notebooks let their readers turn: a bad value is refused before any work, and named.
 *
 * @module
 */

import { nearestName } from "detailclip/runtime";

/** The least and the most that a number may be. */
export type Range = readonly [least: number, most: number];

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
    `Cannot set ${name}: each must be one of ${known.join(", ")}, got ${JSON.stringify(odd)}` +
      (near === undefined ? "" : `; did you mean ${near}?`),
  );
}
