/**
 * Operations, what they must be equal to, and inputs for them: shared by the tests of all engines.
 *
 * @module
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { createRandom } from "../../numeric/random.ts";
import type { NamedArray } from "../safetensors.ts";
import {
  attention,
  type AttentionWeights,
  feedForward,
  gelu,
  l2Normalize,
  layerNorm,
  linear,
  matmul,
  residualNorm,
} from "./mod.ts";

const random = createRandom("ops");

/** Normal numbers; matrices as small as a layer's weights, so that nothing saturates. */
export function drawArray(shape: number[]): NamedArray {
  const size = shape.reduce((a, b) => a * b, 1), scale = shape.length === 2 ? shape[1] ** -0.5 : 1;
  return { shape, data: Float32Array.from({ length: size }, () => scale * random.normal()) };
}

/** The same as a tensor. */
export function draw(...shape: number[]): tf.Tensor {
  return tf.tensor(drawArray(shape).data, shape);
}

/** The largest difference between two arrays, relative to the largest element of the second. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  let most = 0, scale = 1e-3;
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i] - expected[i]);
    if (Number.isNaN(off)) return NaN;
    most = Math.max(most, off);
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return most / scale;
}

/** An operation on tensors. */
export type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** An operation, the same as a composition of tfjs's own operations, and the shapes of its inputs. */
export interface Case {
  name: string;
  op: Op;
  plain: Op;
  inputs: number[][];
}

const plainGelu = (x: tf.Tensor) =>
  tf.mul(x, tf.mul(tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1), 0.5));
const plainLinear = (x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor) => {
  const y = tf.matMul(tf.reshape(x, [-1, x.shape.at(-1)!]), tf.transpose(w));
  return tf.reshape(b ? tf.add(y, b) : y, [...x.shape.slice(0, -1), w.shape[0]]);
};
function plainNorm(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), scale), shift);
}

/** nn.MultiheadAttention, head by head, as its documentation says. */
function plainAttention(
  x: tf.Tensor,
  memory: tf.Tensor,
  [w, b, ow, ob]: tf.Tensor[],
  heads: number,
  mask?: tf.Tensor,
): tf.Tensor {
  const D = x.shape[2]!, d = D / heads;
  const [wq, wk, wv] = tf.split(w, 3), [bq, bk, bv] = tf.split(b, 3);
  const q = plainLinear(x, wq, bq),
    k = plainLinear(memory, wk, bk),
    v = plainLinear(memory, wv, bv);
  const contexts = Array.from({ length: heads }, (_, h) => {
    const part = (t: tf.Tensor) => tf.slice(t, [0, 0, h * d], [-1, -1, d]);
    let scores = tf.div(tf.matMul(part(q), tf.transpose(part(k), [0, 2, 1])), Math.sqrt(d));
    if (mask) scores = tf.add(scores, tf.mul(tf.sub(1, tf.expandDims(mask, 1)), -1e9));
    return tf.matMul(tf.softmax(scores), part(v));
  });
  return plainLinear(tf.concat(contexts, 2), ow, ob);
}

const weightsOf = ([w, b, ow, ob]: tf.Tensor[]) => ({
  inProjWeight: w,
  inProjBias: b,
  outProjWeight: ow,
  outProjBias: ob,
} as AttentionWeights);
/** Two rows of padding in the first of two images. */
const maskIf = (masked: boolean) =>
  masked ? tf.tensor2d([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]) : undefined;
const projections = (D: number) => [[3 * D, D], [3 * D], [D, D], [D]];

function selfCase(name: string, T: number, masked = false, D = 8): Case {
  return {
    name,
    op: (x, ...w) => {
      const y = x as tf.Tensor3D;
      return attention(y, y, weightsOf(w), { heads: 2, mask: maskIf(masked) });
    },
    plain: (x, ...w) => plainAttention(x, x, w, 2, maskIf(masked)),
    inputs: [[2, T, D], ...projections(D)],
  };
}

function crossCase(name: string, T: number, D: number, masked = false): Case {
  return {
    name,
    op: (x, memory, ...w) =>
      attention(x as tf.Tensor3D, memory as tf.Tensor3D, weightsOf(w), {
        heads: 2,
        mask: maskIf(masked),
      }),
    plain: (x, memory, ...w) => plainAttention(x, memory, w, 2, maskIf(masked)),
    inputs: [[2, T, D], [2, 5, D], ...projections(D)],
  };
}

