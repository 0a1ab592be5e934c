/**
 * A step of training as the GPU sees it: what is asked of it once is written down, and asked again without the
 * JavaScript that made it. That tells how long the GPU itself takes, and that a step depends on nothing else.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { BufferPool } from "./buffers.ts";

/** The part of tfjs's backend that is used here. */
interface Backend extends tf.KernelBackend {
  device: GPUDevice;
  queue: GPUQueue;
  bufferManager: BufferPool;
}

/** What is done between two submissions: bytes are written first, whenever that was asked for. */
interface Batch {
  writes: { buffer: GPUBuffer; offset: number; data: Uint8Array<ArrayBuffer> }[];
  commands: ((encoder: GPUCommandEncoder) => void)[];
}

/** Something that can be done on the GPU again and again. */
export interface Recording {
  /** Runs of compute shaders in it. */
  dispatches: number;
  /** Times they are handed to the GPU. */
  submissions: number;
  /** Does it all once more, on whatever its buffers hold now; it is done when `finished` says so. */
  replay(): void;
  /** Puts the buffers back to what they held before it was recorded. */
  rewind(): void;
  /** The values that were read in it, as they are after the last replay. */
  readValues(): Promise<Float32Array[]>;
  /** Waits until the GPU has done all that it was given. */
  finished(): Promise<void>;
}

const backendOf = () => tf.backend() as Backend;

/** A copy of a part of some data, in bytes. */
function bytesOf(data: unknown, from: number, size?: number): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(data)
    ? data
    : new Uint8Array(data as ArrayBuffer);
  const all = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  return all.slice(from, size === undefined ? undefined : from + size);
}

/**
 * Runs work in memory of its own, which is given back at the end: what is recorded there is not overwritten by others.
 *
 * @param work makes its tensors and disposes of them; told of all buffers that are made
 */
export async function inOwnMemory<T>(
  work: (buffers: readonly GPUBuffer[]) => Promise<T>,
): Promise<T> {
  const backend = backendOf(), before = backend.bufferManager, buffers: GPUBuffer[] = [];
  const createBuffer = (descriptor: GPUBufferDescriptor) => {
    const buffer = backend.device.createBuffer(descriptor);
    buffers.push(buffer);
    return buffer;
  };
  const own = new BufferPool({ createBuffer } as unknown as GPUDevice);
  backend.bufferManager = own;
  try {
    return await work(buffers);
  } finally {
    await backend.queue.onSubmittedWorkDone();
    backend.bufferManager = before;
    own.dispose();
  }
}

/** Copies of the storage that there is. */
function snapshot(device: GPUDevice, buffers: readonly GPUBuffer[]): () => void {
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const kept = buffers.filter((buffer) =>
    (buffer.usage & usage) === usage && buffer.mapState === "unmapped"
  ).map((buffer) => ({ buffer, copy: device.createBuffer({ size: buffer.size, usage }) }));
  const run = (each: (encoder: GPUCommandEncoder, pair: typeof kept[number]) => void) => {
    const encoder = device.createCommandEncoder();
    for (const pair of kept) each(encoder, pair);
    device.queue.submit([encoder.finish()]);
  };
  run((encoder, { buffer, copy }) => encoder.copyBufferToBuffer(buffer, 0, copy, 0, buffer.size));
  return () =>
    run((encoder, { buffer, copy }) => encoder.copyBufferToBuffer(copy, 0, buffer, 0, buffer.size));
}

/** Puts methods in the place of an object's own until it is told to stop. */
function overriding<T extends object>(target: T, methods: Partial<T>): () => void {
  Object.assign(target, methods);
  return () => {
    for (const name of Object.keys(methods)) delete (target as Record<string, unknown>)[name];
  };
}

/** Writes down what is asked of the device while it listens. */
class Recorder {
  readonly batches: Batch[] = [];
  readonly readBuffers: GPUBuffer[] = [];
  dispatches = 0;
  #open: Batch = { writes: [], commands: [] };
  /** What was written into buffers that are the source of a copy, in buffers that stay. */
  readonly #staged = new Map<GPUBuffer, GPUBuffer>();
  readonly #restore: (() => void)[] = [];

  constructor(readonly device: GPUDevice, readonly queue: GPUQueue) {
    const createBuffer = device.createBuffer.bind(device);
    const createEncoder = device.createCommandEncoder.bind(device);
    const write = queue.writeBuffer.bind(queue), submit = queue.submit.bind(queue);
    this.#restore.push(
      overriding(device, {
        createBuffer: (descriptor) => this.#watchBuffer(createBuffer(descriptor), descriptor),
        createCommandEncoder: (descriptor) => this.#watchEncoder(createEncoder(descriptor)),
      }),
      overriding(queue, {
        writeBuffer: (buffer, offset, data, from, size) => {
          write(buffer, offset, data, from ?? 0, size);
          // a part of a typed array is counted in its elements
          const unit = (data as Uint32Array).BYTES_PER_ELEMENT ?? 1;
          const copied = bytesOf(data, (from ?? 0) * unit, size && size * unit);
          this.#open.writes.push({ buffer, offset, data: copied });
        },
        submit: (buffers) => {
          submit(buffers);
          this.batches.push(this.#open);
          this.#open = { writes: [], commands: [] };
        },
      }),
    );
  }

