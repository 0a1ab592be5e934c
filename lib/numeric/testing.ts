/**
 * Made-up vectors for tests.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** A unit vector in a random direction. // (D) */
export function randomUnit(random: Random, dim: number): Float32Array {
  return toUnit(Float32Array.from({ length: dim }, () => random.normal()));
}

/** The vector of length 1 in the same direction. */
export function toUnit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
