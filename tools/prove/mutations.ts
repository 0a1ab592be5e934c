/**
 * Damage to files, the same for the same random numbers.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { Random } from "../../lib/numeric/random.ts";

/** Numbers that programs stumble over. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

type Damage = (bytes: Uint8Array, random: Random, donor: Uint8Array) => Uint8Array;

const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

/** A place, more often near the beginning, where headers are. */
function place(length: number, random: Random): number {
  const end = random.next() < 0.5 ? Math.min(length, 128) : length;
  return random.integer(0, Math.max(0, end - 1));
}

/** A stretch of a file. */
function stretch(bytes: Uint8Array, random: Random): [from: number, to: number] {
  const from = place(bytes.length, random);
  return [from, Math.min(bytes.length, from + random.integer(1, 64))];
}

/** The kinds of damage. */
const DAMAGES: Record<string, Damage> = {
  flip: (bytes, random) => {
    const at = place(bytes.length, random);
    return bytes.with(at, bytes[at] ^ (1 << random.integer(0, 7)));
  },
  byte: (bytes, random) => bytes.with(place(bytes.length, random), random.integer(0, 255)),
  number: (bytes, random) => {
    const copy = bytes.slice(), wide = random.next() < 0.5, size = wide ? 4 : 2;
    const at = place(bytes.length - size, random), little = random.next() < 0.5;
    if (bytes.length < size) return copy;
    const view = new DataView(copy.buffer), value = random.pick(EDGES);
    if (wide) view.setUint32(at, value, little);
    else view.setUint16(at, value & 0xffff, little);
    return copy;
  },
  cut: (bytes, random) => bytes.slice(0, random.integer(0, bytes.length)),
  remove: (bytes, random) => {
    const [from, to] = stretch(bytes, random);
    return join(bytes.subarray(0, from), bytes.subarray(to));
  },
  repeat: (bytes, random) => {
    const [from, to] = stretch(bytes, random);
    return join(bytes.subarray(0, to), bytes.subarray(from));
  },
  insert: (bytes, random) => {
    const at = place(bytes.length, random);
    const noise = Uint8Array.from({ length: random.integer(1, 32) }, () => random.integer(0, 255));
    return join(bytes.subarray(0, at), noise, bytes.subarray(at));
  },
  swap: (bytes, random) => {
    const [a, b] = [place(bytes.length, random), place(bytes.length, random)].sort((x, y) => x - y);
    return join(bytes.subarray(0, a), bytes.subarray(b), bytes.subarray(a, b));
  },
  splice: (bytes, random, donor) =>
    join(
      bytes.subarray(0, place(bytes.length, random)),
      donor.subarray(place(donor.length, random)),
    ),
};

/**
 * Makes the sums of a PNG's chunks right, so that damage reaches what is behind their check.
 *
 * @param bytes of a PNG, damaged or not
 */
export function repairSums(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice(), view = new DataView(copy.buffer);
  for (let at = 8; at + 12 <= copy.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > copy.length) break;
    view.setUint32(end, crc32(copy.subarray(at + 4, end)));
    at = end + 4;
  }
  return copy;
}

/**
 * Damages a file in one to three places.
 *
 * @param bytes the file
 * @param donor another file, parts of which may get into it
 * @returns another file, and what was done to it
 */
export function damage(
  bytes: Uint8Array,
  donor: Uint8Array,
  random: Random,
): { bytes: Uint8Array; done: string } {
  const names = Array.from(
    { length: random.integer(1, 3) },
    () => random.pick(Object.keys(DAMAGES)),
  );
  for (const name of names) {
    if (bytes.length > 0) bytes = DAMAGES[name](bytes, random, donor);
  }
  return { bytes, done: names.join("+") };
}

/** What becomes NaN, and brackets within brackets, in the text. */
const NOT_A_NUMBER = "not a number", DEEP = "deep";

/** Values that a field is not made for. */
const VALUES: readonly unknown[] = [
  ...[null, true, "", "x", "0", "1e9999", "\u0000", [], {}, [[]], -1, 0, 0.5, 1e308, -1e308],
  ...[2 ** 31, 2 ** 53, 2 ** 53 + 2, "9007199254740993", "../../x.png", "a".repeat(10_000)],
  Array.from({ length: 1000 }, (_, i) => i),
  [NOT_A_NUMBER, 1, 2, 3],
];

/** All places of a value within a value. */
function places(value: unknown): { owner: Record<string, unknown>; key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const owner = value as Record<string, unknown>;
  return Object.keys(owner).flatMap((key) => [{ owner, key }, ...places(owner[key])]);
}

/**
 * Damages a JSON value in one to four places: other values, missing and unknown fields, depth.
 *
 * @returns its text, and what was done to it
 */
export function damageJson(value: unknown, random: Random): { text: string; done: string } {
  const copy = structuredClone(value), done: string[] = [];
  for (let count = random.integer(1, 4); count > 0; count--) {
    const all = places(copy);
    if (all.length === 0) break;
    const { owner, key } = random.pick(all), kind = random.integer(0, 4);
    done.push(`${["value", "removed", "copied", "unknown", "deep"][kind]} ${key}`);
    if (kind === 0) owner[key] = structuredClone(random.pick(VALUES));
    if (kind === 1) delete owner[key];
    if (kind === 2) owner[key] = structuredClone(random.pick(all).owner);
    if (kind === 3) {
      const name = random.pick(["__proto__", "constructor", "toString", "x"]);
      const how = { enumerable: true, configurable: true, writable: true };
      Object.defineProperty(owner, name, { value: 1, ...how });
    }
    if (kind === 4) owner[key] = DEEP;
  }
  const depth = random.pick([100, 100_000]), deep = "[".repeat(depth) + "]".repeat(depth);
  const text = JSON.stringify(copy).replaceAll(`"${NOT_A_NUMBER}"`, "NaN");
  return { text: text.replaceAll(`"${DEEP}"`, deep), done: done.join(", ") };
}
