/**
 * Compute shaders of our own among those of tfjs's WebGPU backend: they read and write its tensors and are recorded
 * in its command queue, in order.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { KEPT_UNIFORMS } from "./buffers.ts";

/** The part of tfjs's backend that is used here. */
interface WebgpuBackend extends tf.KernelBackend {
  device: GPUDevice;
  queue: GPUQueue;
  tensorMap: { get(dataId: tf.DataId): { resource?: GPUBuffer } };
  bufferManager: { acquireBuffer(size: number, usage: number): GPUBuffer };
  commandQueueOwnedIds: WeakSet<tf.DataId>;
  uniformPendingDisposal: GPUBuffer[];
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  makeTensorInfo(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  uploadToGPU(dataId: tf.DataId): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** One run of a compute shader. */
export interface Dispatch {
  /**
   * WGSL with the entry point `main`. Bindings of group 0: outputs, inputs, `sizes` as an array of integers,
   * `seeds` if there are any; {@linkcode declare} writes them.
   */
  code: string;
  /** The tensors that it reads. */
  inputs: tf.Tensor[];
  /** The shapes of the tensors that it makes. */
  outputs: readonly (readonly number[])[];
  /** How many workgroups; the first may be more than a dimension holds, see {@linkcode WORKGROUP}. */
  workgroups: [x: number, y?: number, z?: number];
  /** Numbers that a tensor's size decides, so that another size compiles nothing. */
  sizes?: readonly number[];
  /** Numbers of this run alone: four 32-bit words. */
  seeds?: ArrayBuffer;
}

/** The most workgroups of one dimension on every device. */
export const MOST_WORKGROUPS = 65535;

/** WGSL: the number of a workgroup where {@linkcode Dispatch.workgroups} has one dimension. */
export const WORKGROUP = "(group.y * groups.x + group.x)";

/** WGSL: the arguments of `main`. */
export const ARGUMENTS = "@builtin(workgroup_id) group: vec3<u32>, " +
  "@builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) thread: u32";

/** WGSL: combines the values that the threads of a workgroup have in `array`; the result is in its first place. */
export function reduce(
  threads: number,
  array: string,
  combine: (a: string, b: string) => string = (a, b) => `${a} + ${b}`,
): string {
  const steps = [];
  for (let half = threads / 2; half >= 1; half /= 2) {
    const [mine, other] = [`${array}[thread]`, `${array}[thread + ${half}u]`];
    steps.push(`workgroupBarrier(); if (thread < ${half}u) { ${mine} = ${combine(mine, other)}; }`);
  }
  return steps.join("\n  ") + "\n  workgroupBarrier();";
}

/** WGSL types by how many floats are taken at once. */
export type Lanes = 1 | 4;
/** The WGSL type of so many floats. */
export const typeOf = (lanes: Lanes): string => lanes === 4 ? "vec4<f32>" : "f32";
/** As many floats at once as divide a size. */
export const lanesOf = (size: number): Lanes => size % 4 === 0 ? 4 : 1;

/**
 * WGSL: the declarations of all bindings.
 *
 * @param outputs names of the tensors that are made
 * @param inputs names of those that are read
 * @param options `lanes`, floats taken at once; `sizes`, how many there are; whether there are `seeds`
 */
export function declare(
  outputs: readonly string[],
  inputs: readonly string[],
  { lanes = 1, sizes = 0, seeds = false }: { lanes?: Lanes; sizes?: number; seeds?: boolean } = {},
): string {
  const buffer = (name: string, i: number, access: string) =>
    `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${typeOf(lanes)}>;`;
  const lines = [
    ...outputs.map((name, i) => buffer(name, i, "read_write")),
    ...inputs.map((name, i) => buffer(name, outputs.length + i, "read")),
  ];
  const uniform = (name: string, vectors: number) =>
    `@group(0) @binding(${lines.length}) var<uniform> ${name}: array<vec4<u32>, ${vectors}>;`;
  if (sizes > 0) lines.push(uniform("sizes", Math.ceil(sizes / 4)));
  if (seeds) lines.push(uniform("seeds", 1));
  return lines.join("\n") + "\n";
}

/** WGSL: the size number i. */
export const sizeAt = (i: number): string => `sizes[${i >> 2}][${i & 3}]`;

/** What is made once on a device. */
interface DeviceCache {
  pipelines: Map<string, GPUComputePipeline>;
  sizes: Map<string, GPUBuffer>;
}

const caches = new WeakMap<GPUDevice, DeviceCache>();

function cacheOf(device: GPUDevice): DeviceCache {
  let cache = caches.get(device);
  if (!cache) caches.set(device, cache = { pipelines: new Map(), sizes: new Map() });
  return cache;
}

function pipelineOf(device: GPUDevice, code: string): GPUComputePipeline {
  const { pipelines } = cacheOf(device);
  let pipeline = pipelines.get(code);
  if (!pipeline) {
    const compute = { module: device.createShaderModule({ code }), entryPoint: "main" };
    pipeline = device.createComputePipeline({ layout: "auto", compute });
    pipelines.set(code, pipeline);
  }
  return pipeline;
}

/** A buffer of sizes; as these come back with every step, it is kept. */
function sizesBuffer(backend: WebgpuBackend, sizes: readonly number[]): GPUBuffer {
  const { sizes: kept } = cacheOf(backend.device), key = sizes.join();
  const found = kept.get(key);
  if (found) return found;
  const words = new Uint32Array(Math.ceil(sizes.length / 4) * 4);
  words.set(sizes);
  if (kept.size >= KEPT_UNIFORMS) return temporaryUniform(backend, words.buffer);
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
  const buffer = backend.device.createBuffer({ size: words.byteLength, usage });
  backend.queue.writeBuffer(buffer, 0, words);
  kept.set(key, buffer);
  return buffer;
}

/** A buffer that is given back after the commands recorded so far. */
function temporaryUniform(backend: WebgpuBackend, words: ArrayBuffer): GPUBuffer {
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
  const buffer = backend.bufferManager.acquireBuffer(words.byteLength, usage);
  backend.queue.writeBuffer(buffer, 0, words);
  backend.uniformPendingDisposal.push(buffer);
  return buffer;
}

/** The buffer of a tensor, which is kept until the commands recorded now are submitted. */
function bufferOf(backend: WebgpuBackend, { dataId }: tf.TensorInfo): GPUBuffer {
  backend.uploadToGPU(dataId);
  backend.commandQueueOwnedIds.add(dataId);
  return backend.tensorMap.get(dataId).resource!;
}

/** Spreads workgroups in one dimension over two where one does not hold them. */
function spread([x, y = 1, z = 1]: Dispatch["workgroups"]): [number, number, number] {
  if (x <= MOST_WORKGROUPS) return [x, y, z];
  const rows = Math.ceil(x / MOST_WORKGROUPS);
  return [Math.ceil(x / rows), rows, z];
}

/**
 * Records one run of a compute shader.
 *
 * @returns the tensors that it makes, float32
 */
export function dispatch(
  { code, inputs, outputs, workgroups, sizes = [], seeds }: Dispatch,
): tf.Tensor[] {
  const backend = tf.backend() as WebgpuBackend;
  const made = outputs.map((shape) => backend.makeTensorInfo([...shape], "float32"));
  const buffers = [...made, ...inputs].map((tensor) => bufferOf(backend, tensor));
  if (sizes.length > 0) buffers.push(sizesBuffer(backend, sizes));
  if (seeds) buffers.push(temporaryUniform(backend, seeds));
  const pipeline = pipelineOf(backend.device, code);
  const group = backend.device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  backend.ensureCommandEncoderReady();
  const pass = backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass({});
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...spread(workgroups));
  const most = tf.env().getNumber("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE");
  if (++backend.dispatchCountInPass >= most) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  return made.map((info) => tf.engine().makeTensorFromTensorInfo(info));
}

/** A range of a tensor's values. */
export interface Range {
  /** The tensor. */
  of: tf.Tensor;
  /** Its first value. */
  from: number;
}

/** Records a copy of `count` values from one tensor to another. */
export function copyValues(source: Range, target: Range, count: number): void {
  const backend = tf.backend() as WebgpuBackend;
  const [from, to] = [source, target].map(({ of }) => bufferOf(backend, of));
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.commandEncoder!.copyBufferToBuffer(from, 4 * source.from, to, 4 * target.from, 4 * count);
}

/** Records that `count` values of a tensor become 0. */
export function clearValues(tensor: tf.Tensor, from: number, count: number): void {
  const backend = tf.backend() as WebgpuBackend, buffer = bufferOf(backend, tensor);
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.commandEncoder!.clearBuffer(buffer, 4 * from, 4 * count);
}

/** Makes a tensor on the GPU whose values are whatever its memory holds. */
export function uninitialised(shape: number[]): tf.Tensor {
  const backend = tf.backend() as WebgpuBackend;
  return tf.engine().makeTensorFromTensorInfo(backend.makeTensorInfo(shape, "float32"));
}
