/**
 * Scores of images by the levels of their cover: the best patch of each level, and what is made of these.
 *
 * The finer a level, the more patches it has and the more they are enlarged, so the higher is the best cosine that
 * chance finds there.
 *
 * @module
 */
import { type BestRows, createRowMax } from "../numeric/dot_products.ts";
import type { ScoreMatrix } from "./matrices.ts";
import { checkPatches, countQueries, type PatchScorer, refuseNaN } from "./patch_scores.ts";

/** Of a query and a level, over the images that have it: mean and standard deviation of their best cosines. */
export interface LevelStatistics {
  /** The mean. */
  mean: number;
  /** The standard deviation. */
  deviation: number;
}

/** How the best cosines of an image's levels become one score. */
export interface LevelRule {
  /** What a level's best cosine counts. */
  adjust: (cosine: number, level: number, statistics: LevelStatistics) => number;
  /** Whether the mean over the levels is the score, or the greatest. */
  pool: "mean" | "maximum";
}

/** The best patches of an image, by level; a level that its cover lacks is absent. */
type Levels = (BestRows | undefined)[];

/**
 * Makes a scorer by levels. Statistics are of the images added, without labels.
 *
 * @param queries one unit vector a query // (Q, D)
 * @param options `dim` is D
 * @param rule what is made of the best cosines
 * @returns a scorer of images with `levels`; the winner is the patch of the level that counts most
 * @throws RangeError when a length is not a multiple of `dim`, or a value is NaN
 */
export function createLevelScorer(
  queries: Float32Array,
  { dim }: { dim: number },
  rule: LevelRule,
): PatchScorer {
  const rows = countQueries(queries, dim), bestPatches = createRowMax(queries, dim);
  const images: Levels[] = [];
  return {
    add(image) {
      const { features, levels } = image, patches = checkPatches(image, dim);
      if (levels?.length !== patches) {
        throw new RangeError(
          `Cannot score images by level: ${
            levels?.length ?? 0
          } levels are told of ${patches} patches`,
        );
      }
      const found: Levels = [];
      for (let first = 0, next = 0; first < patches; first = next) {
        while (next < patches && levels[next] === levels[first]) next++;
        const best = bestPatches(features.subarray(first * dim, next * dim));
        refuseNaN(best.best, image);
        const winner = best.winner.map((patch) => patch + first);
        found[levels[first]] = { best: best.best, winner };
      }
      images.push(found);
    },
    finish: () => combine(images, rows, rule),
  };
}

/** The matrix of all images. */
function combine(
  images: readonly Levels[],
  rows: number,
  { adjust, pool }: LevelRule,
): ScoreMatrix {
  const count = images.length, depth = Math.max(0, ...images.map(({ length }) => length));
  const scores = new Float32Array(rows * count), winners = new Int32Array(rows * count);
  for (let q = 0; q < rows; q++) {
    const statistics = Array.from({ length: depth }, (_, level) => statisticsOf(images, level, q));
    images.forEach((levels, n) => {
      let sum = 0, present = 0, most = -Infinity;
      levels.forEach((best, level) => {
        if (best === undefined) return;
        const value = adjust(best.best[q], level, statistics[level]);
        sum += value;
        present++;
        if (value > most) {
          most = value;
          winners[q * count + n] = best.winner[q];
        }
      });
      scores[q * count + n] = pool === "mean" ? sum / present : most;
    });
  }
  return { queries: rows, images: count, scores, winners };
}

function statisticsOf(images: readonly Levels[], level: number, query: number): LevelStatistics {
  let count = 0, sum = 0, squares = 0;
  for (const { [level]: best } of images) {
    if (best === undefined) continue;
    count++;
    sum += best.best[query];
    squares += best.best[query] ** 2;
  }
  const mean = sum / count, deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
  return { mean, deviation };
}
