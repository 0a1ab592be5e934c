import assert from "node:assert/strict";
import { columnMeans, meanVector, rowCount, unitVector } from "./vectors.ts";

Deno.test("unitVector keeps the direction and leaves nothing as it is", () => {
  assert.deepEqual(unitVector(Float64Array.of(3, 0, -4)), Float32Array.of(0.6, 0, -0.8));
  assert.deepEqual(unitVector(Float64Array.of(0, 0)), Float32Array.of(0, 0));
  assert.deepEqual(unitVector(Float64Array.of(1e-30, 0)), Float32Array.of(1, 0)); // beyond float32
  assert.ok(unitVector(Float64Array.of(NaN, 1)).every(Number.isNaN)); // not hidden
});

Deno.test("columnMeans is the mean row", () => {
  assert.deepEqual(columnMeans(Float32Array.of(1, 2, 3, 6, 5, 1), 2), Float64Array.of(3, 3));
});

Deno.test("meanVector is the direction of the sum", () => {
  assert.deepEqual(meanVector(Float32Array.of(1, 0, 1, 0, 1, 4), 2), Float32Array.of(0.6, 0.8));
  assert.deepEqual(meanVector(Float32Array.of(1, 0, -1, 0), 2), Float32Array.of(0, 0));
});

Deno.test("rowCount says what was attempted", () => {
  assert.equal(rowCount(new Float32Array(12), 4, "score images"), 3);
  assert.equal(rowCount([], 4, "score images"), 0);
  assert.throws(
    () => rowCount(new Float32Array(5), 2, "score queries"),
    /^RangeError: Cannot score queries: 5 values are not a whole number of vectors of 2$/,
  );
  for (const dim of [0, -1, 1.5, NaN]) {
    assert.throws(() => rowCount([1], dim, "score images"), /dim must be a positive integer, got/);
  }
});
