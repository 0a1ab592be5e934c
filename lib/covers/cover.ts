/**
 * What a cover is: boxes at one or more levels over an image fitted to a given size.
 *
 * @module
 */

/** An axis-aligned box in whole pixels. */
export interface Box {
  /** First column. */
  left: number;
  /** First row. */
  top: number;
  /** Number of columns. */
  width: number;
  /** Number of rows. */
  height: number;
}

/**
 * How an image is brought to a cover's size: `pad` extends it at the right and at the bottom by repeating
 * its edge (the published algorithm centres it on black instead), `stretch` resizes it (the
 * authors' feature extractor).
 */
export type Fit = "pad" | "stretch";

/** The patches of one image: a list of boxes a level, largest window first, row-major in a level. */
export interface Cover {
  /** Width in px of the fitted image in which the boxes lie. */
  width: number;
  /** Height in px of the fitted image in which the boxes lie. */
  height: number;
  /** How the image comes to that size. */
  fit: Fit;
  /** Boxes a level; `levels[0]` is always the whole (fitted) image alone: patch 0. */
  levels: Box[][];
}

/** All boxes of a cover in patch order: level by level, so that patch 0 is the whole image. */
export function coverBoxes(cover: Cover): Box[] {
  return cover.levels.flat();
}
