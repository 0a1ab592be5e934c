/**
 * Self-attention between its two linear layers, on the native engine.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { custom, product } from "./custom.ts";
import { call, drawDrop, type Dropout, drops, integers } from "./native.ts";

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
  const heads = (t: tf.Tensor) => tf.reshape(t, [B * H, T, d]);
  /** Part of a split, without a copy. */
  const part = (t: tf.Tensor, i: number) => heads(tf.slice(t, [i, 0, 0, 0, 0], [1, B, H, T, d]));
  const shares = (t: tf.Tensor) => tf.reshape(t, [B * H, T, T]);
  return custom(
    { rows: rows as tf.Tensor, bias: bias as tf.Tensor },
    (save) => {
      const [split] = call("FusionSplitHeads", [rows, bias, integers(B, T, 3, H)], 1);
      const scores = product(part(split, 0), part(split, 1), false, true); // (B H, T, T)
      const byImage = tf.reshape(scores, [B, H, T, T]);
      const [share, dropped] = call("FusionSoftmax", [byImage, mask, ...end()], 2);
      scores.dispose();
      byImage.dispose();
      const used = drops(drop) ? dropped : share;
      save(drops(drop) ? [split, share, dropped] : [split, share]);
      const context = product(shares(used), part(split, 2)); // (B H, T, d)
      const dims = integers(B, T, 1, H);
      return call("FusionJoinHeads", [context, undefined, undefined, dims], 2)[0];
    },
    (dy, [split, share, dropped = share]) => {
      const [drows, dbias] = tf.tidy(() => {
        const [dheads] = call("FusionSplitHeads", [dy, undefined, integers(B, T, 1, H)], 1);
        const dcontext = heads(dheads);
        const dv = product(shares(dropped), dcontext, true, false);
        const dshare = product(dcontext, part(split, 2), false, true);
        const [dscores] = call("FusionSoftmaxGrad", [share, dshare, ...end()], 1);
        const dq = product(shares(dscores), part(split, 1));
        const dk = product(shares(dscores), part(split, 0), true, false);
        return call("FusionJoinHeads", [dq, dk, dv, integers(B, T, 3, H)], 2);
      });
      tf.dispose([split, share, dropped]);
      return { rows: () => drows, bias: () => dbias };
    },
  );
}
