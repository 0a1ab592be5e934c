/**
 * The operations that fusion models are made of: the numerics of PyTorch, gradients of their own, the same
 * code on every engine.
 *
 * @module
 */
export * from "./attention.ts";
export * from "./dropout.ts";
export * from "./feed_forward.ts";
export { gelu } from "./gelu.ts";
export * from "./l2_normalize.ts";
export * from "./layer_norm.ts";
export * from "./linear.ts";
export { asRows, matmul } from "./matmul.ts";
