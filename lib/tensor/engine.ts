/**
 * The engine that tensors are computed on: WebGPU where a GPU is faster than the processor, else TensorFlow's own C
 * library, else tfjs-wasm. Everything in this room runs on each; loading is the only difference.
 *
 * @module
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { findAdapter, hasGpu } from "../runtime/gpu.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import { readProc } from "../runtime/proc.ts";
import { type ProgressOutput, showStep } from "../runtime/progress.ts";
import { type Backend, backendInUse } from "./kernels.ts";
import { buildEngine } from "./native/build.ts";
import { rawMatmul } from "./ops/matmul.ts";
import { timeLayer } from "./probe.ts";
import { readTensor } from "./reading.ts";
import { hasGpuFailed, loadWebgpu } from "./webgpu/backend.ts";

/** The names of the engines. */
export type EngineName = "webgpu" | "native" | "wasm";

/** An engine that is loaded. */
export interface Engine {
  /** `webgpu`: our shaders and tfjs's; `native`: TensorFlow's C library; `wasm`: tfjs's WebAssembly kernels. */
  name: EngineName;
  /** The version of libtensorflow, or of tfjs. */
  version: string;
  /** Where it computes. */
  device: "cpu" | "gpu";
  /** The GPU's name, as its driver says it. */
  adapter?: string;
  /** Why it is this one. */
  note?: string;
}

/** Options of {@linkcode loadEngine}. */
export interface EngineOptions {
  /** The engine to use; the fastest, if absent. Where `native` cannot be had it is `wasm`. */
  prefer?: EngineName;
  /** The folder that gets the native engine; `.cache/engine` of the project if absent. */
  cacheDir?: string;
  /** Where a build shows its progress. */
  output?: ProgressOutput;
  /** Told why the engine is not the native one, or not on the GPU. */
  log?: (message: string) => void;
}

const BACKEND_OF: Record<EngineName, Backend> = {
  webgpu: "webgpu",
  native: "tensorflow",
  wasm: "wasm",
};
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

/**
 * Looking for a GPU loads all Vulkan drivers, and Mesa's bring LLVM. Where that is so, libtensorflow, which has an
 * LLVM within, ends the process when it is loaded; if it comes first, the two get on.
 */
function refuseSecondLlvm(): void {
  const mapped = readProc("/proc/self/maps") ?? ""; // there is none but on Linux
  if (!mapped.includes("/libLLVM") || mapped.includes("/libtensorflow")) return;
  throw new Error(
    "Cannot load the native engine: WebGPU was used before, and its driver's LLVM and TensorFlow's do not get on. " +
      "Load the native engine first",
  );
}

