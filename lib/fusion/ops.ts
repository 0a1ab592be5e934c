/**
 * The operations that fusion models are made of: the numerics of PyTorch, gradients of their own, the same
 * code on every engine.
 *
 * @module
 */
export * from "./attention.ts";
export { asRows } from "./custom.ts";
export * from "./dropout.ts";
export * from "./layers.ts";
export * from "./norm.ts";
