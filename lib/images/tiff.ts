/**
 * What a TIFF says of its samples: its first directory, read before a decoder guesses.
 *
 * @module
 */

/** What is needed of the first directory of a TIFF. */
export interface TiffHeader {
  /** How samples are meant: 0 and 1 grey, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 Lab … */
  photometric: number;
  /** Samples a pixel. */
  samples: number;
  /** What the samples after those of the colour are: 1 and 2 alpha (1 premultiplied), 0 unknown. */
  extraSamples: number[];
  /** Pixels of a tile; 0 where the image is in strips. */
  tilePixels: number;
  /** The value that marks pixels without data (GDAL), where there is one. */
  noData?: number;
  /** Where the offset of the next directory stands, and in how many bytes; it is not 0. */
  next?: { at: number; bytes: 4 | 8 };
}

const BYTES_OF_TYPE: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 16: 8 };
const MOST_VALUES = 1024;
const TAGS = {
  photometric: 262,
  samples: 277,
  extraSamples: 338,
  tileWidth: 322,
  tileHeight: 323,
  noData: 42113,
};

/** Numbers of either byte order and size. */
function createReader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const read = (at: number, size: number): number => {
    if (size === 1) return view.getUint8(at);
    if (size === 2) return view.getUint16(at, little);
    return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
  };
  return { read, big: read(2, 2) === 43 };
}

/**
 * Reads the first directory of a TIFF or BigTIFF.
 *
 * @param bytes the file
 * @throws {RangeError} when the directory lies outside of the file
 */
export function readTiffHeader(bytes: Uint8Array): TiffHeader {
  const { read, big } = createReader(bytes);
  const [word, countBytes, entryBytes] = big ? [8, 8, 20] as const : [4, 2, 12] as const;
  const start = read(big ? 8 : 4, word), count = read(start, countBytes);
  const values = new Map<number, number[]>();
  const wanted = new Set(Object.values(TAGS));
  for (let i = 0; i < count; i++) {
    const at = start + countBytes + i * entryBytes, tag = read(at, 2);
    const bytes = BYTES_OF_TYPE[read(at + 2, 2)], length = read(at + 4, word);
    if (!wanted.has(tag) || bytes === undefined || length > MOST_VALUES) continue;
    const inside = at + 4 + word;
    const from = bytes * length <= word ? inside : read(inside, word);
    values.set(tag, Array.from({ length }, (_, n) => read(from + n * bytes, bytes)));
  }
  const end = start + countBytes + count * entryBytes;
  const first = (tag: number, otherwise: number) => values.get(tag)?.[0] ?? otherwise;
  const noData = values.get(TAGS.noData);
  const marked = noData && Number.parseFloat(String.fromCharCode(...noData));
  return {
    photometric: first(TAGS.photometric, -1),
    samples: first(TAGS.samples, 1),
    extraSamples: values.get(TAGS.extraSamples) ?? [],
    tilePixels: first(TAGS.tileWidth, 0) * first(TAGS.tileHeight, 0),
    ...(marked !== undefined && Number.isFinite(marked) && { noData: marked }),
    ...(end + word <= bytes.length && read(end, word) !== 0 && { next: { at: end, bytes: word } }),
  };
}

/**
 * A TIFF of its first directory alone: only that is decoded, and a decoder that counts the others may take hours.
 *
 * @param bytes the file
 * @param header its first directory
 * @param own whether the bytes may be changed in place
 */
export function firstDirectory(
  bytes: Uint8Array,
  { next }: TiffHeader,
  own: boolean,
): Uint8Array {
  if (!next) return bytes;
  const alone = own ? bytes : bytes.slice();
  alone.fill(0, next.at, next.at + next.bytes);
  return alone;
}
