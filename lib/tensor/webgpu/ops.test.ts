import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { createRandom } from "../../numeric/random.ts";
import { dropout, layerNorm } from "../ops/mod.ts";
import { cases, difference, drawArray, dropoutCases, type Op } from "../ops/ops_testing.ts";
import type { NamedArray } from "../safetensors.ts";
import { columnSums } from "./kernels.ts";
import { gpuMemory, loadReference, onBoth, testOnWebgpu } from "./testing.ts";

/** Reads what a computation makes, and disposes of all that it made. */
async function read(compute: () => tf.Tensor[]): Promise<Float32Array[]> {
  const tensors = tf.tidy(compute);
  const arrays = await Promise.all(tensors.map((tensor) => tensor.data<"float32">()));
  tf.dispose(tensors);
  return arrays;
}

/** The value of an operation, and its gradients where every element of the value counts differently. */
function valueAndGradients(op: Op, inputs: NamedArray[]): Promise<Float32Array[]> {
  return read(() => {
    const tensors = inputs.map(({ data, shape }) => tf.tensor(data, shape));
    const value = op(...tensors);
    const factor = tf.reshape(tf.cos(tf.range(0, value.size)), value.shape);
    const sum = (...x: tf.Tensor[]): tf.Tensor => tf.sum(tf.mul(op(...x), factor));
    return [value, ...tf.grads(sum)(tensors)];
  });
}

/** Checks an operation against the same on the other engine. */
async function compare(op: Op, shapes: number[][]): Promise<void> {
  const inputs = shapes.map(drawArray);
  const { actual, expected } = await onBoth(() => valueAndGradients(op, inputs));
  assert.equal(actual.length, expected.length);
  for (const [i, values] of actual.entries()) {
    const off = difference(values, expected[i]);
    const what = i === 0 ? "the value" : `the gradient of input ${i - 1}`;
    assert.ok(off < 1e-5, `${what} is off by ${off}`);
  }
}

const compares = { compares: true };

testOnWebgpu("ops: values and gradients are those of the other engine", async (t) => {
  for (const { name, op, inputs } of cases()) await t.step(name, () => compare(op, inputs));
}, compares);

testOnWebgpu("ops: the same elements are dropped as on the native engine", async (t) => {
  if (await loadReference() !== "native") return console.log("skipped on webgpu: no native engine");
  const lists = [88, 75].map((size) => drawArray([size]).data); // four at once, and one by one
  const { actual, expected } = await onBoth(() =>
    read(() => lists.map((x) => dropout(tf.tensor1d(x), 0.3, createRandom(1))))
  );
  actual.forEach((values, i) => assert.equal(difference(values, expected[i]), 0));
  for (const { name, op, inputs } of dropoutCases()) await t.step(name, () => compare(op, inputs));
}, compares);

testOnWebgpu("ops: more rows than one dimension has workgroups", async () => {
  const rows = drawArray([65537, 3]), [scale, shift] = [drawArray([3]), drawArray([3])];
  const { actual, expected } = await onBoth(() =>
    read(() => {
      const [x, a, b] = [rows, scale, shift].map(({ data, shape }) => tf.tensor(data, shape));
      return [layerNorm(x, a as tf.Tensor1D, b as tf.Tensor1D)];
    })
  );
  assert.ok(difference(actual[0], expected[0]) < 1e-5);
}, compares);

testOnWebgpu("columnSums: of more rows than one pass adds up, and of products", async () => {
  for (const N of [1, 128, 129, 128 * 128 + 1]) { // none, one and two passes more
    const D = 3, [x, y] = [drawArray([N, D]), drawArray([N, D])];
    const actual = await read(() => {
      const [a, b] = [x, y].map(({ data, shape }) => tf.tensor(data, shape));
      return columnSums(a, b);
    });
    const sums = [new Float64Array(D), new Float64Array(D)];
    x.data.forEach((value, i) => {
      sums[0][i % D] += value;
      sums[1][i % D] += value * y.data[i];
    });
    actual.forEach((values, i) => assert.ok(difference(values, sums[i]) < 1e-5, `${N} rows`));
  }
});

testOnWebgpu("ops: a step forward and back leaves no tensor and no memory behind", async (t) => {
  for (const { name, op, inputs } of [...cases(), ...dropoutCases()]) {
    await t.step(name, async () => {
      const arrays = inputs.map(drawArray);
      const step = async () => {
        await valueAndGradients(op, arrays);
        return gpuMemory();
      };
      await step();
      const before = await step();
      assert.deepEqual(await step(), before);
    });
  }
});
