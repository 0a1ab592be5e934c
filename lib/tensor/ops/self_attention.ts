/**
 * Self-attention between its two linear layers, on the native engine.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { custom, product } from "./custom_gradient.ts";
import { call, drawDrop, type Dropout, drops, integers } from "../native/kernels.ts";

/** Sizes of a self-attention, and what else it needs to know. */
export interface SelfAttentionOptions {
  /** How many images. */
  B: number;
  /** Rows an image. */
  T: number;
  /** Heads. */
  H: number;
  /** (B, T): 1 = a real row, 0 = padding. */
  mask?: tf.Tensor2D;
  /** Dropout on the shares of attention. */
  dropout?: Dropout;
}

/**
 * Attention of each row to all rows of its image, given queries, keys and values side by side.
 *
 * @param rows (B T, 3D), as a linear layer without its bias gives them
 * @param bias (3D), that bias
 * @param options sizes, mask and dropout
 * @returns (B T, D)
 */
export function selfAttention(
  rows: tf.Tensor2D,
  bias: tf.Tensor1D,
  { B, T, H, mask, dropout }: SelfAttentionOptions,
): tf.Tensor2D {
  const d = rows.shape[1] / 3 / H;
  const drop = drawDrop(dropout);
  const end = () => [tf.tensor1d([1 / Math.sqrt(d)]), tf.tensor1d(drop, "int32")];
  return custom(
    { rows: rows as tf.Tensor, bias: bias as tf.Tensor },
    (save) => {
      const [q, k, v] = call("FusionSplitHeads", [rows, bias, integers(B, T, 3, H)], 3);
      const scores = product(q, k, false, true); // (B H, T, T)
      const [share, dropped] = call("FusionSoftmax", [scores, mask, ...end()], 2);
      scores.dispose();
      save(drops(drop) ? [q, k, v, share, dropped] : [q, k, v, share]);
      const context = product(drops(drop) ? dropped : share, v); // (B H, T, d)
      const dims = integers(B, T, 1, H);
      return call("FusionJoinHeads", [context, undefined, undefined, dims], 2)[0];
    },
    (dy, [q, k, v, share, dropped = share]) => {
      const [drows, dbias] = tf.tidy(() => {
        const [dcontext] = call("FusionSplitHeads", [dy, undefined, integers(B, T, 1, H)], 3);
        const dv = product(dropped, dcontext, true, false);
        const dshare = product(dcontext, v, false, true);
        const [dscores] = call("FusionSoftmaxGrad", [share, dshare, ...end()], 1);
        const dq = product(dscores, k);
        const dk = product(dscores, q, true, false);
        return call("FusionJoinHeads", [dq, dk, dv, integers(B, T, 3, H)], 2);
      });
      tf.dispose([q, k, v, share, dropped]);
      return { rows: () => drows, bias: () => dbias };
    },
  );
}
