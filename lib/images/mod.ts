/**
 * Images: decode, cut, resize, encode. The only room that knows sharp.
 *
 * @module
 */
export * from "./rgba.ts";
