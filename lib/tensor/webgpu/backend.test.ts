import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { type Engine, loadEngine } from "../engine.ts";
import { linear } from "../ops/mod.ts";
import { readTensor, readTensors } from "../reading.ts";
import { findAdapter } from "../../runtime/gpu.ts";
import { ARGUMENTS, declare, dispatch } from "./dispatch.ts";
import { testOnWebgpu } from "./testing.ts";

const ROOT = join(import.meta.dirname!, "..", "..", "..");

/** Loads engines one after another in a process of its own. */
async function loadInProcess(calls: string[], env: Record<string, string> = {}): Promise<Engine[]> {
  const script = `import { loadEngine } from "./lib/tensor/engine.ts";
    console.log(JSON.stringify([${calls.map((call) => `await ${call}`)}]));`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    cwd: ROOT,
    env: { NO_COLOR: "1", DETAILCLIP_ENGINE: "", ...env },
  }).output();
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, errors);
  return JSON.parse(output.trim().split("\n").at(-1)!);
}

testOnWebgpu("engine: webgpu by name, and a device made of software only so", async () => {
  const found = await findAdapter();
  const env = { DETAILCLIP_ENGINE: "webgpu" };
  const [forced] = await loadInProcess(["loadEngine({ prefer: 'wasm' })"], env);
  assert.deepEqual(forced, {
    ...{ name: "webgpu", version: tf.version_core, device: "gpu", adapter: found!.name },
  });
  if (!found!.software) return; // then the faster one is taken
  const [chosen] = await loadInProcess(["loadEngine()"]);
  const [processor] = await loadInProcess(["loadEngine({ prefer: 'native' })"]);
  assert.deepEqual(chosen, processor);
});

testOnWebgpu("engine: native after webgpu, or wasm if it would end the process", async () => {
  const calls = ["webgpu", "native"].map((prefer) => `loadEngine({ prefer: '${prefer}' })`);
  const [first, second] = await loadInProcess(calls);
  assert.equal(first.name, "webgpu");
  if (second.name === "native") return; // a driver without LLVM
  assert.equal(second.name, "wasm");
  assert.match(second.note!, /Cannot/);
});

testOnWebgpu("engine: variables move to webgpu", async () => {
  await loadEngine({ prefer: "wasm" });
  const w = tf.variable(tf.tensor2d([[2, 3]]));
  await loadEngine({ prefer: "webgpu" });
  const { value, grads } = tf.variableGrads(() => tf.sum(linear(tf.tensor2d([[5, 7]]), w)), [w]);
  assert.deepEqual([...await readTensor(grads[w.name])], [5, 7]);
  assert.deepEqual([...await readTensor(value)], [31]);
  w.dispose();
}, { compares: true });

testOnWebgpu("engine: variables leave webgpu", async () => {
  const w = tf.variable(tf.tensor1d([2, 3]));
  w.assign(tf.tidy(() => tf.mul(w, 2))); // there, and nowhere else
  await loadEngine({ prefer: "wasm" });
  assert.deepEqual([...await readTensor(tf.add(w, 1))], [5, 7]);
  w.dispose();
}, { compares: true });

testOnWebgpu(
  "engine: once the device refused a command, reading throws, and says why, until another engine is loaded",
  async () => {
    const code = declare(["y"], []) +
      `@compute @workgroup_size(1) fn main(${ARGUMENTS}) { nonsense; }`;
    const one = tf.ones([1]), before = tf.memory().numTensors;
    assert.deepEqual([...await readTensor(tf.add(one, 1))], [2]);
    const [y] = dispatch({ code, inputs: [], outputs: [[1]], workgroups: [1] });
    const refused = /^Error: Cannot compute on .+: .*(shader|nonsense)/is;
    await assert.rejects(readTensor(y), refused);
    await assert.rejects(readTensor(tf.add(one, 1)), refused);
    await assert.rejects(readTensors(new Map([["one", one]])), refused);
    assert.equal(tf.memory().numTensors, before);
    for (const prefer of ["wasm", "webgpu"] as const) {
      await loadEngine({ prefer });
      assert.deepEqual([...await readTensor(tf.add(tf.tensor1d([1]), 1))], [2]);
    }
  },
  { compares: true },
);
