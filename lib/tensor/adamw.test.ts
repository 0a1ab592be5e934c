import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { testOnEngines } from "./engines_testing.ts";
import { type AdamW, type AdamWOptions, createAdamW, globalNorm, gradientsOf } from "./adamw.ts";

const SHAPES: Record<string, number[]> = { "a.weight": [3, 4], "a.bias": [4], b: [] };

/** `torch.optim.AdamW` written out value by value in float64, after `clip_grad_norm_` or `_value_`. */
class SlowAdamW {
  #steps = 0;
  readonly #mean: Record<string, number[]> = {};
  readonly #square: Record<string, number[]> = {};

  constructor(readonly values: Record<string, number[]>, readonly options: AdamWOptions) {}

  #clip(gradients: Record<string, number[]>): Record<string, number[]> {
    const { clipNorm, clipValue } = this.options;
    const norm = Math.hypot(...Object.values(gradients).flat());
    const factor = clipNorm === undefined ? 1 : Math.min(1, clipNorm / (norm + 1e-6));
    const limit = clipValue ?? Infinity;
    return Object.fromEntries(
      Object.entries(gradients).map(([name, values]) => [
        name,
        values.map((value) => Math.max(-limit, Math.min(limit, value * factor))),
      ]),
    );
  }

  step(gradients: Record<string, number[]>, learningRate: number): void {
    const { betas: [b1, b2] = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01 } = this.options;
    this.#steps++;
    for (const [name, gradient] of Object.entries(this.#clip(gradients))) {
      const mean = this.#mean[name] ??= gradient.map(() => 0);
      const square = this.#square[name] ??= gradient.map(() => 0);
      for (const [i, g] of gradient.entries()) {
        this.values[name][i] -= learningRate * weightDecay * this.values[name][i];
        mean[i] = b1 * mean[i] + (1 - b1) * g;
        square[i] = b2 * square[i] + (1 - b2) * g * g;
        const corrected = square[i] / (1 - b2 ** this.#steps);
        this.values[name][i] -= learningRate * (mean[i] / (1 - b1 ** this.#steps)) /
          (Math.sqrt(corrected) + epsilon);
      }
    }
  }
}

const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

function drawValues(seed: string, spread = 1): Record<string, number[]> {
  const random = createRandom(seed);
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => [
      name,
      Array.from({ length: sizeOf(shape) }, () => Math.fround(spread * random.normal())),
    ]),
  );
}

function makeParameters(values: Record<string, number[]>): Map<string, tf.Variable> {
  return new Map(
    Object.entries(values).map(([name, list]) => [
      name,
      tf.tidy(() => tf.variable(tf.tensor(list, SHAPES[name]))),
    ]),
  );
}

const makeGradients = (values: Record<string, number[]>) =>
  new Map(Object.entries(values).map(([name, list]) => [name, tf.tensor(list, SHAPES[name])]));

/** Takes a step on some gradients, and disposes of them. */
async function stepOn(adam: AdamW, values: Record<string, number[]>): Promise<void> {
  const gradients = makeGradients(values);
  await adam.step(gradients);
  tf.dispose([...gradients.values()]);
}

function readAll(parameters: ReadonlyMap<string, tf.Tensor>): Record<string, number[]> {
  return Object.fromEntries(
    [...parameters].map(([name, tensor]) => [name, [...tensor.dataSync()]]),
  );
}

function assertClose(actual: Record<string, number[]>, expected: Record<string, number[]>): void {
  for (const [name, values] of Object.entries(expected)) {
    for (const [i, value] of values.entries()) {
      const difference = Math.abs(actual[name][i] - value);
      assert(difference <= 3e-6 * (1 + Math.abs(value)), `${name}[${i}]: ${difference}`);
    }
  }
}

const CASES: Record<string, AdamWOptions> = {
  "its defaults": {},
  "no weight decay": { weightDecay: 0 },
  "much weight decay and other betas": { weightDecay: 0.5, betas: [0.8, 0.9], epsilon: 1e-3 },
  "gradients clipped by their norm": { clipNorm: 0.5 },
  "a clipping norm as small as the paper's": { clipNorm: 1e-5 },
  "gradients clipped value by value": { clipValue: 0.3 },
};

for (const [name, options] of Object.entries(CASES)) {
  testOnEngines(`AdamW: twelve steps agree with a plain loop: ${name}`, async () => {
    const values = drawValues("values");
    const parameters = makeParameters(values);
    const slow = new SlowAdamW(structuredClone(values), options);
    const adam = createAdamW(parameters, options);
    for (let step = 0; step < 12; step++) {
      const learningRate = 0.05 / (1 + step);
      // every other gradient is small: some are clipped by their norm and some are not
      const gradient = drawValues(`gradient ${step}`, step % 2 ? 0.02 : 1);
      slow.step(gradient, learningRate);
      const tensors = makeGradients(gradient);
      const { gradientNorm } = await adam.step(tensors, { learningRate });
      const norm = Math.hypot(...Object.values(gradient).flat());
      if (options.clipNorm === undefined) assert.equal(gradientNorm, undefined);
      else assert(Math.abs(gradientNorm! - norm) < 1e-5 * norm);
      tf.dispose([...tensors.values()]);
    }
    assert.equal(adam.steps, 12);
    assertClose(readAll(parameters), slow.values);
    assert.notDeepEqual(readAll(parameters), values);
    adam.dispose();
    tf.dispose([...parameters.values()]);
  });
}

testOnEngines("AdamW: a restored state goes on to the same bits", async () => {
  const straight = makeParameters(drawValues("values"));
  const first = createAdamW(straight);
  const steps = async (adam: AdamW, from: number, to: number) => {
    for (let step = from; step < to; step++) await stepOn(adam, drawValues(`g${step}`));
  };
  await steps(first, 0, 3);
  const halfway = makeParameters(readAll(straight));
  const second = createAdamW(halfway);
  second.restore(await first.state());
  await steps(first, 3, 6);
  await steps(second, 3, 6);
  assert.deepEqual(readAll(halfway), readAll(straight));
  assert.deepEqual(await second.state(), await first.state());
  for (const adam of [first, second]) adam.dispose();
  tf.dispose([...straight.values(), ...halfway.values()]);
});

testOnEngines("AdamW: no tensor is left behind by a step, restoring or disposing", async () => {
  const before = tf.memory().numTensors;
  const parameters = makeParameters(drawValues("values"));
  const adam = createAdamW(parameters, { clipNorm: 1 });
  const gradients = makeGradients(drawValues("gradient"));
  await adam.step(gradients);
  const after = tf.memory().numTensors;
  assert.equal(after, before + 3 * 3 + 3); // parameters and two moments each; the gradients
  for (let i = 0; i < 3; i++) await adam.step(gradients);
  adam.restore(await adam.state());
  await adam.step(gradients);
  assert.equal(tf.memory().numTensors, after);
  adam.dispose();
  tf.dispose([...parameters.values(), ...gradients.values()]);
  assert.equal(tf.memory().numTensors, before);
});

testOnEngines("AdamW: a parameter without a gradient stays, weight decay included", async () => {
  const values = drawValues("values");
  const parameters = makeParameters(values);
  const adam = createAdamW(parameters, { weightDecay: 0.5 });
  await stepOn(adam, { b: [1] });
  const after = readAll(parameters);
  assert.deepEqual(after["a.weight"], values["a.weight"]);
  assert.notDeepEqual(after.b, values.b);
  assert.deepEqual([...(await adam.state()).tensors.keys()], ["b.exp_avg", "b.exp_avg_sq"]);
  adam.dispose();
  tf.dispose([...parameters.values()]);
});

testOnEngines("AdamW: what cannot be used is refused, and changes nothing", async () => {
  const values = drawValues("values");
  const parameters = makeParameters(values);
  assert.throws(() => createAdamW(parameters, { clipNorm: 1, clipValue: 1 }), /not both/);
  assert.throws(() => createAdamW(parameters, { clipNorm: 0 }), /clipNorm must be positive, got 0/);
  assert.throws(() => createAdamW(parameters, { learningRate: NaN }), /learningRate must be/);
  assert.throws(() => createAdamW(parameters, { betas: [0.9, 1] }), /betas must be/);
  const adam = createAdamW(parameters, { clipNorm: 1 });
  const scalars = [tf.scalar(1), tf.scalar(NaN)];
  await assert.rejects(adam.step(new Map([["c", scalars[0]]])), /none called "c"/);
  await assert.rejects(adam.step(new Map([["b", scalars[1]]])), /norm .* is NaN/);
  const zeros = (...shape: number[]) => ({ shape, data: new Float32Array(sizeOf(shape)) });
  const tensors = new Map([["b.exp_avg", zeros(2)], ["b.exp_avg_sq", zeros()]]);
  assert.throws(() => adam.restore({ steps: 1, tensors }), /"b" needs .* got one of shape \[2\]/);
  tensors.delete("b.exp_avg");
  assert.throws(() => adam.restore({ steps: 1, tensors }), /"b" needs .* got only one/);
  const stray = new Map([["c.exp_avg", zeros()]]);
  assert.throws(() => adam.restore({ steps: 1, tensors: stray }), /no parameter fits "c.exp_avg"/);
  assert.equal(adam.steps, 0);
  assert.equal((await adam.state()).tensors.size, 0);
  assert.deepEqual(readAll(parameters), values);
  tf.dispose([...scalars, ...parameters.values()]);
});

testOnEngines("gradientsOf names gradients as their parameters, and frees the rest", async () => {
  const parameters = makeParameters(drawValues("values"));
  const before = tf.memory().numTensors;
  const { loss, gradients } = gradientsOf(
    parameters,
    () => tf.sum(tf.square(parameters.get("a.weight")!)) as tf.Scalar,
  );
  assert.deepEqual([...gradients.keys()], ["a.weight"]);
  const weight = readAll(parameters)["a.weight"];
  assertClose(readAll(gradients), { "a.weight": weight.map((value) => 2 * value) });
  const norm = await globalNorm(gradients.values());
  assert(Math.abs(norm - 2 * Math.hypot(...weight)) < 1e-5);
  assert.equal(tf.memory().numTensors, before + 2);
  tf.dispose([loss, ...gradients.values(), ...parameters.values()]);
});