  /** What is written into a buffer as it is made. */
  #watchBuffer(buffer: GPUBuffer, { mappedAtCreation, usage, size }: GPUBufferDescriptor) {
    if (!mappedAtCreation) return buffer;
    const range = buffer.getMappedRange(), unmap = buffer.unmap.bind(buffer);
    const unmapped = () => {
      const data = bytesOf(range, 0);
      unmap();
      delete (buffer as { unmap?: unknown }).unmap;
      if ((usage & GPUBufferUsage.MAP_WRITE) === 0) {
        this.#open.writes.push({ buffer, offset: 0, data });
        return;
      }
      const stays = { size, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST };
      const copy = GPUDevice.prototype.createBuffer.call(this.device, stays);
      this.#open.writes.push({ buffer: copy, offset: 0, data });
      this.#staged.set(buffer, copy);
    };
    Object.assign(buffer, { getMappedRange: () => range, unmap: unmapped });
    return buffer;
  }

  #watchEncoder(encoder: GPUCommandEncoder): GPUCommandEncoder {
    const { commands } = this.#open;
    const begin = encoder.beginComputePass.bind(encoder);
    const copy = encoder.copyBufferToBuffer.bind(encoder) as (...args: unknown[]) => void;
    const clear = encoder.clearBuffer.bind(encoder);
    return Object.assign(encoder, {
      beginComputePass: () => this.#watchPass(begin({}), commands),
      copyBufferToBuffer: (
        ...[from, a, to, b, size]: [GPUBuffer, number, GPUBuffer, number, number]
      ) => {
        copy(from, a, to, b, size);
        const source = this.#staged.get(from) ?? from;
        commands.push((encoder) => encoder.copyBufferToBuffer(source, a, to, b, size));
        if ((to.usage & GPUBufferUsage.MAP_READ) !== 0) this.readBuffers.push(to);
      },
      clearBuffer: (buffer: GPUBuffer, offset?: number, size?: number) => {
        clear(buffer, offset, size);
        commands.push((encoder) => encoder.clearBuffer(buffer, offset, size));
      },
    });
  }

  #watchPass(pass: GPUComputePassEncoder, commands: Batch["commands"]): GPUComputePassEncoder {
    const setPipeline = pass.setPipeline.bind(pass), dispatch = pass.dispatchWorkgroups.bind(pass);
    const setGroup = pass.setBindGroup.bind(pass) as (index: number, group: GPUBindGroup) => void;
    const end = pass.end.bind(pass), inPass: ((pass: GPUComputePassEncoder) => void)[] = [];
    return Object.assign(pass, {
      setPipeline: (pipeline: GPUComputePipeline) => {
        setPipeline(pipeline);
        inPass.push((pass) => pass.setPipeline(pipeline));
      },
      setBindGroup: (index: number, group: GPUBindGroup) => {
        setGroup(index, group);
        inPass.push((pass) => pass.setBindGroup(index, group));
      },
      dispatchWorkgroups: (x: number, y?: number, z?: number) => {
        dispatch(x, y, z);
        this.dispatches++;
        inPass.push((pass) => pass.dispatchWorkgroups(x, y, z));
      },
      end: () => {
        end();
        commands.push((encoder) => {
          const pass = encoder.beginComputePass({});
          for (const command of inPass) command(pass);
          pass.end();
        });
      },
    });
  }

  /** Ends the listening. */
  stop(): void {
    for (const restore of this.#restore) restore();
  }
}

/**
 * Does a step and writes it down.
 *
 * @param step what is done; it ends when its results are known
 * @param buffers as {@linkcode inOwnMemory} tells them, within which it must be
 * @returns what the step returned, and the recording
 */
export async function record<T>(
  step: () => Promise<T>,
  buffers: readonly GPUBuffer[],
): Promise<{ result: T; recording: Recording }> {
  const { device, queue } = backendOf();
  await queue.onSubmittedWorkDone();
  const rewind = snapshot(device, buffers), recorder = new Recorder(device, queue);
  let result: T;
  try {
    result = await step();
  } finally {
    recorder.stop();
  }
  const { batches, readBuffers, dispatches } = recorder;
  const recording: Recording = {
    dispatches,
    submissions: batches.length,
    rewind,
    replay() {
      for (const { writes, commands } of batches) {
        for (const { buffer, offset, data } of writes) queue.writeBuffer(buffer, offset, data);
        const encoder = device.createCommandEncoder();
        for (const command of commands) command(encoder);
        queue.submit([encoder.finish()]);
      }
    },
    async readValues() {
      const values: Float32Array[] = [];
      for (const buffer of readBuffers) {
        await buffer.mapAsync(GPUMapMode.READ);
        values.push(new Float32Array(buffer.getMappedRange().slice(0)));
        buffer.unmap();
      }
      return values;
    },
    finished: () => queue.onSubmittedWorkDone(),
  };
  return { result, recording };
}
