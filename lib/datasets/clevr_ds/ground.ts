/**
 * Empty stages for scenes: a floor that rises into a backdrop without an edge, as in the studio of the
 * CLEVR images, with a pool of light, a vignette and a faint texture. All drawn from a seeded generator.
 *
 * @module
 */
import type { Random } from "../../numeric/random.ts";

/** How a scene is lit; shared by the ground and the shadows. */
export interface Light {
  /** Sideways shift of a shadow a px of height: negative falls to the left. */
  shear: number;
  /** Length of a shadow in depth a px of height: positive falls away from the viewer. */
  depth: number;
  /** Darkness of cast shadows, 0 to 1. */
  strength: number;
  /** Blur of cast shadows as a fraction of the object's larger side. */
  softness: number;
}

/** An empty stage. */
export interface Ground {
  /** The picture (size, size, 3). */
  image: { width: number; height: number; data: Uint8Array };
  /** Row in px at which the floor ends; objects stand below it. */
  horizon: number;
}

/** Draws the light of a scene: one key light from the left or the right. */
export function randomLight(random: Random): Light {
  const side = random.next() < 0.5 ? -1 : 1;
  return {
    shear: side * random.uniform(0.25, 0.8),
    depth: random.next() < 0.7 ? random.uniform(0.12, 0.35) : -random.uniform(0.08, 0.18),
    strength: random.uniform(0.3, 0.5),
    softness: random.uniform(0.03, 0.07),
  };
}

/** Hue in turns, saturation and value in 0..1 to linear-ish RGB in 0..255. */
function hsv(hue: number, saturation: number, value: number): [number, number, number] {
  const channel = (n: number) => {
    const k = (n + hue * 6) % 6;
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

/** Smooth noise: random values on a `cells` x `cells` lattice, interpolated smoothly; about -1..1. */
function smoothNoise(random: Random, cells: number): (u: number, v: number) => number {
  const side = cells + 2;
  const lattice = Float64Array.from({ length: side * side }, () => random.uniform(-1, 1));
  return (u, v) => {
    const x = u * cells, y = v * cells, x0 = Math.floor(x), y0 = Math.floor(y);
    const fx = x - x0, fy = y - y0, sx = fx * fx * (3 - 2 * fx), sy = fy * fy * (3 - 2 * fy);
    const at = y0 * side + x0;
    const upper = lattice[at] + (lattice[at + 1] - lattice[at]) * sx;
    const lower = lattice[at + side] + (lattice[at + side + 1] - lattice[at + side]) * sx;
    return upper + (lower - upper) * sy;
  };
}

/** The stage's colours on a coarse lattice of (side + 1) x (side + 1) points x 3 channels. */
function coarseStage(random: Random, light: Light, side: number, horizon: number): Float32Array {
  const hue = random.next();
  const saturation = random.next() < 0.5 ? random.uniform(0, 0.08) : random.uniform(0.08, 0.3);
  const floor = hsv(hue, saturation, random.uniform(0.5, 0.78));
  const back = hsv(
    (hue + random.uniform(-0.08, 0.08) + 1) % 1,
    saturation * random.uniform(0.5, 1.2),
    random.uniform(0.4, 0.75),
  );
  const cove = random.uniform(0.04, 0.12); // half height of the bend between floor and backdrop
  // The light stands opposite to where the shadows fall.
  const poolX = 0.5 - Math.sign(light.shear) * random.uniform(0.05, 0.3);
  const poolY = random.uniform(0.45, 0.75);
  const pool = random.uniform(0.12, 0.28), vignette = random.uniform(0.1, 0.3);
  const cloud = smoothNoise(random, 4), mottle = smoothNoise(random, 22);
  const cloudiness = random.uniform(0.01, 0.05), mottling = random.uniform(0.005, 0.03);

  const out = new Float32Array((side + 1) * (side + 1) * 3);
  for (let row = 0, at = 0; row <= side; row++) {
    const v = row / side;
    const t = Math.min(1, Math.max(0, (v - horizon + cove) / (2 * cove)));
    const onFloor = t * t * (3 - 2 * t);
    for (let column = 0; column <= side; column++, at += 3) {
      const u = column / side;
      const dx = u - poolX, dy = (v - poolY) * 1.5, ex = u - 0.5, ey = v - 0.5;
      const shade = (1 - pool / 2 + pool * Math.exp(-3.5 * (dx * dx + dy * dy))) *
        (1 - vignette * 2 * (ex * ex + ey * ey)) *
        (1 + cloudiness * cloud(u, v) + onFloor * mottling * mottle(u, v));
      for (let c = 0; c < 3; c++) out[at + c] = shade * (back[c] + (floor[c] - back[c]) * onFloor);
    }
  }
  return out;
}

/**
 * Draws an empty stage.
 *
 * @param random the source of chance; equal generators give equal pictures
 * @param size side of the square picture in px
 * @param light where the key light stands
 * @returns the picture and the row of its horizon
 */
export function drawGround(random: Random, size: number, light: Light): Ground {
  const horizon = random.uniform(0.14, 0.28);
  const side = Math.max(24, Math.round(size / 4));
  const coarse = coarseStage(random, light, side, horizon);
  const grain = random.uniform(0.8, 2.2);
  const data = new Uint8Array(size * size * 3);
  let noise = random.integer(1, 0x7fffffff); // xorshift32: one draw a pixel has to be cheap
  for (let y = 0, at = 0; y < size; y++) {
    const v = y / size * side, row = Math.floor(v), fv = v - row;
    for (let x = 0; x < size; x++, at += 3) {
      const u = x / size * side, column = Math.floor(u), fu = u - column;
      noise ^= noise << 13;
      noise ^= noise >>> 17;
      noise ^= noise << 5;
      const speck = noise / 2147483648 * grain + 0.5;
      const upper = (row * (side + 1) + column) * 3, lower = upper + (side + 1) * 3;
      for (let c = 0; c < 3; c++) {
        const a = coarse[upper + c], b = coarse[lower + c];
        const left = a + (b - a) * fv;
        const right = coarse[upper + 3 + c] + (coarse[lower + 3 + c] - coarse[upper + 3 + c]) * fv;
        const value = left + (right - left) * fu + speck;
        data[at + c] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
  return { image: { width: size, height: size, data }, horizon: Math.round(horizon * size) };
}
