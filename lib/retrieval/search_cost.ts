/**
 * What a search costs with all patches of every image, a few vectors, or one (paper Table 6).
 *
 * @module
 */
import { checkpoint, operationSignal } from "../runtime/interrupt.ts";
import type { Random } from "../numeric/random.ts";
import type { ScoreMatrix } from "./matrices.ts";
import { maxOverPatches, type PatchVectors } from "./patch_scores.ts";
import { bestVectorScores } from "./scores.ts";

/** Images that can be searched. */
export interface SearchCollection {
  /** Vectors an image. */
  vectors: number;
  /** Number of images. */
  images: number;
  /** Similarity of every query with every image. // (Q, D) -> (Q, N) */
  search: (queries: Float32Array) => ScoreMatrix;
}

/**
 * Random unit vectors: the time of a search does not depend on what they show. Each is the sum of two cuts at random
 * places of a pool of normal numbers, since drawing each number would take longer than the search; of single cuts a
 * million would have many twice.
 *
 * @param random where they come from
 * @param dim D
 * @returns a function from a number of vectors to that many // (n, D)
 * @throws {RangeError} when `dim` is not a positive integer
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createRandom } from "detailclip";
 * import { randomUnitVectors } from "detailclip/retrieval";
 * const draw = randomUnitVectors(createRandom(0), 2);
 * const [x, y] = draw(1);
 * assert(Math.abs(x * x + y * y - 1) < 1e-6);
 * ```
 */
export function randomUnitVectors(random: Random, dim: number): (count: number) => Float32Array {
  if (!Number.isSafeInteger(dim) || dim < 1) {
    throw new RangeError(`Cannot draw vectors: dim must be a positive integer, got ${dim}`);
  }
  const pool = Float32Array.from({ length: Math.max(2 ** 20, 2 * dim) }, () => random.normal());
  return (count) => {
    const out = new Float32Array(count * dim); // (count, D)
    for (let row = 0; row < count; row++) {
      const [a, b] = [0, 0].map(() => random.integer(0, pool.length - dim));
      let square = 0;
      for (let d = 0; d < dim; d++) {
        square += (out[row * dim + d] = pool[a + d] + pool[b + d]) ** 2;
      }
      for (let d = 0; d < dim; d++) out[row * dim + d] /= Math.sqrt(square);
    }
    return out;
  };
}

/**
 * A collection whose images are scored one by one by their best patch, as patches come from the cache.
 *
 * @param images patch vectors // N of (P, D)
 * @param options `dim` is D
 */
export function patchCollection(
  images: readonly PatchVectors[],
  { dim }: { dim: number },
): SearchCollection {
  const values = images.reduce((sum, { features }) => sum + features.length, 0);
  return {
    vectors: values / dim / images.length,
    images: images.length,
    search: (queries) => maxOverPatches(images, queries, { dim }),
  };
}

/**
 * A collection with m vectors an image in one array.
 *
 * @param data unit vectors // (N, m, D)
 * @param options `dim` is D, `vectors` is m
 */
export function vectorCollection(
  data: Float32Array,
  { dim, vectors }: { dim: number; vectors: number },
): SearchCollection {
  return {
    vectors,
    images: data.length / dim / vectors,
    search: (queries) => bestVectorScores(data, queries, { dim, vectors }),
  };
}

/** Median of numbers; NaN of none. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What one query, or several at once, take on one collection. */
export interface SearchCost {
  /** Vectors an image. */
  vectors: number;
  /** Number of images. */
  images: number;
  /** Number of queries asked at once. */
  queries: number;
  /** Median time of all of them, ms. */
  ms: number;
  /** The time of each round, ms. */
  rounds: number[];
}

/**
 * Times searches. Collections and numbers of queries take turns within a round, so that whatever else the machine
 * does falls on all alike; a first round, which warms up, does not count.
 *
 * @param collections what is searched
 * @param queries batches of unit vectors, each asked at once // (Q, D) each
 * @param options `dim` is D; `rounds` (5) is how often; `signal` stops between searches
 * @returns a row a collection and batch, collections first
 */
export async function measureSearch(
  collections: readonly SearchCollection[],
  queries: readonly Float32Array[],
  { dim, rounds = 5, signal: own }: {
    dim: number;
    rounds?: number;
    signal?: AbortSignal;
  },
): Promise<SearchCost[]> {
  const signal = operationSignal(own);
  const cases = collections.flatMap((collection) =>
    queries.map((batch) => ({ collection, batch, times: [] as number[] }))
  );
  for (let round = 0; round <= rounds; round++) {
    for (const { collection, batch, times } of cases) {
      await checkpoint(signal);
      const start = performance.now();
      collection.search(batch);
      if (round > 0) times.push(performance.now() - start);
    }
  }
  return cases.map(({ collection: { vectors, images }, batch, times }) => ({
    ...{ vectors, images, queries: batch.length / dim },
    ...{ ms: medianOf(times), rounds: times },
  }));
}
