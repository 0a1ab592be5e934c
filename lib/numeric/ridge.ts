/**
 * The ridge pseudo-inverse of a few vectors, in float64.
 *
 * @module
 */
import { CholeskyDecomposition, Matrix } from "ml-matrix";

/** Below this share of its squared length outside the span of the rows before it, a row depends on them. */
const TOLERANCE = 1e-12;
/** From so many rows a dimension on the smaller system is solved. */
const MANY = 2;

/**
 * Inverts W (Q, D): the matrix W' = Wᵀ(WWᵀ + lambda I)⁻¹, which turns wanted inner products with the rows of
 * W into the shortest vector that has them. Of many more rows than dimensions the equal (WᵀW + lambda I)⁻¹Wᵀ is solved.
 *
 * @param rows W, row by row
 * @param dim D
 * @param ridge lambda, relative to the mean square length of a row
 * @returns W', (D, Q) row by row
 * @throws Error when lambda is 0 and the rows depend on each other; of many rows, when they do not span all dimensions
 */
export function ridgeInverse(rows: Float32Array, dim: number, ridge: number): Float32Array {
  const count = rows.length / dim;
  const W = Matrix.from1DArray(count, dim, rows), transposed = W.transpose();
  const many = count > MANY * dim;
  const gram = many ? transposed.mmul(W) : W.mmul(transposed); // (D, D) or (Q, Q)
  gram.add(Matrix.eye(gram.rows).mul(ridge * gram.trace() / count));
  const factor = new CholeskyDecomposition(gram);
  factor.lowerTriangularMatrix.diagonal().forEach((pivot, i) => {
    if (pivot ** 2 > TOLERANCE * gram.get(i, i)) return;
    const what = many ? "they do not span all dimensions" : `number ${i} depends on others`;
    throw new Error(`Cannot invert ${count} vectors: ${what}; use a ridge`);
  });
  const solved = many ? factor.solve(transposed) : factor.solve(W).transpose(); // (D, Q)
  return Float32Array.from(solved.to1DArray());
}
