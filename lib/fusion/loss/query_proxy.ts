/**
 * The query-proxy loss of the paper (§3.4.2, equation 7; Listing 1):
 *
 *     L_qp = D[ sim(v, w), sim(w, u_max) ]
 *
 * v is the fused vector of an image, w a proxy for queries (the feature of a class prompt), u_max the patch of
 * the image that is most similar to w (see targets.ts), sim the cosine, and D a distance.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { matmul } from "../../tensor/ops/mod.ts";

/** What a loss compares. */
export interface LossBatch {
  /** v: fused unit vectors, m an image. // (B, m, D) */
  fused: tf.Tensor3D;
  /** w: unit vectors that stand for queries. // (Q, D) */
  proxies: tf.Tensor2D;
  /** sim(w, u_max): for each image and proxy, the cosine of the image's best patch. // (B, Q) */
  targets: tf.Tensor2D;
}

/** A loss: differentiable in `fused`. */
export type LossFunction = (batch: LossBatch) => tf.Scalar;

/** D: a distance between similarities and targets, both (B, Q); differentiable in the similarities. */
export type Distance = (similarities: tf.Tensor2D, targets: tf.Tensor2D) => tf.Scalar;

/** The factor of the authors' code on the distances of equation 7. */
export const PAPER_SCALE = 100;

/**
 * Equation 7 with a given distance.
 *
 * @param distance D
 * @param scale factor on the distance
 * @returns the loss; it disposes of all but its result
 */
export function queryProxyLoss(distance: Distance, scale: number): LossFunction {
  return ({ fused, proxies, targets }) =>
    tf.tidy(() => {
      const similarities = bestSimilarities(fused, proxies); // sim(v, w) (B, Q)
      return tf.mul(distance(similarities, targets), scale) as tf.Scalar; // equation 7
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

/** The mean of squared differences (equation 7, MSE: the default). */
export function squaredDistance(similarities: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  return tf.mean(tf.squaredDifference(similarities, targets));
}

/** The mean of absolute differences (equation 7, L1). */
export function absoluteDistance(similarities: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  return tf.mean(tf.abs(tf.sub(similarities, targets)));
}

/**
 * The Jensen-Shannon divergence (equation 7, JS) between the two distributions that a proxy
 * spreads over the batch's images, softmax of the plain cosines; the mean over proxies, in nats.
 *
 * The authors' code has the Kullback-Leibler divergences the wrong way round, KL(M || P) for KL(P || M),
 * M the mean of both distributions; the two agree where the distributions are close.
 */
export function jensenShannonDistance(similarities: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  const log = tf.logSoftmax(byProxy(similarities)); // (Q, B)
  const logTarget = tf.logSoftmax(byProxy(targets)); // (Q, B)
  // Σ p log(p / m), with m / p = (1 + t / p) / 2: the logarithm of a number near 1, taken exactly
  const toMean = (logP: tf.Tensor, logT: tf.Tensor) =>
    tf.neg(tf.sum(tf.mul(
      tf.exp(logP),
      tf.log1p(tf.mul(tf.expm1(tf.sub(logT, logP)), 0.5)),
    )));
  const sum = tf.add(toMean(log, logTarget), toMean(logTarget, log));
  return tf.div(sum, 2 * log.shape[0]);
}

/** One row for each proxy, as softmax works on rows. // (B, Q) -> (Q, B) */
export function byProxy(values: tf.Tensor2D): tf.Tensor2D {
  return tf.transpose(values);
}
