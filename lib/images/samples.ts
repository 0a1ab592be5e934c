/**
 * From samples of any bands and depth to 8-bit RGB.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { BandPlan } from "./bands.ts";

/** A picture in 8-bit sRGB. */
export interface RgbImage {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Red, green, blue, row-major: (H, W, 3). */
  data: Uint8Array;
}

/** Samples as a decoder gives them, pixel by pixel. */
export interface Samples {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Samples a pixel. */
  channels: number;
  /** 8 or 16 bits each. // (H, W, C) */
  data: Uint8Array | Uint16Array;
}

/** Pixels between two turns of other tasks, such as an interrupt. */
const TURN = 2 ** 20;

/** Does work for all pixels in pieces. */
async function inPieces(
  pixels: number,
  signal: AbortSignal | undefined,
  work: (first: number, end: number) => void,
): Promise<void> {
  for (let first = 0; first < pixels; first += TURN) {
    work(first, Math.min(pixels, first + TURN));
    await setImmediate();
    signal?.throwIfAborted();
  }
}

/** a * b / 255, rounded as Pillow does. */
function multiply(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** Tables from a sample to 8 bits, one a band of the colour. */
type Tables = Uint8Array[];

/** A table that keeps the upper 8 bits of a sample. */
export function upperBits(bits: 8 | 16): Uint8Array {
  return Uint8Array.from({ length: 2 ** bits }, (_, value) => value >> (bits - 8));
}

const LOW = 0.02, HIGH = 0.98;

/** The samples below which 2 % and 98 % of those counted lie; -1 for both where none were. */
export function percentilesOf(histogram: Float64Array): [low: number, high: number] {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  const percentile = (share: number) => {
    let sum = 0;
    return histogram.findIndex((count) => (sum += count) >= share * total && sum > 0);
  };
  return [percentile(LOW), percentile(HIGH)];
}

/** A table that makes one sample 0, another 255, and stretches what lies between. */
export function stretchTable(
  bits: 8 | 16,
  [low, high]: readonly [low: number, high: number],
): Uint8Array {
  const stretched = (_: unknown, value: number) => (value - low) * 255 / (high - low);
  return Uint8ClampedArray.from({ length: 2 ** bits }, stretched) as unknown as Uint8Array;
}

/** Tables that stretch each band of the colour by its own percentiles. */
async function stretchTables(
  { width, height, channels, data }: Samples,
  { colour, alpha, noData }: BandPlan & { noData?: number },
  signal?: AbortSignal,
): Promise<Tables> {
  const histograms = colour.map(() => new Float64Array(65536));
  await inPieces(width * height, signal, (first, end) => {
    for (let at = first * channels; at < end * channels; at += channels) {
      if (alpha !== undefined && data[at + alpha] === 0) continue;
      if (noData !== undefined && colour.every((band) => data[at + band] === noData)) continue;
      for (let c = 0; c < colour.length; c++) histograms[c][data[at + colour[c]]]++;
    }
  });
  return histograms.map((histogram) => {
    const [low, high] = percentilesOf(histogram);
    return high > low ? stretchTable(16, [low, high]) : upperBits(16);
  });
}

/**
 * Makes 8-bit RGB of samples; what is transparent lies on white.
 *
 * @param samples as decoded // (H, W, C)
 * @param plan places of colour and transparency among them
 * @param options `stretch` bands of 16 bits by percentiles, without pixels of the value `noData`
 * @returns (H, W, 3)
 */
export async function samplesToRgb(
  samples: Samples,
  plan: BandPlan,
  { stretch = false, noData, signal }: {
    stretch?: boolean;
    noData?: number;
    signal?: AbortSignal;
  } = {},
): Promise<Uint8Array> {
  const { width, height, channels, data } = samples, { colour, alpha } = plan;
  const deep = data instanceof Uint16Array, upper = upperBits(deep ? 16 : 8);
  const tables = stretch && deep && plan.kind === "colour"
    ? await stretchTables(samples, { ...plan, noData }, signal)
    : colour.map(() => upper);
  const rgb = new Uint8Array(width * height * 3);
  const onWhite = (at: number, to: number) => {
    if (alpha === undefined) return;
    const opaque = upper[data[at + alpha]];
    for (let c = 0; c < 3; c++) rgb[to + c] = multiply(rgb[to + c], opaque) + 255 - opaque;
  };
  const toRgb = (at: number, to: number) => {
    for (let c = 0; c < 3; c++) {
      const band = colour.length === 1 ? 0 : c;
      rgb[to + c] = tables[band][data[at + colour[band]]];
    }
    onWhite(at, to);
  };
  const inkToRgb = (at: number, to: number) => { // as Pillow converts CMYK
    const white = 255 - upper[data[at + colour[3]]];
    for (let c = 0; c < 3; c++) rgb[to + c] = white - multiply(upper[data[at + colour[c]]], white);
    onWhite(at, to);
  };
  const convert = plan.kind === "cmyk" ? inkToRgb : toRgb;
  await inPieces(width * height, signal, (first, end) => {
    for (let i = first; i < end; i++) convert(i * channels, i * 3);
  });
  return rgb;
}

/** As many values of an image may be brighter: glints and hot pixels. */
const BRIGHT = 0.001;
/** The brightest of all others in an image that uses at most 14 of its 16 bits. */
const DARK = 64;

/** Whether an image whose upper 8 of 16 bits these are comes out nearly black, as its samples do not use them. */
export function isDark(data: Uint8Array): boolean {
  const histogram = new Float64Array(256);
  for (let i = 0; i < data.length; i++) histogram[data[i]]++;
  let bright = 0;
  for (let value = DARK; value < 256; value++) bright += histogram[value];
  return bright <= BRIGHT * data.length;
}
