/**
 * The operations that fusion models are made of: the numerics of PyTorch, gradients of their own, the same
 * code on every engine.
 *
 * @module
 */
export * from "./attention.ts";
export { asRows } from "./custom_gradient.ts";
export * from "./dropout.ts";
export * from "./linear.ts";
export * from "./layer_norm.ts";
