/**
 * tfjs's WebGPU backend on the runtime's own `navigator.gpu`: no CUDA, no driver packages.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { BufferPool, keepBindGroups, keepUniforms, type UniformMaker } from "./buffers.ts";

/** A device that tensors can be computed on. */
export interface Adapter {
  /** Its name, as the driver says it. */
  name: string;
  /** Whether it computes on a processor: llvmpipe (lavapipe), SwiftShader, WARP. */
  software: boolean;
}

/** What is asked of the device: as much as the adapter has. */
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
  "maxStorageBuffersPerShaderStage",
] as const;

/** Dispatches that are recorded before they are given to the GPU: each time costs as much as several dispatches. */
const COMMANDS = 256;

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|software|basic render|cpu/i;

let adapter: Promise<GPUAdapter | null> | undefined;

/** Runs work with variables of the environment set where they are not; afterwards they are as before. */
async function withEnv<T>(variables: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const unset = Object.keys(variables).filter((name) => !Deno.env.get(name));
  for (const name of unset) Deno.env.set(name, variables[name]);
  try {
    return await work();
  } finally {
    for (const name of unset) Deno.env.delete(name);
  }
}

/** Asks the runtime for its fastest device, once. */
function requestAdapter(): Promise<GPUAdapter | null> {
  // without a folder, libraries that look for a display complain on standard error; OpenGL is a slow second to Vulkan
  const variables = Deno.build.os === "linux"
    ? { XDG_RUNTIME_DIR: "/tmp", DENO_WEBGPU_BACKEND: "vulkan" }
    : {};
  return adapter ??= withEnv<GPUAdapter | null>(
    variables as Record<string, string>,
    async () =>
      await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? null,
  );
}

const nameOf = ({ info }: GPUAdapter) => info.description || info.device || info.vendor;

/**
 * Whether it is worth looking for a GPU, which loads all graphics drivers: on Linux not without a device of one.
 */
export async function mayHaveGpu(): Promise<boolean> {
  if (Deno.build.os !== "linux") return true;
  const there = await Promise.allSettled(
    ["/dev/dri", "/dev/nvidiactl", "/dev/dxg"].map((path) => Deno.stat(path)),
  );
  return there.some(({ status }) => status === "fulfilled");
}

/** Says which device WebGPU would compute on; undefined when there is none. */
export async function findAdapter(): Promise<Adapter | undefined> {
  const found = await requestAdapter();
  if (!found) return undefined;
  const name = nameOf(found);
  return { name, software: SOFTWARE.test(name) || found.info.isFallbackAdapter === true };
}

/** What went wrong on the device since it was made: the first error is the one that tells. */
let failure: Error | undefined;

/**
 * Throws what went wrong on the GPU: its errors are told late and beside the calls that caused them, and what was
 * computed since is not to be trusted.
 *
 * @throws {Error} when the device was lost or refused a command
 */
export function throwIfGpuFailed(): void {
  if (failure && tf.getBackend() === "webgpu") throw failure;
}

/** Whether something went wrong on the GPU since it was loaded. */
export function hasGpuFailed(): boolean {
  return failure !== undefined;
}

async function requestDevice(found: GPUAdapter): Promise<GPUDevice> {
  const device = await found.requestDevice({
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, found.limits[name]])),
  });
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    failure ??= new Error(`Cannot compute on ${nameOf(found)}: ${event.error.message}`);
  });
  device.lost.then(({ message, reason }) => {
    if (reason === "destroyed") return; // by ourselves
    failure ??= new Error(`Cannot compute on ${nameOf(found)}: the device was lost. ${message}`);
  });
  return device;
}

/**
 * Makes the backend and registers it with tfjs as `webgpu`.
 *
 * @returns the device that it computes on, and tfjs's version
 * @throws {Error} when there is no device
 */
export async function loadWebgpu(): Promise<Adapter & { version: string }> {
  const found = await requestAdapter(), described = await findAdapter();
  if (!found || !described) {
    throw new Error(
      "Cannot compute on WebGPU: this runtime finds no device. On Linux it needs a Vulkan driver and its " +
        "loader (Debian: libvulkan1)",
    );
  }
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  const device = await requestDevice(found);
  failure = undefined;
  tf.removeBackend("webgpu"); // the package's own registration makes a device of smaller limits
  keepBindGroups(device);
  tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", COMMANDS);
  const backend = new WebGPUBackend(device as never, found.info as never);
  backend.bufferManager = new BufferPool(device) as never;
  keepUniforms(backend as unknown as UniformMaker);
  tf.registerBackend("webgpu", () => backend, 3);
  if (!await tf.setBackend("webgpu")) {
    throw new Error("Cannot compute on WebGPU: tfjs did not accept its backend");
  }
  return { ...described, version: tf.version_core };
}
