/**
 * Visual-word fusion (*extended*: not in the paper): one vector an image, or a few, that can be searched with
 * any prompt, because they are fitted to patches alone, without prompts, labels or gradient descent.
 *
 * Most patches show background, and patch features lie in a narrow cone, so that their sum says little of
 * small objects. Whitening makes background features short and those of objects long, and turns an object's
 * patches towards the prompts of its class. The visual words are a dictionary of such directions, which takes
 * the place of a vocabulary: the fused vector is the one whose products with the visual words are closest to
 * those of the image's best patches.
 *
 * @module
 */
import { createRowMax } from "../../numeric/dot_products.ts";
import { createWhitener } from "./whitening.ts";

/** A dictionary of visual words, and what fusion with it needs. */
export interface VisualWords {
  /** D. */
  dim: number;
  /** K, the number of visual words. */
  count: number;
  /** The mean of the patches that it was fitted to. // (D) */
  mean: Float32Array;
  /** A = (S + epsilon I)^(-1/2), where S is the covariance of those patches. // (D, D) */
  whitening: Float32Array;
  /** The visual words: unit vectors among whitened patches. // (K, D) */
  words: Float32Array;
  /** The mean over images of each word's best product with a whitened patch. // (K) */
  baseline: Float32Array;
  /** The words' ridge pseudo-inverse, from products with words to the vector that has them. // (D, K) */
  readout: Float32Array;
}

/** What {@linkcode createScorer} needs. */
export type Dictionary = Pick<VisualWords, "dim" | "mean" | "whitening" | "words">;

/**
 * Makes a function that finds each word's best product with a whitened patch. It whitens the words instead of
 * the patches, c·A(x - mean) = (A c)·(x - mean), as there are fewer of them.
 *
 * @param dictionary the words and the whitening
 * @returns a function of an image's features // (P, D) -> (K)
 */
export function createScorer(
  { dim, mean, whitening, words }: Dictionary,
): (features: Float32Array) => Float32Array {
  const { directions, lengths } = createWhitener(new Float32Array(dim), whitening)(words);
  const best = createRowMax(directions, dim);
  const centre = best(mean).best; // (K)
  return (features) => best(features).best.map((score, k) => (score - centre[k]) * lengths[k]);
}
