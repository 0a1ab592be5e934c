/**
 * The ridge pseudo-inverse of a few vectors, in float64.
 *
 * @module
 */
import { CholeskyDecomposition, Matrix } from "ml-matrix";

/** Below this share of its squared length outside the span of the rows before it, a row depends on them. */
const TOLERANCE = 1e-12;

/**
 * Inverts W (Q, D): the matrix W' = Wᵀ(WWᵀ + lambda I)⁻¹, which turns wanted inner products with the rows of
 * W into the shortest vector that has them.
 *
 * @param rows W, row by row
 * @param dim D
 * @param ridge lambda, relative to the mean square length of a row
 * @returns W', (D, Q) row by row
 * @throws Error when the rows depend on each other and lambda is 0
 */
export function ridgeInverse(rows: Float32Array, dim: number, ridge: number): Float32Array {
  const count = rows.length / dim;
  const W = Matrix.from1DArray(count, dim, rows);
  const gram = W.mmul(W.transpose()); // (Q, Q)
  gram.add(Matrix.eye(count).mul(ridge * gram.trace() / count));
  const factor = new CholeskyDecomposition(gram);
  factor.lowerTriangularMatrix.diagonal().forEach((pivot, i) => {
    if (pivot ** 2 > TOLERANCE * gram.get(i, i)) return;
    throw new Error(`Cannot invert ${count} vectors: number ${i} depends on others; use a ridge`);
  });
  return Float32Array.from(factor.solve(W).transpose().to1DArray());
}
