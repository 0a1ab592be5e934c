/**
 * From a file of unknown origin to 8-bit RGB, or to a reason why not.
 *
 * @module
 */
import type { Metadata, SharpOptions } from "sharp";
import { sharp, toRaw } from "./sharp.ts";
import { checkFormat, readImageFile, readWhole } from "./file.ts";
import { type AllowedFormat, decodedFormat } from "./format.ts";
import { ImageError } from "./image_error.ts";
import { countScans } from "./jpeg.ts";
import { firstDirectory, readTiffHeader } from "./tiff.ts";
import { checkWork } from "./work.ts";

export { ImageError };

/** A picture in 8-bit sRGB. */
export interface RgbImage {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Red, green, blue, row-major: (H, W, 3). */
  data: Uint8Array;
}

/**
 * Pixels that an image may have unless told otherwise: 2^27, about 134 million (16,384 x 8,192),
 * which is 403 MB as RGB. Larger than the photographs of any common camera, far smaller than a
 * decompression bomb.
 */
export const DEFAULT_MAX_PIXELS = 2 ** 27;

/** Options of {@linkcode decodeImage}. */
export interface DecodeOptions {
  /** Width x height in px above which an image is refused: {@linkcode DEFAULT_MAX_PIXELS}. */
  maxPixels?: number;
  /**
   * Whether an embedded colour profile is `ignore`d (default) or `convert`ed to sRGB. CLIP models
   * were trained on pixels whose profiles Pillow ignored: so that features are comparable, they are
   * ignored here too.
   */
  colourProfile?: "ignore" | "convert";
  /** Aborts between the steps of decoding. */
  signal?: AbortSignal;
}

/**
 * Decodes an image to 8-bit sRGB.
 *
 * The format is told from the content, not from the name: JPEG, PNG, WebP, GIF, TIFF or AVIF,
 * anything else is refused. EXIF orientation is applied, CMYK is converted to sRGB (an embedded RGB
 * profile only on request), 16 bits are reduced to 8, transparency is laid on white (what is
 * invisible on a web page stays invisible), of an animation the first frame is taken. A truncated
 * or damaged file is refused rather than returned half grey. The size is checked from the header,
 * before pixels are allocated.
 *
 * @param source path of a file, or the bytes of one
 * @param options limit on the pixels, and an abort signal
 * @returns the pixels (H, W, 3)
 * @throws {ImageError} when there is no image to be had; `reason` says why in a few stable words
 * @throws {RangeError} when `maxPixels` is not a positive integer: the limit cannot be switched off
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeImage } from "detailclip";
 * import { encodePng } from "detailclip/images";
 * const png = await encodePng({ width: 2, height: 1, data: new Uint8Array([255, 0, 0, 0, 0, 255]) });
 * const image = await decodeImage(png);
 * assert(image.width === 2 && image.data[0] === 255);
 * ```
 */
export async function decodeImage(
  source: string | Uint8Array,
  { maxPixels = DEFAULT_MAX_PIXELS, colourProfile = "ignore", signal }: DecodeOptions = {},
): Promise<RgbImage> {
  if (!Number.isSafeInteger(maxPixels) || maxPixels < 1) {
    throw new RangeError(
      `Cannot decode image: maxPixels must be a positive integer, got ${maxPixels}`,
    );
  }
  signal?.throwIfAborted();
  const path = typeof source === "string" ? source : undefined;
  const read = typeof source === "string" ? await readImageFile(source, readWhole) : source;
  const format = checkFormat(read, path);
  signal?.throwIfAborted();
  try {
    const tiff = format === "tiff" ? readTiffHeader(read) : undefined;
    const bytes = tiff ? firstDirectory(read, tiff, path !== undefined) : read;
    // One frame; the limits hold from the header on, before any pixel is allocated.
    const options: SharpOptions = {
      failOn: "warning",
      limitInputPixels: maxPixels,
      limitInputChannels: 0,
      pages: 1,
    };
    const metadata = await orAbort(sharp(bytes, options).metadata(), signal);
    checkDecoder(metadata, format, path);
    checkDepth(metadata, path);
    const scans = format === "jpeg" ? countScans(bytes) : 1;
    checkWork(metadata, format, { maxPixels, path, scans, tilePixels: tiff?.tilePixels });
    const pipeline = sharp(bytes, { ...options, ignoreIcc: colourProfile === "ignore" })
      .autoOrient().flatten({ background: "#ffffff" })
      .toColourspace("srgb");
    const { width, height, channels, data } = await orAbort(toRaw(pipeline), signal);
    return { width, height, data: toThreeChannels(data, channels) };
  } catch (error) {
    if (error instanceof ImageError || signal?.aborted) throw error;
    const detail = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw detail.includes("exceeds pixel limit")
      ? new ImageError(path, "too many pixels", `the limit is ${maxPixels}`, { cause: error })
      : new ImageError(path, "truncated or corrupt", detail, { cause: error });
  }
}

/** Waits for a decoder no longer than until an abort: it goes on in the background, and its outcome is dropped. */
async function orAbort<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } finally {
    work.catch(() => {}); // a failure after the abort is nobody's
    signal.removeEventListener("abort", stop);
  }
}

/** The header and the decoder must agree on what a file is. */
function checkDecoder(metadata: Metadata, format: AllowedFormat, path?: string): void {
  const decoded = decodedFormat(metadata);
  if (decoded === format) return;
  throw new ImageError(path, `format ${decoded} is not allowed`, `its header says ${format}`);
}

function checkDepth({ depth }: Metadata, path?: string): void {
  // Floats and 32-bit integers (elevation models, raw science) have no agreed white: no guess is
  // made.
  if (depth !== "uchar" && depth !== "ushort") {
    throw new ImageError(
      path,
      `pixel type ${depth} is not supported`,
      "8 and 16 bits a channel are",
    );
  }
}

function toThreeChannels(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  if (channels !== 1) throw new Error(`${channels} channels`);
  const rgb = new Uint8Array(data.length * 3);
  for (let i = 0, to = 0; i < data.length; i++) rgb[to++] = rgb[to++] = rgb[to++] = data[i];
  return rgb;
}
