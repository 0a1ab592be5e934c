/**
 * Row vectors: how many there are, their direction, their mean.
 *
 * @module
 */

/**
 * The number of row vectors in a matrix.
 *
 * @param values row-major // (R, D)
 * @param dim D
 * @param attempt what the vectors are wanted for, as in "Cannot score queries: …"
 * @returns R
 * @throws RangeError when `dim` is not a positive integer or R would not be whole
 */
export function rowCount(values: ArrayLike<number>, dim: number, attempt: string): number {
  if (!Number.isInteger(dim) || dim < 1) {
    throw new RangeError(`Cannot ${attempt}: dim must be a positive integer, got ${dim}`);
  }
  if (values.length % dim !== 0) {
    throw new RangeError(
      `Cannot ${attempt}: ${values.length} values are not a whole number of vectors of ${dim}`,
    );
  }
  return values.length / dim;
}

/**
 * The Euclidean length of a vector.
 *
 * @param vector // (D)
 */
export function vectorLength(vector: Iterable<number>): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return Math.sqrt(squares);
}

/**
 * A vector brought to length 1. A vector of length 0 stays 0.
 *
 * @param vector // (D)
 * @returns its direction, rounded to float32 // (D)
 */
export function unitVector(vector: Float64Array): Float32Array {
  const length = vectorLength(vector), divisor = length === 0 ? 1 : length;
  return Float32Array.from(vector, (value) => value / divisor);
}

/**
 * The mean of vectors, brought to length 1. A mean of length 0 stays 0.
 *
 * @param features vectors // (P, D)
 * @param dim D
 * @returns one vector // (D)
 */
export function meanVector(features: Float32Array, dim: number): Float32Array {
  const sum = new Float64Array(dim);
  for (let p = 0; p < features.length; p += dim) {
    for (let d = 0; d < dim; d++) sum[d] += features[p + d];
  }
  return unitVector(sum);
}

/**
 * The mean of each column, which is the mean row.
 *
 * @param values // (N, C)
 * @param columns C
 * @returns // (C)
 */
export function columnMeans(values: Float32Array, columns: number): Float64Array {
  const means = new Float64Array(columns);
  const rows = values.length / columns;
  values.forEach((value, i) => means[i % columns] += value / rows);
  return means;
}
