/**
 * Values out of the engine. A GPU cannot be waited for, so all reading is asynchronous.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs-core";
import type { NamedArray } from "./safetensors.ts";
import { throwIfGpuFailed } from "./webgpu/backend.ts";

/**
 * Reads a tensor and disposes of it.
 *
 * @param tensor float32
 * @returns its values
 * @throws {Error} when something went wrong on the GPU since the engine was loaded
 */
export async function readTensor(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    const values = await tensor.data<"float32">();
    throwIfGpuFailed();
    return values;
  } catch (error) {
    throwIfGpuFailed(); // the cause, where that could not be read for it
    throw error;
  } finally {
    tensor.dispose();
  }
}

/**
 * Copies tensors out of the engine.
 *
 * @param tensors by name; they stay as they are
 * @throws {Error} when something went wrong on the GPU since the engine was loaded
 */
export async function readTensors(
  tensors: ReadonlyMap<string, tf.Tensor>,
): Promise<Map<string, NamedArray>> {
  const arrays = await Promise.all(
    [...tensors].map(async ([name, tensor]): Promise<[string, NamedArray]> => {
      const data = await tensor.data<"float32">();
      return [name, { shape: [...tensor.shape], data: data.slice() }];
    }),
  );
  throwIfGpuFailed();
  return new Map(arrays);
}
