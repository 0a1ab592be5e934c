/**
 * Images: decode, cut, resize, encode. The only room that knows sharp.
 *
 * @module
 */
export { changedPixels, type PixelConfig } from "./bands.ts";
export * from "./cut.ts";
export * from "./decode.ts";
export * from "./encode.ts";
export * from "./frame.ts";
export type { PatchBatch, Preprocessing } from "./preprocessing.ts";
export * from "./rgba.ts";
