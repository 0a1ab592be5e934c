/**
 * From samples of 8 or 16 bits and any bands to 8-bit RGB.
 *
 * @module
 */
import type { RgbImage } from "./decode.ts";
import { percentilesOf, stretchTable, upperBits } from "./samples.ts";

/** What becomes black and what white, a band: red, green, blue. */
export type Levels = readonly (readonly [low: number, high: number])[];

/** Samples of a window, row-major: the bands for red, green and blue, then alpha if there is one. */
export interface Samples {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Red, green, blue: (H, W, 3); or with alpha: (H, W, 4). */
  data: Uint8Array | Uint16Array;
  /** Bits a sample. */
  bits: 8 | 16;
}

/** Counts the samples of three bands, to find levels. */
export class LevelFinder {
  readonly #counts: Float64Array[];
  #pixels = 0;

  /**
   * Nothing is counted yet.
   *
   * @param bits of a sample
   * @param noData the sample that stands for no data, besides 0
   */
  constructor(bits: 8 | 16, readonly noData = 0) {
    this.#counts = Array.from({ length: 3 }, () => new Float64Array(2 ** bits));
  }

  /** Counts a window; pixels that are 0, or what stands for no data, in all bands, or transparent, are no data. */
  add({ width, height, data }: Samples): void {
    const bands = data.length / (width * height);
    for (let at = 0; at < data.length; at += bands) {
      const value = data[at], same = data[at + 1] === value && data[at + 2] === value;
      if (same && (value === 0 || value === this.noData)) continue;
      if (bands === 4 && data[at + 3] === 0) continue;
      for (let c = 0; c < 3; c++) this.#counts[c][data[at + c]]++;
      this.#pixels++;
    }
  }

  /** The levels at 2 and 98 % of the pixels counted, a band; all that can be where nothing was. */
  levels(): Levels {
    return this.#counts.map((counts) => {
      if (this.#pixels === 0) return [0, counts.length - 1];
      const [low, high] = percentilesOf(counts);
      return high > low ? [low, high] : [low, low + 1];
    });
  }
}

/**
 * Makes a function from samples to 8-bit RGB; what is transparent is laid on white.
 *
 * @param bits of a sample
 * @param levels what becomes black and white; without them the upper eight bits are kept
 */
export function createMapper(bits: 8 | 16, levels?: Levels): (samples: Samples) => RgbImage {
  const tables = [0, 1, 2].map((c) => levels ? stretchTable(bits, levels[c]) : upperBits(bits));
  return ({ width, height, data }) => {
    const bands = data.length / (width * height), most = 2 ** bits - 1;
    const rgb = new Uint8Array(width * height * 3); // (H, W, 3)
    for (let at = 0, to = 0; at < data.length; at += bands, to += 3) {
      const alpha = bands === 4 ? data[at + 3] : most;
      for (let c = 0; c < 3; c++) {
        const value = tables[c][data[at + c]];
        rgb[to + c] = alpha === most ? value : (value * alpha + 255 * (most - alpha)) / most;
      }
    }
    return { width, height, data: rgb };
  };
}
