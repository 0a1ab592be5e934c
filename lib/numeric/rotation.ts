/**
 * A random rotation that costs D log D rather than D²: Hadamard transforms with random signs between them.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** Of signs, places and transforms; three spread even a vector with a single number over all. */
const ROUNDS = 3;

/** One round: where each number comes from, and its sign. */
interface Round {
  places: Uint32Array;
  signs: Float64Array;
}

/** Walsh-Hadamard transform of `size` numbers from `start` on, a power of 2, in place; lengths stay what they are. */
function transform(vector: Float64Array, start: number, size: number): void {
  const end = start + size;
  for (let half = 1; half < size; half *= 2) {
    for (let block = start; block < end; block += 2 * half) {
      for (let i = block; i < block + half; i++) {
        const a = vector[i], b = vector[i + half];
        vector[i] = a + b;
        vector[i + half] = a - b;
      }
    }
  }
  const scale = 1 / Math.sqrt(size);
  for (let i = start; i < end; i++) vector[i] *= scale;
}

/**
 * Makes a random rotation (an orthogonal map). Dot products stay what they are; what a few of the numbers held is
 * spread over all, so that they are distributed as a normal distribution's whatever the vector.
 *
 * A Hadamard transform wants a power of 2: where D is none, it is taken of the first and of the last numbers, and
 * the next round has them in other places.
 *
 * @param dim D
 * @param random decides the rotation
 * @returns a function that rotates a vector in place // (D)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createRandom, createRotation } from "detailclip/numeric";
 * const rotate = createRotation(3, createRandom(1)), vector = Float64Array.of(3, 4, 0);
 * rotate(vector);
 * assert(Math.abs(Math.hypot(...vector) - 5) < 1e-12);
 * ```
 */
export function createRotation(dim: number, random: Random): (vector: Float64Array) => void {
  const size = 2 ** Math.floor(Math.log2(dim));
  const rounds = Array.from({ length: ROUNDS }, (): Round => ({
    places: Uint32Array.from(random.shuffle(Array.from({ length: dim }, (_, i) => i))),
    signs: Float64Array.from({ length: dim }, () => random.next() < 0.5 ? -1 : 1),
  }));
  const moved = new Float64Array(dim);
  return (vector) => {
    for (const { places, signs } of rounds) {
      for (let i = 0; i < dim; i++) moved[i] = vector[places[i]] * signs[i];
      vector.set(moved);
      transform(vector, 0, size);
      if (size < dim) transform(vector, dim - size, size);
    }
  };
}
