/**
 * Images: decode, cut, resize, encode. The only room that knows sharp.
 *
 * @module
 */
export { changedPixels, type PixelConfig } from "./bands.ts";
export * from "./cut.ts";
export * from "./decode.ts";
export * from "./encode.ts";
export type { Filter } from "./filter_taps.ts";
export * from "./frame.ts";
export { type Georeference, longitudeLatitude, toMap } from "./georeference.ts";
export type { PatchBatch, Preprocessing } from "./preprocessing.ts";
export * from "./rgba.ts";
export { openScene, type Scene, type SceneOptions } from "./scene.ts";
export type { Levels } from "./scene_levels.ts";
export { type MapGrid, type RenderBox, type TiffContent, writeTiledTiff } from "./tiled_tiff.ts";
export { DECODER } from "./sharp.ts";
