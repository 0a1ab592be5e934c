/**
 * Images: decode, cut, resize, encode. The only room that knows sharp.
 *
 * @module
 */
export * from "./decode.ts";
export * from "./encode.ts";
export * from "./rgba.ts";
