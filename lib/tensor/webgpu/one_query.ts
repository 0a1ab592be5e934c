/**
 * Attention of one query an image to its patches, on a GPU: the decoder's cross-attention. Keys and values are never
 * made: the projections are applied on the query's side (`foldedContext` in ../ops/attention.ts has the algebra), and
 * all matrices are read and written where they lie, so that nothing is sliced or transposed.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { drawDropoutSeeds, type Dropout } from "../fused.ts";
import { withGradient } from "../ops/custom_gradient.ts";
import {
  ARGUMENTS,
  declare,
  dispatch,
  reduce,
  sizeAt,
  uninitialised,
  WORKGROUP,
} from "./dispatch.ts";
import { WEBGPU_KERNELS as fused } from "./kernels.ts";
import { type Matrices, product } from "./products.ts";

/** What {@linkcode oneQueryContext} reads. */
export interface OneQueryInputs {
  /** The queries. // (B, 1, D) */
  x: tf.Tensor3D;
  /** What they look at. // (B, P, D) */
  memory: tf.Tensor3D;
  /** Projections of queries, keys and values. // (3D, D) */
  weight: tf.Tensor2D;
  /** Their biases. // (3D) */
  bias: tf.Tensor1D;
}

/** How {@linkcode oneQueryContext} attends. */
export interface OneQueryOptions {
  /** H, which divides D. */
  heads: number;
  /** 1 = a real patch, 0 = padding. // (B, P) */
  mask?: tf.Tensor2D;
  /** Dropout on the attention probabilities. */
  dropout?: Dropout;
}

/** The sizes of one call. */
interface Sizes {
  B: number;
  P: number;
  D: number;
  H: number;
  d: number;
}

/** One row of D values an image and head; the product's batch goes over heads. // (B, H, D) */
const byHead = (tensor: tf.Tensor, { D, H }: Sizes): Matrices => ({ tensor, row: H * D, batch: D });
/** The d values of a head in rows of D. // (B, H d) */
const partOfHead = (tensor: tf.Tensor, { D, d }: Sizes): Matrices => ({ tensor, row: D, batch: d });
/** The rows of a projection that make a head's values. // (H d, D), the third number `which` of three */
const projection = (tensor: tf.Tensor, which: number, { D, d }: Sizes): Matrices => ({
  ...{ tensor, offset: which * D * D, row: D, batch: d * D },
});

/**
 * softmax(q kᵀ / √d) v for each head.
 *
 * @returns the heads' contexts side by side // (B, 1, D)
 */
