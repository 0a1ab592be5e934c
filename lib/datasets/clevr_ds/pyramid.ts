/**
 * Draws a sprite small, turned and mirrored without aliasing: it is halved once into a pyramid, and every
 * drawing samples the level just above its size. All in typed arrays, a fraction of a millisecond a small
 * object.
 *
 * @module
 */
import type { RgbaImage } from "../../images/rgba.ts";
import { SOLID_ALPHA, trimRgba } from "./sprites.ts";

/** A sprite at full, half, quarter … size, and its outline. */
export interface SpritePyramid {
  /** Premultiplied pixels (h, w, 4), each level half as large as the one before. */
  levels: RgbaImage[];
  /** The first and last visible pixel of each row: x, y pairs in px from the sprite's centre. */
  outline: Float32Array;
}

/** How one object is drawn. */
export interface Pose {
  /** Factor on the sprite's size, above 0 and at most 1: sprites are never enlarged. */
  scale: number;
  /** Rotation in radians, clockwise. */
  angle: number;
  /** Whether it is mirrored left to right, before it is turned. */
  flip: boolean;
  /** Factors on red, green and blue: brightness and colour of the light. */
  gains: readonly [number, number, number];
  /** Brightness gained at the right edge and lost at the left one, such as 0.05; negative for the reverse. */
  shade: number;
}

/** Multiplies colours by alpha, so that averages take nothing from invisible pixels. */
function premultiply(image: RgbaImage): RgbaImage {
  const data = new Uint8Array(image.data.length);
  for (let at = 0; at < data.length; at += 4) {
    const alpha = image.data[at + 3];
    for (let c = 0; c < 3; c++) data[at + c] = Math.round(image.data[at + c] * alpha / 255);
    data[at + 3] = alpha;
  }
  return { width: image.width, height: image.height, data };
}

/** Averages 2x2 blocks; beyond an odd edge there is nothing. */
function halve(image: RgbaImage): RgbaImage {
  const width = Math.ceil(image.width / 2), height = Math.ceil(image.height / 2);
  const data = new Uint8Array(width * height * 4);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const right = 2 * x + 1 < image.width, below = 2 * y + 1 < image.height;
      const from = (2 * y * image.width + 2 * x) * 4, next = from + image.width * 4;
      for (let c = 0; c < 4; c++, to++) {
        let sum = image.data[from + c];
        if (right) sum += image.data[from + 4 + c];
        if (below) sum += image.data[next + c];
        if (right && below) sum += image.data[next + 4 + c];
        data[to] = (sum + 2) >> 2;
      }
    }
  }
  return { width, height, data };
}

/**
 * Prepares a sprite for drawing.
 *
 * @param sprite straight-alpha pixels (h, w, 4), trimmed
 * @returns its levels and outline
 */
export function buildPyramid(sprite: RgbaImage): SpritePyramid {
  const levels = [premultiply(sprite)];
  while (Math.max(levels.at(-1)!.width, levels.at(-1)!.height) > 12) {
    levels.push(halve(levels.at(-1)!));
  }
  const { width, height, data } = sprite;
  const outline: number[] = [];
  for (let y = 0; y < height; y++) {
    let first = -1, last = -1;
    for (let x = 0; x < width; x++) {
      if (data[(y * width + x) * 4 + 3] < SOLID_ALPHA) continue;
      if (first < 0) first = x;
      last = x;
    }
    // The pixel's outer corners, so that the extent of a single pixel is 1.
    for (const corner of first < 0 ? [] : [first, last + 1]) {
      outline.push(corner - width / 2, y - height / 2, corner - width / 2, y + 1 - height / 2);
    }
  }
  return { levels, outline: Float32Array.from(outline) };
}

/**
 * The larger side of a sprite's visible part when it is turned, at full size.
 *
 * @param pyramid the sprite
 * @param angle rotation in radians
 * @returns the larger side of its upright bounding box in px
 */
