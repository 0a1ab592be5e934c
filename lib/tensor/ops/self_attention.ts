/**
 * Self-attention between its two linear layers, on the native engine.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { withGradient } from "./custom_gradient.ts";
import { rawMatmul } from "./matmul.ts";
import {
  callKernel,
  drawDropoutSeeds,
  type Dropout,
  int32Tensor,
  isDropping,
} from "../native/kernels.ts";

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
  /** Dropout on the attention probabilities. */
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
  const drop = drawDropoutSeeds(dropout);
  const end = () => [tf.tensor1d([1 / Math.sqrt(d)]), tf.tensor1d(drop, "int32")];
  return withGradient(
    { rows: rows as tf.Tensor, bias: bias as tf.Tensor },
    (save) => {
      const [q, k, v] = callKernel("FusionSplitHeads", [rows, bias, int32Tensor(B, T, 3, H)], 3);
      const scores = rawMatmul(q, k, false, true); // (B H, T, T)
      const [probabilities, dropped] = callKernel("FusionSoftmax", [scores, mask, ...end()], 2);
      scores.dispose();
      save(isDropping(drop) ? [q, k, v, probabilities, dropped] : [q, k, v, probabilities]);
      const context = rawMatmul(isDropping(drop) ? dropped : probabilities, v); // (B H, T, d)
      const dims = int32Tensor(B, T, 1, H);
      return callKernel("FusionJoinHeads", [context, undefined, undefined, dims], 2)[0];
    },
    (dy, [q, k, v, probabilities, dropped = probabilities]) => {
      const [drows, dbias] = tf.tidy(() => {
        const [dcontext] = callKernel(
          "FusionSplitHeads",
          [dy, undefined, int32Tensor(B, T, 1, H)],
          3,
        );
        const dv = rawMatmul(dropped, dcontext, true, false);
        const dprobabilities = rawMatmul(dcontext, v, false, true);
        const [dscores] = callKernel(
          "FusionSoftmaxGrad",
          [probabilities, dprobabilities, ...end()],
          1,
        );
        const dq = rawMatmul(dscores, k);
        const dk = rawMatmul(dscores, q, true, false);
        return callKernel("FusionJoinHeads", [dq, dk, dv, int32Tensor(B, T, 3, H)], 2);
      });
      tf.dispose([q, k, v, probabilities, dropped]);
      return { rows: () => drows, bias: () => dbias };
    },
  );
}
