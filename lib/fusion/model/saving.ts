/**
 * Fusion models in files: safetensors with PyTorch's names, so that `nn.Transformer.load_state_dict`
 * opens ours and {@link loadFusion} opens PyTorch's.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs-core";
import { readTensors } from "../../tensor/reading.ts";
import { type NamedArray, readSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import { buildFusion, type FusionModel } from "./model.ts";
import type { FusionSizes, FusionSpec } from "./spec.ts";

/** Where in `__metadata__` spec and sizes are, as JSON. */
const KEYS = { spec: "fusion_spec", sizes: "fusion_sizes" };

/**
 * Copies a model's weights out of the engine.
 *
 * @param model the model
 * @returns its parameters by PyTorch name
 */
export async function fusionWeights(model: FusionModel): Promise<Map<string, NamedArray>> {
  return await readTensors(model.parameters);
}

/**
 * Sets a model's weights.
 *
 * @param model the model
 * @param weights all of its parameters by PyTorch name
 * @throws Error when a parameter is missing, has another shape, or is not the model's; nothing is
 * changed then
 */
export function setFusionWeights(
  model: FusionModel,
  weights: ReadonlyMap<string, NamedArray>,
): void {
  const all = new Map([...model.constants, ...weights]);
  const fresh = buildFusion(model.spec, model.sizes, all); // checks them
  for (const [name, variable] of model.parameters) {
    variable.assign(fresh.parameters.get(name)! as tf.Tensor);
  }
  fresh.dispose();
}

/**
 * Saves a model: its weights under PyTorch's names, spec and sizes as JSON in `__metadata__`
 * (`fusion_spec`, `fusion_sizes`). What `nn.Transformer` does not have begins with `targets.` or
 * `input.`; everything else is its state dict.
 *
 * @param model the model
 * @param path where; whole or not at all
 */
export async function saveFusion(model: FusionModel, path: string): Promise<void> {
  await writeFusion(model, model.parameters, path);
}

/** Saves a model with other weights than it has: those of an earlier epoch. */
export async function writeFusion(
  model: FusionModel,
  parameters: ReadonlyMap<string, tf.Tensor>,
  path: string,
): Promise<void> {
  const metadata = {
    format: "pt", // what Hugging Face's loaders look for
    [KEYS.spec]: JSON.stringify(model.spec),
    [KEYS.sizes]: JSON.stringify(model.sizes),
  };
  const tensors = new Map([...await readTensors(parameters), ...model.constants]);
  await writeSafetensors(path, { tensors, metadata });
}

/** Options of {@link loadFusion}. */
export interface LoadFusionOptions {
  /** What the model is, for a file from PyTorch, which does not say so itself. */
  spec?: FusionSpec;
  /** Its sizes, for such a file. */
  sizes?: FusionSizes;
}

/**
 * Loads a model that {@link saveFusion} or PyTorch wrote. `loadEngine()` comes first.
 *
 * @param path the file
 * @param options spec and sizes where the file does not hold them
 * @returns the model
 * @throws Error naming the file when it is broken, says nothing of its spec, or does not fit it
 */
export async function loadFusion(
  path: string,
  options: LoadFusionOptions = {},
): Promise<FusionModel> {
  const { tensors, metadata } = await readSafetensors(path);
  try {
    const spec = options.spec ?? parse<FusionSpec>(metadata, KEYS.spec);
    const sizes = options.sizes ?? parse<FusionSizes>(metadata, KEYS.sizes);
    return buildFusion(spec, sizes, tensors);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`Cannot load ${path}: ${why}`, { cause: error });
  }
}

function parse<T extends object>(metadata: Record<string, string>, key: string): T {
  const text = metadata[key];
  if (text === undefined) {
    throw new Error(`its metadata has no ${key}; give spec and sizes for a file from PyTorch`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${key} in its metadata is not JSON`);
  }
  if (typeof value !== "object" || value === null) throw new Error(`${key} is not an object`);
  return value as T; // checked in detail when the model is built
}
