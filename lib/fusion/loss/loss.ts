/**
 * Losses by name: the paper's (equation 7, see query_proxy.ts), and the same with other distances.
 *
 * @module
 */
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
  type Distance,
  jensenShannonDistance,
  type LossFunction,
  PAPER_SCALE,
  queryProxyLoss,
  squaredDistance,
} from "./query_proxy.ts";
import {
  additiveMarginDistance,
  listwiseDistance,
  standardisedDistance,
  tripletDistance,
} from "./ranking_distances.ts";

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
  return queryProxyLoss(distanceOf(spec), spec.kind === "query-proxy" ? PAPER_SCALE : 1);
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
