/**
 * The operations of kernels.cc, which the native engine has on a CPU: each takes one pass over its tensors
 * where a composition of tfjs's own operations takes many.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../../numeric/random.ts";

/** The part of tfjs-node's backend that is used here. */
interface NativeBackend extends tf.KernelBackend {
  binding: {
    isUsingGpuDevice(): boolean;
    TF_ATTR_BOOL: number;
    TF_ATTR_INT: number;
    TF_ATTR_TYPE: number;
    TF_FLOAT: number;
  };
  executeMultipleOutputs(
    name: string,
    attributes: { name: string; type: number; value: unknown }[],
    inputs: tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

/** Whether tensors are computed by TensorFlow's C library. */
export function isNative(): boolean {
  return tf.getBackend() === "tensorflow";
}

/** Whether the operations of kernels.cc can be used: they are for processors. */
export function hasKernels(): boolean {
  return isNative() && !(tf.backend() as NativeBackend).binding.isUsingGpuDevice();
}

/** Calls an operation of kernels.cc; inputs that are absent are passed as empty tensors. */
export function callKernel(
  name: string,
  inputs: (tf.Tensor | undefined)[],
  outputs: number,
): tf.Tensor[] {
  const given = inputs.map((input) => input ?? tf.tensor1d([], "float32"));
  return (tf.backend() as NativeBackend).executeMultipleOutputs(name, [], given, outputs);
}

/**
 * Calls an operation of kernels.cc on N tensors of each kind at once.
 *
 * @param name the operation
 * @param lists its inputs, N each
 * @param last an input that there is once
 * @param kinds how many lists of outputs it has
 * @returns the lists of outputs, N each
 */
export function callKernelOnLists(
  name: string,
  lists: tf.Tensor[][],
  last: tf.Tensor,
  kinds: number,
): tf.Tensor[][] {
  const backend = tf.backend() as NativeBackend;
  const n = lists[0].length;
  const attributes = [{ name: "N", type: backend.binding.TF_ATTR_INT, value: n }];
  const inputs = [...lists.flat(), last];
  const outputs = backend.executeMultipleOutputs(name, attributes, inputs, kinds * n);
  return Array.from({ length: kinds }, (_, i) => outputs.slice(i * n, (i + 1) * n));
}

/**
 * TensorFlow's product of two matrices, or of two batches of them.
 *
 * @param byBatch takes TensorFlow's kernel for batches, which also knows matrices
 */
export function nativeProduct(
  a: tf.Tensor,
  b: tf.Tensor,
  swapA: boolean,
  swapB: boolean,
  byBatch: boolean,
): tf.Tensor {
  const backend = tf.backend() as NativeBackend;
  const { TF_ATTR_BOOL, TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
  const [nameA, nameB] = byBatch ? ["adj_x", "adj_y"] : ["transpose_a", "transpose_b"];
  const attributes = [
    { name: nameA, type: TF_ATTR_BOOL, value: swapA },
    { name: nameB, type: TF_ATTR_BOOL, value: swapB },
    { name: "T", type: TF_ATTR_TYPE, value: TF_FLOAT },
  ];
  return backend.executeMultipleOutputs(
    byBatch ? "BatchMatMulV2" : "MatMul",
    attributes,
    [a, b],
    1,
  )[0];
}

/** Dropout of a model in training: how much, and where its chance comes from. */
export interface Dropout {
  /** The share of elements that are zeroed, in [0, 1). */
  rate: number;
  /** The source of chance. */
  random: Random;
}

/** What kernels.cc needs to know of one dropout: two seeds and a threshold, 0 = nothing is dropped. */
export type DropoutSeeds = Int32Array;

/**
 * Draws the seeds of one dropout, with one draw from its source of chance.
 *
 * @throws {RangeError} when the rate is not in [0, 1)
 */
export function drawDropoutSeeds(dropout?: Dropout): DropoutSeeds {
  if (!dropout || dropout.rate === 0) return new Int32Array(3);
  const { rate, random } = dropout;
  if (!(rate > 0 && rate < 1)) {
    throw new RangeError(`Cannot drop out: the rate must be in [0, 1), got ${rate}`);
  }
  const seed = random.integer(0, 2 ** 32 - 1);
  const threshold = Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
  return Int32Array.of(seed, Math.imul(seed ^ (seed >>> 16), 0x85ebca6b), threshold | 0);
}

/** Whether anything is dropped. */
export function isDropping(drop: DropoutSeeds): boolean {
  return drop[2] !== 0;
}

/** Integers as a tensor of their own memory: TensorFlow may go on using what it is given. */
export function int32Tensor(...values: number[]): tf.Tensor1D {
  return tf.tensor1d(Int32Array.from(values), "int32");
}
