import assert from "node:assert/strict";
import { BufferPool, keepBindGroups, keepUniforms, type UniformMaker } from "./buffers.ts";

/** A device that only counts what it makes. */
function fakeDevice() {
  const made: Record<string, number> = { buffers: 0, groups: 0 };
  const destroyed: GPUBuffer[] = [];
  const createBuffer = ({ size, usage }: GPUBufferDescriptor) => {
    const buffer = { size, usage, label: `${made.buffers++}` } as GPUBuffer;
    return Object.assign(buffer, { destroy: () => void destroyed.push(buffer) });
  };
  const createBindGroup = () => ({ label: `${made.groups++}` });
  const createComputePipeline = () => ({ getBindGroupLayout: () => ({}) });
  const device = { createBuffer, createBindGroup, createComputePipeline };
  return { device: device as unknown as GPUDevice, made, destroyed };
}

/** The pool's counts: bytes and buffers. */
const countsOf = (pool: BufferPool) => ({
  bytes: [pool.numBytesUsed, pool.numBytesAllocated],
  buffers: [pool.numUsedBuffers, pool.numFreeBuffers],
});

Deno.test("BufferPool: of the free buffers of a size and usage, the one made first", () => {
  const { device, made } = fakeDevice();
  const pool = new BufferPool(device);
  const buffers = Array.from({ length: 4 }, () => pool.acquireBuffer(16, 1));
  const [first, second, third, fourth] = buffers;
  for (const buffer of [third, first, fourth, second]) pool.releaseBuffer(buffer);
  assert.deepEqual(countsOf(pool), { bytes: [0, 64], buffers: [0, 4] });
  assert.notEqual(pool.acquireBuffer(16, 2), first); // of another usage
  assert.notEqual(pool.acquireBuffer(32, 1), first);
  assert.equal(made.buffers, 6);
  assert.equal(pool.acquireBuffer(16, 1), first);
  assert.equal(pool.acquireBuffer(16, 1), second);
  pool.releaseBuffer(first);
  assert.deepEqual([1, 2, 3].map(() => pool.acquireBuffer(16, 1)), [first, third, fourth]);
  assert.equal(made.buffers, 6);
  assert.deepEqual(countsOf(pool), { bytes: [16 + 32 + 64, 16 + 32 + 64], buffers: [6, 0] });
});

Deno.test("BufferPool: without reuse a buffer is new, and destroyed when it is given back", () => {
  const { device, made, destroyed } = fakeDevice();
  const pool = new BufferPool(device), kept = pool.acquireBuffer(16, 1);
  pool.releaseBuffer(kept);
  const once = pool.acquireBuffer(16, 1, true, false);
  assert.equal(made.buffers, 2);
  pool.releaseBuffer(once, false);
  assert.deepEqual(destroyed, [once]);
  assert.deepEqual(countsOf(pool), { bytes: [0, 16], buffers: [0, 1] });
});

Deno.test("BufferPool: what is free is destroyed where it is more than what is used, and a GiB", () => {
  const { device, destroyed } = fakeDevice();
  const pool = new BufferPool(device), gib = 2 ** 30;
  const small = pool.acquireBuffer(gib / 2, 1);
  pool.releaseBuffer(small);
  const used = pool.acquireBuffer(gib / 4, 1); // half a GiB is free
  assert.deepEqual(destroyed, []);
  const large = pool.acquireBuffer(gib, 1);
  pool.releaseBuffer(large);
  pool.acquireBuffer(8, 1);
  assert.deepEqual(destroyed, [small, large]);
  assert.deepEqual(countsOf(pool), { bytes: [gib / 4 + 8, gib / 4 + 8], buffers: [2, 0] });
  pool.releaseBuffer(used);
});

Deno.test("BufferPool: disposing destroys all buffers, and those given back later count for nothing", () => {
  const { device, made, destroyed } = fakeDevice();
  const pool = new BufferPool(device), [free, used] = [1, 2].map(() => pool.acquireBuffer(16, 1));
  pool.releaseBuffer(free);
  pool.dispose();
  assert.deepEqual(destroyed, [free, used]);
  pool.releaseBuffer(used);
  assert.deepEqual(countsOf(pool), { bytes: [0, 0], buffers: [0, 0] });
  pool.acquireBuffer(16, 1);
  assert.equal(made.buffers, 3);
});

Deno.test("keepUniforms: the same numbers of the same types are one buffer, which is not given back", () => {
  const backend = {
    uniformPendingDisposal: [] as GPUBuffer[],
    makeUniforms: (_fields: { type: string; data: ArrayLike<number> }[]) => {
      const buffer = {} as GPUBuffer;
      backend.uniformPendingDisposal.push(buffer);
      return { buffer };
    },
  } satisfies UniformMaker;
  keepUniforms(backend);
  const make = (type: string, ...data: number[]) => backend.makeUniforms([{ type, data }]);
  const first = make("int32", 1, 2);
  assert.equal(make("int32", 1, 2), first);
  assert.notEqual(make("int32", 1, 3), first);
  assert.notEqual(make("float32", 1, 2), first);
  const apart = backend.makeUniforms([{ type: "int32", data: [1] }, { type: "int32", data: [2] }]);
  assert.notEqual(apart, first);
  assert.equal(backend.uniformPendingDisposal.length, 0);
});

Deno.test("keepBindGroups: one group for the same pipeline and buffers, one layout a pipeline", () => {
  const { device, made } = fakeDevice();
  keepBindGroups(device);
  const pipelines = [1, 2].map(() => device.createComputePipeline({} as never));
  const [a, b] = [1, 2].map(() => device.createBuffer({ size: 16, usage: 1 }));
  const group = (pipeline: GPUComputePipeline, ...buffers: GPUBuffer[]) =>
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  assert.equal(pipelines[0].getBindGroupLayout(0), pipelines[0].getBindGroupLayout(0));
  const first = group(pipelines[0], a, b);
  assert.equal(group(pipelines[0], a, b), first);
  assert.notEqual(group(pipelines[0], b, a), first);
  assert.notEqual(group(pipelines[0], a), first);
  assert.notEqual(group(pipelines[1], a, b), first);
  assert.equal(made.groups, 4);
});
