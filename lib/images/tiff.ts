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
  /** Bits of a sample. */
  bits: number;
  /** 1 unsigned, 2 signed, 3 floating point, 5 and 6 complex. */
  sampleFormat: number;
  /** 1 none, 7 JPEG … */
  compression: number;
  /** What the samples after those of the colour are: 1 and 2 alpha (1 premultiplied), 0 unknown. */
  extraSamples: number[];
  /** Pixels of a tile; 0 where the image is in strips. */
  tilePixels: number;
  /** Of inks: 2 where they are not cyan, magenta, yellow and black. */
  inkSet: number;
  /** What is to be said of its pages, of which the first is decoded. */
  pagesNote?: string;
  /** The value that marks pixels without data (GDAL), where there is one. */
  noData?: number;
  /** Where the offset of the next directory stands, and in how many bytes; it is not 0. */
  next?: { at: number; bytes: 4 | 8 };
}

const BYTES_OF_TYPE: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 16: 8 };
const MOST_VALUES = 1024;
const MOST_TAGS = 65535;
const TAGS = {
  subfile: 254,
  bits: 258,
  compression: 259,
  photometric: 262,
  samples: 277,
  extraSamples: 338,
  sampleFormat: 339,
  inkSet: 332,
  tileWidth: 322,
  tileHeight: 323,
  noData: 42113,
};

/** Numbers of either byte order and size; by the head of the file, which the bytes are unless it is given. */
function createReader(bytes: Uint8Array, head: Uint8Array = bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = head[0] === 0x49;
  const read = (at: number, size: number): number => {
    if (size === 1) return view.getUint8(at);
    if (size === 2) return view.getUint16(at, little);
    return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
  };
  return { read, big: read(2, 2) === 43 };
}

/** Bits of NewSubfileType: a smaller copy of another page, and a mask of its transparency. */
const REDUCED = 1, MASK = 4;

/**
 * What is to be said of the pages of a TIFF, of which the first is used; nothing of one with smaller copies or masks of
 * it alone.
 *
 * @param first NewSubfileType of the first page
 * @param second that of the second, where there is one
 */
export function describePages(first: number, second: number | undefined): string | undefined {
  if (first & REDUCED) {
    return "the first page is used, which says that it is a smaller copy of another";
  }
  const another = second !== undefined && (second & (REDUCED | MASK)) === 0;
  return another ? "the first page of several is used" : undefined;
}

/** NewSubfileType of a directory that may be damaged; nothing where there is none. */
function subfileAt(
  { read, big }: ReturnType<typeof createReader>,
  start: number,
): number | undefined {
  try {
    const count = read(start, big ? 8 : 2);
    for (let i = 0; i < Math.min(count, MOST_TAGS); i++) {
      const at = start + (big ? 8 + 20 * i : 2 + 12 * i);
      if (read(at, 2) !== TAGS.subfile) continue;
      return read(at + (big ? 12 : 8), BYTES_OF_TYPE[read(at + 2, 2)] === 2 ? 2 : 4);
    }
    return 0;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Reads the first directory of a TIFF or BigTIFF.
 *
 * @param bytes the file
 * @throws {RangeError} when the directory lies outside of the file, or has more entries than a TIFF can have
 */
export function readTiffHeader(bytes: Uint8Array): TiffHeader {
  const reader = createReader(bytes), { read, big } = reader;
  const [word, countBytes, entryBytes] = big ? [8, 8, 20] as const : [4, 2, 12] as const;
  const start = read(big ? 8 : 4, word), count = read(start, countBytes);
  if (count > MOST_TAGS) throw new RangeError(`its directory would have ${count} entries`);
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
  const next = end + word <= bytes.length ? read(end, word) : 0;
  const pagesNote = describePages(
    first(TAGS.subfile, 0),
    next ? subfileAt(reader, next) : undefined,
  );
  const noData = values.get(TAGS.noData);
  const marked = noData && Number.parseFloat(String.fromCharCode(...noData));
  return {
    photometric: first(TAGS.photometric, -1),
    samples: first(TAGS.samples, 1),
    bits: Math.max(...values.get(TAGS.bits) ?? [1]),
    sampleFormat: Math.max(...values.get(TAGS.sampleFormat) ?? [1]),
    compression: first(TAGS.compression, 1),
    extraSamples: values.get(TAGS.extraSamples) ?? [],
    inkSet: first(TAGS.inkSet, 1),
    tilePixels: first(TAGS.tileWidth, 0) * first(TAGS.tileHeight, 0),
    ...(marked !== undefined && Number.isFinite(marked) && { noData: marked }),
    ...(next !== 0 && { next: { at: end, bytes: word } }),
    ...(pagesNote !== undefined && { pagesNote }),
  };
}

/** Bytes that the first directory takes at most, as far as its first tags are looked for. */
const DIRECTORY_BYTES = 8192;

/**
 * Reads size and orientation of a TIFF's stored pixels from its first directory, wherever in the file it is.
 *
 * @param head the first bytes of the file
 * @param readAt reads up to so many bytes from a place on
 * @throws {RangeError} when they are not there
 */
export async function readTiffSize(
  head: Uint8Array,
  readAt: (place: number, length: number) => Promise<Uint8Array>,
): Promise<{ width: number; height: number; orientation: number }> {
  const { read, big } = createReader(head);
  const [word, countBytes, entryBytes] = big ? [8, 8, 20] : [4, 2, 12];
  const bytes = await readAt(read(big ? 8 : 4, word), DIRECTORY_BYTES);
  const directory = createReader(bytes, head);
  const found = new Map([[274, 1]]);
  const entries = Math.floor((bytes.length - countBytes) / entryBytes);
  for (let i = 0; i < Math.min(directory.read(0, countBytes), entries); i++) {
    const at = countBytes + i * entryBytes, size = BYTES_OF_TYPE[directory.read(at + 2, 2)];
    if (size !== undefined) {
      found.set(directory.read(at, 2), directory.read(at + 4 + word, Math.min(size, word)));
    }
  }
  const [width = 0, height = 0, orientation = 1] = [256, 257, 274].map((tag) => found.get(tag));
  if (width < 1 || height < 1) throw new RangeError("its first directory gives no size");
  return { width, height, orientation };
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
