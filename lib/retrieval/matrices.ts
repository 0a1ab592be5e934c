/**
 * The two matrices that every measure of retrieval is a function of: scores and relevance.
 *
 * @module
 */

/** Scores of every query against every image, row-major; higher means nearer. */
export interface ScoreMatrix {
  /** Q, the number of queries (rows). */
  queries: number;
  /** N, the number of images (columns). */
  images: number;
  /** The scores. // (Q, N) */
  scores: Float32Array;
  /** For scores that are a maximum over patches: the index of the winning patch. // (Q, N) */
  winners?: Int32Array;
}

/** Which images are right answers to which query. */
export interface RelevanceMatrix {
  /** Q, the number of queries (rows). */
  queries: number;
  /** N, the number of images (columns). */
  images: number;
  /** 1 where the image shows what the query asks for, else 0. // (Q, N) */
  relevant: Uint8Array;
  /**
   * 1 where the image takes no part in that query's ranking: it is neither a hit nor a miss.
   * Absent means that every image is ranked. // (Q, N)
   */
  ignored?: Uint8Array;
}

/** Throws unless scores and relevance are of one shape, and their values as many as it needs. */
function checkShapes(
  scores: ScoreMatrix,
  relevance: RelevanceMatrix | undefined,
  attempt: string,
): void {
  const shape = (m: { queries: number; images: number }) => `${m.queries} x ${m.images}`;
  if (relevance && shape(scores) !== shape(relevance)) {
    throw new RangeError(
      `Cannot ${attempt}: scores are ${shape(scores)} but relevance is ${shape(relevance)} ` +
        `(queries x images)`,
    );
  }
  const size = scores.queries * scores.images;
  const { relevant, ignored } = relevance ?? {};
  const values = { scores: scores.scores, winners: scores.winners, relevant, ignored };
  for (const [name, found] of Object.entries(values)) {
    if (found && found.length !== size) {
      throw new RangeError(
        `Cannot ${attempt}: ${name} has ${found.length} values, ${shape(scores)} needs ${size}`,
      );
    }
  }
}

/** The error of a score that has no place in any order. */
function nanScore(attempt: string, query: number, image: number): RangeError {
  return new RangeError(
    `Cannot ${attempt}: the score of query ${query} and image ${image} is NaN`,
  );
}

/**
 * Checks the two matrices of a measure.
 *
 * @param scores scores of all queries and images // (Q, N)
 * @param relevance right answers // (Q, N)
 * @param attempt what an error says cannot be done
 * @throws RangeError unless they are of one shape and no score is NaN
 */
export function checkMatrices(
  scores: ScoreMatrix,
  relevance: RelevanceMatrix,
  attempt: string,
): void {
  checkShapes(scores, relevance, attempt);
  const bad = scores.scores.findIndex(Number.isNaN);
  if (bad >= 0) throw nanScore(attempt, Math.floor(bad / scores.images), bad % scores.images);
}

/**
 * The images that a query ranks, by index.
 *
 * @param scores scores of all queries and images // (Q, N)
 * @param query row of the query
 * @param relevance leaves out the images that it ignores for this query // (Q, N)
 * @param attempt what an error says cannot be done
 * @returns image indices, ascending // (ranked images)
 * @throws RangeError when there is no such query, shapes differ, or one of its scores is NaN
 */
export function rankedImages(
  scores: ScoreMatrix,
  query: number,
  relevance: RelevanceMatrix | undefined,
  attempt: string,
): Uint32Array {
  if (!Number.isInteger(query) || query < 0 || query >= scores.queries) {
    throw new RangeError(`Cannot ${attempt}: query ${query} is not among ${scores.queries}`);
  }
  checkShapes(scores, relevance, attempt);
  const start = query * scores.images;
  const row = scores.scores.subarray(start, start + scores.images);
  const ignored = relevance?.ignored?.subarray(start, start + scores.images);
  const images = new Uint32Array(scores.images);
  let count = 0;
  for (let i = 0; i < scores.images; i++) {
    if (ignored?.[i]) continue;
    if (Number.isNaN(row[i])) throw nanScore(attempt, query, i);
    images[count++] = i;
  }
  return images.subarray(0, count);
}

/**
 * The images of one query, best first. Equal scores are ordered by image index, so that a ranking
 * never depends on how an engine sorts.
 *
 * @param scores scores of all queries and images // (Q, N)
 * @param query row of the query
 * @param relevance leaves out the images that it ignores for this query
 * @returns image indices, highest score first // (ranked images)
 * @throws RangeError when there is no such query, shapes differ, or one of its scores is NaN
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { rankImages } from "detailclip";
 * const scores = { queries: 1, images: 3, scores: Float32Array.of(0.1, 0.9, 0.1) };
 * assert(rankImages(scores, 0).join() === "1,0,2");
 * ```
 */
export function rankImages(
  scores: ScoreMatrix,
  query: number,
  relevance?: RelevanceMatrix,
): Uint32Array {
  const images = rankedImages(scores, query, relevance, "rank images");
  const row = scores.scores.subarray(query * scores.images, (query + 1) * scores.images);
  // `sort` of a typed array is stable, but the tie rule is spelled out all the same; scores are
  // compared rather than subtracted because infinities would give NaN.
  return images.sort((a, b) => row[a] === row[b] ? a - b : row[a] > row[b] ? -1 : 1);
}
