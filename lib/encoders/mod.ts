/**
 * Encoders: images and texts to unit vectors of one space, and class prompts.
 *
 * @module
 */
export { addEncoder } from "./add.ts";
export type { CommonShares } from "./common_direction.ts";
export {
  commonNouns,
  conceptEncoder,
  distantQueries,
  type DistantQuery,
  vocabularyNotice,
} from "./concepts.ts";
export * from "./encoder.ts";
export { listEncoders, type LocalEncoder } from "./list.ts";
export { loadEncoder } from "./load.ts";
export * from "./prompts.ts";
export { locateEncoder } from "./locate.ts";
export { scopeNotice } from "./scope.ts";
