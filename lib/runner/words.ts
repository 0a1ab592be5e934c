/**
 * Seen and unseen words: the classes whose prompts a fusion may learn from, and the others.
 *
 * @module
 */
import { createRandom } from "../numeric/random.ts";
import type { RelevanceMatrix } from "../retrieval/mod.ts";

/** A division of the classes of a data set. */
export interface Words {
  /** Classes that a fusion learns from, ascending. */
  known: number[];
  /** Classes that it never hears of, ascending; none by default. */
  hidden: number[];
  /** The prompts of the known classes. // (Q, D) -> (known, D) */
  pick(prompts: Float32Array): Float32Array;
}

/**
 * Hides some classes from fusion, drawn by a seed.
 *
 * @param classes how many classes there are
 * @param hidden how many of them to hide
 * @param seed seed of the draw
 * @throws {RangeError} unless at least one class stays known
 */
export function divideWords(classes: number, hidden: number, seed: number): Words {
  if (!Number.isInteger(hidden) || hidden < 0 || hidden >= classes) {
    throw new RangeError(
      `Cannot hide words: of ${classes} classes 0 to ${classes - 1} can be hidden, got ${hidden}`,
    );
  }
  const order = createRandom(seed).shuffle(Array.from({ length: classes }, (_, i) => i));
  const ascending = (a: number, b: number) => a - b;
  const known = order.slice(hidden).sort(ascending);
  return {
    known,
    hidden: order.slice(0, hidden).sort(ascending),
    pick(prompts) {
      const dim = prompts.length / classes;
      const picked = new Float32Array(known.length * dim);
      known.forEach((q, i) => picked.set(prompts.subarray(q * dim, (q + 1) * dim), i * dim));
      return picked;
    },
  };
}

/** The same right answers for some queries; the others have none, so that no mean counts them. */
export function onlyQueries(
  relevance: RelevanceMatrix,
  queries: readonly number[],
): RelevanceMatrix {
  const { images } = relevance;
  const relevant = new Uint8Array(relevance.relevant.length);
  for (const q of queries) {
    relevant.set(relevance.relevant.subarray(q * images, (q + 1) * images), q * images);
  }
  return { ...relevance, relevant };
}