export function turnedSide({ outline }: SpritePyramid, angle: number): number {
  const cos = Math.cos(angle), sin = Math.sin(angle);
  let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
  for (let i = 0; i < outline.length; i += 2) {
    const x = cos * outline[i] - sin * outline[i + 1], y = sin * outline[i] + cos * outline[i + 1];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return Math.max(right - left, bottom - top);
}

/** Adds one bilinear sample of a level to `sum`; beyond its edges there is nothing. */
function sample(level: RgbaImage, x: number, y: number, sum: Float64Array): void {
  const x0 = Math.floor(x), y0 = Math.floor(y), fx = x - x0, fy = y - y0;
  const { width, height, data } = level;
  if (x0 < -1 || y0 < -1 || x0 >= width || y0 >= height) return;
  for (let j = 0; j < 2; j++) {
    const row = y0 + j, wy = j ? fy : 1 - fy;
    if (row < 0 || row >= height || wy === 0) continue;
    for (let i = 0; i < 2; i++) {
      const column = x0 + i, weight = (i ? fx : 1 - fx) * wy;
      if (column < 0 || column >= width || weight === 0) continue;
      const at = (row * width + column) * 4;
      sum[0] += weight * data[at];
      sum[1] += weight * data[at + 1];
      sum[2] += weight * data[at + 2];
      sum[3] += weight * data[at + 3];
    }
  }
}

const clamp = (value: number) => value < 0 ? 0 : value > 255 ? 255 : Math.round(value);

/**
 * Draws a sprite in a pose.
 *
 * @param pyramid the sprite
 * @param pose size, rotation, mirroring and light
 * @returns straight-alpha pixels (h, w, 4), trimmed to what is visible
 * @throws {RangeError} when the scale would enlarge the sprite
 */
export function drawSprite(pyramid: SpritePyramid, pose: Pose): RgbaImage {
  return trimRgba(drawCentred(pyramid, pose));
}

/**
 * Draws a sprite in a pose as {@linkcode drawSprite} does, in a square that turns with nothing lost.
 *
 * @param pyramid the sprite
 * @param pose size, rotation, mirroring and light
 * @returns straight-alpha pixels (s, s, 4), the sprite's centre in their middle
 * @throws {RangeError} when the scale would enlarge the sprite
 */
export function drawCentred(pyramid: SpritePyramid, pose: Pose): RgbaImage {
  const { scale, angle, flip, gains, shade } = pose;
  if (!(scale > 0 && scale <= 1)) {
    throw new RangeError(`Cannot draw sprite: scale must be above 0 and at most 1, got ${scale}`);
  }
  const depth = Math.min(pyramid.levels.length - 1, Math.floor(Math.log2(1 / scale) + 1e-9));
  const level = pyramid.levels[depth], full = pyramid.levels[0], step = 2 ** depth;
  const side = Math.ceil(Math.hypot(full.width, full.height) * scale) + 2;
  const cos = Math.cos(angle) / scale, sin = Math.sin(angle) / scale, half = side / 2;
  // Between half and three quarters of a level's size, one bilinear sample a pixel would skip some.
  const taps = scale * step < 0.75 ? 2 : 1;
  const data = new Uint8Array(side * side * 4), sum = new Float64Array(4);
  for (let y = 0, at = 0; y < side; y++) {
    for (let x = 0; x < side; x++, at += 4) {
      sum.fill(0);
      for (let tap = 0; tap < taps * taps; tap++) {
        const dx = x + ((tap % taps) + 0.5) / taps - half;
        const dy = y + (Math.floor(tap / taps) + 0.5) / taps - half;
        const turned = cos * dx + sin * dy;
        const sx = (flip ? -turned : turned) + full.width / 2;
        const sy = cos * dy - sin * dx + full.height / 2;
        sample(level, sx / step - 0.5, sy / step - 0.5, sum);
      }
      const alpha = sum[3] / (taps * taps);
      if (alpha < 0.5) continue;
      const light = (255 / sum[3]) * (1 + shade * (2 * x / side - 1));
      data[at] = clamp(sum[0] * light * gains[0]);
      data[at + 1] = clamp(sum[1] * light * gains[1]);
      data[at + 2] = clamp(sum[2] * light * gains[2]);
      data[at + 3] = clamp(alpha);
    }
  }
  return { width: side, height: side, data };
}
