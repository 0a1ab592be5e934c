/**
 * Self-attention between its two linear layers, for engines with fused operations.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { withGradient } from "./custom_gradient.ts";
import { rawMatmul } from "./matmul.ts";
import { drawDropoutSeeds, type Dropout, type FusedKernels, type HeadSizes } from "../fused.ts";

/** Sizes of a self-attention, and what else it needs to know. */
export interface SelfAttentionOptions extends HeadSizes {
  /** (B, T): 1 = a real row, 0 = padding. */
  mask?: tf.Tensor2D;
  /** Dropout on the attention probabilities. */
  dropout?: Dropout;
}

/**
 * Attention of each row to all rows of its image, given queries, keys and values side by side.
 *
 * @param fused the engine's fused operations
 * @param rows (B T, 3D), as a linear layer without its bias gives them
 * @param bias (3D), that bias
 * @param options sizes, mask and dropout
 * @returns (B T, D)
 */
export function selfAttention(
  fused: FusedKernels,
  rows: tf.Tensor2D,
  bias: tf.Tensor1D,
  { mask, dropout, ...sizes }: SelfAttentionOptions,
): tf.Tensor2D {
  const scale = 1 / Math.sqrt(rows.shape[1] / 3 / sizes.H);
  const drop = drawDropoutSeeds(dropout);
  return withGradient(
    { rows: rows as tf.Tensor, bias: bias as tf.Tensor },
    (save) => {
      const [q, k, v] = fused.splitHeads(rows, bias, sizes, 3);
      const scores = rawMatmul(q, k, false, true); // (B H, T, T)
      const { probabilities, dropped } = fused.softmax(scores, mask, scale, drop);
      scores.dispose();
      save(dropped ? [q, k, v, probabilities, dropped] : [q, k, v, probabilities]);
      const context = rawMatmul(dropped ?? probabilities, v); // (B H, T, d)
      return fused.joinHeads([context], sizes).rows;
    },
    (dy, [q, k, v, probabilities, dropped = probabilities]) => {
      const [drows, dbias] = tf.tidy(() => {
        const [dcontext] = fused.splitHeads(dy, undefined, sizes, 1);
        const dv = rawMatmul(dropped, dcontext, true, false);
        const dprobabilities = rawMatmul(dcontext, v, false, true);
        const dscores = fused.softmaxGrad(probabilities, dprobabilities, scale, drop);
        const dq = rawMatmul(dscores, k);
        const dk = rawMatmul(dscores, q, true, false);
        const { rows, sums } = fused.joinHeads([dq, dk, dv], sizes);
        return [rows, sums!];
      });
      tf.dispose([q, k, v, probabilities, dropped]);
      return { rows: () => drows, bias: () => dbias };
    },
  );
}
