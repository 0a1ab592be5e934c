/**
 * Vectors in 8 or 4 bits a number: rotated at random, so that all numbers are alike, then rounded, with one scale a
 * vector.
 *
 * The dot product of a vector x and a query q is taken as s · (c · q), c being the codes of the rotated x and
 * s = |x|² / (c · x): of a vector with itself it is exact. Its error is at most |q| · |x - s c|. As the rotation is
 * random, the errors of unit vectors are like draws from a normal distribution with deviation 0.10 / √D (4 bits) or
 * below 0.01 / √D (8 bits): 0.0043 and 0.0004 at D = 512.
 *
 * @module
 */
import { createRandom } from "./random.ts";
import { createRotation } from "./rotation.ts";

/** How a number is stored. */
export type QuantizedType = "int8" | "int4";

/** The greatest code of 8 bits of either sign. */
const MAX_CODE = 127;
/** The greatest number of a query: 256 times a signed byte, and another. */
const MAX_QUERY = 127 * 256 + 127;
/** The greatest sum that the kernels can hold, of codes of 8 bits; levels of 4 bits are less. */
const MAX_SUM = 2 ** 31 - 1;
/** Columns that a kernel takes at once. */
const COLUMNS = 32;

/**
 * Twice the positive half of the 16 levels, odd numbers: those near the levels that round a normal distribution best (Max,
 * "Quantizing for minimum distortion", 1960, Table I) whose distortion is least, 0.4 % above theirs.
 */
const HALF_LEVELS = [5, 17, 29, 41, 55, 71, 91, 121];
/** Twice the greatest level. */
const MAX_LEVEL = HALF_LEVELS[7];
/** Twice the standard deviation in that scale. */
const DEVIATION = 2 * 22.07;
/** Twice the level of each 4-bit code. */
const TWICE_LEVELS = [...HALF_LEVELS.toReversed().map((level) => -level), ...HALF_LEVELS];
/** What the kernel multiplies for each 4-bit code: how far its level is above the lowest one. */
export const LEVELS: Uint8Array = Uint8Array.from(
  TWICE_LEVELS,
  (level) => (level + MAX_LEVEL) / 2,
);
/** For twice a magnitude, rounded down, the nearest of the eight positive levels. */
const NEAREST = Uint8Array.from(
  { length: MAX_LEVEL },
  (_, twice) =>
    HALF_LEVELS.filter((level, i) => i > 0 && 2 * twice >= level + HALF_LEVELS[i - 1]).length,
);

/** A query made ready for quantised rows. */
export interface QuantizedQuery {
  /** 16-bit numbers of the rotated query; zeros at the end. // (⌈D/32⌉*32) */
  codes: Int16Array;
  /** The same as the kernel reads them. // (⌈D/32⌉*32) */
  data: Int16Array;
  /** The kernel's product and this make up the product with a vector, but for the scales. */
  offset: number;
  /** What 1 of that stands for. */
  scale: number;
}

/** Turns vectors of one length into codes. */
export interface Quantizer {
  /** D, filled up to a multiple of 32. */
  columns: number;
  /** Bytes of a vector's codes. */
  bytes: number;
  /**
   * Writes the codes of a vector.
   *
   * @param vector finite numbers // (D)
   * @param into where to
   * @param at first byte
   * @returns the scale of the vector; 0 for one of length 0
   */
  encode(vector: Float32Array, into: Uint8Array, at: number): number;
  /** Makes a query ready: rotated, and rounded to 16 bits. */
  encodeQuery(query: Float32Array): QuantizedQuery;
}

/**
 * Makes a quantiser. Those of one length rotate alike.
 *
 * @param type bits a number
 * @param dim D
 */
