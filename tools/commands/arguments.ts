/**
 * Reading command lines.
 *
 * @module
 */

/** A call that cannot be understood. */
export class UsageError extends Error {}

/**
 * An option's value, if it is one of those allowed.
 *
 * @throws {UsageError} when it is not
 */
export function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found) return found;
  throw new UsageError(`Cannot read --${option}: expected ${allowed.join(", ")}, got ${value}`);
}
