/**
 * The GPU's memory, in place of tfjs's own manager. Of the free buffers of a size the first one made is taken, so that
 * a step of training gets the same buffers as the one before, and what was made for them serves again: that is most of
 * what a step costs the processor.
 *
 * @module
 */

/** What tfjs calls of its buffer manager. */
export class BufferPool {
  /** Bytes of the buffers that are somebody's. */
  numBytesUsed = 0;
  /** Bytes of all buffers. */
  numBytesAllocated = 0;
  numUsedBuffers = 0;
  numFreeBuffers = 0;
  readonly #device: GPUDevice;
  /** Free buffers by size and usage, those made later first. */
  readonly #free = new Map<string, GPUBuffer[]>();
  /** All buffers, and the order in which they were made. */
  readonly #made = new Map<GPUBuffer, number>();
  #count = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** A buffer of this size, which may hold anything; without `reuse` a new one. */
  acquireBuffer(size: number, usage: number, mappedAtCreation = false, reuse = true): GPUBuffer {
    this.numUsedBuffers++;
    this.numBytesUsed += size;
    const free = reuse ? this.#free.get(keyOf(size, usage))?.pop() : undefined;
    if (free) {
      this.numFreeBuffers--;
      return free;
    }
    this.#trim();
    const buffer = this.#device.createBuffer({ size, usage, mappedAtCreation });
    this.#made.set(buffer, this.#count++);
    this.numBytesAllocated += size;
    return buffer;
  }

  /** Takes a buffer back; without `reuse` it is destroyed. */
  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    const place = this.#made.get(buffer);
    if (place === undefined) return; // since then all was disposed of
    const { size, usage } = buffer;
    this.numUsedBuffers--;
    this.numBytesUsed -= size;
    if (!reuse) {
      this.#made.delete(buffer);
      this.numBytesAllocated -= size;
      buffer.destroy();
      return;
    }
    const key = keyOf(size, usage), free = this.#free.get(key) ?? [];
    this.#free.set(key, free);
    let at = free.length;
    while (at > 0 && this.#made.get(free[at - 1])! < place) at--;
    free.splice(at, 0, buffer);
    this.numFreeBuffers++;
  }

  /** Destroys what is free where it is more than what is used: batches of other sizes have left it. */
  #trim(): void {
    const free = this.numBytesAllocated - this.numBytesUsed;
    if (free < Math.max(FREE_BYTES, this.numBytesUsed)) return;
    for (const buffer of [...this.#free.values()].flat()) {
      this.#made.delete(buffer);
      this.numBytesAllocated -= buffer.size;
      buffer.destroy();
    }
    this.#free.clear();
    this.numFreeBuffers = 0;
  }

  /** Destroys all buffers. */
  dispose(): void {
    for (const buffer of this.#made.keys()) buffer.destroy();
    this.#made.clear();
    this.#free.clear();
    this.numBytesUsed =
      this.numBytesAllocated =
      this.numUsedBuffers =
      this.numFreeBuffers =
        0;
  }
}

/** So many free bytes are kept in any case. */
const FREE_BYTES = 2 ** 30;

const keyOf = (size: number, usage: number) => `${size} ${usage}`;

/** The part of tfjs's backend that makes the buffers in which a shader of its own finds its sizes. */
export interface UniformMaker {
  makeUniforms(fields: { type: string; data: ArrayLike<number> }[]): { buffer: GPUBuffer };
  uniformPendingDisposal: GPUBuffer[];
}

/** Makes tfjs keep those buffers: with every step of training the same sizes come back. */
export function keepUniforms(backend: UniformMaker): void {
  const kept = new Map<string, { buffer: GPUBuffer }>();
  const make = backend.makeUniforms.bind(backend);
  backend.makeUniforms = (fields) => {
    const key = fields.map(({ type, data }) => `${type} ${Array.from(data)}`).join();
    let found = kept.get(key);
    if (!found) {
      found = make(fields);
      if (kept.size >= KEPT_UNIFORMS) return found;
      backend.uniformPendingDisposal.pop(); // it is not given back
      kept.set(key, found);
    }
    return found;
  };
}

/** More different sizes than this come only from a program that runs for days: they are not kept. */
export const KEPT_UNIFORMS = 10_000;

const numbers = new WeakMap<object, number>();
let numbered = 0;

/** A number of its own for an object. */
function numberOf(object: object): number {
  let number = numbers.get(object);
  if (number === undefined) numbers.set(object, number = numbered++);
  return number;
}

/** The most bind groups that are kept; then they are begun anew, as old ones keep buffers that are gone. */
const KEPT_GROUPS = 20_000;

const isWholeBuffer = ({ buffer, offset = 0, size }: GPUBufferBinding) =>
  buffer !== undefined && offset === 0 && (size === undefined || size === buffer.size);

/** Makes the device give the same bind group for the same pipeline and buffers, tfjs's shaders included. */
export function keepBindGroups(device: GPUDevice): void {
  const groups = new Map<string, GPUBindGroup>();
  const createGroup = device.createBindGroup.bind(device);
  device.createBindGroup = (descriptor) => {
    const bindings = [...descriptor.entries].map(({ resource }) => resource as GPUBufferBinding);
    if (!bindings.every(isWholeBuffer)) return createGroup(descriptor);
    const parts = bindings.map(({ buffer }) => buffer);
    const key = `${numberOf(descriptor.layout)}:${parts.map(numberOf).join()}`;
    let group = groups.get(key);
    if (!group) {
      if (groups.size >= KEPT_GROUPS) groups.clear();
      groups.set(key, group = createGroup(descriptor));
    }
    return group;
  };
  const createPipeline = device.createComputePipeline.bind(device);
  device.createComputePipeline = (descriptor) => {
    const pipeline = createPipeline(descriptor);
    const layout = pipeline.getBindGroupLayout(0); // every call makes another
    pipeline.getBindGroupLayout = () => layout;
    return pipeline;
  };
}
