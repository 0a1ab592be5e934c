import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { createRandom } from "../../numeric/random.ts";
import { sha256 } from "../../runtime/files.ts";
import { type AdamW, type AdamWOptions, createAdamW } from "../adamw.ts";
import { difference } from "../ops/ops_testing.ts";
import { readTensor, readTensors } from "../reading.ts";
import type { NamedArray } from "../safetensors.ts";
import { gpuMemory, onBoth, testOnWebgpu } from "./testing.ts";

/** The long one takes more than one workgroup to square. */
const SHAPES: Record<string, number[]> = { weight: [3, 4], bias: [5], scalar: [], long: [20_000] };
const NAMES = Object.keys(SHAPES);

/** Normal numbers for all or some names, the same for the same seed. */
function draw(seed: string, names = NAMES, spread = 1): Map<string, tf.Tensor> {
  return new Map(names.map((name) => {
    const random = createRandom(`${seed} ${name}`), shape = SHAPES[name];
    const length = tf.util.sizeFromShape(shape);
    const values = Float32Array.from({ length }, () => spread * random.normal());
    return [name, tf.tensor(values, shape)];
  }));
}

function makeParameters(tensors = draw("values")): Map<string, tf.Variable> {
  const parameters = [...tensors].map(([name, t]) => [name, tf.variable(t)] as const);
  tf.dispose([...tensors.values()]);
  return new Map(parameters);
}

/** Takes a step, and disposes of the gradients. */
async function stepOn(adam: AdamW, gradients: Map<string, tf.Tensor>, learningRate = 0.05) {
  try {
    return await adam.step(gradients, { learningRate });
  } finally {
    tf.dispose([...gradients.values()]);
  }
}

/** Bit for bit what some tensors hold, briefly: a difference of long arrays takes minutes to print. */
function digestsOf(tensors: Map<string, NamedArray>): Record<string, string> {
  return Object.fromEntries(
    [...tensors].map(([name, { data: { buffer, byteOffset, byteLength } }]) => [
      name,
      sha256(new Uint8Array(buffer, byteOffset, byteLength)),
    ]),
  );
}

/** Everything that a step changes. */
async function digest(
  adam: AdamW,
  parameters: Map<string, tf.Variable>,
): Promise<Record<string, string | number>> {
  const { steps, tensors } = await adam.state();
  return { ...digestsOf(await readTensors(parameters)), ...digestsOf(tensors), steps };
}

const CASES: Record<string, AdamWOptions> = {
  "its defaults": {},
  "much weight decay and other betas": { weightDecay: 0.5, betas: [0.8, 0.9], epsilon: 1e-3 },
  "gradients clipped by their norm": { clipNorm: 150 }, // those of 170, not those of 141
  "gradients clipped value by value": { clipValue: 0.3 },
};

for (const [name, options] of Object.entries(CASES)) {
  testOnWebgpu(`AdamW: the same as the other engine's: ${name}`, async () => {
    const { expected, actual } = await onBoth(async () => {
      const parameters = makeParameters(), adam = createAdamW(parameters, options);
      const norms: number[] = [];
      for (let step = 0; step < 6; step++) {
        // one gradient comes late, one is missing for a while
        const names = NAMES.filter((name) =>
          !(name === "scalar" && step < 2) && !(name === "weight" && (step === 2 || step === 3))
        );
        const gradients = draw(`gradient ${step}`, names, step % 2 ? 1.2 : 1);
        const { gradientNorm = 0 } = await stepOn(adam, gradients, 0.05 / (1 + step));
        norms.push(gradientNorm);
        if (step === 3) tf.tidy(() => parameters.get("bias")!.assign(tf.ones([5]))); // from outside
      }
      const { steps, tensors } = await adam.state();
      const read = [...await readTensors(parameters), ...tensors];
      adam.dispose();
      tf.dispose([...parameters.values()]);
      const arrays = new Map<string, ArrayLike<number>>(
        read.map(([name, { data }]) => [name, data]),
      );
      return arrays.set("norms", norms).set("steps", [steps]);
    });
    assert.deepEqual(new Set(actual.keys()), new Set(expected.keys()));
    for (const [name, values] of actual) {
      const off = difference(values, expected.get(name)!);
      assert.ok(off < 2e-6, `${name} is off by ${off}`);
    }
  }, { compares: true });
}

