/**
 * Spherical k-means: a few vectors an image that need neither training nor a vocabulary, the baseline
 * for models with m fused vectors.
 *
 * @module
 */
import { createRowMax } from "./dot_products.ts";
import type { Random } from "./random.ts";
import { rowCount, unitVector } from "./vectors.ts";

/** Options of {@linkcode sphericalKMeans}. */
export interface KMeansOptions {
  /** D, the length of a vector. */
  dim: number;
  /** Where chance comes from: the first centroids are drawn (k-means++). */
  random: Random;
  /**
   * How much each patch counts, from 0 on: in a centroid, and for its chance to be drawn as a first one
   * (default: all alike). // (P)
   */
  weights?: ArrayLike<number>;
  /** The most rounds; it ends before when no vector changes its cluster (default 50). */
  rounds?: number;
}

/**
 * Finds m unit vectors such that the cosine of each patch with the nearest of them is large: the
 * directions of clusters.
 *
 * @param features unit vectors // (P, D)
 * @param count m; where there are fewer different patches, some centroids are equal
 * @param options D, chance and the number of rounds
 * @returns unit vectors // (m, D)
 * @throws RangeError when there are no patches, one is not finite, `count` is not a positive integer, or
 * weights are not P numbers from 0 on
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createRandom, sphericalKMeans } from "detailclip";
 * const patches = Float32Array.of(1, 0, 0.8, 0.6, -1, 0); // two to the right, one to the left
 * const centroids = sphericalKMeans(patches, 2, { dim: 2, random: createRandom(1) });
 * assert(Math.min(centroids[0], centroids[2]) === -1);
 * ```
 */
export function sphericalKMeans(
  features: Float32Array,
  count: number,
  { dim, random, weights, rounds = 50 }: KMeansOptions,
): Float32Array {
  const attempt = "cluster patches";
  const rows = rowCount(features, dim, attempt);
  if (rows === 0) throw new RangeError(`Cannot ${attempt}: there are none`);
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`Cannot ${attempt}: count must be a positive integer, got ${count}`);
  }
  if (!features.every(Number.isFinite)) {
    throw new RangeError(`Cannot ${attempt}: a value is not finite`);
  }
  const shares = weights ? Float64Array.from(weights) : new Float64Array(rows).fill(1); // (P)
  if (shares.length !== rows || !shares.every((share) => share >= 0 && share < Infinity)) {
    throw new RangeError(`Cannot ${attempt}: weights must be ${rows} numbers from 0 on`);
  }
  const nearest = createRowMax(features, dim); // of each patch, among centroids
  const centroids = drawCentroids(features, shares, count, dim, random); // (m, D)
  let clusters = new Int32Array(rows).fill(-1);
  for (let round = 0; round < rounds; round++) {
    const { best, winner } = nearest(centroids);
    if (winner.every((cluster, row) => cluster === clusters[row])) break;
    clusters = Int32Array.from(winner);
    moveCentroids(centroids, features, shares, dim, clusters, best);
  }
  return centroids;
}

/**
 * Draws centroids among the patches, each with a chance in its weight times its squared distance to those
 * drawn before.
 */
function drawCentroids(
  features: Float32Array,
  shares: Float64Array,
  count: number,
  dim: number,
  random: Random,
): Float32Array {
  const rows = features.length / dim;
  const centroids = new Float32Array(count * dim);
  const distances = new Float64Array(rows).fill(1); // half the squared distance: 1 - cosine
  for (let m = 0; m < count; m++) {
    const row = drawWeighted(distances.map((distance, i) => distance * shares[i]), random);
    const centroid = features.subarray(row * dim, (row + 1) * dim);
    centroids.set(centroid, m * dim);
    for (let other = 0; other < rows; other++) {
      let cosine = 0;
      for (let d = 0; d < dim; d++) cosine += centroid[d] * features[other * dim + d];
      const distance = Math.max(0, 1 - cosine);
      distances[other] = m === 0 ? distance : Math.min(distances[other], distance);
    }
    distances[row] = 0;
  }
  return centroids;
}

/** An index drawn with a chance in its weight. */
function drawWeighted(weights: Float64Array, random: Random): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = random.next() * total;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    left -= weights[i];
    if (left < 0) break;
  }
  return last;
}

/** Moves each centroid to its cluster's direction; one without a cluster to the patch served worst. */
function moveCentroids(
  centroids: Float32Array,
  features: Float32Array,
  shares: Float64Array,
  dim: number,
  clusters: Int32Array,
  cosines: Float32Array,
): void {
  const sums = new Float64Array(centroids.length); // (m, D)
  const members = new Int32Array(centroids.length / dim);
  clusters.forEach((cluster, row) => {
    members[cluster]++;
    const share = shares[row];
    for (let d = 0, from = row * dim, to = cluster * dim; d < dim; d++) {
      sums[to++] += share * features[from++];
    }
  });
  members.forEach((count, m) => {
    if (count === 0) {
      const worst = servedWorst(cosines, shares);
      centroids.set(features.subarray(worst * dim, (worst + 1) * dim), m * dim);
      return;
    }
    const direction = unitVector(sums.subarray(m * dim, (m + 1) * dim));
    if (direction.some((value) => value !== 0)) centroids.set(direction, m * dim);
  });
}

/** The patch whose distance to its centroid, times its weight, is the greatest: the first of equal ones. */
function servedWorst(cosines: Float32Array, shares: Float64Array): number {
  let worst = 0, most = -Infinity;
  cosines.forEach((cosine, row) => {
    const cost = shares[row] * (1 - cosine);
    if (cost > most) most = cost, worst = row;
  });
  return worst;
}
