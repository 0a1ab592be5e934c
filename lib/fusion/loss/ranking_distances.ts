/**
 * Distances beside those of equation 7 (*extended*, but for triplets and additive margins, which the authors'
 * code has): they compare, for each proxy, how it *ranks* the batch's images, because Recall@k depends on
 * nothing else. Rows are the images of the batch, columns the proxies.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { byProxy, type Distance, squaredDistance } from "./query_proxy.ts";

/** Added to a variance: a proxy to which all images of the batch are alike then weighs next to nothing. */
const VARIANCE_FLOOR = 1e-8;

/** The mean squared difference after standardising, for each proxy, over the batch's images. */
export function standardisedDistance(similarities: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  return squaredDistance(standardise(similarities), standardise(targets));
}

/**
 * The Kullback-Leibler divergence of the fused from the target ranking: for each proxy, the softmax over
 * the batch's images of the standardised similarities; KL(target || fused), the mean over proxies.
 *
 * @param temperature divides the standardised similarities: the lower, the more the best images count
 */
export function listwiseDistance(temperature: number): Distance {
  const log = (values: tf.Tensor2D) =>
    tf.logSoftmax(tf.div(byProxy(standardise(values)), temperature)); // (Q, B)
  return (similarities, targets) => {
    const target = log(targets);
    const divergence = tf.sum(tf.mul(tf.exp(target), tf.sub(target, log(similarities))));
    return tf.div(divergence, targets.shape[1]);
  };
}

/**
 * Triplets: anchor a proxy, positive the image with its greatest target, negative every other image of the
 * batch. The positive's similarity must exceed the negative's by the margin, or by the difference of their
 * targets where that is smaller. The mean of what is missing, over all triplets.
 *
 * @param margin the largest distance asked for, in units of cosine
 */
export function tripletDistance(margin: number): Distance {
  return (similarities, targets) => {
    const [images, proxies] = targets.shape;
    if (images < 2) return tf.mul(tf.sum(similarities), 0); // no negative
    const asked = tf.minimum(tf.sub(tf.max(targets, 0, true), targets), margin); // (B, Q)
    const apart = tf.sub(ofBest(similarities, targets), similarities); // (B, Q)
    // the positive against itself adds relu(0 - 0)
    return tf.div(tf.sum(tf.relu(tf.sub(asked, apart))), (images - 1) * proxies);
  };
}

/**
 * Additive-margin softmax (Wang et al. 2018, arXiv:1801.05599) over the batch's images: for each proxy
 * the right answer is the image with the greatest target, and must win even with `margin` taken off its
 * similarity. The mean cross-entropy over proxies.
 *
 * @param margin taken off the right answer's cosine
 * @param scale multiplies the cosines before the softmax
 */
export function additiveMarginDistance(margin: number, scale: number): Distance {
  return (similarities, targets) => {
    const best = bestImage(targets); // (B, Q)
    const logits = tf.mul(tf.sub(similarities, tf.mul(best, margin)), scale);
    const log = tf.logSoftmax(byProxy(logits as tf.Tensor2D)); // (Q, B)
    return tf.div(tf.neg(tf.sum(tf.mul(log, byProxy(best)))), targets.shape[1]);
  };
}

/** Mean 0 and standard deviation 1 in each column: over the batch's images. // (B, Q) */
function standardise(values: tf.Tensor2D): tf.Tensor2D {
  const centred = tf.sub(values, tf.mean(values, 0, true)); // (B, Q)
  const variance = tf.mean(tf.square(centred), 0, true); // (1, Q)
  return tf.mul(centred, tf.rsqrt(tf.add(variance, VARIANCE_FLOOR)));
}

/** 1 at each column's greatest target, the first of equal ones, else 0. // (B, Q) */
function bestImage(targets: tf.Tensor2D): tf.Tensor2D {
  const images = targets.shape[0];
  if (images === 1) return tf.onesLike(targets); // tf.oneHot needs two classes or more
  return byProxy(tf.oneHot(tf.argMax(targets, 0) as tf.Tensor1D, images) as tf.Tensor2D);
}

/** The similarity of each column's best image by its targets. // (1, Q) */
function ofBest(similarities: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor {
  return tf.sum(tf.mul(similarities, bestImage(targets)), 0, true);
}
