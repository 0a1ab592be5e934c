/**
 * From pixels, or from an SVG, to files.
 *
 * @module
 */
import { useOwnFont } from "./font.ts";
import type { RgbImage } from "./decode.ts";
import { rawInput, sharp, withSvg } from "./sharp.ts";
import type { RgbaImage } from "./rgba.ts";

/**
 * Encodes pixels as PNG, without loss.
 *
 * @param image pixels (H, W, 3) or (H, W, 4); which of them is told from the length
 * @returns the bytes of the file
 * @throws {RangeError} when the number of bytes fits neither
 */
export async function encodePng(image: RgbImage | RgbaImage): Promise<Uint8Array> {
  const opaque = image.data.length === image.width * image.height * 3;
  return await toBytes(rawInput(image, opaque ? 3 : 4).png());
}

/**
 * Encodes pixels as JPEG (4:2:0 chroma below quality 90, full chroma from there on).
 *
 * @param image pixels (H, W, 3)
 * @param quality 1 to 100
 * @param options `mozjpeg`: a smaller file, as MozJPEG makes it
 * @returns the bytes of the file
 */
export async function encodeJpeg(
  image: RgbImage,
  quality = 90,
  { mozjpeg = false }: { mozjpeg?: boolean } = {},
): Promise<Uint8Array> {
  const chromaSubsampling = quality < 90 ? "4:2:0" : "4:4:4";
  return await toBytes(rawInput(image, 3).jpeg({ quality, chromaSubsampling, mozjpeg }));
}

/** Options of {@linkcode rasterizeSvg}. */
export interface RasterizeOptions {
  /** Width of the picture in px; the height follows. */
  width?: number;
  /** Factor on the SVG's own size, when `width` is not given; default 1. */
  scale?: number;
  /** A CSS colour behind the drawing, such as `white`; transparent when left out. */
  background?: string;
}

/**
 * Draws a trusted SVG (a figure of this workspace, a sprite) as PNG. Text is set in Inter, which the workspace brings,
 * so that it looks the same on every machine.
 *
 * @param svg the document as text, with a width and a height or a viewBox
 * @param options size and background
 * @returns the bytes of a PNG file
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeImage } from "detailclip";
 * import { rasterizeSvg } from "detailclip/images";
 * const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"/>';
 * const image = await decodeImage(await rasterizeSvg(svg, { scale: 2, background: "white" }));
 * assert(image.width === 80 && image.height === 40 && image.data[0] === 255);
 * ```
 */
export async function rasterizeSvg(
  svg: string,
  { width, scale = 1, background }: RasterizeOptions = {},
): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(svg);
  if (svg.includes("<text")) useOwnFont();
  // `unlimited`: figures embed pictures as long data URIs, which librsvg refuses otherwise.
  const options = { unlimited: true };
  return await withSvg(async () => {
    const target = width ??
      Math.max(1, Math.round((await sharp(bytes, options).metadata()).width * scale));
    let pipeline = sharp(bytes, options).resize({ width: target });
    if (background !== undefined) pipeline = pipeline.flatten({ background });
    return await toBytes(pipeline.png());
  });
}

/** The bytes of a finished pipeline, as a view without copying. */
async function toBytes(pipeline: { toBuffer(): Promise<Uint8Array> }): Promise<Uint8Array> {
  const buffer = await pipeline.toBuffer();
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}
