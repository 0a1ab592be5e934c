import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { difference, drawArray } from "../ops/ops_testing.ts";
import { readTensor } from "../reading.ts";
import { type Product, product, webgpuProduct } from "./products.ts";
import { testOnWebgpu } from "./testing.ts";

/** A product whose matrices are arrays, and lie anywhere in them. */
type PlainProduct = Omit<Product, "a" | "b" | "bias" | "into"> & {
  a: Place;
  b: Place;
  c: Place;
  bias?: { values: Float32Array; offset?: number };
};
interface Place {
  values: Float32Array;
  offset?: number;
  row: number;
  batch?: number;
}

/** The product in float64 by plain loops, in a copy of what `c` holds. */
function plainProduct(wanted: PlainProduct): Float64Array {
  const { M, N, K, count = 1, a, b, c, swapA, swapB, bias } = wanted;
  const at = ({ offset = 0, row, batch = 0 }: Place, one: number, r: number, column: number) =>
    offset + one * batch + r * row + column;
  const result = Float64Array.from(c.values);
  for (let one = 0; one < count; one++) {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = bias?.values[(bias.offset ?? 0) + n] ?? 0;
        for (let k = 0; k < K; k++) {
          sum += a.values[swapA ? at(a, one, k, m) : at(a, one, m, k)] *
            b.values[swapB ? at(b, one, n, k) : at(b, one, k, n)];
        }
        result[at(c, one, m, n)] = sum;
      }
    }
  }
  return result;
}

const draw = (size: number) => drawArray([size]).data;

/** Which factors are stored transposed. */
type Swaps = [swapA: boolean, swapB: boolean];
const NONE: Swaps = [false, false], BOTH: Swaps = [true, true];
const FIRST: Swaps = [true, false], SECOND: Swaps = [false, true];

/** Sizes, and which transposes are tried: not all, as a software driver takes a second to compile one. */
type Sizes = Pick<Product, "M" | "N" | "K" | "count"> & { swaps: Swaps[]; biased?: boolean };

// Each list is cut into tiles of another size, and goes over their edges; floats are read one by one and four at once.
const SIZES: Record<string, Sizes[]> = {
  "large tiles": [
    { M: 130, N: 129, K: 9, count: 33, swaps: [NONE, BOTH] },
    { M: 132, N: 4, K: 12, count: 66, swaps: [FIRST, SECOND], biased: true },
  ],
  "medium tiles": [
    { M: 65, N: 70, K: 17, swaps: [NONE, BOTH] },
    { M: 68, N: 36, K: 20, count: 3, swaps: [FIRST, SECOND] },
  ],
  "small tiles": [
    { M: 5, N: 37, K: 33, swaps: [NONE, BOTH], biased: true },
    { M: 36, N: 8, K: 4, count: 2, swaps: [FIRST, SECOND], biased: true },
    { M: 1, N: 1, K: 1, swaps: [NONE], biased: true },
    { M: 1, N: 2, K: 2, count: 65_540, swaps: [NONE] }, // more than one dispatch holds
  ],
  "split along K": [
    { M: 36, N: 40, K: 2100, swaps: [SECOND] }, // the last part is empty
    { M: 36, N: 40, K: 300, swaps: [SECOND], biased: true },
    { M: 36, N: 41, K: 300, swaps: [FIRST], biased: true },
  ],
};

for (const [name, list] of Object.entries(SIZES)) {
  testOnWebgpu(`product: ${name}`, async () => {
    for (const { swaps, biased, ...sizes } of list) {
      const { M, N, K, count = 1 } = sizes, outer = count > 1 ? [count] : [];
      for (const [swapA, swapB] of swaps) {
        const [a, b, bias] = [draw(count * M * K), draw(count * K * N), draw(N)];
        const tensors = [
          tf.tensor(a, [...outer, ...swapA ? [K, M] : [M, K]]),
          tf.tensor(b, [...outer, ...swapB ? [N, K] : [K, N]]),
          ...biased ? [tf.tensor1d(bias)] : [],
        ];
        const actual = webgpuProduct(tensors[0], tensors[1], swapA, swapB, tensors[2]);
        assert.deepEqual(actual.shape, [...outer, M, N]);
        const expected = plainProduct({
          ...{ ...sizes, swapA, swapB, ...(biased && { bias: { values: bias } }) },
          a: { values: a, row: swapA ? M : K, batch: M * K },
          b: { values: b, row: swapB ? K : N, batch: K * N },
          c: { values: new Float32Array(count * M * N), row: N, batch: M * N },
        });
        const off = difference(await readTensor(actual), expected);
        assert.ok(off < 2e-6 * Math.sqrt(K), `${[M, N, K, count, swapA, swapB]}: off by ${off}`);
        tf.dispose(tensors);
      }
    }
  });
}

/** Matrices within wider rows, with a place before the first one. */
function placeIn(rows: number, row: number, offset: number): Place {
  return { values: draw(offset + 2 * rows * row), offset, row, batch: rows * row };
}

// offsets and strides that are multiples of four, and not, though the matrices' own sizes are
for (const unit of [4, 1]) {
  testOnWebgpu(`product: parts of tensors, into a part of one, in steps of ${unit}`, async () => {
    const [M, N, K] = [12, 8, 20];
    for (const [swapA, swapB] of unit === 4 ? [FIRST, SECOND] : [NONE, BOTH]) {
      const wanted = { M, N, K, count: 2, swapA, swapB };
      const [a, b, c] = [1, 2, 3].map((n) => placeIn(20, 20 + unit, n * unit));
      const bias = { values: draw(20), offset: unit };
      const tensors = [a, b, c, bias].map(({ values }) => tf.tensor1d(values));
      const [tensorA, tensorB, into, tensorBias] = tensors;
      const result = product({
        ...wanted,
        a: { ...a, tensor: tensorA },
        b: { ...b, tensor: tensorB },
        bias: { ...bias, tensor: tensorBias },
        into: { ...c, tensor: into },
      });
      assert.equal(result, into);
      // what lies beside it is as it was
      const off = difference(await readTensor(into), plainProduct({ ...wanted, a, b, c, bias }));
      assert.ok(off < 1e-5, `${[swapA, swapB]}: off by ${off}`);
      tf.dispose([tensorA, tensorB, tensorBias]);
    }
  });
}

testOnWebgpu("product: with a bias from the middle of a tensor on", async () => {
  const [M, N, K] = [36, 40, 300], [a, b, bias] = [draw(M * K), draw(N * K), draw(3 * N)];
  const places = { a: { values: a, row: K }, b: { values: b, row: K } };
  const tensors = [a, b, bias].map((values) => tf.tensor1d(values));
  const wanted = { M, N, K, swapB: true };
  const result = product({
    ...wanted,
    a: { tensor: tensors[0], row: K },
    b: { tensor: tensors[1], row: K },
    bias: { tensor: tensors[2], offset: N },
  });
  const c = { values: new Float32Array(M * N), row: N };
  const expected = plainProduct({ ...wanted, ...places, c, bias: { values: bias, offset: N } });
  assert.ok(difference(await readTensor(result), expected) < 1e-5);
  tf.dispose(tensors);
});
