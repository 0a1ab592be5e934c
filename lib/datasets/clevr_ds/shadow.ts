/**
 * Shadows that put a flat sprite on a floor: its outline, laid down along the light and blurred, and a
 * darker ellipse where it touches the ground.
 *
 * @module
 */
import type { RgbaImage } from "../../images/rgba.ts";
import type { Light } from "./ground.ts";

/** A shadow to be multiplied into the ground. */
export interface Shadow {
  /** Where the layer's left edge lies, in px from the object's left edge; mostly negative. */
  left: number;
  /** Where the layer's top edge lies, in px from the object's top edge. */
  top: number;
  /** Width of the layer in px. */
  width: number;
  /** Height of the layer in px. */
  height: number;
  /** Darkness (height, width): 0 leaves the ground as it is, 255 makes it black. */
  dark: Uint8Array;
}

/** Running-mean blur along one axis, in place of the result array. */
function blurAxis(
  from: Float32Array,
  to: Float32Array,
  lines: number,
  length: number,
  lineStep: number,
  step: number,
  radius: number,
): void {
  const span = 2 * radius + 1;
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    let sum = 0;
    for (let i = 0; i < Math.min(radius, length); i++) sum += from[start + i * step];
    for (let i = 0; i < length; i++) {
      if (i + radius < length) sum += from[start + (i + radius) * step];
      to[start + i * step] = sum / span;
      if (i - radius >= 0) sum -= from[start + (i - radius) * step];
    }
  }
}

/** Two box blurs in each direction, in place: close to a Gaussian, and as quick for any radius. */
function blur(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  const other = new Float32Array(values.length);
  const down = Math.max(1, Math.round(radius * 0.6)); // the floor is seen foreshortened
  for (let pass = 0; pass < 2; pass++) {
    blurAxis(values, other, height, width, width, 1, radius);
    blurAxis(other, values, width, height, 1, width, down);
  }
  return values;
}

/** Where an object touches the ground: extent of its lowest rows, in px from its left edge. */
function footprint(object: RgbaImage): { centre: number; half: number } {
  const { width, height, data } = object;
  let left = width, right = 0;
  for (let y = Math.floor(height * 0.88); y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[(y * width + x) * 4 + 3] < 128) continue;
      if (x < left) left = x;
      if (x > right) right = x;
    }
  }
  if (right < left) return { centre: width / 2, half: width / 3 };
  return { centre: (left + right + 1) / 2, half: Math.max((right - left + 1) / 2, width * 0.12) };
}

/**
 * Computes the shadow of an object as it is drawn.
 *
 * @param object the object's pixels at their final size (h, w, 4)
 * @param light the scene's light
 * @returns a layer of darkness, placed relative to the object
 */
export function castShadow(object: RgbaImage, light: Light): Shadow {
  const { width: w, height: h, data } = object;
  const radius = Math.max(1, Math.round(light.softness * Math.max(w, h)));
  const { centre, half } = footprint(object);
  const rx = half * 1.15 + 1, ry = Math.max(1.5, Math.min(half * 0.35, h * 0.12));
  // Both parts must have faded out before the layer ends, or its edge would show.
  const beside = Math.max(3 * radius, Math.ceil(2 * rx - Math.min(centre, w - centre)));
  const margin = Math.max(3 * radius, Math.ceil(2 * ry));
  const reach = Math.ceil(Math.abs(light.shear) * h), depth = Math.ceil(Math.abs(light.depth) * h);
  const left = -beside - (light.shear < 0 ? reach : 0);
  const base = h - Math.max(1, Math.round(0.04 * h)); // solid bodies touch the floor a little behind
  const top = base - margin - (light.depth > 0 ? depth : 0);
  const width = w + 2 * beside + reach, height = depth + 2 * margin;

  const cast = new Float32Array(width * height);
  for (let y = 0; y < h; y++) {
    const up = base - y;
    const row = Math.round(base - up * light.depth) - top;
    const shift = Math.round(up * light.shear) - left;
    const fade = light.strength * (1 - 0.5 * Math.max(0, up) / h); // light fills in further away
    for (let x = 0; x < w; x++) {
      const value = data[(y * w + x) * 4 + 3] / 255 * fade;
      const at = row * width + x + shift;
      if (value > cast[at]) cast[at] = value;
    }
  }
  const soft = blur(cast, width, height, radius);
  const dark = new Uint8Array(width * height);
  for (let row = 0, at = 0; row < height; row++) {
    const dy = (row + top - base) / ry;
    for (let column = 0; column < width; column++, at++) {
      const dx = (column + left + 0.5 - centre) / rx;
      const distance = dx * dx + dy * dy;
      const contact = distance > 4 ? 0 : 0.55 * Math.exp(-1.6 * distance);
      dark[at] = Math.round(255 * (1 - (1 - soft[at]) * (1 - contact)));
    }
  }
  return { left, top, width, height, dark };
}

/**
 * Darkens a picture by a shadow, in place. What lies outside of the picture is clipped.
 *
 * @param image the picture (H, W, 3)
 * @param shadow the layer of darkness
 * @param left left edge in px of the object that casts it
 * @param top top edge in px of the object that casts it
 */
export function applyShadow(
  image: { width: number; height: number; data: Uint8Array },
  shadow: Shadow,
  left: number,
  top: number,
): void {
  const x = left + shadow.left, y = top + shadow.top;
  const firstRow = Math.max(0, -y), lastRow = Math.min(shadow.height, image.height - y);
  const first = Math.max(0, -x), last = Math.min(shadow.width, image.width - x);
  for (let row = firstRow; row < lastRow; row++) {
    let at = ((y + row) * image.width + x + first) * 3;
    for (let column = first; column < last; column++, at += 3) {
      const dark = shadow.dark[row * shadow.width + column];
      if (dark === 0) continue;
      const keep = 255 - dark;
      image.data[at] = Math.round(image.data[at] * keep / 255);
      image.data[at + 1] = Math.round(image.data[at + 1] * keep / 255);
      image.data[at + 2] = Math.round(image.data[at + 2] * keep / 255);
    }
  }
}
