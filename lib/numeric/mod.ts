/**
 * Numbers without tensors: seeded random numbers, vectors, dot products, quantisation, spherical k-means,
 * ridge regression.
 *
 * @module
 */
export * from "./dot_products.ts";
export * from "./quantization.ts";
export * from "./random.ts";
export * from "./ridge.ts";
export * from "./rotation.ts";
export * from "./spherical_kmeans.ts";
export * from "./vectors.ts";
