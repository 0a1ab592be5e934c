/**
 * Scores of class prompts against images with one vector each. All vectors are unit vectors, so that
 * a dot product is a cosine similarity.
 *
 * @module
 */
import { prepareQueries, visitProducts } from "../numeric/dot_products.ts";
import { rowCount } from "../numeric/vectors.ts";
import type { ScoreMatrix } from "./matrices.ts";

/**
 * Cosine similarity of every query with every image, for one unit vector an image.
 *
 * @param images one unit vector an image // (N, D)
 * @param queries one unit vector a query // (Q, D)
 * @param options `dim` is D
 * @returns scores // (Q, N)
 * @throws RangeError when a length is not a multiple of `dim`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dotScores } from "detailclip/retrieval";
 * const images = Float32Array.of(1, 0, 0, 1); // two images, D = 2
 * const { scores } = dotScores(images, Float32Array.of(0, 1), { dim: 2 });
 * assert(scores[0] === 0 && scores[1] === 1);
 * ```
 */
export function dotScores(
  images: Float32Array,
  queries: Float32Array,
  { dim }: { dim: number },
): ScoreMatrix {
  const count = rowCount(images, dim, "score images");
  const rows = rowCount(queries, dim, "score queries");
  const scores = new Float32Array(rows * count); // (Q, N)
  visitProducts(prepareQueries(queries, dim), images, (tile) => {
    for (let q = 0; q < tile.queries; q++) {
      const part = tile.products.subarray(q * tile.stride, q * tile.stride + tile.rows);
      scores.set(part, (tile.firstQuery + q) * count + tile.firstRow);
    }
  });
  return { queries: rows, images: count, scores };
}

/**
 * Scores of images with m unit vectors each, such as fused ones: the cosine with the best of them.
 *
 * @param images m unit vectors an image, one image after the other // (N, m, D)
 * @param queries one unit vector a query // (Q, D)
 * @param options `dim` is D, `vectors` is m
 * @returns scores // (Q, N)
 * @throws RangeError when a length is not a whole number of images or vectors
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bestVectorScores } from "detailclip";
 * const images = Float32Array.of(1, 0, 0, 1); // one image with two vectors, D = 2
 * const { scores } = bestVectorScores(images, Float32Array.of(0, 1), { dim: 2, vectors: 2 });
 * assert(scores.length === 1 && scores[0] === 1);
 * ```
 */
export function bestVectorScores(
  images: Float32Array,
  queries: Float32Array,
  { dim, vectors }: { dim: number; vectors: number },
): ScoreMatrix {
  const rows = rowCount(images, dim, "score images");
  if (!Number.isInteger(vectors) || vectors < 1 || rows % vectors !== 0) {
    throw new RangeError(
      `Cannot score images: ${rows} vectors are not a whole number of images with ${vectors} each`,
    );
  }
  const each = dotScores(images, queries, { dim }); // (Q, N m)
  if (vectors === 1) return each;
  const scores = new Float32Array(each.scores.length / vectors); // (Q, N)
  for (let at = 0; at < scores.length; at++) {
    let best = each.scores[at * vectors];
    for (let i = 1; i < vectors; i++) {
      const score = each.scores[at * vectors + i];
      if (score > best || Number.isNaN(score)) best = score; // a NaN stays, and is refused later
    }
    scores[at] = best;
  }
  return { queries: each.queries, images: rows / vectors, scores };
}
