/**
 * Losses that teach a fusion model: the fused vector is to be as similar to each proxy as the image's
 * best patch is (paper section 3.4.2, equation 7, Listing 1), and variants.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import {
  checkSettings,
  COUNT,
  kindsOf,
  number,
  oneOf,
  POSITIVE,
  settings,
} from "../../runtime/settings.ts";
import {
  absoluteDistance,
  additiveMarginDistance,
  type Distance,
  jensenShannonDistance,
  listwiseDistance,
  squaredDistance,
  standardisedDistance,
  tripletDistance,
} from "./distances.ts";
import { matmul } from "../../tensor/ops/mod.ts";

/**
 * What stands for queries: the class prompts; every patch of the batch; or some patches of every level of
 * every image, `"sqrt"` of a level's n patches meaning ⌊√n⌋ as in the authors' code.
 */
export type ProxySpec = "text" | "patches" | { patchesPerLevel: number | "sqrt" };

/** A loss by name, as configurations and checkpoints hold it. */
export type LossSpec =
  /** The paper's: a distance between similarities, times 100 as in the authors' code. */
  | { kind: "query-proxy"; distance: "mse" | "l1" | "js"; proxies?: ProxySpec }
  /** Mean squared error of similarities standardised over the batch's images. */
  | { kind: "standardised-mse"; proxies?: ProxySpec }
  /** KL divergence of how a proxy ranks the batch's images; 0.5 is a good temperature. */
  | { kind: "listwise-kl"; temperature: number; proxies?: ProxySpec }
  /** Triplets of a proxy, its best image and another; the margin in units of cosine. */
  | { kind: "triplet"; margin: number; proxies?: ProxySpec }
  /** Additive-margin softmax over the batch's images. */
  | { kind: "additive-margin"; margin: number; scale: number; proxies?: ProxySpec };

const SOME_PATCHES = settings<Extract<ProxySpec, object>>({
  patchesPerLevel: z.custom<number | "sqrt">(
    (value) => value === "sqrt" || COUNT.safeParse(value).success,
    'must be a positive integer or "sqrt"',
  ),
});
const PROXIES: z.ZodType<ProxySpec> = z.union([oneOf("text", "patches"), SOME_PATCHES], {
  error: 'must be "text", "patches" or { patchesPerLevel: a positive integer or "sqrt" }',
});
const proxies = PROXIES.optional();

/** What a {@linkcode LossSpec} may say. */
export const LOSS_SCHEMA: z.ZodType<LossSpec> = kindsOf<LossSpec, "kind">("kind", {
  "query-proxy": { distance: oneOf("mse", "l1", "js"), proxies },
  "standardised-mse": { proxies },
  "listwise-kl": { temperature: POSITIVE, proxies },
  triplet: { margin: POSITIVE, proxies },
  "additive-margin": { margin: number("a number", () => true), scale: POSITIVE, proxies },
});

/** What a loss compares. */
export interface LossBatch {
  /** Fused unit vectors, m an image. // (B, m, D) */
  fused: tf.Tensor3D;
  /** Unit vectors that stand for queries. // (Q, D) */
  proxies: tf.Tensor2D;
  /** For each image and proxy, the cosine of the image's best patch. // (B, Q) */
  targets: tf.Tensor2D;
}

/** A loss: differentiable in `fused`. */
export type LossFunction = (batch: LossBatch) => tf.Scalar;

/** The factor of the authors' code on the distances of equation 7. */
const PAPER_SCALE = 100;

/**
 * Makes a loss from its name.
 *
 * @param spec which loss
 * @returns a function of a batch that ends in one number; it disposes of all but its result
 * @throws RangeError when there is no such loss, or a temperature, margin or scale cannot work
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "@tensorflow/tfjs-core";
 * import { createLoss, loadEngine } from "detailclip";
 * await loadEngine({ prefer: "wasm" });
 * const loss = createLoss({ kind: "query-proxy", distance: "mse" });
 * const fused = tf.tensor3d([[[1, 0]]]), proxies = tf.tensor2d([[0.6, 0.8]]);
 * const targets = tf.tensor2d([[0.5]]); // the best patch has cosine 0.5, the fused vector 0.6
 * assert(Math.abs(loss({ fused, proxies, targets }).dataSync()[0] - 1) < 1e-4); // 0.1² x 100
 * ```
 */
export function createLoss(spec: LossSpec): LossFunction {
  checkSettings(LOSS_SCHEMA, spec, `Cannot make loss${spec?.kind ? ` "${spec.kind}"` : ""}`);
  const distance = distanceOf(spec);
  const scale = spec.kind === "query-proxy" ? PAPER_SCALE : 1;
  return ({ fused, proxies, targets }) =>
    tf.tidy(() => {
      const similarities = bestSimilarities(fused, proxies); // (B, Q)
      return tf.mul(distance(similarities, targets), scale) as tf.Scalar;
    });
}

/**
 * The cosine of each image with each proxy: of its m vectors, the one that suits the proxy best.
 *
 * @param fused unit vectors, m an image // (B, m, D)
 * @param proxies unit vectors // (Q, D)
 * @returns similarities // (B, Q)
 */
export function bestSimilarities(fused: tf.Tensor3D, proxies: tf.Tensor2D): tf.Tensor2D {
  const [images, vectors, dim] = fused.shape;
  return tf.tidy(() => {
    const rows = tf.reshape(fused, [images * vectors, dim]) as tf.Tensor2D;
    const all = matmul(rows, proxies, false, true); // (B·m, Q)
    if (vectors === 1) return all;
    return tf.max(tf.reshape(all, [images, vectors, proxies.shape[0]]), 1);
  });
}

const PAPER_DISTANCES = {
  mse: squaredDistance,
  l1: absoluteDistance,
  js: jensenShannonDistance,
};

function distanceOf(spec: LossSpec): Distance {
  switch (spec.kind) {
    case "query-proxy":
      return PAPER_DISTANCES[spec.distance];
    case "standardised-mse":
      return standardisedDistance;
    case "listwise-kl":
      return listwiseDistance(spec.temperature);
    case "triplet":
      return tripletDistance(spec.margin);
    case "additive-margin":
      return additiveMarginDistance(spec.margin, spec.scale);
  }
}
