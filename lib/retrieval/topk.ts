/**
 * The best results of a query, each with the place where it matched.
 *
 * @module
 */
import type { Box } from "../covers/cover.ts";
import { rankedImages, type RelevanceMatrix, type ScoreMatrix } from "./matrices.ts";
import { TopItems } from "./top_items.ts";

/** One retrieved image. */
export interface SearchResult {
  /** Place in the ranking, from 1. */
  rank: number;
  /** Column of the image in the score matrix. */
  image: number;
  /** Its score. */
  score: number;
  /** Index of the winning patch, where the scores have winners. */
  patch?: number;
  /** Where it matched, in px of the image; needs `boxesOf` and winners. */
  box?: Box;
  /** Whether it is a right answer; needs `relevance`. */
  relevant?: boolean;
}

/** Options of {@linkcode topResults}. */
export interface TopOptions {
  /** How many results at most; 10 by default. */
  count?: number;
  /** The patch boxes of an image, in patch order, in px of the image. */
  boxesOf?: (image: number) => readonly Box[];
  /** Right answers; ignored images are left out of the results. */
  relevance?: RelevanceMatrix;
}

/**
 * The first results of one query, in the order of `rankImages`, without sorting the others. Equal scores are listed by
 * image index: what is counted over results, rather than shown, is counted by `expectedHits`, which no order of the
 * list changes.
 *
 * @param scores scores, with winners if the box is wanted // (Q, N)
 * @param query row of the query
 * @throws RangeError when there is no such query, `count` is no integer from 0 on, shapes differ, one of the
 *   query's scores is NaN, or a winner has no box
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { topResults } from "detailclip";
 * const scores = { queries: 1, images: 3, scores: Float32Array.of(0.1, 0.25, 0.5) };
 * const [best] = topResults(scores, 0, { count: 1 });
 * assert(best.image === 2 && best.score === 0.5 && best.rank === 1);
 * ```
 */
export function topResults(
  scores: ScoreMatrix,
  query: number,
  { count = 10, boxesOf, relevance }: TopOptions = {},
): SearchResult[] {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(
      `Cannot list results: count must be an integer from 0 on, got ${count}`,
    );
  }
  const images = rankedImages(scores, query, relevance, "list results");
  const top = new TopItems(Math.min(count, images.length));
  for (const image of images) top.offer(image, scores.scores[query * scores.images + image]);
  return top.sorted().map(({ item: image, score }, place) => {
    const at = query * scores.images + image;
    const result: SearchResult = { rank: place + 1, image, score };
    if (relevance) result.relevant = relevance.relevant[at] === 1;
    if (scores.winners) {
      result.patch = scores.winners[at];
      if (boxesOf) result.box = boxOfPatch(boxesOf(image), result.patch, image);
    }
    return result;
  });
}

function boxOfPatch(boxes: readonly Box[], patch: number, image: number): Box {
  const box = boxes[patch];
  if (!box) {
    throw new RangeError(
      `Cannot locate match: patch ${patch} of image ${image} is not among ${boxes.length} boxes`,
    );
  }
  return box;
}
