/**
 * Water and ground of a generated remote-sensing scene: a function of the place, so that any window of a scene of any
 * size can be drawn by itself.
 *
 * @module
 */
import type { Box } from "../../covers/mod.ts";
import type { RgbImage } from "../../images/mod.ts";

/** The colours and the coast of a scene. */
export interface Terrain {
  /** Whether there is water at a place (px of the scene), and no coast near it. */
  isWater(x: number, y: number): boolean;
  /** Whether there is ground at a place, and no coast near it. */
  isGround(x: number, y: number): boolean;
  /** Draws a window, without objects. */
  draw(box: Box): RgbImage;
}

/** Px between the points at which colours are worked out; between them they are interpolated. */
const STEP = 8;
/** Heights between these are coast, on either side of the waterline at 0. */
const COAST = 0.04;
const DEEP = [38, 72, 96], SHALLOW = [70, 112, 118];
const COLOURS = [[112, 118, 84], [150, 138, 108], [94, 106, 76], [132, 126, 112]];

/** A number in [0, 1) that belongs to whole-number coordinates. */
function hash(seed: number, x: number, y: number): number {
  let h = Math.imul(seed ^ Math.imul(x, 0x27d4eb2d), 0x85ebca6b) ^ Math.imul(y, 0x165667b1);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}

/** Smooth noise in -1 … 1 with bumps of about `cell` px. */
function noise(seed: number, x: number, y: number, cell: number): number {
  const u = x / cell, v = y / cell, column = Math.floor(u), row = Math.floor(v);
  const fu = u - column, fv = v - row, su = fu * fu * (3 - 2 * fu), sv = fv * fv * (3 - 2 * fv);
  const at = (i: number, j: number) => 2 * hash(seed, column + i, row + j) - 1;
  const upper = at(0, 0) + (at(1, 0) - at(0, 0)) * su,
    lower = at(0, 1) + (at(1, 1) - at(0, 1)) * su;
  return upper + (lower - upper) * sv;
}

function mix(a: readonly number[], b: readonly number[], t: number): number[] {
  return a.map((value, c) => value + (b[c] - value) * Math.min(1, Math.max(0, t)));
}

/**
 * Makes the terrain of a seed.
 *
 * @param seed a whole number
 */
export function createTerrain(seed: number): Terrain {
  const height = (x: number, y: number) =>
    noise(seed, x, y, 800) + 0.4 * noise(seed + 1, x, y, 280) + 0.1 * noise(seed + 2, x, y, 90);
  const colour = (x: number, y: number): number[] => { // RGB, 0 … 255
    const level = height(x, y);
    const water = mix(SHALLOW, DEEP, -3 * level);
    const field = 4 * hash(seed + 3, Math.floor(x / 230), Math.floor(y / 170));
    const ground = mix(
      COLOURS[Math.floor(field)],
      COLOURS[2],
      0.3 + 0.3 * noise(seed + 4, x, y, 90),
    );
    const mottle = 1 + 0.1 * noise(seed + 5, x, y, 24);
    return mix(water, ground, 0.5 + level / (2 * COAST)).map((value) => value * mottle);
  };
  return {
    isWater: (x, y) => height(x, y) < -COAST,
    isGround: (x, y) => height(x, y) > COAST,
    draw: (box) => drawWindow(box, colour, seed + 6),
  };
}

/** Interpolates colours between points of the scene's lattice, and adds grain. */
function drawWindow(
  { left, top, width, height }: Box,
  colour: (x: number, y: number) => number[],
  seed: number,
): RgbImage {
  const column = Math.floor(left / STEP), row = Math.floor(top / STEP);
  const columns = Math.floor((left + width - 1) / STEP) - column + 2;
  const rows = Math.floor((top + height - 1) / STEP) - row + 2;
  const coarse = new Float32Array(columns * rows * 3);
  for (let j = 0, at = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++, at += 3) {
      coarse.set(colour((column + i) * STEP, (row + j) * STEP), at);
    }
  }
  const data = new Uint8Array(width * height * 3); // (H, W, 3)
  for (let y = top, to = 0; y < top + height; y++) {
    const j = Math.floor(y / STEP) - row, fy = y / STEP - Math.floor(y / STEP);
    for (let x = left; x < left + width; x++, to += 3) {
      const i = Math.floor(x / STEP) - column, fx = x / STEP - Math.floor(x / STEP);
      const upper = (j * columns + i) * 3, lower = upper + columns * 3;
      const grain = 10 * (hash(seed, x, y) - 0.5);
      for (let c = 0; c < 3; c++) {
        const above = coarse[upper + c] + (coarse[upper + 3 + c] - coarse[upper + c]) * fx;
        const below = coarse[lower + c] + (coarse[lower + 3 + c] - coarse[lower + c]) * fx;
        data[to + c] = Math.min(255, Math.max(0, above + (below - above) * fy + grain));
      }
    }
  }
  return { width, height, data };
}