/** Every operation, in the shapes that take ways of their own on some engine. */
export function cases(): Case[] {
  const products: Case[] = [[false, false], [false, true], [true, false], [true, true]].map((
    [a, b],
  ) => ({
    name: `matmul ${a} ${b}`,
    op: (x, y) => matmul(x, y, a, b),
    plain: (x, y) =>
      tf.matMul(a ? tf.transpose(x, [0, 2, 1]) : x, b ? tf.transpose(y, [0, 2, 1]) : y),
    inputs: [a ? [3, 5, 4] : [3, 4, 5], b ? [3, 6, 5] : [3, 5, 6]],
  }));
  return [
    ...products,
    {
      name: "matmul 2-D",
      op: (x, y) => matmul(x, y),
      plain: (x, y) => tf.matMul(x, y),
      inputs: [[3, 4], [4, 2]],
    },
    {
      name: "linear",
      op: (x, w, b) => linear(x, w as tf.Tensor2D, b as tf.Tensor1D),
      plain: plainLinear,
      inputs: [[2, 3, 5], [4, 5], [4]],
    },
    {
      name: "linear without bias",
      op: (x, w) => linear(x, w as tf.Tensor2D),
      plain: plainLinear,
      inputs: [[3, 5], [4, 5]],
    },
    { name: "gelu", op: gelu, plain: plainGelu, inputs: [[4, 33]] },
    ...[[2, 3, 16], [150, 130]].map((shape): Case => ({
      name: `layer norm of ${shape}`,
      op: (x, a, b) => layerNorm(x, a as tf.Tensor1D, b as tf.Tensor1D, 1e-5),
      plain: plainNorm,
      inputs: [shape, shape.slice(-1), shape.slice(-1)],
    })),
    {
      name: "residual norm",
      op: (x, y, a, b) => residualNorm(x, y, a as tf.Tensor1D, b as tf.Tensor1D),
      plain: (x, y, a, b) => plainNorm(tf.add(x, y), a, b),
      inputs: [[2, 3, 16], [2, 3, 16], [16], [16]],
    },
    ...[[8, 20], [5, 7]].map(([D, F]): Case => ({
      name: `feed forward of ${D} and ${F}`,
      op: (x, a, b, c, d) =>
        feedForward(x, a as tf.Tensor2D, b as tf.Tensor1D, c as tf.Tensor2D, d as tf.Tensor1D),
      plain: (x, a, b, c, d) => plainLinear(plainGelu(plainLinear(x, a, b)), c, d),
      inputs: [[2, 3, D], [F, D], [F], [D, F], [D]],
    })),
    {
      name: "unit rows",
      op: l2Normalize,
      plain: (x) => tf.div(x, tf.norm(x, "euclidean", -1, true)),
      inputs: [[3, 4, 5]],
    },
    selfCase("self-attention", 7),
    selfCase("self-attention of one", 1),
    selfCase("self-attention over more rows than a vector register", 37),
    selfCase("self-attention with padding", 5, true),
    selfCase("self-attention with heads of three, over more rows than a workgroup", 70, false, 6),
    crossCase("cross-attention of one query", 1, 8),
    crossCase("cross-attention of one query with padding", 1, 8, true),
    crossCase("cross-attention of one query with heads of three", 1, 6),
    crossCase("cross-attention of two queries, folded", 2, 16),
    crossCase("cross-attention of two queries, folded, with padding", 2, 16, true),
    crossCase("cross-attention of many queries", 6, 8),
    crossCase("cross-attention of many queries with padding", 6, 8, true),
  ];
}

/** Blocks with dropout inside, which is the same at every call. */
export function dropoutCases(): Omit<Case, "plain">[] {
  const [B, T, D] = [2, 5, 8];
  const dropout = () => ({ rate: 0.3, random: createRandom(4) });
  return [
    {
      name: "residual norm",
      op: (x, y, a, b) =>
        residualNorm(x, y, a as tf.Tensor1D, b as tf.Tensor1D, { dropout: dropout() }),
      inputs: [[B, T, D], [B, T, D], [D], [D]],
    },
    ...[20, 21].map((F): Omit<Case, "plain"> => ({
      name: `feed forward of ${F}`,
      op: (x, a, b, c, d) =>
        feedForward(x, a as tf.Tensor2D, b as tf.Tensor1D, c as tf.Tensor2D, d as tf.Tensor1D, {
          dropout: dropout(),
        }),
      inputs: [[B, T, D], [F, D], [F], [D, F], [D]],
    })),
    {
      name: "self-attention",
      op: (x, ...w) => {
        const y = x as tf.Tensor3D;
        return attention(y, y, weightsOf(w), { heads: 2, dropout: dropout() });
      },
      inputs: [[B, T, D], ...projections(D)],
    },
    ...[1, 2].map((queries): Omit<Case, "plain"> => ({
      name: `cross-attention of ${queries}`,
      op: (x, memory, ...w) =>
        attention(x as tf.Tensor3D, memory as tf.Tensor3D, weightsOf(w), {
          heads: 2,
          dropout: dropout(),
        }),
      inputs: [[B, queries, D], [B, T, D], ...projections(D)],
    })),
  ];
}
