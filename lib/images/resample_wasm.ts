/**
 * The passes of a resize in WebAssembly: resample.wat, which says how it is assembled, as bytes. They do
 * what those of resample.ts do, to the bit, several times as fast.
 *
 * @module
 */
import type { Box } from "../covers/cover.ts";
import type { RgbImage } from "./decode.ts";
import type { Taps } from "./filter_taps.ts";

const MODULE =
  "AGFzbQEAAAABGAJgCX9/f39/f39/fwBgCH9/f39/f39/AAMDAgABBQMBAAEHIgMGbWVtb3J5AgAKaG9yaXpvbnRh" +
  "bAAACHZlcnRpY2FsAAEKgAQCzAECBH8BewJAA0AgAkUNAUEAIQkDQCAAQQMgAyAJQQJ0aigCAGxqIQogBSAJIAZs" +
  "QQJ0aiELIAsgBCAJQQJ0aigCAEECdGohDEGAgIAB/REhDQNAIA0gC/0JAgAgCv1cAgD9iQH9qQH9tQH9rgEhDSAK" +
  "QQNqIQogC0EEaiELIAsgDEkNAAsgDUEW/awBIQ0gDSAN/YUBIQ0gCCANIA39Zv1aAgAAIAhBA2ohCCAJQQFqIQkg" +
  "CSAHSQ0ACyAAIAFqIQAgAkEBayECDAALCwuvAgIFfwd7AkADQCAGRQ0BIAAgASACKAIAbGohDCAEIAMoAgBBAnRq" +
  "IQtBACEIA0AgDCAIaiEJIAQhCkGAgIAB/REhECAQIREgECESIBAhEwNAIAr9CQIAIQ0gCf0ABAAhDiAO/YkBIQ8g" +
  "ECANIA/9qQH9tQH9rgEhECARIA0gD/2qAf21Af2uASERIA79igEhDyASIA0gD/2pAf21Af2uASESIBMgDSAP/aoB" +
  "/bUB/a4BIRMgCSABaiEJIApBBGohCiAKIAtJDQALIAcgCGogEEEW/awBIBFBFv2sAf2FASASQRb9rAEgE0EW/awB" +
  "/YUB/Wb9CwQAIAhBEGohCCAIIAFJDQALIAcgAWohByACQQRqIQIgA0EEaiEDIAQgBUECdGohBCAGQQFrIQYMAAsL" +
  "Cw==";

/** Bytes of a job that is taken on: the memory of the module grows to it, and is never given back. */
const MAX_BYTES = 64 * 2 ** 20;
/** Bytes that a pass may read or write after the end of an array. */
const SLACK = 16;

/** Exports of resample.wat; all but the last numbers are addresses. */
interface Passes {
  memory: WebAssembly.Memory;
  horizontal(
    ...args: [
      source: number,
      step: number,
      rows: number,
      starts: number,
      counts: number,
      weights: number,
      stride: number,
      outputs: number,
      out: number,
    ]
  ): void;
  vertical(
    ...args: [
      data: number,
      length: number,
      starts: number,
      counts: number,
      weights: number,
      stride: number,
      outputs: number,
      out: number,
    ]
  ): void;
}

let passes: Passes | undefined;
/** Whose image lies in the memory. */
let holder: { owner: object; data: Uint8Array } | undefined;

function load(): Passes {
  const bytes = Uint8Array.from(atob(MODULE), (char) => char.charCodeAt(0));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as Passes;
}

/** One resize: a window of an image, the weights of its columns and rows, and where it goes. */
export interface ResampleJob {
  /** Who asks; its images do not change between its jobs. */
  owner: object;
  /** The image. */
  image: RgbImage;
  /** The part of it that is resized. */
  window: Box;
  /** Weights of each column that is kept. */
  columns: Taps;
  /** Weights of each row that is kept. */
  rows: Taps;
  /** Receives (rows, columns, 3). */
  target: Uint8ClampedArray;
}

/**
 * Resizes a window, if the job is not too large.
 *
 * @param job what to do
 * @returns whether it was done
 */
export function resampleFast(
  { owner, image, window, columns, rows, target }: ResampleJob,
): boolean {
  const outputs = columns.starts.length, length = outputs * 3;
  const { first } = rows, height = rows.last - first;
  let end = 0;
  const place = (bytes: number) => {
    const start = end;
    end = (end + bytes + SLACK + 15) & ~15;
    return start;
  };
  if (image.data.length + (height + rows.starts.length) * length > MAX_BYTES / 2) return false;
  const source = place(image.data.length);
  const tables = [columns, rows].map(({ starts, counts, weights, stride }) => ({
    arrays: [starts, counts, weights].map((array) => ({ array, at: place(array.byteLength) })),
    stride,
  }));
  const scratch = place(height * length), out = place(target.length);
  if (end > MAX_BYTES) return false;
  const { memory, horizontal, vertical } = passes ??= load();
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 2 ** 16));
  const bytes = new Uint8Array(memory.buffer);
  if (holder?.owner !== owner || holder.data !== image.data) {
    bytes.set(image.data, source);
    holder = { owner, data: image.data };
  }
  for (const { arrays } of tables) {
    for (const { array, at } of arrays) new Int32Array(memory.buffer, at).set(array);
  }
  const [x, y] = tables.map(({ arrays }) => arrays.map(({ at }) => at));
  const from = source + ((window.top + first) * image.width + window.left) * 3;
  const step = image.width * 3;
  horizontal(from, step, height, x[0], x[1], x[2], columns.stride, outputs, scratch);
  const zero = scratch - first * length; // where row 0 of the window would be
  vertical(zero, length, y[0], y[1], y[2], rows.stride, rows.starts.length, out);
  target.set(bytes.subarray(out, out + rows.starts.length * length));
  return true;
}
