/**
 * How an image is scored by its full view and its patches together: a small set of named ways.
 *
 * The paper takes the best patch. On photographs small patches raise false alarms, and what the full image says still counts.
 *
 * @module
 */
import { nearestName } from "../runtime/nearest.ts";
import { createLevelScorer, type LevelRule } from "./level_scores.ts";
import type { ScoreMatrix } from "./matrices.ts";
import {
  createBestFewScorer,
  createFullScorer,
  createMaxScorer,
  createMeanScorer,
  type PatchScorer,
  type PatchVectors,
} from "./patch_scores.ts";

/**
 * The ways by name:
 *
 * - `maximum`: the cosine of the best patch, the whole image among them (the paper's ceiling);
 * - `full`: the cosine of the whole image alone;
 * - `mean`: the cosine of the mean patch;
 * - `full+patches`: half the whole image's cosine, half the best patch's;
 * - `levels`: the mean, over the levels of the cover, of the best cosine of a level.
 *
 * And those that were measured beside them and are no better (19_scorers):
 *
 * - `best-5`: the mean cosine of the five best patches;
 * - `z-scores`: as `levels`, each level's best cosine standardised over the images, query by query;
 * - `calibrated`: the best cosine less half of its level's mean over the images, query by query: what a query finds
 *   everywhere on a level counts less there;
 * - `penalty`: the best cosine less 0.05 a level.
 *
 * `z-scores` and `calibrated` depend on the collection, and are no cosines.
 */
export type ScorerName =
  | "maximum"
  | "full"
  | "mean"
  | "full+patches"
  | "levels"
  | "best-5"
  | "z-scores"
  | "calibrated"
  | "penalty";

type Create = (queries: Float32Array, options: { dim: number }) => PatchScorer;

const byLevel = (rule: LevelRule): Create => (queries, options) =>
  createLevelScorer(queries, options, rule);

const SCORERS: Record<ScorerName, Create> = {
  maximum: createMaxScorer,
  full: createFullScorer,
  mean: createMeanScorer,
  "full+patches": createFullAndPatchesScorer,
  levels: byLevel({ adjust: (cosine) => cosine, pool: "mean" }),
  "best-5": (queries, { dim }) => createBestFewScorer(queries, { dim, count: 5 }),
  "z-scores": byLevel({
    adjust: (cosine, _, { mean, deviation }) => deviation > 0 ? (cosine - mean) / deviation : 0,
    pool: "mean",
  }),
  calibrated: byLevel({ adjust: (cosine, _, { mean }) => cosine - mean / 2, pool: "maximum" }),
  penalty: byLevel({ adjust: (cosine, level) => cosine - 0.05 * level, pool: "maximum" }),
};

/** The names of all ways to score an image. */
export const SCORER_NAMES: readonly ScorerName[] = Object.keys(SCORERS) as ScorerName[];

/**
 * Makes a scorer by its name.
 *
 * @param name one of {@linkcode SCORER_NAMES}
 * @param queries one unit vector a query // (Q, D)
 * @param options `dim` is D
 * @returns a scorer; all matrices but those of `full`, `mean` and `best-5` have winners
 * @throws RangeError when there is no such name, a length is not a multiple of `dim`, or a value is NaN
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createScorer } from "detailclip/retrieval";
 * const scorer = createScorer("full+patches", Float32Array.of(0, 1), { dim: 2 });
 * scorer.add({ features: Float32Array.of(1, 0, 0, 1) }); // the whole image, and a patch
 * const { scores, winners } = scorer.finish();
 * assert(scores[0] === 0.5 && winners![0] === 1);
 * ```
 */
export function createScorer(
  name: ScorerName,
  queries: Float32Array,
  options: { dim: number },
): PatchScorer {
  if (!Object.hasOwn(SCORERS, name)) {
    const nearest = nearestName(name, SCORER_NAMES);
    throw new RangeError(
      `Cannot score images: scorer must be one of ${SCORER_NAMES.join(", ")}, got ${name}` +
        (nearest ? `; did you mean ${nearest}?` : ""),
    );
  }
  return SCORERS[name](queries, options);
}

/** Half the whole image, half the best patch; the winners are the best patches. */
function createFullAndPatchesScorer(
  queries: Float32Array,
  options: { dim: number },
): PatchScorer {
  const parts = [createFullScorer(queries, options), createMaxScorer(queries, options)];
  return {
    add(image: PatchVectors) {
      for (const part of parts) part.add(image);
    },
    finish(): ScoreMatrix {
      const [full, best] = parts.map((part) => part.finish());
      return { ...best, scores: best.scores.map((score, i) => (score + full.scores[i]) / 2) };
    },
  };
}
