/**
 * From an image and its cover to the patches that an encoder takes.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { type Box, type Cover, coverBoxes } from "../covers/cover.ts";
import type { RgbImage } from "./decode.ts";
import { FILTERS, type PatchBatch, planResize, type Preprocessing } from "./preprocessing.ts";
import { createResampler, type Resampler } from "./resample.ts";

/**
 * How patches are cut: `exact` crops each and resizes it; `pyramid` resizes the whole image once a
 * level and slices the windows out of it, each at most half an output pixel from its exact place.
 */
export type CutMethod = "exact" | "pyramid";

/** Options of {@linkcode cutPatches}. */
export interface CutOptions {
  /** How to cut; default `exact`. */
  method?: CutMethod;
  /** Aborts between levels and between patches. */
  signal?: AbortSignal;
}

/** Milliseconds of work after which other tasks, such as an interrupt, get their turn. */
const TURN = 10;

/**
 * Cuts the patches of a cover out of an image and brings them to an encoder's input size.
 *
 * An image that the cover pads is extended at the right and the bottom by repeating its last column
 * and row: unlike a black bar, that adds no edge and no colour of its own, and the strip is
 * narrower than k pixels. An image that the cover stretches is stretched (bilinear) before patches
 * are cropped; the pyramid does it in the one resize of each level.
 *
 * @param image the decoded image (H, W, 3)
 * @param cover boxes, in the image fitted to the cover's size
 * @param preprocessing how the encoder wants its input
 * @param options method and abort signal
 * @returns the patches in the order of the cover's boxes: (P, S, S, 3)
 * @throws {RangeError} when the cover is not one of this image, or a box leaves it
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cutPatches } from "detailclip";
 * const image = { width: 4, height: 2, data: new Uint8Array(4 * 2 * 3).fill(9) };
 * const whole = { left: 0, top: 0, width: 4, height: 2 };
 * const left = { left: 0, top: 0, width: 2, height: 2 };
 * const cover = { width: 4, height: 2, fit: "pad" as const, levels: [[whole], [left]] };
 * const patches = await cutPatches(image, cover, { mode: "squash", size: 8 });
 * assert(patches.count === 2 && patches.data.length === 2 * 8 * 8 * 3);
 * ```
 */
export async function cutPatches(
  image: RgbImage,
  cover: Cover,
  preprocessing: Preprocessing,
  { method = "exact", signal }: CutOptions = {},
): Promise<PatchBatch> {
  const boxes = coverBoxes(cover), { size, mode, filter = FILTERS[mode] } = preprocessing;
  checkCover(image, cover, boxes);
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new RangeError(`Cannot cut patches: size must be a positive integer, got ${size}`);
  }
  signal?.throwIfAborted();
  const data = new Uint8ClampedArray(boxes.length * size * size * 3); // (P, S, S, 3)
  const resample = createResampler(filter);
  let fitted: RgbImage | undefined; // made when it is first needed
  const fit = () => fitted ??= fitImage(image, cover);
  let patch = 0, turn = performance.now();
  for (const level of cover.levels) {
    const whole = method === "pyramid" && isGrid(level, cover, preprocessing)
      // A stretch is folded into the one resize of the level.
      ? cutLevel(cover.fit === "stretch" ? image : fit(), cover, level[0], preprocessing, resample)
      : undefined;
    for (const box of level) {
      const target = data.subarray(patch * size * size * 3, ++patch * size * size * 3);
      if (whole) whole(box, target);
      else resample(fit(), box, planResize(box.width, box.height, preprocessing), target);
      if (performance.now() - turn < TURN) continue;
      await setImmediate();
      signal?.throwIfAborted();
      turn = performance.now();
    }
  }
  return { count: boxes.length, size, data: new Uint8Array(data.buffer) };
}

function checkCover(image: RgbImage, cover: Cover, boxes: Box[]): void {
  const attempt = `Cannot cut ${boxes.length} patches out of ${image.width}x${image.height} px`;
  if (cover.fit === "pad" && (cover.width < image.width || cover.height < image.height)) {
    throw new RangeError(`${attempt}: its cover is smaller, ${cover.width}x${cover.height} px`);
  }
  for (const { left, top, width, height } of boxes) {
    const inside = left >= 0 && top >= 0 && width >= 1 && height >= 1 &&
      left + width <= cover.width && top + height <= cover.height;
    if (!inside) {
      throw new RangeError(
        `${attempt}: the box ${width}x${height} at ${left},${top} leaves its cover, ` +
          `${cover.width}x${cover.height} px`,
      );
    }
  }
}

/** Brings an image to the size of its cover. */
function fitImage(image: RgbImage, { width, height, fit }: Cover): RgbImage {
  if (image.width === width && image.height === height) return image;
  if (fit === "pad") return padImage(image, width, height);
  const data = new Uint8ClampedArray(width * height * 3);
  const whole = { left: 0, top: 0, width: image.width, height: image.height };
  const keep = { left: 0, top: 0, width, height };
  createResampler("bilinear")(image, whole, { width, height, keep }, data);
  return { width, height, data: new Uint8Array(data.buffer) };
}

/** Extends an image at the right and at the bottom by repeating its last column and row. */
export function padImage(image: RgbImage, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  const last = image.width * 3;
  for (let y = 0; y < image.height; y++) {
    const row = data.subarray(y * width * 3, (y + 1) * width * 3);
    row.set(image.data.subarray(y * last, (y + 1) * last));
    for (let x = last; x < row.length; x++) row[x] = row[x - 3];
  }
  const bottom = (image.height - 1) * width * 3;
  for (let y = image.height; y < height; y++) {
    data.copyWithin(y * width * 3, bottom, bottom + width * 3);
  }
  return { width, height, data };
}

/**
 * Whether a level is worth one resize of the whole image: its windows are of one size, and there
 * are enough of them that the resized image is little more than the windows together.
 */
function isGrid(boxes: Box[], cover: Cover, preprocessing: Preprocessing): boolean {
  if (boxes.length < 2) return false;
  const [{ width, height }] = boxes;
  if (boxes.some((box) => box.width !== width || box.height !== height)) return false;
  const plan = planResize(width, height, preprocessing);
  const pixels = plan.width * (cover.width / width) * plan.height * (cover.height / height);
  return pixels <= 2 * boxes.length * plan.width * plan.height;
}

/**
 * Resizes the whole image so that a window of this level becomes the input square.
 *
 * @returns a function that copies the square of one box out of it
 */
function cutLevel(
  source: RgbImage,
  cover: Cover,
  window: Box,
  preprocessing: Preprocessing,
  resample: Resampler,
): (box: Box, target: Uint8ClampedArray) => void {
  const { size } = preprocessing;
  const plan = planResize(window.width, window.height, preprocessing);
  const width = Math.round(cover.width * plan.width / window.width);
  const height = Math.round(cover.height * plan.height / window.height);
  const data = new Uint8ClampedArray(width * height * 3);
  const keep = { left: 0, top: 0, width, height };
  const whole = { left: 0, top: 0, width: source.width, height: source.height };
  resample(source, whole, { width, height, keep }, data);
  const place = (start: number, scale: number, offset: number, side: number) =>
    Math.min(Math.max(0, Math.round(start * scale + offset)), side - size);
  return (box, target) => {
    const left = place(box.left, width / cover.width, plan.keep.left, width);
    const top = place(box.top, height / cover.height, plan.keep.top, height);
    for (let y = 0; y < size; y++) {
      const from = ((top + y) * width + left) * 3;
      target.set(data.subarray(from, from + size * 3), y * size * 3);
    }
  };
}
