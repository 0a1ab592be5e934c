/**
 * How an image is scored by its full view and its patches together: a small set of named ways.
 *
 * The paper takes the best patch. On photographs small patches raise false alarms, and what the full image says still counts.
 *
 * @module
 */
import { nearestName } from "../runtime/nearest.ts";
import type { ScoreMatrix } from "./matrices.ts";
import {
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
 * - `full+patches`: half the whole image's cosine, half the best patch's.
 */
export type ScorerName = "maximum" | "full" | "mean" | "full+patches";

type Create = (queries: Float32Array, options: { dim: number }) => PatchScorer;

const SCORERS: Record<ScorerName, Create> = {
  maximum: createMaxScorer,
  full: createFullScorer,
  mean: createMeanScorer,
  "full+patches": createFullAndPatchesScorer,
};

/** The names of all ways to score an image. */
export const SCORER_NAMES: readonly ScorerName[] = Object.keys(SCORERS) as ScorerName[];

/**
 * Makes a scorer by its name.
 *
 * @param name one of {@linkcode SCORER_NAMES}
 * @param queries one unit vector a query // (Q, D)
 * @param options `dim` is D
 * @returns a scorer; the matrix of `maximum` and of `full+patches` has winners
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
