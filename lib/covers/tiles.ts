/**
 * Covers of scenes that are too large for one cover: overlapping tiles, each with a cover of its own.
 *
 * @module
 */
import type { Box } from "./cover.ts";
import type { CoverSpec } from "./spec.ts";
import { requireInteger, requireOptions, requirePatches, requireSize } from "./validate.ts";

/** Options of {@linkcode tileBoxes}. */
export interface TileOptions {
  /** Side of a tile in px; an image that is shorter has tiles as long as itself. */
  tile: number;
  /** Px that neighbouring tiles share at least; less than `tile`. */
  overlap: number;
}

/**
 * Tiles of one size, evenly spread over an image, as few as possible. **Every box of at most
 * `overlap + 1` px a side, at any whole-pixel position, lies wholly inside one of them.**
 *
 * @param width of the image in px
 * @param height of the image in px
 * @returns the tiles, row-major
 * @throws RangeError when a size is not a positive integer, the overlap is not in [0, tile), or there would be
 *   more than 100,000 tiles
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tileBoxes } from "detailclip/covers";
 * const tiles = tileBoxes(1000, 300, { tile: 400, overlap: 50 });
 * assert.deepEqual(tiles.map(({ left, width }) => [left, width]), [[0, 400], [300, 400], [600, 400]]);
 * ```
 */
export function tileBoxes(width: number, height: number, options: TileOptions): Box[] {
  const attempt = "Cannot tile image";
  requireOptions(attempt, options, ["tile", "overlap"]);
  const { tile, overlap } = options;
  requireSize(attempt, width, height);
  requireInteger(attempt, "tile", tile, 1);
  requireInteger(attempt, "overlap", overlap, 0);
  if (overlap >= tile) {
    throw new RangeError(
      `${attempt}: overlap must be less than the tile's ${tile} px, got ${overlap}`,
    );
  }
  const steps = (side: number) => side <= tile ? 0 : Math.ceil((side - tile) / (tile - overlap));
  requirePatches(attempt, (steps(width) + 1) * (steps(height) + 1), "raise tile");
  const size = { width: Math.min(tile, width), height: Math.min(tile, height) };
  const columns = starts(width - size.width, steps(width));
  const rows = starts(height - size.height, steps(height));
  return rows.flatMap((top) => columns.map((left) => ({ left, top, ...size })));
}

/** Where tiles start along a side, the last of them `end` px from its beginning. */
function starts(end: number, steps: number): number[] {
  return Array.from({ length: steps + 1 }, (_, i) => Math.floor(i * end / Math.max(1, steps)));
}

/** What a cover of a scene promises, in pixels of the object. */
export interface SceneCoverOptions {
  /** Shortest and longest side of a square object, in px of the scene. */
  objects: [shortest: number, longest: number];
  /** 1/c, the effective scale sensitivity: a patch Q answers for objects above |Q| / k^2 px^2. */
  k: number;
  /** Side of a tile in px; 1,024 unless told. */
  tile?: number;
}

/** A cover of a scene: where its tiles are, and the cover of each of them. */
export interface SceneCover {
  /** Overlapping tiles, in px of the scene. */
  tiles: Box[];
  /** The cover of every tile. */
  cover: CoverSpec & { scheme: "verified" };
}

/**
 * A cover of a scene of any size in which **every square object of whole-pixel side s, shortest <= s <= longest,
 * at every whole-pixel position, lies wholly inside a patch Q with s^2 > |Q| / k^2** (paper eq. 4 and property (5), in
 * px of the object instead of fractions of the image).
 *
 * By construction: the tiles share `longest - 1` px, so that the object lies wholly inside one, and each tile has the
 * verified cover whose smallest object is `shortest` px.
 *
 * @param width of the scene in px
 * @param height of the scene in px
 * @returns the tiles and their cover
 * @throws RangeError when an option is out of range or unknown, or the longest object is longer than a tile or than
 *   the scene
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sceneCover } from "detailclip/covers";
 * const { tiles, cover } = sceneCover(20_000, 20_000, { objects: [8, 60], k: 10 });
 * assert.equal(tiles.length, 21 * 21);
 * assert.deepEqual(cover, { scheme: "verified", k: 10, minSide: 8 / 1024 });
 * ```
 */
export function sceneCover(width: number, height: number, options: SceneCoverOptions): SceneCover {
  const attempt = "Cannot cover scene";
  requireOptions(attempt, options, ["objects", "k", "tile"]);
  const { objects, k, tile = 1024 } = options;
  if (!Array.isArray(objects) || objects.length !== 2) {
    throw new RangeError(`${attempt}: objects must be [shortest, longest] in px`);
  }
  const [shortest, longest] = objects;
  requireSize(attempt, width, height);
  requireInteger(attempt, "tile", tile, 1);
  requireInteger(attempt, "k", k, 2);
  requireInteger(attempt, "the shortest object", shortest, 1);
  requireInteger(attempt, "the longest object", longest, shortest);
  const shorter = Math.min(tile, width, height);
  if (longest > shorter) {
    throw new RangeError(
      `${attempt}: objects of ${longest} px do not fit into ` +
        (shorter === tile ? `tiles of ${tile} px` : `its ${shorter} px`),
    );
  }
  return {
    tiles: tileBoxes(width, height, { tile, overlap: longest - 1 }),
    cover: { scheme: "verified", k, minSide: shortest / shorter },
  };
}
