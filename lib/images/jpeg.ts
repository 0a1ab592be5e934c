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
      const length = isBare(marker) ? 0 : bytes[at + 2] * 256 + bytes[at + 3];
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
