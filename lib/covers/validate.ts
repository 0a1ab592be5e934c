/**
 * Checks of arguments shared by the covers: every message says what was attempted, then why not.
 *
 * @module
 */

import { didYouMean } from "../runtime/nearest.ts";

/** More patches than this is a mistake in k, not a cover to encode: refused before boxes are made. */
export const MAX_PATCHES = 100_000;

/** Throws unless both sides are whole pixels of at least 1. */
export function requireSize(attempt: string, width: number, height: number): void {
  for (const [name, value] of [["width", width], ["height", height]] as const) {
    requireInteger(`${attempt} ${width}x${height}`, name, value, 1);
  }
  if (!Number.isSafeInteger(width * height)) {
    throw new RangeError(`${attempt}: ${width}x${height} px is too large`);
  }
}

/** Throws unless `value` is an integer of at least `least`. */
export function requireInteger(attempt: string, name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  const wanted = least === 1 ? "a positive integer" : `an integer of at least ${least}`;
  throw new RangeError(`${attempt}: ${name} must be ${wanted}, got ${value}`);
}

/** Throws when a cover would have more than {@linkcode MAX_PATCHES} patches. */
export function requirePatches(attempt: string, patches: number, remedy: string): void {
  if (patches <= MAX_PATCHES) return;
  throw new RangeError(
    `${attempt}: ${patches} patches are more than the limit of ${MAX_PATCHES}; ${remedy}`,
  );
}

/** Throws unless `fit` is one of the two ways to bring an image to a cover's size. */
export function requireFit(attempt: string, fit: string): void {
  if (fit === "pad" || fit === "stretch") return;
  throw new RangeError(`${attempt}: fit must be "pad" or "stretch", got ${JSON.stringify(fit)}`);
}

/** Throws unless options are an object with no other keys than `known`: a misspelt one would be ignored. */
export function requireOptions(attempt: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new RangeError(`${attempt}: options must be an object, got ${Deno.inspect(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new RangeError(`${attempt}: ${key} is not a setting${didYouMean(key, known)}`);
  }
}
