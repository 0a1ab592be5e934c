/**
 * Pictures with transparency, for whoever composes scenes from sprites. The input of this module is
 * trusted (files of pinned packages): photographs of unknown origin go through `decodeImage`.
 *
 * @module
 */
import { rawInput, sharp, toRaw, withSvg } from "./sharp.ts";

/** A picture with straight (not premultiplied) alpha, 8 bits a channel. */
export interface RgbaImage {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Red, green, blue, alpha, row-major: (H, W, 4). */
  data: Uint8Array;
}

/**
 * Decodes a trusted picture (WebP, PNG, SVG …) with its transparency; an opaque one gets alpha 255.
 * An SVG is rendered at the size asked for, not enlarged from its own size.
 *
 * @param source path or bytes of the picture
 * @param options `width` and/or `height` in px; with one of them the other follows the aspect
 *   ratio, with both the picture is stretched to fill them
 * @returns straight-alpha pixels (H, W, 4)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeRgba } from "detailclip/images";
 * const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4" fill="red"/></svg>';
 * const red = await decodeRgba(new TextEncoder().encode(svg), { width: 8 });
 * assert(red.width === 8 && red.height === 8 && red.data[0] === 255 && red.data[3] === 255);
 * ```
 */
export async function decodeRgba(
  source: string | Uint8Array,
  { width, height }: { width?: number; height?: number } = {},
): Promise<RgbaImage> {
  let pipeline = sharp(source).toColourspace("srgb").ensureAlpha(); // opened only when it is read
  if (width !== undefined || height !== undefined) {
    // `fill` with one side named keeps the other as it is; `cover` keeps the aspect ratio.
    const fit = width !== undefined && height !== undefined ? "fill" : "cover";
    pipeline = pipeline.resize({ width, height, fit, kernel: "cubic" });
  }
  const { width: w, height: h, data } = await withSvg(() => toRaw(pipeline));
  return { width: w, height: h, data };
}

/**
 * Resizes a picture, antialiased (bicubic), weighting colours by alpha so that edges take no colour
 * from invisible pixels.
 *
 * @param image the picture (H, W, 4)
 * @param width new width in px, at least 1
 * @param height new height in px, at least 1
 * @returns a new picture (height, width, 4)
 */
export async function resizeRgba(
  image: RgbaImage,
  width: number,
  height: number,
): Promise<RgbaImage> {
  const resized = rawInput(image, 4).resize({ width, height, fit: "fill", kernel: "cubic" });
  return { width, height, data: (await toRaw(resized)).data };
}

/**
 * Draws a picture over another one, in place ("over" operator, straight alpha). What lies outside
 * the base is clipped.
 *
 * @param base opaque or transparent picture that is drawn upon: (H, W, 3) or (H, W, 4)
 * @param layer the picture to draw (h, w, 4)
 * @param left where the layer's left edge goes, whole px, may be negative
 * @param top where the layer's top edge goes, whole px, may be negative
 * @param opacity factor on the layer's alpha, 0 to 1
 */
export function compositeRgba(
  base: { width: number; height: number; data: Uint8Array },
  layer: RgbaImage,
  left: number,
  top: number,
  opacity = 1,
): void {
  const channels = base.data.length / (base.width * base.height);
  const x0 = Math.max(0, -left), x1 = Math.min(layer.width, base.width - left);
  const y0 = Math.max(0, -top), y1 = Math.min(layer.height, base.height - top);
  for (let y = y0; y < y1; y++) {
    let from = (y * layer.width + x0) * 4;
    let to = ((top + y) * base.width + left + x0) * channels;
    for (let x = x0; x < x1; x++, from += 4, to += channels) {
      const alpha = layer.data[from + 3] / 255 * opacity;
      if (alpha === 0) continue;
      const below = channels === 4 ? base.data[to + 3] / 255 * (1 - alpha) : 1 - alpha;
      const total = alpha + below;
      for (let c = 0; c < 3; c++) {
        const mixed = (layer.data[from + c] * alpha + base.data[to + c] * below) / total;
        base.data[to + c] = Math.round(mixed);
      }
      if (channels === 4) base.data[to + 3] = Math.round(total * 255);
    }
  }
}
