/**
 * An encoder's preprocessing as geometry: which pixels of a window land where in its input square.
 *
 * @module
 */
import type { Filter } from "./filter_taps.ts";
import type { Resize } from "./resample.ts";

/** How an encoder wants its input. */
export interface Preprocessing {
  /**
   * `clip`: bicubic resize of the short side to `size`, then the centre square (CLIP's own);
   * `squash`: bilinear resize to `size` x `size`, aspect ratio ignored (the authors of DetailCLIP).
   */
  mode: "clip" | "squash";
  /** Side of the input square in px. */
  size: number;
  /** How pixels are weighed, where that is not the mode's way. */
  filter?: Filter;
}

/** The patches of one image, as an encoder takes them. */
export interface PatchBatch {
  /** Number of patches, P. */
  count: number;
  /** Side of each patch in px, S. */
  size: number;
  /** Red, green, blue, row-major: (P, S, S, 3). */
  data: Uint8Array;
}

/** The filter of each mode. */
export const FILTERS: Record<Preprocessing["mode"], Filter> = {
  clip: "bicubic",
  squash: "bilinear",
};

/**
 * Plans the resize of one window.
 *
 * @param width width of the window in px
 * @param height height of the window in px
 * @param preprocessing how the encoder wants its input
 * @returns the size to resize to and the square to keep; rounding as in Hugging Face's
 *   `CLIPImageProcessor`
 */
export function planResize(
  width: number,
  height: number,
  { mode, size }: Preprocessing,
): Resize {
  if (mode === "squash") {
    return { width: size, height: size, keep: { left: 0, top: 0, width: size, height: size } };
  }
  const short = Math.min(width, height);
  const full = {
    width: Math.floor(size * width / short),
    height: Math.floor(size * height / short),
  };
  const left = Math.floor((full.width - size) / 2), top = Math.floor((full.height - size) / 2);
  return { ...full, keep: { left, top, width: size, height: size } };
}
