/**
 * From a file of unknown origin to 8-bit RGB, or to a reason why not.
 *
 * @module
 */
import type { Metadata, SharpOptions } from "sharp";
import { checkSettings } from "../runtime/settings.ts";
import {
  checkTiff,
  lacksExtraSamples,
  PIXEL_SCHEMA,
  type PixelConfig,
  planBands,
} from "./bands.ts";
import { sharp } from "./sharp.ts";
import { checkFormat, readImageFile, readWhole } from "./file.ts";
import { type AllowedFormat, decodedFormat } from "./format.ts";
import { firstFrame } from "./first_frame.ts";
import { ImageError } from "./image_error.ts";
import { countScans, mendJpeg } from "./jpeg.ts";
import { decodeBands, decodePlain, orAbort } from "./pixels.ts";
import { isDark, type RgbImage } from "./samples.ts";
import { firstDirectory, readTiffHeader } from "./tiff.ts";
import { checkWork } from "./work.ts";

export { ImageError, type RgbImage };

/**
 * Pixels that an image may have unless told otherwise: 2^27, about 134 million (16,384 x 8,192),
 * which is 403 MB as RGB. Larger than the photographs of any common camera, far smaller than a
 * decompression bomb.
 */
export const DEFAULT_MAX_PIXELS = 2 ** 27;

/** Options of {@linkcode decodeImage}. */
export interface DecodeOptions extends PixelConfig {
  /** Width x height in px above which an image is refused: {@linkcode DEFAULT_MAX_PIXELS}. */
  maxPixels?: number;
  /**
   * Whether an embedded colour profile is `ignore`d (default) or `convert`ed to sRGB. CLIP models
   * were trained on pixels whose profiles Pillow ignored: so that features are comparable, they are
   * ignored here too.
   */
  colourProfile?: "ignore" | "convert";
  /** Aborts the decoding; a decoder that is at work goes on in the background for a while. */
  signal?: AbortSignal;
  /** Called with what was done to the image that its user may want to know, in words that are the same for each kind. */
  onNote?: (note: string) => void;
}

/**
 * Decodes an image to 8-bit sRGB.
 *
 * The format is told from the content, not from the name: JPEG, PNG, WebP, GIF, TIFF or AVIF,
 * anything else is refused. EXIF orientation is applied, CMYK is converted as Pillow does (by an embedded
 * profile only on request), 16 bits are reduced to 8, transparency is laid on white (what is
 * invisible on a web page stays invisible), of an animation the first frame is taken, of a TIFF the first page. Of a TIFF of more
 * bands the first three are taken unless `bands` names others, and `ExtraSamples` says what is transparency.
 * A truncated or damaged file is refused rather than returned half grey, but for faults of a JPEG's header that every
 * viewer forgives. The work is bounded from the header, before pixels are allocated.
 *
 * @param source path of a file, or the bytes of one
 * @param options which bands and how they are stretched, the limit on the pixels, and an abort signal
 * @returns the pixels (H, W, 3)
 * @throws {ImageError} when there is no image to be had; `reason` says why in a few stable words
 * @throws {RangeError} when `maxPixels` is not a positive integer: the limit cannot be switched off; or `bands` or
 *   `stretch` is none
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
  options: DecodeOptions = {},
): Promise<RgbImage> {
  const { maxPixels = DEFAULT_MAX_PIXELS, bands, stretch, signal, onNote } = options;
  const attempt = "Cannot decode image";
  if (!Number.isSafeInteger(maxPixels) || maxPixels < 1) {
    throw new RangeError(`${attempt}: maxPixels must be a positive integer, got ${maxPixels}`);
  }
  checkSettings(PIXEL_SCHEMA, { bands, stretch }, attempt);
  signal?.throwIfAborted();
  const path = typeof source === "string" ? source : undefined;
  const bytes = typeof source === "string" ? await readImageFile(source, readWhole) : source;
  const format = checkFormat(bytes, path);
  signal?.throwIfAborted();
  const file = { bytes, format, path };
  try {
    return await decodeFile(file, { ...options, maxPixels });
  } catch (error) {
    const mendable = format === "jpeg" && !(error instanceof ImageError) && !signal?.aborted;
    const mended = mendable ? mendJpeg(bytes) : undefined;
    if (!mended) throw asImageError(error, path, { maxPixels, signal });
    try {
      const image = await decodeFile({ ...file, bytes: mended }, { ...options, maxPixels });
      onNote?.("faults of the JPEG that viewers forgive were mended");
      return image;
    } catch {
      throw asImageError(error, path, { maxPixels, signal }); // what is wrong with the file as it is
    }
  }
}

/** What a failure of the decoder means for the image; an abort is none of its own. */
function asImageError(
  error: unknown,
  path: string | undefined,
  { maxPixels, signal }: { maxPixels: number; signal?: AbortSignal },
): unknown {
  if (error instanceof ImageError || signal?.aborted) return error;
  const detail = error instanceof Error ? error.message.split("\n")[0] : String(error);
  if (/not supported$/.test(detail)) { // such as a tiled TIFF of separate planes: nothing is wrong with it
    return new ImageError(path, "layout is not supported", detail, { cause: error });
  }
  if (/unsupported JPEG|not implemented|not configured/i.test(detail)) { // such as a JPEG of 12 bits
    return new ImageError(path, "compression is not supported", detail, { cause: error });
  }
  return detail.includes("exceeds pixel limit")
    ? new ImageError(path, "too many pixels", `the limit is ${maxPixels}`, { cause: error })
    : new ImageError(path, "truncated or corrupt", detail, { cause: error });
}

