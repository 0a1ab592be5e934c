/**
 * Closed-form fusion: the one vector an image whose similarities to a vocabulary are closest to those of
 * the image's best patches. No training; a baseline that the paper lacks. It knows only its vocabulary.
 *
 * @module
 */
import { columnMeans, rowCount, unitVector } from "../../numeric/vectors.ts";
import { ridgeInverse } from "../../numeric/ridge.ts";

/** Options of {@linkcode closedFormFusion}. */
export interface ClosedFormOptions {
  /** D, the length of a vector. */
  dim: number;
  /**
   * λ, relative to the mean square length of a prompt (default 0.1). Bringing vectors to length 1 lowers
   * the scores of images with many high targets, which a ridge softens; a ridge above 1 hides the differences
   * between prompts that have much in common, as those of most CLIPs have.
   */
  ridge?: number;
  /**
   * The mean target of each prompt (default: the mean over the images given). A collection that grows
   * keeps the means it started with. // (Q)
   */
  means?: ArrayLike<number>;
}

/**
 * Solves for the fused vectors: v = Wᵀ(WWᵀ + λI)⁻¹(t - mean t), which minimises
 * ‖Wv - (t - mean t)‖² + λ‖v‖², brought to length 1.
 *
 * Targets are centred, prompt by prompt over the images: a constant does not change how a prompt ranks the
 * images.
 *
 * @param targets t: for each image and prompt, the cosine of the best patch // (N, Q)
 * @param prompts W: unit vectors // (Q, D)
 * @param options D, λ and the means
 * @returns unit vectors; 0 for an image whose targets are the means // (N, D)
 * @throws RangeError when sizes disagree, a value is not finite or the ridge is negative
 * @throws Error when λ is 0 and the prompts depend on each other
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { closedFormFusion } from "detailclip";
 * const targets = Float32Array.of(0.9, 0.1, 0.1, 0.9); // the first image shows the first prompt
 * const fused = closedFormFusion(targets, Float32Array.of(1, 0, 0, 1), { dim: 2 });
 * assert(fused[0] > 0.7 && fused[1] < -0.7);
 * ```
 */
export function closedFormFusion(
  targets: Float32Array,
  prompts: Float32Array,
  { dim, ridge = 0.1, means }: ClosedFormOptions,
): Float32Array {
  const attempt = "fuse in closed form";
  const queries = rowCount(prompts, dim, attempt);
  if (queries === 0) throw new RangeError(`Cannot ${attempt}: there are no prompts`);
  const images = rowCount(targets, queries, attempt);
  if (!(ridge >= 0 && ridge < Infinity)) {
    throw new RangeError(`Cannot ${attempt}: ridge must be a number from 0 on, got ${ridge}`);
  }
  checkFinite(targets, "target");
  checkFinite(prompts, "value of the prompts");
  const centre = means ?? columnMeans(targets, queries);
  if (centre.length !== queries) {
    throw new RangeError(`Cannot ${attempt}: ${centre.length} means for ${queries} prompts`);
  }
  const inverse = ridgeInverse(prompts, dim, ridge); // (D, Q)
  const fused = new Float32Array(images * dim); // (N, D)
  const centred = new Float64Array(queries), vector = new Float64Array(dim);
  for (let n = 0; n < images; n++) {
    for (let q = 0; q < queries; q++) centred[q] = targets[n * queries + q] - centre[q];
    for (let d = 0, at = 0; d < dim; d++) {
      let sum = 0;
      for (let q = 0; q < queries; q++) sum += inverse[at++] * centred[q];
      vector[d] = sum;
    }
    fused.set(unitVector(vector), n * dim);
  }
  return fused;
}

function checkFinite(values: Float32Array, what: string): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(`Cannot fuse in closed form: ${what} ${bad} is ${values[bad]}`);
  }
}
