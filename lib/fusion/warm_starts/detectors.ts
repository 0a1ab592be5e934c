/**
 * Starting weights (*extended*: not in the paper): a transformer whose first feed-forward block detects each
 * prompt in each patch.
 *
 * @module
 */
import type { FeatureStore } from "../../features/mod.ts";
import { assign, type AverageStartOptions, calibrate, scaleDown } from "./average.ts";
import { CENTRE } from "../model/centre.ts";
import type { FusionModel } from "../model/model.ts";
import { ridgeInverse } from "../../numeric/ridge.ts";
import { visitImages } from "../untrained/whitening.ts";
import { resolveTransformer, type TransformerSpec } from "../model/spec.ts";

/** Options of {@linkcode startAsDetectors}. */
export interface DetectorStartOptions extends AverageStartOptions {
  /** How far above a word's mean, in its standard deviations, a patch begins to count (default 2). */
  threshold?: number;
  /** How strongly what is found is written into the patch (default 10). */
  gain?: number;
}

/** How strongly the decoder writes what it reads from the patches. */
const PASSED = 3;

/**
 * Changes a fresh transformer's weights so that it starts as word detectors.
 *
 * It starts as {@linkcode startAsAverage} does, and in the first encoder layer unit q of the feed-forward
 * block is active where a patch is more similar to word q than patches are on average, and adds the vector
 * that is similar to word q alone. No weight is frozen, and the architecture is the paper's.
 *
 * @param model a transformer with fresh weights; changed in place
 * @param store training features
 * @param prompts unit vectors // (Q, D)
 * @param options which images, and how strong
 * @throws Error when the model is no transformer over patches, or its feed-forward blocks are narrower
 * than there are words
 */
export async function startAsDetectors(
  model: FusionModel,
  store: FeatureStore,
  prompts: Float32Array,
  options: DetectorStartOptions = {},
): Promise<void> {
  const { imageIds = store.imageIds.slice(0, 300), residual = 0.1, threshold = 2, gain = 10 } =
    options;
  const { dim, spec } = model, words = prompts.length / dim;
  const fail = (why: string) => {
    throw new Error(`Cannot start as word detectors: ${why}`);
  };
  if (spec.kind !== "transformer") return fail(`the model is of kind "${spec.kind}"`);
  const { feedForward, patches } = resolveTransformer(spec, dim);
  if (!patches) fail("the model sees no patches");
  if (feedForward < words) {
    fail(`${words} words need feed-forward blocks at least as wide, got ${feedForward}`);
  }
  for (const [name, variable] of model.parameters) {
    await scaleDown(name, variable, residual, PASSED);
  }
  const get = (name: string) => model.parameters.get(`encoder.layers.0.${name}`)!;
  assign(get("self_attn.out_proj.weight"), new Float32Array(dim * dim)); // so that patches reach the block unchanged
  const { mean, deviation } = await wordStatistics(
    model,
    prompts,
    spec,
    visitImages(store, {
      imageIds,
      signal: options.signal,
    }),
  );
  const inverse = ridgeInverse(prompts, dim, 1e-3); // (D, Q)
  const [linear1, bias1, linear2] = await Promise.all(
    ["linear1.weight", "linear1.bias", "linear2.weight"].map(async (name) =>
      (await get(name).data<"float32">()).slice()
    ),
  );
  for (let q = 0; q < words; q++) {
    bias1[q] = -mean[q] / deviation[q] - threshold;
    for (let d = 0; d < dim; d++) {
      linear1[q * dim + d] = prompts[q * dim + d] / deviation[q];
      linear2[d * feedForward + q] = gain * inverse[d * words + q];
    }
  }
  assign(get("linear1.weight"), linear1);
  assign(get("linear1.bias"), bias1);
  assign(get("linear2.weight"), linear2);
  await calibrate(model, store, prompts, { imageIds, signal: options.signal });
}

/** Mean and standard deviation, over patches, of each word's product with what the first block reads. // (Q) */
async function wordStatistics(
  model: FusionModel,
  prompts: Float32Array,
  spec: TransformerSpec,
  images: AsyncIterable<{ features: Float32Array }>,
): Promise<{ mean: Float64Array; deviation: Float64Array }> {
  const { dim } = model, words = prompts.length / dim;
  const { inputScale, epsilon } = resolveTransformer(spec, dim);
  const centre = model.constants.get(CENTRE)?.data ?? new Float32Array(dim);
  const mean = new Float64Array(words), square = new Float64Array(words);
  let count = 0;
  for await (const { features } of images) {
    for (let p = 0; p < features.length; p += dim) {
      const patch = Float64Array.from(centre, (value, d) => inputScale * (features[p + d] - value));
      const read = standardise(patch, epsilon);
      for (let q = 0; q < words; q++) {
        let product = 0;
        for (let d = 0; d < dim; d++) product += read[d] * prompts[q * dim + d];
        mean[q] += product;
        square[q] += product * product;
      }
      count++;
    }
  }
  const deviation = square.map((sum, q) => {
    mean[q] /= count;
    return Math.sqrt(Math.max(sum / count - mean[q] ** 2, 1e-12));
  });
  return { mean, deviation };
}

/** Layer normalisation with fresh weights. // (D) */
function standardise(values: Float64Array, epsilon: number): Float64Array {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return values.map((x) => (x - mean) / Math.sqrt(variance + epsilon));
}
