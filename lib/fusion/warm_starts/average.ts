/**
 * Starting weights (*extended*: not in the paper): a transformer that at first averages its patches, and whose
 * similarities with the prompts have the mean and the spread that those of the best unit vectors under eq. 7 have.
 *
 * From PyTorch's random weights the first epochs are spent on undoing what random layers do to the patches, and
 * more on finding the scale of equation 7's targets, which are absolute cosines.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { FeatureStore } from "../../features/mod.ts";
import { checkpoint } from "../../runtime/interrupt.ts";
import { readTensor } from "../../tensor/reading.ts";
import { createRandom } from "../../numeric/random.ts";
import { columnMeans } from "../../numeric/vectors.ts";
import { featureBatches } from "../batches/batches.ts";
import { toTensors } from "../fuse_store.ts";
import type { FusionModel } from "../model/model.ts";
import { targetsOf } from "../loss/targets.ts";
import { bestUnitVectors } from "../untrained/best_unit_vectors.ts";

/** Options of {@linkcode startAsAverage}. */
export interface AverageStartOptions {
  /** The images that the output is fitted to (default: the first 300 of the store). */
  imageIds?: readonly string[];
  /** Factor on the random weights that write into the residual stream (default 0.1). */
  residual?: number;
  /** Stops the pass with its reason; by default an interrupt does. */
  signal?: AbortSignal;
}

/**
 * Changes a fresh transformer's weights so that it starts as an average.
 *
 * Every random residual branch is scaled by `residual`; the decoder's attention over the patches passes values
 * on unchanged. Then the last normalisation gets one scale and a shift such that, over some images, the
 * similarities of the fused vector with the prompts have the mean and the spread of the best unit vectors' (eq. 7).
 *
 * @param model a transformer with fresh weights; changed in place
 * @param store training features
 * @param prompts unit vectors // (Q, D)
 * @param options which images, and the scale of the random weights
 * @throws Error when the model is no transformer
 */
export async function startAsAverage(
  model: FusionModel,
  store: FeatureStore,
  prompts: Float32Array,
  { imageIds = store.imageIds.slice(0, 300), residual = 0.1, signal }: AverageStartOptions = {},
): Promise<void> {
  if (model.spec.kind !== "transformer") {
    throw new Error(`Cannot start as an average: the model is of kind "${model.spec.kind}"`);
  }
  for (const [name, variable] of model.parameters) await scaleDown(name, variable, residual, 1);
  await calibrate(model, store, prompts, { imageIds, signal });
}

/**
 * Gives the last normalisation one scale and a shift such that, over some images, similarities of the fused
 * vector with the prompts have the mean and the spread of the targets'.
 *
 * @param model a transformer; changed in place
 * @param store training features
 * @param prompts unit vectors // (Q, D)
 * @param options which images
 */
export async function calibrate(
  model: FusionModel,
  store: FeatureStore,
  prompts: Float32Array,
  { imageIds, signal }: { imageIds: readonly string[]; signal?: AbortSignal },
): Promise<void> {
  const { values: targets } = await targetsOf(store, prompts, { imageIds, signal }); // (N, Q)
  const raw = await firstVectors(model, store, imageIds, signal); // (N, D)
  const { dim } = model, wanted = bestUnitVectors(targets, prompts, dim); // (N, D)
  const scale = fitScale(centred(wanted, dim), centred(raw, dim), prompts, dim);
  const [meanWanted, meanRaw] = [columnMeans(wanted, dim), columnMeans(raw, dim)];
  const shift = meanWanted.map((value, d) => value - scale * meanRaw[d]);
  assign(model.parameters.get("decoder.norm.weight")!, new Float32Array(dim).fill(scale));
  assign(model.parameters.get("decoder.norm.bias")!, Float32Array.from(shift));
}