testOnWebgpu("AdamW: a parameter without a gradient stays, weight decay included", async () => {
  const parameters = makeParameters(), before = digestsOf(await readTensors(parameters));
  const adam = createAdamW(parameters, { weightDecay: 0.5 });
  await stepOn(adam, draw("gradient", ["bias"]));
  const after = digestsOf(await readTensors(parameters));
  assert.deepEqual({ ...after, bias: before.bias }, before);
  assert.notEqual(after.bias, before.bias);
  assert.deepEqual([...(await adam.state()).tensors.keys()], ["bias.exp_avg", "bias.exp_avg_sq"]);
  adam.dispose();
  tf.dispose([...parameters.values()]);
});

testOnWebgpu("AdamW: a gradient that is not finite changes nothing", async () => {
  for (const bad of [NaN, Infinity]) {
    for (const clipNorm of [1, undefined]) {
      const parameters = makeParameters(), adam = createAdamW(parameters, { clipNorm });
      await stepOn(adam, draw("good"));
      const before = await digest(adam, parameters);
      const gradients = draw("bad", ["weight", "bias", "long"]).set("scalar", tf.scalar(bad));
      const step = stepOn(adam, gradients);
      await assert.rejects(step, /Cannot update parameters: the norm .* is (NaN|Infinity)/);
      assert.deepEqual(await digest(adam, parameters), before);
      await stepOn(adam, draw("good")); // and it goes on
      assert.notEqual((await digest(adam, parameters)).scalar, before.scalar);
      adam.dispose();
      tf.dispose([...parameters.values()]);
    }
  }
});

testOnWebgpu("AdamW: not waiting, or going on from a state, ends in the same bits", async () => {
  const run = async (how: "waiting" | "at once" | "restored") => {
    let parameters = makeParameters(), adam = createAdamW(parameters, { clipNorm: 1 });
    const underway: Promise<unknown>[] = [];
    for (let step = 0; step < 6; step++) {
      // one has had no gradient when the state is taken
      const names = NAMES.filter((name) => name !== "scalar" || step > 3);
      const gradients = draw(`gradient ${step}`, names);
      underway.push(adam.step(gradients));
      tf.dispose([...gradients.values()]); // done or not
      if (how === "at once") continue;
      await underway.at(-1);
      if (how !== "restored" || step !== 2) continue;
      const state = await adam.state(), before = await digest(adam, parameters);
      adam.dispose();
      parameters = makeParameters(parameters);
      adam = createAdamW(parameters, { clipNorm: 1 });
      adam.restore(state);
      assert.deepEqual(await digest(adam, parameters), before);
    }
    await Promise.all(underway);
    const end = await digest(adam, parameters);
    adam.dispose();
    tf.dispose([...parameters.values()]);
    return end;
  };
  const waiting = await run("waiting");
  assert.deepEqual(await run("at once"), waiting);
  assert.deepEqual(await run("restored"), waiting);
});

testOnWebgpu("AdamW: clones of a parameter keep their values", async () => {
  const parameters = makeParameters(), adam = createAdamW(parameters);
  const weight = parameters.get("weight")!, clones: tf.Tensor[] = [], copies: tf.Tensor[] = [];
  for (let step = 0; step < 3; step++) {
    clones.push(tf.clone(weight));
    copies.push(tf.mul(weight, 1));
    await stepOn(adam, draw(`gradient ${step}`));
  }
  const [kept, expected] = await Promise.all(
    [clones, copies].map((tensors) => Promise.all(tensors.map(readTensor))),
  );
  assert.deepEqual(kept, expected);
  assert.equal(new Set(kept.map(String)).size, 3);
  adam.dispose();
  tf.dispose([...parameters.values()]);
});

testOnWebgpu("AdamW: neither tensors nor memory are left behind", async () => {
  const run = async (options: AdamWOptions) => {
    const parameters = makeParameters(), adam = createAdamW(parameters, options);
    const bias = parameters.get("bias")!;
    const step = async (names?: string[]) => {
      await stepOn(adam, draw("gradient", names));
      await readTensor(tf.add(bias, 1)); // what is free is given back when all that was recorded is under way
      return gpuMemory();
    };
    await step();
    const before = await step();
    for (let i = 0; i < 3; i++) assert.deepEqual(await step(), before);
    await step(["bias"]);
    adam.restore(await adam.state());
    await step();
    assert.deepEqual(await step(), before);
    const last = tf.add(bias, 1);
    adam.dispose();
    tf.dispose([...parameters.values()]);
    await readTensor(last);
    return gpuMemory();
  };
  const before = await run({ clipNorm: 1 });
  for (const options of [{ clipNorm: 1 }, {}]) assert.deepEqual(await run(options), before);
});