export function createQuantizer(type: QuantizedType, dim: number): Quantizer {
  const columns = Math.ceil(dim / COLUMNS) * COLUMNS;
  const rotate = createRotation(dim, createRandom("rotation of quantised vectors"));
  const rotated = new Float64Array(dim), codes = new Int8Array(columns);
  const turn = (vector: Float32Array) => {
    rotated.set(vector);
    rotate(rotated);
  };
  const round = type === "int8" ? roundTo8 : roundTo4;
  const pack = type === "int8" ? pack8 : pack4;
  return {
    columns,
    bytes: type === "int8" ? columns : columns / 2,
    encode(vector, into, at) {
      turn(vector);
      round(rotated, codes);
      pack(codes, into, at);
      return scaleOf(rotated, codes);
    },
    encodeQuery(query) {
      turn(query);
      const most = Math.min(MAX_QUERY, Math.floor(MAX_SUM / (MAX_CODE * columns)));
      const scale = greatest(rotated) / most || 1;
      const codes = new Int16Array(columns);
      rotated.forEach((value, i) => codes[i] = Math.round(value / scale));
      if (type === "int8") return { codes, data: codes, offset: 0, scale };
      const sum = codes.reduce((sum, code) => sum + code, 0);
      return { codes, data: splitBytes(codes), offset: -MAX_LEVEL / 2 * sum, scale: 2 * scale };
    },
  };
}

function greatest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

/** Rounds to 255 equal steps. */
function roundTo8(values: Float64Array, codes: Int8Array): void {
  const scale = MAX_CODE / (greatest(values) || 1);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] * scale;
    codes[i] = value < 0 ? value - 0.5 : value + 0.5; // storing cuts the fraction off
  }
}

/** Of 32 numbers the upper bytes, then the lower ones, all signed: a number is 256 upper + lower. */
function splitBytes(codes: Int16Array): Int16Array {
  const bytes = new Int8Array(2 * codes.length);
  codes.forEach((code, i) => {
    const at = Math.floor(i / COLUMNS) * 2 * COLUMNS + i % COLUMNS;
    bytes[at] = (code + 128) >> 8;
    bytes[at + COLUMNS] = code; // storing keeps the lower byte
  });
  return new Int16Array(bytes.buffer);
}

/** Rounds to twice the nearest levels. */
function roundTo4(values: Float64Array, codes: Int8Array): void {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] ** 2;
  const scale = DEVIATION / (Math.sqrt(squares / values.length) || 1);
  const last = NEAREST.length - 1;
  for (let i = 0; i < values.length; i++) {
    const twice = values[i] * scale; // twice what is rounded to a level
    codes[i] = twice < 0
      ? TWICE_LEVELS[7 - NEAREST[Math.min(last, -twice | 0)]]
      : TWICE_LEVELS[8 + NEAREST[Math.min(last, twice | 0)]];
  }
}

/** What a code of 1 stands for, so that the product of the vector with itself comes out exactly. */
function scaleOf(values: Float64Array, codes: Int8Array): number {
  let squares = 0, product = 0;
  for (let i = 0; i < values.length; i++) {
    squares += values[i] ** 2;
    product += values[i] * codes[i];
  }
  return product > 0 ? squares / product : 0;
}

function pack8(codes: Int8Array, into: Uint8Array, at: number): void {
  for (let i = 0; i < codes.length; i++) into[at + i] = codes[i];
}

/** The code of twice each level, from -128 on; what is none has code 0. */
const CODE_OF = new Uint8Array(256);
TWICE_LEVELS.forEach((level, code) => CODE_OF[level + 128] = code);

/** A byte holds columns n and n + 16 of 32. Those past D hold anything, as the query is 0 there. */
function pack4(codes: Int8Array, into: Uint8Array, at: number): void {
  for (let block = 0; block < codes.length; block += COLUMNS) {
    for (let i = block; i < block + COLUMNS / 2; i++) {
      into[at++] = CODE_OF[codes[i] + 128] | CODE_OF[codes[i + COLUMNS / 2] + 128] << 4;
    }
  }
}
