/**
 * What the engine in use has beside tfjs's own operations.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { FusedKernels } from "./fused.ts";
import { NATIVE_KERNELS, nativeUsesGpu } from "./native/kernels.ts";
import { loadedAdapter } from "./webgpu/backend.ts";
import { WEBGPU_KERNELS } from "./webgpu/kernels.ts";

/** The engines by the names of their tfjs backends. */
export type Backend = "tensorflow" | "webgpu" | "wasm";

/** All of them. */
export const BACKENDS: readonly Backend[] = ["tensorflow", "webgpu", "wasm"];

/** What a training was computed on. */
export interface ComputedOn {
  /** The name of a tfjs backend. */
  backend: string;
  /** The GPU, as its driver calls it. */
  adapter?: string;
}

/** An engine by the name that users know, with its GPU: `native`, `webgpu on NVIDIA H100`. */
export function engineInWords({ backend, adapter }: ComputedOn): string {
  const name = backend === "tensorflow" ? "native" : backend;
  return adapter === undefined ? name : `${name} on ${adapter}`;
}

/** The engine that tensors are computed on now. */
export function backendInUse(): Backend {
  return tf.getBackend() as Backend;
}

/** The same, with its GPU if it is on one. */
export function computesOn(): ComputedOn {
  const backend = backendInUse(), adapter = backend === "webgpu" ? loadedAdapter() : undefined;
  return { backend, ...(adapter !== undefined && { adapter }) };
}

/**
 * How many batches may be under way before the result of the first is known. A GPU tells results some 10 ms late, in
 * which it can do more.
 */
export function batchesInFlight(): number {
  return backendInUse() === "webgpu" ? 4 : 0;
}

/** The fused operations of the engine in use, if it has them. */
export function fusedKernels(): FusedKernels | undefined {
  switch (backendInUse()) {
    case "tensorflow":
      return nativeUsesGpu() ? undefined : NATIVE_KERNELS;
    case "webgpu":
      return WEBGPU_KERNELS;
    case "wasm":
      return undefined;
  }
}
