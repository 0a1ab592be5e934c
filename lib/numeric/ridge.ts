/**
 * The ridge pseudo-inverse of a few vectors, in float64.
 *
 * @module
 */

/**
 * Inverts W (Q, D): the matrix W' = Wᵀ(WWᵀ + lambda I)⁻¹, which turns wished-for inner products with the
 * rows of W into the shortest vector that has them.
 *
 * @param rows W, row by row
 * @param dim D
 * @param ridge lambda, relative to the mean square length of a row
 * @returns W', (D, Q) row by row
 * @throws Error when the rows depend on each other and lambda is 0
 */
export function ridgeInverse(rows: Float32Array, dim: number, ridge: number): Float32Array {
  const count = rows.length / dim;
  const gram = gramMatrix(rows, count, dim);
  let trace = 0;
  for (let i = 0; i < count; i++) trace += gram[i * count + i];
  for (let i = 0; i < count; i++) gram[i * count + i] += ridge * trace / count;
  factorise(gram, count);
  const inverse = new Float32Array(dim * count);
  const column = new Float64Array(count);
  for (let d = 0; d < dim; d++) {
    for (let q = 0; q < count; q++) column[q] = rows[q * dim + d];
    solve(gram, count, column);
    inverse.set(column, d * count);
  }
  return inverse;
}

/** WWᵀ, (Q, Q). */
function gramMatrix(rows: Float32Array, count: number, dim: number): Float64Array {
  const gram = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let d = 0; d < dim; d++) sum += rows[i * dim + d] * rows[j * dim + d];
      gram[i * count + j] = gram[j * count + i] = sum;
    }
  }
  return gram;
}

/** Replaces a positive definite matrix by its lower Cholesky factor. */
function factorise(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      if (j < i) {
        a[i * n + j] = sum / a[j * n + j];
      } else {
        if (!(sum > 1e-12 * a[i * n + i])) {
          throw new Error(`Cannot invert ${n} vectors: number ${i} depends on others; use a ridge`);
        }
        a[i * n + i] = Math.sqrt(sum);
      }
    }
  }
}

/** Solves L Lᵀ x = b in place. */
function solve(factor: Float64Array, n: number, x: Float64Array): void {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= factor[i * n + k] * x[k];
    x[i] /= factor[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= factor[k * n + i] * x[k];
    x[i] /= factor[i * n + i];
  }
}
