/**
 * The engine that tensors are computed on: TensorFlow's own C library where it can be had, tfjs-wasm
 * elsewhere. Everything in this room runs on either; loading is the only difference.
 *
 * @module
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { operationSignal } from "../runtime/interrupt.ts";
import { type ProgressOutput, showStep } from "../runtime/progress.ts";
import { buildEngine, type BuildOptions, wantsCuda } from "./native/build.ts";

/** The names of the engines. */
export type EngineName = "native" | "wasm";

/** An engine that is loaded. */
export interface Engine {
  /** `native`: TensorFlow's C library; `wasm`: tfjs's WebAssembly kernels. */
  name: EngineName;
  /** The version of libtensorflow, or of tfjs-wasm. */
  version: string;
  /** Where it computes. */
  device: "cpu" | "gpu";
  /** Why it is not the native one, and what to do about it. */
  note?: string;
}

/** Options of {@linkcode loadEngine}. */
export interface EngineOptions {
  /** The engine to use if it can be had; native, if absent. */
  prefer?: EngineName;
  /** The folder that gets the native engine; `.cache/engine` of the project if absent. */
  cacheDir?: string;
  /** Where a build shows its progress. */
  output?: ProgressOutput;
  /** Told why the engine is not the native one, or not on the GPU. */
  log?: (message: string) => void;
}

const BACKENDS = { native: "tensorflow", wasm: "wasm" } as const;
const require = createRequire(import.meta.url);
const loaded = new Map<EngineName, Promise<Engine>>();
let current: Promise<Engine> | undefined;

/** The part of the binding that is looked at here. */
interface Binding {
  TF_Version: string;
  isUsingGpuDevice(): boolean;
}

/** tfjs-node 4.22 calls functions that newer runtimes have removed from `util`. */
function restoreUtil(): void {
  const missing: Record<string, (value: unknown) => boolean> = {
    isNullOrUndefined: (value) => value === null || value === undefined,
    isArray: Array.isArray,
    isString: (value) => typeof value === "string",
  };
  const target = util as unknown as Record<string, unknown>;
  for (const [name, test] of Object.entries(missing)) target[name] ??= test;
}

/**
 * Loads libtensorflow while standard error leads to /dev/null: the library logs there before any setting of its
 * own can keep it from that.
 */
