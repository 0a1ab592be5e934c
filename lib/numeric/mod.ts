/**
 * Numbers without tensors: seeded random numbers, vectors, dot products, spherical k-means, ridge regression.
 *
 * @module
 */
export * from "./dot_products.ts";
export * from "./random.ts";
export * from "./ridge.ts";
export * from "./spherical_kmeans.ts";
export * from "./vectors.ts";
