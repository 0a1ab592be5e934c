/**
 * The first frame of an animation: only that is decoded, and a decoder that looks for all others first, of which a file
 * may have millions, takes seconds (GIF) or hours (WebP).
 *
 * @module
 */
import type { AllowedFormat } from "./format.ts";

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

function firstGifFrame(bytes: Uint8Array): Uint8Array {
  const end = frameEnd(bytes);
  if (end === undefined || bytes[end] === TRAILER) return bytes;
  const alone = new Uint8Array(end + 1);
  alone.set(bytes.subarray(0, end));
  alone[end] = TRAILER;
  return alone;
}

const RIFF_HEAD = 12;

/** Names and places of a WebP's chunks, padding included. */
function* webpChunks(bytes: Uint8Array): Generator<{ name: string; at: number; end: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = RIFF_HEAD; at + 8 <= bytes.length;) {
    const name = String.fromCharCode(...bytes.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true),
      end = Math.min(at + 8 + size + size % 2, bytes.length);
    yield { name, at, end };
    at = end;
  }
}

function firstWebpFrame(bytes: Uint8Array): Uint8Array {
  let frames = 0, length = RIFF_HEAD;
  const alone = new Uint8Array(bytes.length);
  alone.set(bytes.subarray(0, RIFF_HEAD));
  for (const { name, at, end } of webpChunks(bytes)) {
    if (name === "ANMF" && ++frames > 1) continue;
    alone.set(bytes.subarray(at, end), length); // what stands behind the frames, such as EXIF, stays
    length += end - at;
  }
  if (frames <= 1) return bytes;
  new DataView(alone.buffer).setUint32(4, length - 8, true);
  return alone.subarray(0, length);
}

/**
 * An animation of its first frame alone; any other file as it is.
 *
 * @param bytes the file
 * @param format which it is in
 */
export function firstFrame(bytes: Uint8Array, format: AllowedFormat): Uint8Array {
  if (format === "gif") return firstGifFrame(bytes);
  return format === "webp" ? firstWebpFrame(bytes) : bytes;
}