function quietly<T>(load: () => T): T {
  if (!Deno.env.get("TF_CPP_MIN_LOG_LEVEL")) Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "2");
  if (Deno.build.os !== "linux" || Deno.env.get("TF_CPP_MIN_LOG_LEVEL") === "0") return load();
  const libc = Deno.dlopen("libc.so.6", {
    dup: { parameters: ["i32"], result: "i32" },
    dup2: { parameters: ["i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
  });
  const { dup, dup2, close, open } = libc.symbols;
  const saved = dup(2), nowhere = open(new TextEncoder().encode("/dev/null\0"), 1);
  dup2(nowhere, 2);
  try {
    return load();
  } finally {
    dup2(saved, 2);
    close(saved);
    close(nowhere);
    libc.close();
  }
}

/** Builds the binding; where a GPU was seen but CUDA cannot be had, the one for processors. */
async function build(
  { log, ...options }: Pick<EngineOptions, "log"> & BuildOptions,
): Promise<string> {
  try {
    return await buildEngine(options);
  } catch (error) {
    if (Deno.env.get("DETAILCLIP_CUDA") || !await wantsCuda()) throw error;
    log?.(`The GPU stays unused. ${(error as Error).message}`);
    return await buildEngine({ ...options, variant: "cpu" });
  }
}

/** Builds the binding when it is not there and loads it. */
async function loadNative({ cacheDir, output, log }: EngineOptions): Promise<Engine> {
  const path = await build({ cacheDir, output, log });
  return await showStep("Load the native engine", () => loadBinding(path), {
    leaves: "slow",
    output,
  });
}

/** Loads the binding, which takes its time when it is read from disk, and registers it with tfjs. */
async function loadBinding(path: string): Promise<Engine> {
  restoreUtil();
  await registerGradients();
  const binding: Binding = quietly(() => require(path));
  // Not the package's own index.js: it looks for the binding where its install script would put it.
  const { NodeJSKernelBackend } = await import(
    "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js"
  );
  await import("@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js");
  const create = () => new NodeJSKernelBackend(binding as never, "@tensorflow/tfjs-node-gpu");
  tf.registerBackend(BACKENDS.native, create, 3);
  if (!await tf.setBackend(BACKENDS.native)) {
    throw new Error("Cannot load the native engine: tfjs did not accept its backend");
  }
  const device = binding.isUsingGpuDevice() ? "gpu" : "cpu";
  return { name: "native", version: binding.TF_Version, device };
}

/** tfjs-core by itself knows no gradients: its package of layers registers them all when it is loaded. */
async function registerGradients(): Promise<void> {
  await import("@tensorflow/tfjs-layers");
}

async function loadWasm(): Promise<Engine> {
  await registerGradients();
  setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  setThreadsCount(navigator.hardwareConcurrency);
  if (!await tf.setBackend(BACKENDS.wasm)) {
    throw new Error("Cannot load tfjs-wasm: WebAssembly is not available in this runtime");
  }
  return { name: "wasm", version: tf.version_core, device: "cpu" };
}

/** Loads an engine once. */
function load(name: EngineName, options: EngineOptions): Promise<Engine> {
  let engine = loaded.get(name);
  if (!engine) {
    engine = name === "native" ? loadNative(options) : loadWasm();
    loaded.set(name, engine);
    engine.catch(() => loaded.delete(name)); // what failed can be tried again
  }
  return engine;
}

/** Reads which engine the variable DETAILCLIP_ENGINE forces, if any. */
function forced(): EngineName | undefined {
  const wish = Deno.env.get("DETAILCLIP_ENGINE");
  if (!wish) return undefined;
  if (wish === "native" || wish === "wasm") return wish;
  throw new Error(`Cannot load an engine: DETAILCLIP_ENGINE must be native or wasm, got ${wish}`);
}

async function choose(options: EngineOptions): Promise<Engine> {
  const { prefer, log = console.error } = options;
  const force = forced();
  const name = force ?? prefer ?? "native";
  const signal = operationSignal();
  let engine: Engine;
  try {
    engine = await load(name, options);
  } catch (error) {
    signal.throwIfAborted(); // an interrupt ends the build's programs, too: no reason to go on slowly
    if (name === "wasm" || force) throw error;
    const note = (error as Error).message.replaceAll("\n", " ");
    log(`The fusion runs on tfjs-wasm, which is slower. ${note}`);
    engine = { ...await load("wasm", options), note };
  }
  await tf.setBackend(BACKENDS[engine.name]);
  return engine;
}

/**
 * Loads the engine that tensors are computed on, once: TensorFlow's C library, built on first use (see
 * {@linkcode buildEngine}), or tfjs-wasm with one line that says why. The variable DETAILCLIP_ENGINE
 * (`native` or `wasm`) forces one and makes it an error if it cannot be had.
 *
 * @param options which engine is preferred; with another preference than before, the engine changes
 * @returns the engine in use
 * @throws {Error} when the engine that DETAILCLIP_ENGINE names cannot be had
 * @throws the interrupt's reason when one came while the engine was built
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadEngine } from "detailclip";
 * const { name } = await loadEngine({ prefer: "wasm" });
 * assert.equal(name, Deno.env.get("DETAILCLIP_ENGINE") ?? "wasm");
 * ```
 */
export function loadEngine(options: EngineOptions = {}): Promise<Engine> {
  if (!current || options.prefer) {
    const chosen = choose(options);
    current = chosen;
    chosen.catch(() => {
      if (current === chosen) current = undefined;
    });
  }
  return current;
}

/** Multiplies two square matrices a few times; the fastest counts (GFLOP/s, float32). */
function measure(size = 1024): number {
  const best = tf.tidy(() => {
    const a = tf.randomUniform([size, size], -1, 1, "float32", 1);
    let best = Infinity;
    for (let i = 0; i < 6; i++) {
      const start = performance.now();
      tf.slice(tf.matMul(a, a), [0, 0], [1, 1]).dataSync(); // waits for a GPU, too
      best = Math.min(best, performance.now() - start);
    }
    return best;
  });
  return 2 * size ** 3 / best / 1e6;
}

/**
 * Says which engine is in use, and how fast it is here.
 *
 * @returns the engine, and the float32 matrix products it was measured at (GFLOP/s; 1024 x 1024)
 */
export async function engine(): Promise<Engine & { gflops: number }> {
  return { ...await loadEngine(), gflops: measure() };
}
