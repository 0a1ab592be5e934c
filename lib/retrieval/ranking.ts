/**
 * One query's ranking and what is expected of it where scores are equal.
 *
 * @module
 */
import { rankImages, type RelevanceMatrix, type ScoreMatrix } from "./matrices.ts";

/** Images of equal score of which some are relevant and some are not, at the places from `start` to before `end`. */
export interface Tie {
  /** Its first place. */
  start: number;
  /** The place after its last. */
  end: number;
  /** How many of its images are relevant. */
  relevant: number;
}

/** One query's images, best first. Where scores are equal, `order` is one of many that are as good. */
export interface Ranking {
  /** Image indices. // (ranked) */
  order: Uint32Array;
  /** Places of the relevant ones, ascending. // (n) */
  hits: number[];
  /** Where the order of equal scores matters, ascending; relevant images alone, or others alone, are no ties. */
  ties: Tie[];
}

/**
 * Ranks the images of one query.
 *
 * @param scores higher is better // (Q, N)
 * @param relevance right answers // (Q, N)
 * @param query row of the query
 * @throws RangeError when there is no such query, shapes differ, or one of its scores is NaN
 */
export function rankingOf(
  scores: ScoreMatrix,
  relevance: RelevanceMatrix,
  query: number,
): Ranking {
  const order = rankImages(scores, query, relevance);
  const row = query * scores.images;
  const hits: number[] = [];
  order.forEach((image, place) => relevance.relevant[row + image] && hits.push(place));
  const scoreAt = (place: number) => scores.scores[row + order[place]];
  const ties: Tie[] = [];
  for (let hit = 0; hit < hits.length;) {
    const first = hit, score = scoreAt(hits[hit]);
    let start = hits[hit], end = start + 1;
    while (start > 0 && scoreAt(start - 1) === score) start--;
    while (end < order.length && scoreAt(end) === score) end++;
    while (hit < hits.length && hits[hit] < end) hit++;
    if (hit - first < end - start) ties.push({ start, end, relevant: hit - first });
  }
  return { order, hits, ties };
}

/** How many values are less than `limit`. */
function countBelow(ascending: readonly number[], limit: number): number {
  let low = 0, high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The number of relevant images to expect among the first `limit`, each order of equal scores being equally likely:
 * of a tie of m images, h of them relevant, the first t hold h·t/m. It is the same whatever the order of the images
 * in the matrix.
 *
 * @param ranking of a query
 * @param limit how many images are looked at
 *
 * Source: F. McSherry and M. Najork, "Computing information retrieval performance measures efficiently in the
 * presence of tied scores", ECIR 2008, section 3.
 */
export function expectedHits({ hits, ties }: Ranking, limit: number): number {
  const cut = ties.find(({ end }) => end > limit);
  if (cut === undefined || cut.start >= limit) return countBelow(hits, limit);
  const { start, end, relevant } = cut;
  return countBelow(hits, start) + relevant * (limit - start) / (end - start);
}

/**
 * The sum over relevant images of the precision at their place to expect, each order of equal scores being equally
 * likely. At the place j (from 0) of a tie of m images that begins at place a, behind r relevant images, stands one of
 * its h relevant ones with probability h/m, and j·(h-1)/(m-1) others of them before it.
 *
 * @param ranking of a query
 *
 * Source: as of {@linkcode expectedHits}.
 */
export function expectedPrecisions({ hits, ties }: Ranking): number {
  let sum = 0, tie = 0;
  for (let found = 0; found < hits.length;) {
    if (hits[found] < (ties[tie]?.start ?? Infinity)) {
      sum += (found + 1) / (hits[found] + 1);
      found++;
      continue;
    }
    const { start, end, relevant } = ties[tie++], size = end - start;
    for (let j = 0; j < size; j++) {
      const before = found + j * (relevant - 1) / (size - 1);
      sum += relevant / size * (before + 1) / (start + j + 1);
    }
    found += relevant;
  }
  return sum;
}
