/**
 * Little TIFF files, written tag by tag.
 *
 * @module
 */

/** What a TIFF says of its samples, where that differs from 8-bit unsigned grey or RGB. */
export interface TiffParts {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Samples, pixel by pixel; as many a pixel as fit: Uint8Array, Uint16Array, Int16Array, Float32Array … */
  data: ArrayBufferView & { length: number };
  /** How samples are meant; 1 is grey with black as 0. */
  photometric: number;
  /** What the samples beyond those of the colour are. */
  extraSamples?: number[];
  /** 1 unsigned, 2 signed, 3 floating point. */
  sampleFormat?: number;
  /** Further tags of one LONG: a tile's size, a chroma subsampling. */
  more?: [tag: number, value: number][];
  /** Offset of a next directory. */
  next?: number;
}

/** Bytes for the values of one tag. */
const SLOT = 256;

/** Writes an uncompressed TIFF in one strip, little-endian. */
export function makeTiff(
  { width, height, data, photometric, extraSamples, sampleFormat = 1, more = [], next = 0 }:
    TiffParts,
): Uint8Array {
  const samples = data.length / (width * height), bits = 8 * data.byteLength / data.length;
  const tags: [tag: number, type: 3 | 4, values: number[]][] = [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, Array(samples).fill(bits)],
    [259, 3, [1]],
    [262, 3, [photometric]],
    [273, 4, [0]], // where the strip is: filled in below
    [277, 3, [samples]],
    [278, 4, [height]],
    [279, 4, [data.byteLength]],
    ...(extraSamples ? [[338, 3, extraSamples]] as [number, 3, number[]][] : []),
    [339, 3, Array(samples).fill(sampleFormat)],
    ...more.map(([tag, value]): [number, 4, number[]] => [tag, 4, [value]]),
  ];
  tags.sort(([a], [b]) => a - b);
  const far = 8 + 2 + 12 * tags.length + 4, strip = far + SLOT * tags.length;
  const bytes = new Uint8Array(strip + data.byteLength), view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0, 8]);
  view.setUint16(8, tags.length, true);
  tags.forEach(([tag, type, given], i) => {
    const at = 10 + 12 * i, size = type === 3 ? 2 : 4, values = tag === 273 ? [strip] : given;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, values.length, true);
    const inside = size * values.length <= 4, from = inside ? at + 8 : far + SLOT * i;
    if (!inside) view.setUint32(at + 8, from, true);
    values.forEach((value, n) =>
      size === 2
        ? view.setUint16(from + 2 * n, value, true)
        : view.setUint32(from + 4 * n, value, true)
    );
  });
  view.setUint32(far - 4, next, true);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), strip);
  return bytes;
}
