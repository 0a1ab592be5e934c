/**
 * Resizing as Pillow does it, to the bit, because CLIP's own code and the authors' resize with Pillow.
 * sharp differs: libvips moves an enlarged picture by half an input pixel (libvips#943, #4841), which
 * made patches of cc@10 differ by 3.6 to 5.2 of 255 on average, and it shrinks with a box filter
 * before it interpolates. Pillow's way is short: per axis a table of weights in 22-bit fixed point,
 * horizontal pass first, rounded to bytes in between. (Pillow 13 turns the passes around for some
 * portrait pictures, which moves single values by 1; here it is always the order of releases before.)
 *
 * @module
 */
import type { Box } from "../covers/cover.ts";
import type { RgbImage } from "./decode.ts";
import { type Filter, makeTaps, PRECISION, type Taps } from "./filter_taps.ts";
import { resampleFast } from "./resample_wasm.ts";

/** A resize of which only a part is wanted. */
export interface Resize {
  /** Width in px of the whole result. */
  width: number;
  /** Height in px of the whole result. */
  height: number;
  /** The part of the result that is computed. */
  keep: Box;
}

/** Resizes a window of an image into `target`, which takes (keep.height, keep.width, 3) bytes. */
export type Resampler = (
  image: RgbImage,
  window: Box,
  resize: Resize,
  target: Uint8ClampedArray,
) => void;

/** One half in fixed point: sums start there, so that they are rounded. */
const HALF = 1 << (PRECISION - 1);

/**
 * Makes a resizer that remembers its weights, so that equal windows share them, and the image it had last,
 * which must not change between calls.
 *
 * @param filter how neighbouring pixels are weighted
 * @param options `fast: false` does large and small pictures alike in the plain passes of this file
 * @returns a function for images in memory; nothing outside the window takes part in the result
 */
export function createResampler(filter: Filter, { fast = true } = {}): Resampler {
  const owner = {};
  const tables = new Map<string, Taps>();
  const axis = (from: number, to: number, first: number, count: number): Taps => {
    const key = `${from} ${to} ${first} ${count}`;
    let taps = tables.get(key);
    if (!taps) tables.set(key, taps = makeTaps(filter, from, to, first, count));
    return taps;
  };
  let scratch = new Uint8ClampedArray();
  return (image, window, { width, height, keep }, target) => {
    const columns = axis(window.width, width, keep.left, keep.width);
    const rows = axis(window.height, height, keep.top, keep.height);
    if (fast && resampleFast({ owner, image, window, columns, rows, target })) return;
    // Of the window's rows only those are resized that the vertical pass will read.
    const { first, last } = rows;
    const length = (last - first) * keep.width * 3;
    if (scratch.length < length) scratch = new Uint8ClampedArray(length);
    horizontal(image, window.left, window.top + first, last - first, columns, scratch);
    vertical(scratch, first, keep.width * 3, rows, target);
  };
}

/** Resizes `height` rows from `top` on, columns from `left` on: -> (height, outputs, 3). */
function horizontal(
  image: RgbImage,
  left: number,
  top: number,
  height: number,
  { starts, counts, weights, stride }: Taps,
  out: Uint8ClampedArray,
): void {
  const { data, width } = image, outputs = starts.length;
  for (let y = 0, to = 0; y < height; y++) {
    const row = ((top + y) * width + left) * 3;
    for (let x = 0; x < outputs; x++, to += 3) {
      let from = row + starts[x] * 3, red = HALF, green = HALF, blue = HALF;
      const end = x * stride + counts[x];
      for (let tap = x * stride; tap < end; tap++, from += 3) {
        const weight = weights[tap];
        red += data[from] * weight;
        green += data[from + 1] * weight;
        blue += data[from + 2] * weight;
      }
      out[to] = red >> PRECISION;
      out[to + 1] = green >> PRECISION;
      out[to + 2] = blue >> PRECISION;
    }
  }
}

/** Resizes columns of a picture of `length` bytes a row, whose first row is number `first`. */
function vertical(
  data: Uint8ClampedArray,
  first: number,
  length: number,
  { starts, counts, weights, stride }: Taps,
  out: Uint8ClampedArray,
): void {
  const sums = new Int32Array(length);
  for (let y = 0; y < starts.length; y++) {
    const row = (starts[y] - first) * length, to = y * length;
    const [a, b, c, d] = weights.subarray(y * stride, y * stride + 4);
    // Enlarging takes two or four rows: written out, which is twice as fast as the loop.
    if (counts[y] === 2) {
      for (let x = 0, p = row; x < length; x++, p++) {
        out[to + x] = (HALF + data[p] * a + data[p + length] * b) >> PRECISION;
      }
    } else if (counts[y] === 4) {
      const third = 2 * length, fourth = 3 * length;
      for (let x = 0, p = row; x < length; x++, p++) {
        const upper = data[p] * a + data[p + length] * b;
        out[to + x] = (HALF + upper + data[p + third] * c + data[p + fourth] * d) >> PRECISION;
      }
    } else {
      sums.fill(HALF);
      for (let tap = 0, p = row; tap < counts[y]; tap++) {
        const weight = weights[y * stride + tap];
        for (let x = 0; x < length; x++) sums[x] += data[p++] * weight;
      }
      for (let x = 0; x < length; x++) out[to + x] = sums[x] >> PRECISION;
    }
  }
}
