/**
 * The operations that fusion models are made of: the numerics of PyTorch, gradients of their own, the same
 * code on every engine.
 *
 * @module
 */
export * from "./attention.ts";
export * from "./layers.ts";
