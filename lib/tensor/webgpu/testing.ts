/**
 * Tests of the engine on WebGPU, where a device can be had; one that is made of software will do.
 *
 * @module
 */
import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import { type EngineName, loadEngine } from "../engine.ts";
import { findAdapter } from "../../runtime/gpu.ts";

/** An argument of the process that is there for the tests of one file. */
const ALONE = "--alone";
const forced = Deno.env.get("DETAILCLIP_ENGINE");

/** Loads the engine whose numbers those of WebGPU are compared with: native, or wasm where there is none. */
export async function loadReference(): Promise<EngineName> {
  return (await loadEngine({ prefer: "native", log: () => {} })).name;
}

/** Why a test cannot run here, if it cannot. */
async function obstacle(compares: boolean): Promise<string | undefined> {
  if (forced && (forced !== "webgpu" || compares)) return `DETAILCLIP_ENGINE is ${forced}`;
  if (!forced) await loadReference(); // it cannot be loaded once a GPU's driver was
  if (await findAdapter()) return;
  const why = "this runtime finds no device";
  const required = Deno.env.get("CI") && Deno.env.get("DETAILCLIP_WEBGPU") === "required";
  if (required) throw new Error(`CI must have webgpu: ${why}`);
  return why;
}

/**
 * Registers a test on WebGPU. Where there is none, it says so and passes, but not in CI with
 * DETAILCLIP_WEBGPU=required.
 *
 * @param name what is tested
 * @param run the test, with the engine loaded
 * @param options whether it `compares` with another engine, which DETAILCLIP_ENGINE makes impossible
 */
export function testOnWebgpu(
  name: string,
  run: (t: Deno.TestContext) => void | Promise<void>,
  { compares = false }: { compares?: boolean } = {},
): void {
  if (!Deno.args.includes(ALONE)) return testAlone();
  Deno.test(name, async (t) => {
    const why = await obstacle(compares);
    if (why) return console.log(`skipped on webgpu: ${why}`);
    await loadEngine({ prefer: "webgpu" });
    await run(t);
  });
}

let registered = false;

/**
 * Registers one test that runs all of its file in a process of its own: test files share threads, and Deno 2.8.1
 * reads descriptors wrongly, or crashes, where a second one on a thread uses WebGPU (denoland/deno#32828). OpenGL, which
 * it takes where there is no Vulkan, compiles shaders for minutes.
 */
function testAlone(): void {
  if (registered) return;
  registered = true;
  const path = fileURLToPath(Deno.mainModule);
  Deno.test(`${basename(path)} on webgpu`, async () => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", path, "--", ALONE],
      cwd: dirname(path),
      env: { NO_COLOR: "1", ...(Deno.build.os === "linux" && { DENO_WEBGPU_BACKEND: "vulkan" }) },
    }).output();
    const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.ok(success, output + errors);
    for (const line of new Set(output.match(/^skipped on webgpu: .*/gm))) console.log(line);
  });
}

/**
 * Computes the same on another engine and on WebGPU, which is left in use.
 *
 * @param compute makes its own tensors and returns what it read
 * @returns what the other engine computed, and what WebGPU did
 */
export async function onBoth<T>(
  compute: () => Promise<T>,
): Promise<{ expected: T; actual: T }> {
  await loadReference();
  const expected = await compute();
  await loadEngine({ prefer: "webgpu" });
  return { expected, actual: await compute() };
}

/** Tensors, and bytes of GPU memory in use and altogether: what a leak shows in. */
export function gpuMemory(): { tensors: number; used: number; allocated: number } {
  const { numTensors, numBytesInGPU, numBytesAllocatedInGPU } = tf.memory() as tf.MemoryInfo & {
    numBytesInGPU: number;
    numBytesAllocatedInGPU: number;
  };
  return { tensors: numTensors, used: numBytesInGPU, allocated: numBytesAllocatedInGPU };
}
