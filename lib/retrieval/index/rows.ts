/**
 * How the vectors of a flat index lie in memory: in segments that threads share.
 *
 * @module
 */
import { paddedLength, PANEL } from "../../numeric/dot_products_wasm.ts";
import { createQuantizer, type QuantizedType } from "../../numeric/quantization.ts";
import { GROUP } from "../../numeric/quantized_products_wasm.ts";
import { vectorLength } from "../../numeric/vectors.ts";

/** How exactly vectors are kept: as they are, or rounded to 8 or 4 bits after a random rotation. */
export type Precision = "float32" | QuantizedType;

/** Sizes of the rows of an index. */
export interface RowLayout {
  /** How a number is stored. */
  precision: Precision;
  /** D. */
  dim: number;
  /** Bytes of a row. */
  rowBytes: number;
  /** Rows that a kernel takes at once; a segment has room for a whole number of such groups. */
  group: number;
  /** Bytes of a segment at most, as long as one image does not need more. */
  segmentBytes: number;
}

/** Rows of whole images; all of it can be sent to a thread, and is shared with it. */
export interface Segment {
  /** Its number among all segments of this process. */
  id: number;
  /** The rows. */
  memory: WebAssembly.Memory;
  /** Number of its first image among all. */
  firstImage: number;
  /** Number of its first row among all. */
  firstRow: number;
  /** Number of images. */
  images: number;
  /** The first row of each image, counted in the segment, and the end of the last one. // (images + 1) */
  starts: Uint32Array;
  /** The scale of each row; only quantised ones have some. // (rows) */
  scales: Float32Array;
  /** Euclidean length of its longest vector; 0 of quantised ones. */
  longest: number;
}

/** Writes a vector as a row of a memory; returns the scale of a quantised row, the Euclidean length of a float32 one. */
export type RowWriter = (vector: Float32Array, memory: ArrayBufferLike, row: number) => number;

/** Bytes of a segment at most by default: half a GiB. */
export const SEGMENT_BYTES: number = 2 ** 29;
/** Segments of an index at most: each takes 4 GiB of addresses, and a process that runs out of those is ended. */
export const MOST_SEGMENTS = 4096;
const PAGE = 2 ** 16;
/** Pages that WebAssembly can address, and bytes of which the end can be addressed, too. */
const MOST_PAGES = 2 ** 16, MOST_BYTES = (MOST_PAGES - 1) * PAGE;

/**
 * The layout of one kind of vectors, and what writes them.
 *
 * @param wantedBytes of a segment
 * @throws RangeError when that is not a number from 0 on
 */
export function openLayout(
  precision: Precision,
  dim: number,
  wantedBytes: number,
): { layout: RowLayout; write: RowWriter } {
  if (!(wantedBytes >= 0)) {
    throw new RangeError(
      `Cannot make an index: segmentBytes must be 0 or more, got ${wantedBytes}`,
    );
  }
  const segmentBytes = Math.min(wantedBytes, MOST_BYTES);
  if (precision !== "float32") {
    const quantizer = createQuantizer(precision, dim), { bytes } = quantizer;
    return {
      layout: { precision, dim, rowBytes: bytes, group: GROUP, segmentBytes },
      write: (vector, memory, row) => quantizer.encode(vector, new Uint8Array(memory), row * bytes),
    };
  }
  const columns = paddedLength(dim);
  return {
    layout: { precision, dim, rowBytes: columns * 4, group: PANEL, segmentBytes },
    write: (vector, memory, row) => {
      const numbers = new Float32Array(memory), panel = Math.floor(row / PANEL);
      let at = panel * PANEL * columns + row % PANEL;
      for (let d = 0; d < dim; d++, at += PANEL) numbers[at] = vector[d];
      return vectorLength(vector);
    },
  };
}

/** How many segments have been made. */
let made = 0;

/** An empty segment with room for some rows. */
export function createSegment(layout: RowLayout, firstImage: number, firstRow: number): Segment {
  const maximum = MOST_PAGES;
  return {
    id: made++,
    memory: new WebAssembly.Memory({ initial: 1, maximum, shared: true }),
    ...{ firstImage, firstRow, images: 0, longest: 0 },
    starts: new Uint32Array(new SharedArrayBuffer(4 * 16)),
    scales: new Float32Array(new SharedArrayBuffer(layout.precision === "float32" ? 0 : 4 * 16)),
  };
}

/** Number of rows in a segment. */
export function segmentRows({ starts, images }: Segment): number {
  return starts[images];
}

/**
 * Adds an image to a segment.
 *
 * @param segment what it is added to
 * @param features its vectors // (m, D)
 * @returns false, and nothing is added, where the segment has no room
 * @throws RangeError when no segment has room for such an image
 */
export function addImage(
  segment: Segment,
  layout: RowLayout,
  write: RowWriter,
  features: Float32Array,
): boolean {
  const { dim, rowBytes, group, segmentBytes } = layout, first = segmentRows(segment);
  const rows = features.length / dim, end = first + rows;
  const bytes = Math.ceil(end / group) * group * rowBytes;
  if (bytes > segmentBytes && segment.images > 0) return false;
  if (bytes > MOST_BYTES) {
    throw new RangeError(`Cannot index image: ${rows} vectors of ${dim} are 4 GiB or more`);
  }
  growMemory(segment.memory, bytes, segmentBytes);
  const { buffer } = segment.memory;
  if (layout.precision !== "float32") segment.scales = grown(segment.scales, end);
  for (let row = 0; row < rows; row++) {
    const written = write(features.subarray(row * dim, (row + 1) * dim), buffer, first + row);
    if (layout.precision === "float32") segment.longest = Math.max(segment.longest, written);
    else segment.scales[first + row] = written;
  }
  segment.images++;
  segment.starts = grown(segment.starts, segment.images + 1);
  segment.starts[segment.images] = end;
  return true;
}

/** Grows a memory to at least some bytes, and to twice what it has while that is not much. */
function growMemory(memory: WebAssembly.Memory, bytes: number, most: number): void {
  const has = memory.buffer.byteLength;
  if (bytes <= has) return;
  const wanted = Math.max(bytes, Math.min(2 * has, most));
  memory.grow(Math.ceil((wanted - has) / PAGE));
}

/** An array of at least some length: the same one, or a copy with room for twice as many. */
function grown<T extends Uint32Array | Float32Array>(array: T, length: number): T {
  if (array.length >= length) return array;
  const buffer = new SharedArrayBuffer(8 * length);
  const copy = array instanceof Uint32Array ? new Uint32Array(buffer) : new Float32Array(buffer);
  copy.set(array);
  return copy as T;
}
