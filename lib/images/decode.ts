/**
 * From a file of unknown origin to 8-bit RGB, or to a reason why not.
 *
 * @module
 */
import type { Metadata } from "sharp";
import { sharp, toRaw } from "./sharp.ts";
import { ALLOWED_FORMATS, SNIFF_BYTES, sniffFormat } from "./format.ts";

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

/** Why an image could not be decoded. */
export class ImageError extends Error {
  /** The name by which it is told from other errors. */
  override name = "ImageError";

  /**
   * Makes the error; its message is `Cannot decode image "path": reason (detail)`.
   *
   * @param source what was to be decoded: the path, or `undefined` for bytes
   * @param reason short, stable text to count and group by, such as `truncated or corrupt`
   * @param detail what else is known, for people
   * @param options the error behind it, as `cause`
   */
  constructor(
    readonly source: string | undefined,
    readonly reason: string,
    detail?: string,
    options?: ErrorOptions,
  ) {
    const what = source === undefined ? "image from bytes" : `image "${source}"`;
    super(`Cannot decode ${what}: ${reason}${detail ? ` (${detail})` : ""}`, options);
  }
}

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
  const bytes = typeof source === "string" ? await readImageFile(source, readWhole) : source;
  checkFormat(bytes, path);
  signal?.throwIfAborted();
  try {
    // One frame; the limit holds from the header on, before any pixel is allocated.
    const options = { failOn: "warning", limitInputPixels: maxPixels, pages: 1 } as const;
    checkDepth(await sharp(bytes, options).metadata(), path);
    signal?.throwIfAborted();
    const pipeline = sharp(bytes, { ...options, ignoreIcc: colourProfile === "ignore" })
      .autoOrient().flatten({ background: "#ffffff" })
      .toColourspace("srgb");
    const { width, height, channels, data } = await toRaw(pipeline);
    signal?.throwIfAborted();
    return { width, height, data: toThreeChannels(data, channels) };
  } catch (error) {
    if (error instanceof ImageError || signal?.aborted) throw error;
    const detail = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw detail.includes("exceeds pixel limit")
      ? new ImageError(path, "too many pixels", `the limit is ${maxPixels}`, { cause: error })
      : new ImageError(path, "truncated or corrupt", detail, { cause: error });
  }
}

/**
 * The size of an image file as {@linkcode decodeImage} would return it, upright, from the file's header alone. What
 * comes after the header is not looked at, and may be damaged.
 *
 * @param path of the file
 * @returns width and height in px
 * @throws {ImageError} when it is no image of an allowed format, or its header cannot be read
 */
export async function readImageSize(path: string): Promise<{ width: number; height: number }> {
  await readImageFile(path, (head) => head); // never a format that is not allowed, nor a pipe
  try {
    const options = { failOn: "none", limitInputPixels: false, pages: 1 } as const;
    const { width, height } = (await sharp(path, options).metadata()).autoOrient;
    return { width, height };
  } catch (error) {
    const detail = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new ImageError(path, "truncated or corrupt", detail, { cause: error });
  }
}

/**
 * The format of an image file that may be decoded, from its content.
 *
 * @param path of the file
 * @throws {ImageError} when it cannot be read or is no image of an allowed format
 */
export async function readImageFormat(path: string): Promise<string> {
  return sniffFormat(await readImageFile(path, (head) => head))!;
}

/** The whole of a file whose head is known. */
async function readWhole(head: Uint8Array, file: Deno.FsFile, size: number): Promise<Uint8Array> {
  const rest = await readUpTo(file, size - head.length);
  const bytes = new Uint8Array(head.length + rest.length);
  bytes.set(head);
  bytes.set(rest, head.length);
  return bytes;
}

/** Looks at what a file is, and at its head, before the rest is read. */
async function readImageFile(
  path: string,
  read: (head: Uint8Array, file: Deno.FsFile, size: number) => Uint8Array | Promise<Uint8Array>,
): Promise<Uint8Array> {
  try {
    const { isDirectory, isFile, size } = await Deno.stat(path);
    if (isDirectory) throw new ImageError(path, "is a directory");
    // Opening a pipe would wait for its writer, reading a device might never end.
    if (!isFile) throw new ImageError(path, "is not a regular file");
    using file = await Deno.open(path);
    const head = await readUpTo(file, Math.min(size, SNIFF_BYTES));
    checkFormat(head, path); // a large file that is no image need not be read
    return await read(head, file, size);
  } catch (error) {
    // A permission that the process lacks spoils every image alike: that is no fault of this one.
    if (error instanceof ImageError || error instanceof Deno.errors.NotCapable) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new ImageError(path, "unreadable file", detail, { cause: error });
  }
}

/** Reads up to `length` bytes; fewer when the file ends before. */
async function readUpTo(file: Deno.FsFile, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

function checkFormat(head: Uint8Array, path?: string): void {
  if (head.length === 0) throw new ImageError(path, "empty file");
  const format = sniffFormat(head);
  if (format === undefined) throw new ImageError(path, "not an image");
  if (!(ALLOWED_FORMATS as readonly string[]).includes(format)) {
    throw new ImageError(path, `format ${format} is not allowed`, ALLOWED_FORMATS.join(", "));
  }
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