/** A file whose container is known. */
interface ImageFile {
  bytes: Uint8Array;
  format: AllowedFormat;
  path?: string;
}

/** Decodes a file once its header has been found to be harmless. */
async function decodeFile(
  { bytes: given, format, path }: ImageFile,
  options: DecodeOptions & { maxPixels: number },
): Promise<RgbImage> {
  const { maxPixels, colourProfile, stretch, signal, onNote } = options;
  const tiff = format === "tiff" ? readTiffHeader(given) : undefined;
  if (tiff) checkTiff(tiff, path);
  const bytes = tiff ? firstDirectory(given, tiff, path !== undefined) : firstFrame(given, format);
  // One frame; the limits hold from the header on, before any pixel is allocated.
  const limits: SharpOptions = {
    // libtiff warns of bands that nothing names; what they are is decided here.
    ...{ failOn: tiff && lacksExtraSamples(tiff) ? "error" : "warning", pages: 1 },
    ...{ limitInputPixels: maxPixels, limitInputChannels: 0 },
  };
  const metadata = await orAbort(sharp(bytes, limits).metadata(), signal);
  checkDecoder(metadata, format, path);
  checkDepth(metadata, path);
  const scans = format === "jpeg" ? countScans(bytes) : 1;
  checkWork(metadata, format, { maxPixels, path, scans, tilePixels: tiff?.tilePixels });
  const plan = planBands(metadata, tiff, options, path);
  for (const note of [tiff?.pagesNote, plan.note]) if (note) onNote?.(note);
  const deep = metadata.depth === "ushort", stretched = stretch === "percentile" && deep;
  const convert = colourProfile === "convert";
  const open = () => sharp(bytes, { ...limits, ignoreIcc: !convert }).autoOrient();
  const image = (plan.plain && !stretched) || (plan.kind === "cmyk" && !plan.note && convert)
    ? await decodePlain(open(), signal)
    : await decodeBands(open(), plan, { metadata, tiff, stretched, signal });
  if (deep && !stretched && isDark(image.data)) {
    onNote?.(
      "16-bit samples use their lower bits only and come out nearly black (see the setting stretch)",
    );
  }
  return image;
}

/** The header and the decoder must agree on what a file is. */
function checkDecoder(metadata: Metadata, format: AllowedFormat, path?: string): void {
  const decoded = decodedFormat(metadata);
  if (decoded === format) return;
  throw new ImageError(path, `format ${decoded} is not allowed`, `its header says ${format}`);
}

/** Refuses pixels of which no 8 bits can be made without a guess; those of a TIFF are known by name before. */
function checkDepth({ depth }: Metadata, path?: string): void {
  if (depth === "uchar" || depth === "ushort") return;
  throw new ImageError(path, `pixel type ${depth} is not supported`, "8 and 16 bits a channel are");
}
