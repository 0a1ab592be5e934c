/**
 * The segments of a JPEG file.
 *
 * @module
 */

/** One marker of a JPEG with what belongs to it. */
export interface JpegSegment {
  /** Second byte of the marker: 0xda starts a scan, 0xd9 ends the image. */
  marker: number;
  /** Where its 0xff stands. */
  at: number;
  /** Where what belongs to it ends; of a scan its header only. */
  end: number;
}

/** Markers without a length. */
const isBare = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9);

/**
 * The segments of a JPEG up to its end, restart markers and whatever lies between segments left out.
 *
 * @param bytes the file
 */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  for (let at = bytes.indexOf(0xff, 2); at >= 0 && at + 1 < bytes.length;) {
    const marker = bytes[at + 1];
    if (marker === 0xff) at++;
    else if (marker === 0 || (marker >= 0xd0 && marker <= 0xd8)) at = bytes.indexOf(0xff, at + 2);
    else {
      // A marker at the very end of a truncated file has no length to read.
      const length = isBare(marker) ? 0 : (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
      const end = Math.min(at + 2 + length, bytes.length);
      yield { marker, at, end };
      if (marker === 0xd9) return;
      at = bytes.indexOf(0xff, end);
    }
  }
}

/** How many scans a JPEG has, each a pass over the whole image. */
export function countScans(bytes: Uint8Array): number {
  let scans = 0;
  for (const { marker } of jpegSegments(bytes)) if (marker === 0xda) scans++;
  return scans;
}

const START_OF_SCAN = 0xda, END = 0xd9, APP0 = 0xe0, APP14 = 0xee;
/** First coefficient, last coefficient, bits before and after: all of them, in a JPEG that is not progressive. */
const WHOLE_SCAN = [0, 63, 0];

/** Sets what a viewer takes for granted in a segment's copy. */
function mendSegment(segment: Uint8Array, marker: number, components: number): void {
  const text = String.fromCharCode(...segment.subarray(4, 9));
  if (marker === START_OF_SCAN && segment.length > WHOLE_SCAN.length) {
    segment.set(WHOLE_SCAN, segment.length - 3);
  }
  if (marker === APP0 && text === "JFIF\0") segment[9] = 1; // the only major version there is
  // An unknown colour transform is read as the usual one.
  const known = segment[15] <= 2 || segment.length < 16;
  if (marker === APP14 && text === "Adobe" && !known) segment[15] = components === 4 ? 2 : 1;
}

/**
 * Mends the faults of a JPEG that every viewer forgives, so that a decoder which refuses each warning may find the
 * others: scan parameters of another mode (Samsung's), an unknown JFIF version or Adobe transform, bytes between the
 * segments of its header, and a missing end. Only of a sequential JPEG: of a progressive one whole scans could be missing.
 *
 * @param bytes the file
 * @returns another file; `undefined` where there is nothing to mend
 */
export function mendJpeg(bytes: Uint8Array): Uint8Array | undefined {
  const segments = [...jpegSegments(bytes)];
  const frame = segments.find(({ marker }) => marker === 0xc0 || marker === 0xc1);
  const first = segments.findIndex(({ marker }) => marker === START_OF_SCAN);
  if (!frame || first < 0) return undefined;
  const components = bytes[frame.at + 9];
  const parts: Uint8Array[] = [bytes.slice(0, 2)];
  segments.forEach(({ marker, at, end }, i) => {
    const segment = bytes.slice(at, end);
    mendSegment(segment, marker, components);
    parts.push(segment);
    const next = segments[i + 1]?.at ?? bytes.length;
    if (i >= first && marker !== END) parts.push(bytes.subarray(end, next)); // coded pixels
  });
  if (segments.at(-1)!.marker !== END) parts.push(Uint8Array.of(0xff, END));
  const mended = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let length = 0;
  for (const part of parts) {
    mended.set(part, length);
    length += part.length;
  }
  const same = bytes.length >= length && mended.every((byte, i) => byte === bytes[i]);
  return same ? undefined : mended;
}
