/**
 * Covers: from an image's size to the boxes of its patches, in pure integers.
 *
 * @module
 */

export { type Box, type Cover, coverBoxes, type Fit } from "./cover.ts";
export { completeCover } from "./complete.ts";
export { gridCover } from "./grid.ts";
export { objectCover } from "./objects.ts";
export { verifiedCover, type VerifiedOptions } from "./verified.ts";
export { coverage, objectCoverage, type ObjectSize, type SizeCoverage } from "./coverage.ts";
export { clipBox, toImageBox } from "./geometry.ts";
export { type CoverImage, coverName, type CoverSpec, makeCover, parseCoverName } from "./spec.ts";
export {
  type SceneCover,
  sceneCover,
  type SceneCoverOptions,
  tileBoxes,
  type TileOptions,
} from "./tiles.ts";
