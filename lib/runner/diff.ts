/**
 * Differences between configurations: what an experiment has otherwise than its baseline.
 *
 * @module
 */

/** A partial configuration: objects are merged key by key, arrays and plain values replace. */
export type Diff<T> = {
  [K in keyof T]?: T[K] extends readonly unknown[] ? T[K]
    : T[K] extends object ? (T[K] | Diff<T[K]>)
    : T[K];
};

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys that say what an object is: one of another kind has other keys. */
const KINDS = ["source", "kind", "scheme"];

function isOfAnotherKind(old: Record<string, unknown>, value: Record<string, unknown>): boolean {
  return KINDS.some((key) =>
    old[key] !== undefined && value[key] !== undefined && old[key] !== value[key]
  );
}

/**
 * Merges a difference into a configuration, returning a new one.
 *
 * @param base what to start from
 * @param diff objects are merged key by key, but one of another kind (another `source` of a data set) replaces,
 * as arrays and plain values do; `undefined` is ignored
 */
export function applyDiff<T extends object>(base: T, diff: Diff<T>): T {
  const out = new Map<string, unknown>(Object.entries(base)); // where `__proto__` is a key like others
  for (const [key, value] of Object.entries(diff)) {
    if (value === undefined) continue;
    const old = out.get(key);
    const merges = isPlainObject(value) && isPlainObject(old) && !isOfAnotherKind(old, value);
    out.set(key, merges ? applyDiff(old, value) : value);
  }
  return Object.fromEntries(out) as T;
}