export function oneQueryContext(
  { x, memory, weight, bias }: OneQueryInputs,
  { heads: H, mask, dropout }: OneQueryOptions,
): tf.Tensor3D {
  const [B, P, D] = memory.shape, d = D / H, sizes: Sizes = { B, P, D, H, d };
  const scale = 1 / Math.sqrt(d), drop = drawDropoutSeeds(dropout);
  return withGradient(
    {
      x: x as tf.Tensor,
      memory: memory as tf.Tensor,
      weight: weight as tf.Tensor,
      bias: bias as tf.Tensor,
    },
    (save) => {
      const query = product({
        ...{ M: B, N: D, K: D, swapB: true, bias: { tensor: bias } },
        ...{ a: { tensor: x, row: D }, b: { tensor: weight, row: D } },
      }); // (B, D)
      const folded = product({
        ...{ M: B, N: D, K: d, count: H, into: byHead(uninitialised([B, H, D]), sizes) },
        ...{ a: partOfHead(query, sizes), b: projection(weight, 1, sizes) },
      }); // q W_k (B, H, D)
      const scores = product({
        ...{ M: H, N: P, K: D, count: B, swapB: true },
        a: { tensor: folded, row: D, batch: H * D },
        b: { tensor: memory, row: D, batch: P * D },
      }); // (B, H, P)
      const { probabilities, dropped } = fused.softmax(scores, mask, scale, drop);
      scores.dispose();
      const means = product({
        ...{ M: H, N: D, K: P, count: B },
        a: { tensor: dropped ?? probabilities, row: P, batch: H * P },
        b: { tensor: memory, row: D, batch: P * D },
      }); // (B, H, D)
      const values = product({
        ...{ M: B, N: d, K: D, count: H, swapB: true },
        ...{ a: byHead(means, sizes), b: projection(weight, 2, sizes) },
        into: partOfHead(uninitialised([B, D]), sizes),
      }); // W_v means (B, D)
      const context = addValueBias(values, dropped ?? probabilities, bias, sizes);
      values.dispose();
      const made = [query, folded, means, probabilities, ...(dropped ? [dropped] : [])];
      save([x, memory, weight, bias, ...made]);
      return tf.reshape(context, [B, 1, D]);
    },
    (dy, saved) => {
      const [x, memory, weight, bias, ...made] = saved;
      const [query, folded, means, probabilities, dropped = probabilities] = made;
      const back = tf.tidy(() => {
        const dcontext = tf.reshape(dy, [B, D]), dweight = uninitialised([3 * D, D]);
        const dmeans = product({
          ...{ M: B, N: D, K: d, count: H, into: byHead(uninitialised([B, H, D]), sizes) },
          ...{ a: partOfHead(dcontext, sizes), b: projection(weight, 2, sizes) },
        }); // (B, H, D)
        product({
          ...{ M: d, N: D, K: B, count: H, swapA: true },
          ...{ a: partOfHead(dcontext, sizes), b: byHead(means, sizes) },
          into: projection(dweight, 2, sizes),
        });
        const overPatches = { ...{ M: H, N: P, K: D, count: B, swapB: true } };
        const ofImage = (tensor: tf.Tensor, rows: number, columns: number): Matrices => ({
          ...{ tensor, row: columns, batch: rows * columns },
        });
        const dprobabilities = addValueBiasGradient(
          product({ ...overPatches, a: ofImage(dmeans, H, D), b: ofImage(memory, P, D) }),
          dcontext,
          bias,
          sizes,
        ); // (B, H, P)
        const dscores = fused.softmaxGrad(probabilities, dprobabilities, scale, drop);
        const dfolded = product({
          ...{ M: H, N: D, K: P, count: B },
          ...{ a: ofImage(dscores, H, P), b: ofImage(memory, P, D) },
        }); // (B, H, D)
        const intoMemory = (share: tf.Tensor, rows: tf.Tensor) =>
          product({
            ...{ M: P, N: D, K: H, count: B, swapA: true },
            ...{ a: ofImage(share, H, P), b: ofImage(rows, H, D) },
          }); // (B, P, D)
        const dmemory = tf.add(intoMemory(dropped, dmeans), intoMemory(dscores, folded));
        const dquery = product({
          ...{ M: B, N: d, K: D, count: H, swapB: true },
          ...{ a: byHead(dfolded, sizes), b: projection(weight, 1, sizes) },
          into: partOfHead(uninitialised([B, D]), sizes),
        }); // (B, D)
        product({
          ...{ M: d, N: D, K: B, count: H, swapA: true },
          ...{ a: partOfHead(query, sizes), b: byHead(dfolded, sizes) },
          into: projection(dweight, 1, sizes),
        });
        product({
          ...{ M: D, N: D, K: B, swapA: true },
          ...{ a: { tensor: dquery, row: D }, b: { tensor: x, row: D } },
          into: { tensor: dweight, row: D },
        });
        const dx = product({
          ...{ M: B, N: D, K: D, a: { tensor: dquery, row: D }, b: { tensor: weight, row: D } },
        });
        const dbias = biasGradient(dquery, dcontext, dropped, sizes);
        return { dx: tf.reshape(dx, [B, 1, D]), dmemory, dweight, dbias };
      });
      tf.dispose(made);
      return {
        x: () => back.dx as tf.Tensor,
        memory: () => back.dmemory as tf.Tensor,
        weight: () => back.dweight,
        bias: () => back.dbias,
      };
    },
  ) as tf.Tensor as tf.Tensor3D;
}

