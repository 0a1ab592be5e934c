/**
 * Scores of class prompts against images with many vectors each: the best or the mean of the patches.
 *
 * @module
 */
import { type BestRows, createRowMax, dotProducts } from "../numeric/dot_products.ts";
import { meanVector, rowCount } from "../numeric/vectors.ts";
import type { ScoreMatrix } from "./matrices.ts";
import { dotScores } from "./scores.ts";

/** What scoring needs of an image: the unit vectors of its patches. // (P, D) */
export interface PatchVectors {
  /** Name of the image, for error messages. */
  imageId?: string;
  /** The patch vectors, row-major; patch 0 is the whole image. // (P, D) */
  features: Float32Array;
  /** The cover's level of each patch, from 0, the whole image, on: for scorers that ask for it. // (P) */
  levels?: ArrayLike<number>;
}

/** Options of the functions that score patches. */
export interface PatchScoreOptions {
  /** D, the length of a vector. */
  dim: number;
  /**
   * First patch that counts: 0 (the default) takes all, 1 leaves out the whole image. An image that
   * has no such patch is scored by its patch 0, so that every image stays in the ranking.
   */
  from?: number;
}

/** Takes images one by one and ends in a score matrix: the memory needed is 8 bytes a score. */
export interface PatchScorer {
  /** Scores the next image. */
  add(image: PatchVectors): void;
  /** The matrix of all images added so far, in the order of adding. // (Q, N) */
  finish(): ScoreMatrix;
}

/**
 * Makes a scorer that keeps, for every query, the best patch of each image added: the ceiling that
 * one fused vector is measured against (paper section 5.1).
 *
 * @param queries one unit vector a query // (Q, D)
 * @returns a scorer whose matrix has `winners`; of equal patches the first wins
 * @throws RangeError when a length is not a multiple of `dim`, or a value is NaN
 */
export function createMaxScorer(
  queries: Float32Array,
  { dim, from = 0 }: PatchScoreOptions,
): PatchScorer {
  const rows = countQueries(queries, dim);
  const bestPatches = createRowMax(queries, dim);
  const columns: BestRows[] = [];
  return {
    add(image) {
      const { features, first } = countedPatches(image, dim, from);
      const column = bestPatches(features);
      refuseNaN(column.best, image);
      for (let q = 0; q < rows; q++) column.winner[q] += first;
      columns.push(column);
    },
    finish() {
      const count = columns.length;
      const scores = new Float32Array(rows * count), winners = new Int32Array(rows * count);
      columns.forEach(({ best, winner }, n) => {
        for (let q = 0; q < rows; q++) {
          scores[q * count + n] = best[q];
          winners[q * count + n] = winner[q];
        }
      });
      return { queries: rows, images: count, scores, winners };
    },
  };
}

/**
 * Makes a scorer that averages the patches of each image added into one vector, which is then
 * normalised: the simplest single vector an image.
 *
 * @param queries one unit vector a query // (Q, D)
 * @throws RangeError when a length is not a multiple of `dim`, or a value is NaN
 */
export function createMeanScorer(
  queries: Float32Array,
  { dim, from = 0 }: PatchScoreOptions,
): PatchScorer {
  countQueries(queries, dim);
  const means: Float32Array[] = [];
  return {
    add(image) {
      const mean = meanVector(countedPatches(image, dim, from).features, dim);
      refuseNaN(mean, image);
      means.push(mean);
    },
    finish() {
      const images = new Float32Array(means.length * dim); // (N, D)
      means.forEach((mean, n) => images.set(mean, n * dim));
      return dotScores(images, queries, { dim });
    },
  };
}

/**
 * Makes a scorer of patch 0 alone, the full image: to be fed beside others in one pass.
 *
 * @param queries one unit vector a query // (Q, D)
 * @throws RangeError when a length is not a multiple of `dim`, or a value is NaN
 */
export function createFullScorer(
  queries: Float32Array,
  { dim }: { dim: number },
): PatchScorer {
  const scorer = createMeanScorer(queries, { dim });
  return {
    ...scorer,
    add: (image) =>
      scorer.add({ ...image, features: countedPatches(image, dim, 0).features.subarray(0, dim) }),
  };
}

/**
 * Makes a scorer that averages, for every query, the cosines of the best few patches of each image.
 *
 * @param queries one unit vector a query // (Q, D)
 * @param options `dim` is D, `count` how many patches: of an image with fewer all
 * @throws RangeError when a length is not a multiple of `dim`, or a value is NaN
 */
