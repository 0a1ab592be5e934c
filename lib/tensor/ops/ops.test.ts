import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { createRandom } from "../../numeric/random.ts";
import { type EngineName, loadEngine } from "../engine.ts";
import { attention, type AttentionWeights, dropout } from "./mod.ts";
import { cases, difference, draw, dropoutCases, type Op } from "./ops_testing.ts";

/** The largest difference between two tensors, relative to the largest element of the second. */
function differenceOf(actual: tf.Tensor, expected: tf.Tensor): number {
  assert.deepEqual(actual.shape, expected.shape);
  return difference(actual.dataSync(), expected.dataSync());
}

/** The gradients of an operation, against how its value changes along a random direction. */
function checkSlopes(op: Op, tensors: tf.Tensor[]): void {
  const factor = draw(...op(...tensors).shape);
  const value = (...x: tf.Tensor[]): tf.Tensor => tf.sum(tf.mul(op(...x), factor));
  const gradients = tf.grads(value)(tensors);
  tensors.forEach((tensor, i) => {
    const direction = draw(...tensor.shape), h = 1e-2;
    const at = (step: number) =>
      value(...tensors.map((x, j) => j === i ? tf.add(x, tf.mul(direction, step)) : x))
        .dataSync()[0];
    const slope = (at(h) - at(-h)) / (2 * h);
    const along = tf.sum(tf.mul(gradients[i], direction)).dataSync()[0];
    const scale = Math.max(1, tf.norm(gradients[i]).dataSync()[0]);
    assert.ok(Math.abs(slope - along) < 0.02 * scale, `input ${i}: ${slope}, ${along}`);
  });
}

for (const engine of ["native", "wasm"] as EngineName[]) {
  const load = async () => {
    const { name, note } = await loadEngine({ prefer: engine });
    if (name !== engine) console.log(`skipped on ${engine}: ${note}`);
    return name === engine;
  };

  Deno.test(`ops on ${engine}: values and gradients are those of plain tfjs`, async (t) => {
    if (!await load()) return;
    for (const { name, op, plain, inputs } of cases()) {
      await t.step(name, () => {
        const tensors = inputs.map((shape) => draw(...shape));
        const expected = plain(...tensors), factor = draw(...expected.shape);
        assert.ok(differenceOf(op(...tensors), expected) < 2e-5, "the value");
        const gradients = (f: Op) =>
          tf.grads((...x: tf.Tensor[]) => tf.sum(tf.mul(f(...x), factor)))(tensors);
        const [ours, theirs] = [gradients(op), gradients(plain)];
        ours.forEach((gradient, i) => {
          const off = differenceOf(gradient, theirs[i]);
          assert.ok(off < 1e-4, `the gradient of input ${i} is off by ${off}`);
        });
      });
    }
  });

  Deno.test(`ops on ${engine}: gradients agree with finite differences`, async (t) => {
    if (!await load()) return;
    for (const { name, op, inputs } of cases()) {
      await t.step(name, () => {
        const tensors = inputs.map((shape) => draw(...shape));
        checkSlopes(op, tensors);
      });
    }
  });

  Deno.test(`ops on ${engine}: a step forward and back leaves no tensor behind`, async () => {
    if (!await load()) return;
    for (const { name, op, inputs } of cases()) {
      const variables = inputs.map((shape) => tf.tidy(() => tf.variable(draw(...shape))));
      const step = () => {
        const { value, grads } = tf.variableGrads(() => tf.sum(op(...variables)), variables);
        tf.dispose([value, grads]);
      };
      step();
      const before = tf.memory().numTensors;
      step();
      assert.equal(tf.memory().numTensors, before, name);
      tf.dispose(variables);
    }
  });

  Deno.test(`dropout within blocks on ${engine}: a seed's gradient is that of its value`, async (t) => {
    if (!await load()) return;
    for (const { name, op, inputs } of dropoutCases()) {
      await t.step(name, () => {
        const tensors = inputs.map((shape) => draw(...shape));
        checkSlopes(op, tensors);
      });
    }
  });

  Deno.test(`dropout on ${engine}: share, scale, gradient and seed`, async () => {
    if (!await load()) return;
    const x = tf.ones([200, 300]);
    const once = (seed: number) => dropout(x, 0.25, createRandom(seed)).dataSync();
    const y = once(1);
    const zeros = y.filter((value) => value === 0).length / y.length;
    assert.ok(Math.abs(zeros - 0.25) < 0.01, `dropped ${zeros}`);
    assert.ok(y.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6));
    assert.deepEqual(once(1), y);
    assert.notDeepEqual(once(2), y);
    const gradient = tf.grad((x) => tf.sum(dropout(x, 0.25, createRandom(1))))(x);
    assert.deepEqual(gradient.dataSync(), y);
    assert.equal(dropout(x, 0, createRandom(1)), x);
    assert.throws(() => dropout(x, 1, createRandom(1)), /Cannot drop out: the rate must be/);
  });
}

Deno.test("attention: heads must divide the dimension", () => {
  const x = tf.zeros([1, 2, 6]) as tf.Tensor3D;
  assert.throws(
    () => attention(x, x, {} as AttentionWeights, { heads: 4 }),
    /Cannot attend: heads must divide the dimension 6, got 4/,
  );
});
