/**
 * A small seeded generator of random numbers (sfc32), passed explicitly to whatever needs chance, so
 * that every data set, draw and bootstrap is repeatable from the seed alone.
 *
 * @module
 */

/** A seeded source of random numbers. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [low, high], both included; a RangeError where they are no integers, or low is above high. */
  integer(low: number, high: number): number;
  /** A number in [low, high). */
  uniform(low: number, high: number): number;
  /** A draw from the normal distribution with mean 0 and standard deviation 1. */
  normal(): number;
  /** One element of `items`; a RangeError where there is none. */
  pick<T>(items: readonly T[]): T;
  /** A new array with the elements of `items` in random order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent generator named by `label`: the same label always gives the same stream. */
  fork(label: string | number): Random;
}

/** FNV-1a of a string, 32 bits. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** Throws unless a value can name a stream: what is written `NaN` or `undefined` was hardly meant to. */
function requireName(what: string, value: unknown): void {
  if (typeof value === "string" || Number.isFinite(value)) return;
  throw new RangeError(
    `Cannot make random numbers: the ${what} must be a finite number or text, got ${
      Deno.inspect(value)
    }`,
  );
}

/**
 * Makes a generator from a seed.
 *
 * @param seed any finite number or string; equal seeds give equal streams on every machine
 * @throws {RangeError} when the seed is neither
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createRandom } from "detailclip";
 * const a = createRandom(7), b = createRandom(7);
 * assert.equal(a.next(), b.next());
 * ```
 */
export function createRandom(seed: number | string): Random {
  requireName("seed", seed);
  const text = String(seed);
  let a = hash32(text), b = hash32(`${text}/b`), c = hash32(`${text}/c`), d = 1;

  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next(); // mixes the seed words

  const draw = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    integer(low, high) {
      if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || low > high) {
        throw new RangeError(
          `Cannot draw an integer: low and high must be integers, low not above high, got ${low} and ${high}`,
        );
      }
      return draw(low, high);
    },
    uniform: (low, high) => low + (high - low) * next(),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick(items) {
      if (items.length === 0) throw new RangeError("Cannot pick an item: the list is empty");
      return items[draw(0, items.length - 1)];
    },
    shuffle(items) {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = draw(0, i);
        [out[i], out[j]] = [out[j], out[i]];
      }
      return out;
    },
    fork(label) {
      requireName("label of a fork", label);
      return createRandom(`${text}>${label}`);
    },
  };
}
