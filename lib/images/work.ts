/**
 * Bounds on the work of decoding, from the header, before it starts.
 *
 * @module
 */
import type { Metadata } from "sharp";
import type { AllowedFormat } from "./format.ts";
import { ImageError } from "./image_error.ts";

/** Bytes of a pixel of 16 bits a channel with alpha: up to that a pixel counts once. */
const PLAIN_BYTES = 8;

/**
 * How often the samples of a pixel are gone over or held, for formats that are not decoded row by row: an interlaced
 * PNG and a progressive JPEG are put together from passes over the whole image.
 */
const PASSES = 4;
const WHOLE = 2;

/** Scans of a JPEG that cost no more than its pixels do. Each is a pass over the image; an ordinary one has about ten. */
const PLAIN_SCANS = 24;

const BYTES_OF_DEPTH: Readonly<Record<string, number>> = { uchar: 1, char: 1, ushort: 2, short: 2 };

/** How many samples of the image one pixel stands for, with chroma at less than full size counted as such. */
function samplesOf({ channels, chromaSubsampling }: Metadata): number {
  return chromaSubsampling === "4:2:0" && channels === 3 ? 1.5 : channels;
}

/** What bounds the work, and what is known of it beside the metadata. */
export interface WorkLimits {
  /** Ordinary pixels that may be decoded. */
  maxPixels: number;
  /** For messages. */
  path?: string;
  /** Scans of a JPEG. */
  scans?: number;
  /** Pixels of one tile of a TIFF, which may be larger than the image. */
  tilePixels?: number;
}

/**
 * Refuses an image that takes more work than one of `maxPixels` ordinary pixels. A pixel counts more than once where
 * it has many channels, bits or scans, is interlaced, or cannot be decoded row by row.
 *
 * @param metadata of the image
 * @param format which it is in
 * @param limits of the work
 * @throws {ImageError} with the reason `too many pixels`
 */
export function checkWork(
  metadata: Metadata,
  format: AllowedFormat,
  { maxPixels, path, scans = 1, tilePixels = 0 }: WorkLimits,
): void {
  const { width, height, depth, isProgressive } = metadata;
  const bytes = samplesOf(metadata) * (BYTES_OF_DEPTH[depth] ?? 4);
  const rowByRow = format === "png" || format === "jpeg" || format === "tiff";
  const passes = isProgressive ? PASSES : rowByRow ? 1 : WHOLE;
  const times = Math.max(1, bytes * passes / PLAIN_BYTES, scans / PLAIN_SCANS);
  const pixels = Math.max(width * height, tilePixels);
  if (pixels * times <= maxPixels) return;
  const why = [`${bytes} bytes`, ...(isProgressive ? ["interlaced"] : []), `${scans} scans`]
    .slice(0, scans > 1 ? 3 : -1).join(", ");
  const counted = times > 1 ? `, each of which counts ${times.toFixed(1)} times (${why})` : "";
  throw new ImageError(path, "too many pixels", `${pixels}${counted}; the limit is ${maxPixels}`);
}
