/**
 * Multi-head attention with the numerics of PyTorch's `nn.MultiheadAttention`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { dropoutIf } from "./dropout.ts";
import { linear } from "./linear.ts";
import { asRows, matmul } from "./matmul.ts";
import type { Dropout, FusedKernels } from "../fused.ts";
import { backendInUse, fusedKernels } from "../kernels.ts";
import { oneQueryContext } from "../webgpu/one_query.ts";
import { selfAttention } from "./self_attention.ts";

/** The weights of an attention block, as in PyTorch's `nn.MultiheadAttention`. */
export interface AttentionWeights {
  /** (3D, D): queries, keys, values. */
  inProjWeight: tf.Tensor2D;
  /** (3D). */
  inProjBias: tf.Tensor1D;
  /** (D, D). */
  outProjWeight: tf.Tensor2D;
  /** (D). */
  outProjBias: tf.Tensor1D;
}

/** Options of {@linkcode attention}. */
export interface AttentionOptions {
  /** How many heads; divides D. */
  heads: number;
  /** (B, P): 1 = a real row of the memory, 0 = padding. */
  mask?: tf.Tensor2D;
  /** Dropout on the attention's weights, while training. */
  dropout?: Dropout;
}

/**
 * Multi-head attention: each of T queries looks at P rows.
 *
 * @param x (B, T, D), the queries
 * @param memory (B, P, D), what they look at; the same tensor for self-attention
 * @param weights the projections
 * @param options heads, mask and dropout
 * @returns (B, T, D)
 * @throws {RangeError} when the heads do not divide D
 */
export function attention(
  x: tf.Tensor3D,
  memory: tf.Tensor3D,
  weights: AttentionWeights,
  options: AttentionOptions,
): tf.Tensor3D {
  const [, T, D] = x.shape;
  const { heads } = options;
  if (!Number.isInteger(heads) || heads < 1 || D % heads !== 0) {
    throw new RangeError(`Cannot attend: heads must divide the dimension ${D}, got ${heads}`);
  }
  const fused = fusedKernels();
  if (x === memory && fused) return fusedSelfAttention(fused, x, weights, options);
  const context = x !== memory && T === 1 && backendInUse() === "webgpu"
    ? oneQueryContext(
      { x, memory, weight: weights.inProjWeight, bias: weights.inProjBias },
      options,
    )
    : x !== memory && T * heads * 4 <= D
    ? foldedContext(x, memory, weights, options)
    : plainContext(x, memory, weights, options);
  return linear(context, weights.outProjWeight, weights.outProjBias);
}

/** Self-attention in as few passes as there are. */
function fusedSelfAttention(
  fused: FusedKernels,
  x: tf.Tensor3D,
  weights: AttentionWeights,
  { heads: H, mask, dropout }: AttentionOptions,
): tf.Tensor3D {
  const [B, T] = x.shape;
  const rows = linear(asRows(x), weights.inProjWeight); // (B T, 3D)
  const context = selfAttention(fused, rows, weights.inProjBias, { B, T, H, mask, dropout }); // (B T, D)
  rows.dispose(); // what the gradients need of it is saved
  const y = linear(context, weights.outProjWeight, weights.outProjBias);
  context.dispose();
  return tf.reshape(y, x.shape);
}

/** (B, T, D) → (B, H, T, D/H). */
function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor4D {
  const [B, T, D] = x.shape;
  return tf.transpose(tf.reshape(x, [B, T, heads, D / heads]), [0, 2, 1, 3]);
}

/** (B, H, T, d) → (B, T, H d). */
function joinHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [B, H, T, d] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [B, T, H * d]);
}

/** The attention probabilities, softmax of the scores over the rows of the memory. // (B, H, T, P) */
function attentionProbabilities(
  scores: tf.Tensor4D,
  { mask, dropout }: AttentionOptions,
): tf.Tensor4D {
  const [B, , , P] = scores.shape;
  const masked = mask
    ? tf.add(scores, tf.reshape(tf.mul(tf.sub(1, mask), -1e9), [B, 1, 1, P]))
    : scores;
  return dropoutIf(tf.softmax(masked), dropout) as tf.Tensor4D;
}