export function createBestFewScorer(
  queries: Float32Array,
  { dim, count }: { dim: number; count: number },
): PatchScorer {
  const rows = countQueries(queries, dim);
  const columns: Float32Array[] = [];
  return {
    add(image) {
      const patches = checkPatches(image, dim), few = Math.min(count, patches);
      const cosines = Float32Array.from(dotProducts(queries, image.features, dim)); // (Q, P)
      refuseNaN(cosines, image);
      columns.push(Float32Array.from({ length: rows }, (_, q) => {
        const best = cosines.subarray(q * patches, (q + 1) * patches).sort().subarray(-few);
        return best.reduce((sum, cosine) => sum + cosine, 0) / few;
      }));
    },
    finish() {
      const images = columns.length, scores = new Float32Array(rows * images);
      columns.forEach((column, n) => column.forEach((value, q) => scores[q * images + n] = value));
      return { queries: rows, images, scores };
    },
  };
}

/**
 * Q, the number of queries.
 *
 * @param queries one vector a query // (Q, D)
 * @param dim D
 * @throws RangeError when the length is not a multiple of `dim`, or a value is NaN
 */
export function countQueries(queries: Float32Array, dim: number): number {
  const rows = rowCount(queries, dim, "score queries");
  if (queries.some(Number.isNaN)) throw new RangeError("Cannot score queries: a value is NaN");
  return rows;
}

const patchesOf = ({ imageId }: PatchVectors) =>
  imageId === undefined ? "patches" : `patches of ${imageId}`;

/** Throws when what was made of an image is NaN, as it is when one of its values is. */
export function refuseNaN(made: Float32Array, image: PatchVectors): void {
  if (made.some(Number.isNaN)) {
    throw new RangeError(`Cannot score ${patchesOf(image)}: a value is NaN`);
  }
}

/**
 * P, the number of an image's patches.
 *
 * @param image its patch vectors // (P, D)
 * @param dim D
 * @throws RangeError when the length is not a multiple of `dim`, or there are none
 */
export function checkPatches(image: PatchVectors, dim: number): number {
  const name = patchesOf(image);
  const patches = rowCount(image.features, dim, `score ${name}`);
  if (patches === 0) throw new RangeError(`Cannot score ${name}: there are none`);
  return patches;
}

function countedPatches(image: PatchVectors, dim: number, from: number) {
  if (!Number.isInteger(from) || from < 0) {
    throw new RangeError(`Cannot score patches: from must be an integer >= 0, got ${from}`);
  }
  const patches = checkPatches(image, dim);
  return patches > from
    ? { features: image.features.subarray(from * dim), first: from }
    : { features: image.features.subarray(0, dim), first: 0 };
}

/**
 * The score of each image's best patch, with the index of that patch: it says where it matched.
 *
 * @param images patch vectors, one element an image // N of (P, D)
 * @param queries one unit vector a query // (Q, D)
 * @returns scores and winners // (Q, N)
 * @throws RangeError when a length is not a multiple of `dim`, an image has no patch, or a value is NaN
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { maxOverPatches } from "detailclip";
 * const image = { features: Float32Array.of(1, 0, 0.6, 0.8) }; // two patches, D = 2
 * const { scores, winners } = maxOverPatches([image], Float32Array.of(0, 1), { dim: 2 });
 * assert(Math.abs(scores[0] - 0.8) < 1e-6 && winners?.[0] === 1);
 * ```
 */
export function maxOverPatches(
  images: Iterable<PatchVectors>,
  queries: Float32Array,
  options: PatchScoreOptions,
): ScoreMatrix {
  return scoreAll(images, createMaxScorer(queries, options));
}

/**
 * The score of each image's mean patch vector, normalised.
 *
 * @param images patch vectors, one element an image // N of (P, D)
 * @param queries one unit vector a query // (Q, D)
 * @returns scores // (Q, N)
 * @throws RangeError when a length is not a multiple of `dim`, an image has no patch, or a value is NaN
 */
export function meanOverPatches(
  images: Iterable<PatchVectors>,
  queries: Float32Array,
  options: PatchScoreOptions,
): ScoreMatrix {
  return scoreAll(images, createMeanScorer(queries, options));
}

function scoreAll(images: Iterable<PatchVectors>, scorer: PatchScorer): ScoreMatrix {
  for (const image of images) scorer.add(image);
  return scorer.finish();
}