/** WGSL: the sum of the probabilities of image b and head h: one, but for dropout. */
const SUM_OF_SHARES = `
fn sum_of_shares(b: u32, h: u32, H: u32, P: u32) -> f32 {
  var sum = 0.0;
  for (var p = 0u; p < P; p++) { sum += shares[(b * H + h) * P + p]; }
  return sum;
}`;

/** The context of b_v: values + (Σ p) b_v. // (B, D) */
function addValueBias(
  values: tf.Tensor,
  shares: tf.Tensor,
  bias: tf.Tensor,
  { B, P, D, H, d }: Sizes,
): tf.Tensor {
  const code = declare(["y"], ["values", "shares", "bias"], { sizes: 5 }) + SUM_OF_SHARES + `
@compute @workgroup_size(64) fn main(${ARGUMENTS}) {
  let i = ${WORKGROUP} * 64u + thread;
  if (i >= ${sizeAt(0)}) { return; }
  let D = ${sizeAt(1)}; let c = i % D;
  let sum = sum_of_shares(i / D, c / ${sizeAt(4)}, ${sizeAt(2)}, ${sizeAt(3)});
  y[i] = values[i] + sum * bias[2u * D + c];
}`;
  return dispatch({
    ...{ code, inputs: [values, shares, bias], outputs: [[B, D]] },
    ...{ workgroups: [Math.ceil(B * D / 64)], sizes: [B * D, D, H, P, d] },
  })[0];
}

/** What the bias of the values adds to the gradient of each probability: dcontext · b_v, by head. // (B, H, P) */
function addValueBiasGradient(
  dprobabilities: tf.Tensor,
  dcontext: tf.Tensor,
  bias: tf.Tensor,
  { B, P, D, H, d }: Sizes,
): tf.Tensor {
  const code = declare(["y"], ["x", "dcontext", "bias"], { sizes: 4 }) + `
var<workgroup> parts: array<f32, 64>;
@compute @workgroup_size(64) fn main(${ARGUMENTS}) {
  let row = ${WORKGROUP};
  if (row >= ${sizeAt(0)}) { return; }
  let D = ${sizeAt(1)}; let P = ${sizeAt(2)}; let d = ${sizeAt(3)};
  let first = row * d; let c = first % D;
  var sum = 0.0;
  for (var j = thread; j < d; j += 64u) { sum += dcontext[first + j] * bias[2u * D + c + j]; }
  parts[thread] = sum;
  ${reduce(64, "parts")}
  for (var p = thread; p < P; p += 64u) { y[row * P + p] = x[row * P + p] + parts[0]; }
}`;
  return dispatch({
    ...{ code, inputs: [dprobabilities, dcontext, bias], outputs: [[B, H, P]] },
    ...{ workgroups: [B * H], sizes: [B * H, D, P, d] },
  })[0];
}

/** The gradient of the three biases; that of the keys' has none, as softmax takes it away. // (3D) */
function biasGradient(
  dquery: tf.Tensor,
  dcontext: tf.Tensor,
  shares: tf.Tensor,
  { B, P, D, H, d }: Sizes,
): tf.Tensor {
  const code = declare(["y"], ["dquery", "dcontext", "shares"], { sizes: 5 }) + SUM_OF_SHARES + `
@compute @workgroup_size(64) fn main(${ARGUMENTS}) {
  let i = ${WORKGROUP} * 64u + thread; let D = ${sizeAt(1)};
  if (i >= 3u * D) { return; }
  let c = i % D;
  var sum = 0.0;
  for (var b = 0u; b < ${sizeAt(0)}; b++) {
    if (i < D) { sum += dquery[b * D + c]; }
    if (i >= 2u * D) {
      sum += dcontext[b * D + c] * sum_of_shares(b, c / ${sizeAt(4)}, ${sizeAt(2)}, ${sizeAt(3)});
    }
  }
  y[i] = sum;
}`;
  return dispatch({
    ...{ code, inputs: [dquery, dcontext, shares], outputs: [[3 * D]] },
    ...{ workgroups: [Math.ceil(3 * D / 64)], sizes: [B, D, H, P, d] },
  })[0];
}
