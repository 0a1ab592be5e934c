/**
 * The first frame of a GIF.
 *
 * @module
 */

const EXTENSION = 0x21, IMAGE = 0x2c, TRAILER = 0x3b;

/** Bytes of a table of colours, by the flags that announce it. */
const tableBytes = (flags: number) => flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;

/** Where a chain of blocks ends, each with its length before it and the last one empty. */
function chainEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at];
  return at + 1;
}

/** Where the first frame ends; `undefined` where the file ends before, or holds something else. */
function frameEnd(bytes: Uint8Array): number | undefined {
  let at = 13 + tableBytes(bytes[10]);
  while (at < bytes.length) {
    if (bytes[at] === EXTENSION) at = chainEnd(bytes, at + 2);
    else if (bytes[at] === IMAGE) {
      const end = chainEnd(bytes, at + 10 + tableBytes(bytes[at + 9]) + 1);
      return end < bytes.length ? end : undefined;
    } else return undefined;
  }
  return undefined;
}

/**
 * A GIF of its first frame alone: only that is decoded, and a decoder looks for all others first, of which a file may
 * have millions.
 *
 * @param bytes the file
 */
export function firstFrame(bytes: Uint8Array): Uint8Array {
  const end = frameEnd(bytes);
  if (end === undefined || bytes[end] === TRAILER) return bytes;
  const alone = new Uint8Array(end + 1);
  alone.set(bytes.subarray(0, end));
  alone[end] = TRAILER;
  return alone;
}
