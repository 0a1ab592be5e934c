/**
 * tfjs's WebGPU backend on the runtime's own `navigator.gpu`: no CUDA, no driver packages.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { type Adapter, adapterName, findAdapter, requestAdapter } from "../../runtime/gpu.ts";
import { BufferPool, keepBindGroups, keepUniforms, type UniformMaker } from "./buffers.ts";

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

let inUse: Adapter | undefined;

/** The name of the device that the backend was made for last. */
export function loadedAdapter(): string | undefined {
  return inUse?.name;
}

async function requestDevice(found: GPUAdapter): Promise<GPUDevice> {
  const device = await found.requestDevice({
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, found.limits[name]])),
  });
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    failure ??= new Error(`Cannot compute on ${adapterName(found)}: ${event.error.message}`);
  });
  device.lost.then(({ message, reason }) => {
    if (reason === "destroyed") return; // by ourselves
    failure ??= new Error(
      `Cannot compute on ${adapterName(found)}: the device was lost. ${message}`,
    );
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
  inUse = described;
  return { ...described, version: tf.version_core };
}
