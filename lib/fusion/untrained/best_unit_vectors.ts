/**
 * The ceiling of the paper's loss: for each image the unit vector that minimises equation 7, over all vectors and not
 * over those of a model. What a trained fusion lacks of it is its own fault; what it lacks of the patches is the
 * loss's, and the geometry's of the texts.
 *
 * @module
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { rowCount } from "../../numeric/vectors.ts";

/** Below this share of the greatest, an eigenvalue of WᵀW is 0: no prompt has a part along its vector. */
const TOLERANCE = 1e-10;
/** Halvings of the interval of the multiplier: enough for float64. */
const HALVINGS = 100;

/**
 * Solves min ‖Wv - t‖² over |v| = 1 for each image, exactly: v = (WᵀW + λI)⁻¹Wᵀt, where λ makes its length 1. Where a
 * shorter vector has all the similarities that are asked for, the rest of its length goes where none of these prompts
 * looks: similarities to other texts mean nothing.
 *
 * @param targets t: for each image and prompt, the cosine of the best patch // (N, Q)
 * @param prompts W: unit vectors // (Q, D)
 * @param dim D
 * @returns unit vectors // (N, D)
 * @throws RangeError when sizes disagree, or a value is not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bestUnitVectors } from "detailclip";
 * // both prompts have a patch that is all theirs: no unit vector is 0.9 alike to two orthogonal ones
 * const [x, y] = bestUnitVectors(Float32Array.of(0.9, 0.9), Float32Array.of(1, 0, 0, 1), 2);
 * assert(Math.abs(x - Math.SQRT1_2) < 1e-6 && Math.abs(y - Math.SQRT1_2) < 1e-6);
 * ```
 */
export function bestUnitVectors(
  targets: Float32Array,
  prompts: Float32Array,
  dim: number,
): Float32Array {
  const attempt = "find the best unit vectors";
  const queries = rowCount(prompts, dim, attempt);
  if (queries === 0) throw new RangeError(`Cannot ${attempt}: there are no prompts`);
  const images = rowCount(targets, queries, attempt);
  if (!targets.every(Number.isFinite) || !prompts.every(Number.isFinite)) {
    throw new RangeError(`Cannot ${attempt}: a value is not finite`);
  }
  const W = Matrix.from1DArray(queries, dim, prompts);
  const { realEigenvalues: values, eigenvectorMatrix: basis } = new EigenvalueDecomposition(
    W.transpose().mmul(W),
    { assumeSymmetric: true },
  ); // ascending
  const seen = values.map((value) => value > TOLERANCE * values[dim - 1]);
  const free = seen.indexOf(false); // a direction that no prompt sees, if there is one
  const wanted = W.mmul(basis); // (Q, D)
  const fused = new Float32Array(images * dim); // (N, D)
  for (let n = 0; n < images; n++) {
    const t = Matrix.rowVector(targets.subarray(n * queries, (n + 1) * queries));
    const b = t.mmul(wanted).to1DArray().map((value, d) => (seen[d] ? value : 0)); // Wᵀt in the basis
    const vector = lengthOne(b, { values, seen, free });
    fused.set(basis.mmul(Matrix.columnVector(vector)).to1DArray(), n * dim);
  }
  return fused;
}

/** The vector b / (e + λ) of length 1, for the eigenvalues e; filled up along the free direction where that is shorter. */
function lengthOne(
  b: readonly number[],
  { values, seen, free }: { values: number[]; seen: boolean[]; free: number },
): number[] {
  const at = (lambda: number) =>
    b.map((value, d) => (seen[d] && value !== 0 ? value / (values[d] + lambda) : 0));
  const squares = (vector: readonly number[]) => vector.reduce((sum, x) => sum + x * x, 0);
  const plain = at(0), left = 1 - squares(plain);
  if (left >= 0 && free >= 0) return plain.with(free, Math.sqrt(left));
  // ‖b / (e + λ)‖ falls with λ: from above 1 towards 0, or, where the plain one is short, from 1 on at a λ below 0
  let low = left < 0 ? 0 : -values[0], high = left < 0 ? Math.sqrt(squares(b)) : 0;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (squares(at(middle)) > 1) low = middle;
    else high = middle;
  }
  const vector = at((low + high) / 2), missing = 1 - squares(vector);
  // where nothing is asked for along the least eigenvector, what is missing goes there
  if (missing > 1e-9) return vector.with(0, Math.sqrt(missing));
  const scale = 1 / Math.sqrt(squares(vector));
  return vector.map((x) => x * scale);
}
