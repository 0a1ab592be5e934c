/**
 * The operations of kernels.cc, which the native engine has on a CPU, and TensorFlow's matrix products.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { type DropoutSeeds, type FusedKernels, type HeadSizes, isDropping } from "../fused.ts";

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

/** Whether the native engine, which is the one in use, computes on a GPU: kernels.cc is for processors. */
export function nativeUsesGpu(): boolean {
  return (tf.backend() as NativeBackend).binding.isUsingGpuDevice();
}

/** Calls an operation of kernels.cc; inputs that are absent are passed as empty tensors. */
function call(name: string, inputs: (tf.Tensor | undefined)[], outputs: number): tf.Tensor[] {
  const given = inputs.map((input) => input ?? tf.tensor1d([], "float32"));
  return (tf.backend() as NativeBackend).executeMultipleOutputs(name, [], given, outputs);
}

/** Integers as a tensor of their own memory: TensorFlow may go on using what it is given. */
function integers(values: ArrayLike<number>): tf.Tensor1D {
  return tf.tensor1d(Int32Array.from(values), "int32");
}

const dims = ({ B, T, H }: HeadSizes, S: number) => integers([B, T, S, H]);

/** The fused operations on a CPU. */
export const NATIVE_KERNELS: FusedKernels = {
  dropout: (x, drop) => call("FusionDropout", [x, integers(drop)], 1)[0],
  gelu: (x, bias, drop) => call("FusionGelu", [x, bias, integers(drop)], 1)[0],
  geluGrad(x, bias, dy, drop) {
    const [dx, dbias] = call("FusionGeluGrad", [x, bias, dy, integers(drop)], 2);
    return [dx, dbias];
  },
  norm(x, residual, { scale, shift, epsilon }, drop) {
    const inputs = [x, residual, scale, shift, tf.tensor1d([epsilon]), integers(drop)];
    const [y, normal, rate] = call("FusionNorm", inputs, 3);
    return { y, normal, rate };
  },
  normGrad(dy, { normal, rate, scale }, drop) {
    const inputs = [dy, normal, rate, scale, integers(drop)];
    const [dresidual, dx, dscale, dshift] = call("FusionNormGrad", inputs, 4);
    return { dresidual, ...wanted(drop, { dx }), dscale, dshift };
  },
  splitHeads: (x, bias, sizes, S) =>
    call("FusionSplitHeads", [x, bias, dims(sizes, S)], 3).slice(0, S),
  joinHeads([first, second, third], sizes) {
    const S = third ? 3 : second ? 2 : 1;
    const [rows, sums] = call("FusionJoinHeads", [first, second, third, dims(sizes, S)], 2);
    return { rows, sums };
  },
  softmax(scores, mask, scale, drop) {
    const inputs = [scores, mask, tf.tensor1d([scale]), integers(drop)];
    const [probabilities, dropped] = call("FusionSoftmax", inputs, 2);
    return { probabilities, ...wanted(drop, { dropped }) };
  },
  softmaxGrad: (probabilities, dy, scale, drop) =>
    call("FusionSoftmaxGrad", [probabilities, dy, tf.tensor1d([scale]), integers(drop)], 1)[0],
};

/** What only a dropout fills. */
function wanted<T>(drop: DropoutSeeds, outputs: T): Partial<T> {
  return isDropping(drop) ? outputs : {};
}

/** The tensors of an AdamW step, one of each kind a parameter. */
export interface AdamWLists {
  parameters: tf.Tensor[];
  means: tf.Tensor[];
  squares: tf.Tensor[];
  gradients: tf.Tensor[];
}

/**
 * One AdamW step of all parameters in one pass.
 *
 * @param lists N tensors of each kind
 * @param factors beta1, share1, beta2, share2, keep, rate and epsilon: see ../adamw.ts
 * @returns new parameters, means and squares, N each
 */
export function nativeAdamW(
  { parameters, means, squares, gradients }: AdamWLists,
  factors: number[],
): [tf.Tensor[], tf.Tensor[], tf.Tensor[]] {
  const backend = tf.backend() as NativeBackend;
  const n = parameters.length;
  const attributes = [{ name: "N", type: backend.binding.TF_ATTR_INT, value: n }];
  const inputs = [...parameters, ...means, ...squares, ...gradients, tf.tensor1d(factors)];
  const outputs = backend.executeMultipleOutputs("FusionAdamW", attributes, inputs, 3 * n);
  return [outputs.slice(0, n), outputs.slice(n, 2 * n), outputs.slice(2 * n)];
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