/** Attention, softmax(q kᵀ / √d) v for each head. */
function plainContext(
  x: tf.Tensor3D,
  memory: tf.Tensor3D,
  weights: AttentionWeights,
  options: AttentionOptions,
): tf.Tensor3D {
  const D = x.shape[2], { heads } = options;
  const { inProjWeight: W, inProjBias: b } = weights;
  const [queries, keys, values] = (x === memory ? tf.split(linear(x, W, b), 3, 2) : [
    linear(x, tf.slice(W, 0, D), tf.slice(b, 0, D)),
    ...tf.split(linear(memory, tf.slice(W, D, 2 * D), tf.slice(b, D, 2 * D)), 2, 2),
  ]).map((part) => splitHeads(part as tf.Tensor3D, heads)); // (B, H, T or P, d)
  const scale = 1 / Math.sqrt(D / heads);
  const scores = tf.mul(matmul(queries, keys, false, true), scale) as tf.Tensor4D; // (B, H, T, P)
  return joinHeads(matmul(attentionProbabilities(scores, options), values));
}

/**
 * Few queries: instead of projecting all P rows to keys and values, the projections are applied on the
 * queries' side, q (W_k m + b_k) = (q W_k) m + const and Σ p (W_v m + b_v) = W_v (Σ p m) + (Σ p) b_v. The
 * constant is the same for all rows, so softmax takes it away, and b_k has no gradient.
 */
function foldedContext(
  x: tf.Tensor3D,
  memory: tf.Tensor3D,
  weights: AttentionWeights,
  options: AttentionOptions,
): tf.Tensor3D {
  const [B, T, D] = x.shape, P = memory.shape[1], H = options.heads, d = D / H;
  const [Wq, Wk, Wv] = tf.split(weights.inProjWeight, 3) as tf.Tensor2D[];
  const [bq, , bv] = tf.split(weights.inProjBias, 3) as tf.Tensor1D[];
  const queries = splitHeads(linear(x, Wq, bq), H); // (B, H, T, d)
  const byHead = tf.reshape(tf.transpose(queries, [1, 0, 2, 3]), [H, B * T, d]) as tf.Tensor3D;
  const folded = matmul(byHead, tf.reshape(Wk, [H, d, D])); // (H, B T, D)
  const inRows = (t: tf.Tensor, last: number) =>
    tf.reshape(
      tf.transpose(tf.reshape(t, [H, B, T, last]), [1, 0, 2, 3]),
      [B, H * T, last],
    ) as tf.Tensor3D;
  const scale = 1 / Math.sqrt(d);
  const scores = tf.mul(matmul(inRows(folded, D), memory, false, true), scale); // (B, H T, P)
  const probabilities = attentionProbabilities(tf.reshape(scores, [B, H, T, P]), options); // (B, H, T, P)
  const means = matmul(tf.reshape(probabilities, [B, H * T, P]) as tf.Tensor3D, memory); // (B, H T, D)
  const sums = tf.sum(probabilities, 3, true); // (B, H, T, 1): one, but for dropout
  const means1 = tf.transpose(tf.reshape(means, [B, H, T, D]), [1, 0, 2, 3]);
  const values = matmul(
    tf.reshape(means1, [H, B * T, D]) as tf.Tensor3D,
    tf.reshape(Wv, [H, d, D]) as tf.Tensor3D,
    false,
    true,
  ); // (H, B T, d)
  const context = tf.transpose(tf.reshape(values, [H, B, T, d]), [1, 0, 2, 3]) as tf.Tensor4D;
  return joinHeads(tf.add(context, tf.mul(sums, tf.reshape(bv, [1, H, 1, d]))));
}