/** Builds the binding when it is not there and loads it. */
async function loadNative({ cacheDir, output }: EngineOptions): Promise<Engine> {
  refuseSecondLlvm();
  const path = await buildEngine({ cacheDir, output });
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
  tf.registerBackend(BACKEND_OF.native, create, 3);
  if (!await tf.setBackend(BACKEND_OF.native)) {
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
  if (!await tf.setBackend(BACKEND_OF.wasm)) {
    throw new Error("Cannot load tfjs-wasm: WebAssembly is not available in this runtime");
  }
  return { name: "wasm", version: tf.version_core, device: "cpu" };
}

async function loadGpu(): Promise<Engine> {
  await registerGradients();
  const { name: adapter, version } = await loadWebgpu();
  return { name: "webgpu", version, device: "gpu", adapter };
}

/** Loads an engine once; the one on a GPU that failed once more. */
function load(name: EngineName, options: EngineOptions): Promise<Engine> {
  if (name === "webgpu" && hasGpuFailed()) loaded.delete(name);
  let engine = loaded.get(name);
  if (!engine) {
    engine = name === "native" ? loadNative(options) : name === "wasm" ? loadWasm() : loadGpu();
    loaded.set(name, engine);
    engine.catch(() => loaded.delete(name)); // what failed can be tried again
  }
  return engine;
}

/** All engines, the fastest first. */
export const ENGINES: readonly EngineName[] = ["webgpu", "native", "wasm"];

/** Reads which engine the variable DETAILCLIP_ENGINE forces, if any. */
function forced(): EngineName | undefined {
  const wish = Deno.env.get("DETAILCLIP_ENGINE");
  if (!wish) return undefined;
  const name = ENGINES.find((name) => name === wish);
  if (name) return name;
  throw new Error(
    `Cannot load an engine: DETAILCLIP_ENGINE must be ${ENGINES.join(", ")}, got ${wish}`,
  );
}

/** Loads the native engine, or tfjs-wasm with one line that says why. */
async function loadCpu(options: EngineOptions): Promise<Engine> {
  const { log = console.error } = options;
  const signal = operationSignal();
  try {
    return await load("native", options);
  } catch (error) {
    signal.throwIfAborted(); // an interrupt ends the build's programs, too: no reason to go on slowly
    const note = (error as Error).message.replaceAll("\n", " ");
    log(`The fusion runs on tfjs-wasm, which is slower. ${note}`);
    return { ...await load("wasm", options), note };
  }
}

/** How many times as fast a GPU has to be: near a tie, chance would decide which trainings are found again. */
const MARGIN = 1.5;

/** Times a layer of the paper's model on an engine that is loaded (ms). */
async function timeOn({ name }: Engine): Promise<number> {
  await tf.setBackend(BACKEND_OF[name]);
  return await timeLayer();
}

/** The GPU, where there is one that is faster than the processor, or the processor and why. */
async function loadFastest(options: EngineOptions): Promise<Engine> {
  if (!await hasGpu()) return await loadCpu(options);
  const said: string[] = []; // of the processor's engine; of interest if it is the one
  const cpu = await loadCpu({ ...options, log: (message) => said.push(message) });
  let why: string;
  try {
    const adapter = await findAdapter(); // after the native engine: see refuseSecondLlvm
    if (!adapter) why = "WebGPU finds no driver of a GPU";
    else if (adapter.software) why = `WebGPU finds only ${adapter.name}, which is no GPU`;
    else {
      const onCpu = await timeOn(cpu), gpu = await load("webgpu", options);
      const onGpu = await timeOn(gpu);
      why = `a layer forward and back takes ${onGpu.toFixed(1)} ms on ${gpu.adapter}, ` +
        `${onCpu.toFixed(1)} on ${cpu.name}`;
      if (MARGIN * onGpu < onCpu) return { ...gpu, note: why };
    }
  } catch (error) {
    operationSignal().throwIfAborted();
    why = (error as Error).message;
  }
  for (const message of said) (options.log ?? console.error)(message);
  return { ...cpu, note: cpu.note ? `${cpu.note}; ${why}` : why };
}

/** Variables go with the engine; out of a GPU they must be read first, as nothing there can be waited for. */
async function takeVariables(): Promise<void> {
  if (backendInUse() !== "webgpu" || hasGpuFailed()) return;
  const { registeredVariables } = tf.engine().state;
  await Promise.all(Object.values(registeredVariables).map((variable) => variable.data()));
}

/**
 * Makes sure that the variable DETAILCLIP_ENGINE, if it is set, names an engine: for those who load one only after hours of
 * other work.
 *
 * @throws {Error} when it names none
 */
export function checkEngineWish(): void {
  forced();
}

async function choose(options: EngineOptions): Promise<Engine> {
  const { prefer } = options;
  const force = forced();
  if (prefer !== undefined && !ENGINES.includes(prefer)) { // a notebook's cells are not type-checked
    throw new Error(`Cannot load an engine: prefer must be ${ENGINES.join(", ")}, got ${prefer}`);
  }
  await takeVariables();
  let engine: Engine;
  if (force) engine = await load(force, options);
  else if (prefer === undefined) engine = await loadFastest(options);
  else if (prefer === "native") engine = await loadCpu(options);
  else engine = await load(prefer, options);
  await tf.setBackend(BACKEND_OF[engine.name]);
  return engine;
}

/**
 * Loads the engine that tensors are computed on, once: WebGPU where a layer of the paper's model takes less time on a
 * GPU than on the processor, else TensorFlow's C library, built on first use (see {@linkcode buildEngine}), or tfjs-wasm
 * with one line that says why. The variable DETAILCLIP_ENGINE (`webgpu`, `native` or `wasm`) forces one and makes it an error if it cannot be
 * had; a driver made of software is used only by name. Variables go with the engine when it changes; other tensors of
 * a GPU do not.
 *
 * @param options which engine is preferred; with another preference than before, the engine changes
 * @returns the engine in use
 * @throws {Error} when the engine that DETAILCLIP_ENGINE names, or `webgpu` or `wasm` by preference, cannot be had
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

/** Multiplies two square matrices a few times on the engine in use; the fastest counts (GFLOP/s, float32). */
async function measure(size = 1024): Promise<number> {
  const a = tf.randomUniform<tf.Rank.R2>([size, size], -1, 1, "float32", 1);
  const multiply = async (times: number) => {
    const start = performance.now();
    await readTensor(tf.tidy(() => {
      let last: tf.Tensor = a;
      for (let n = 0; n < times; n++) last = rawMatmul(a, a);
      return tf.slice(last, [0, 0], [1, 1]);
    }));
    return performance.now() - start;
  };
  await multiply(1); // makes what a first product needs
  // a GPU is heard of 10 ms late: as many products at once as take longer
  const times = Math.min(256, Math.max(1, Math.round(100 / await multiply(1))));
  let best = Infinity;
  for (let i = 0; i < 5; i++) best = Math.min(best, await multiply(times));
  a.dispose();
  return 2 * times * size ** 3 / best / 1e6;
}

/**
 * Says which engine is in use, and how fast it is here.
 *
 * @returns the engine, and the float32 matrix products it was measured at (GFLOP/s; 1024 x 1024)
 */
export async function engine(): Promise<Engine & { gflops: number }> {
  const loaded = await loadEngine();
  return { ...loaded, gflops: await measure() };
}