/** Gives a variable new values. */
export function assign(variable: tf.Variable, values: Float32Array): void {
  const tensor = tf.tensor(values, variable.shape);
  variable.assign(tensor);
  tensor.dispose();
}

/** Scales one parameter down, or makes it a multiple of the identity, depending on the layer that its name tells. */
export async function scaleDown(
  name: string,
  variable: tf.Variable,
  residual: number,
  passed: number,
): Promise<void> {
  const dim = variable.shape[variable.shape.length - 1];
  const values = (await variable.data<"float32">()).slice();
  if (/(self_attn\.out_proj|linear2)\.weight$/.test(name)) {
    values.forEach((value, i) => values[i] = value * residual);
  } else if (name.endsWith("linear2.bias")) {
    values.fill(0);
  } else if (name.endsWith("multihead_attn.in_proj_weight")) {
    setDiagonal(values.subarray(2 * dim * dim), dim, 1); // queries and keys stay random, values pass
  } else if (name.endsWith("multihead_attn.out_proj.weight")) {
    setDiagonal(values, dim, passed);
  } else {
    return;
  }
  assign(variable, values);
}

function setDiagonal(values: Float32Array, dim: number, value: number): void {
  values.fill(0);
  for (let d = 0; d < dim; d++) values[d * dim + d] = value;
}

/** The first vector of each image before it is normalised, with a last normalisation that does nothing. // (N, D) */
async function firstVectors(
  model: FusionModel,
  store: FeatureStore,
  imageIds: readonly string[],
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { dim } = model;
  assign(model.parameters.get("decoder.norm.weight")!, new Float32Array(dim).fill(1));
  assign(model.parameters.get("decoder.norm.bias")!, new Float32Array(dim));
  const place = new Map(imageIds.map((id, n) => [id, n]));
  const out = new Float32Array(imageIds.length * dim);
  // The last bits of a vector may depend on the batch: in an order of chance it is the same on every machine.
  const random = createRandom("calibrate");
  for (const batch of featureBatches(store, { imageIds, random })) {
    await checkpoint(signal);
    const first = tf.tidy(() => {
      const { patches, full, mask } = toTensors(batch);
      const fused = model.forward(patches, full, { mask }); // (B, m, D)
      return tf.slice(fused, [0, 0, 0], [batch.imageIds.length, 1, dim]);
    });
    const values = await readTensor(first);
    batch.imageIds.forEach((id, b) =>
      out.set(values.subarray(b * dim, (b + 1) * dim), place.get(id)! * dim)
    );
  }
  return out;
}

/** The factor that brings similarities with the prompts nearest to the wanted ones, by least squares. */
function fitScale(
  wanted: Float64Array,
  raw: Float64Array,
  prompts: Float32Array,
  dim: number,
): number {
  let cross = 0, square = 0;
  for (let n = 0; n < raw.length; n += dim) {
    const a = multiply(prompts, wanted.subarray(n, n + dim));
    const b = multiply(prompts, raw.subarray(n, n + dim));
    for (let q = 0; q < a.length; q++) {
      cross += a[q] * b[q];
      square += b[q] * b[q];
    }
  }
  const scale = cross / square;
  // where all images are alike no scale can be fitted: vectors of length 1
  return scale > 0 && Number.isFinite(scale) ? scale : 1 / Math.sqrt(dim);
}

/** A matrix times a vector. // (R, C), (C) -> (R) */
function multiply(matrix: Float32Array, vector: Float32Array | Float64Array): Float64Array {
  const columns = vector.length;
  const out = new Float64Array(matrix.length / columns);
  for (let r = 0, at = 0; r < out.length; r++) {
    for (let c = 0; c < columns; c++) out[r] += matrix[at++] * vector[c];
  }
  return out;
}

/** The rows less their mean. // (N, D) */
function centred(rows: Float32Array, dim: number): Float64Array {
  const mean = columnMeans(rows, dim);
  return Float64Array.from(rows, (value, i) => value - mean[i % dim]);
}
