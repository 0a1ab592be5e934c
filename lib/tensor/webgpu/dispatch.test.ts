import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { readTensor } from "../reading.ts";
import {
  ARGUMENTS,
  clearValues,
  copyValues,
  declare,
  dispatch,
  sizeAt,
  WORKGROUP,
} from "./dispatch.ts";
import { testOnWebgpu } from "./testing.ts";

testOnWebgpu("dispatch: more workgroups than one dimension holds have a number each", async () => {
  const code = declare(["y"], [], { sizes: 1 }) + `
@compute @workgroup_size(1) fn main(${ARGUMENTS}) {
  if (${WORKGROUP} < ${sizeAt(0)}) { y[${WORKGROUP}] = f32(${WORKGROUP}); }
}`;
  for (const n of [1, 65535, 65536, 2 * 65535 + 1]) {
    const [y] = dispatch({ code, inputs: [], outputs: [[n]], workgroups: [n], sizes: [n] });
    const values = await readTensor(y);
    assert.equal(values.findIndex((value, i) => value !== i), -1, `${n} workgroups`);
  }
});

testOnWebgpu("dispatch: sizes, seeds, several outputs, and one compilation a shader", async () => {
  const code = declare(["y", "z"], ["x"], { sizes: 6, seeds: true }) + `
@compute @workgroup_size(4) fn main(${ARGUMENTS}) {
  y[thread] = x[thread] + f32(${sizeAt(5)});
  z[thread] = x[thread] + f32(seeds[0][thread]);
}`;
  const x = tf.tensor1d([0, 10, 20, 30]);
  for (const size of [5, 6]) {
    const [y, z] = dispatch({
      ...{ code, inputs: [x], outputs: [[4], [2, 2]], workgroups: [1] },
      ...{ sizes: [0, 0, 0, 0, 0, size], seeds: Uint32Array.of(1, 2, 3, size).buffer },
    });
    assert.deepEqual([y.shape, z.shape], [[4], [2, 2]]);
    assert.deepEqual([...await readTensor(y)], [0, 10, 20, 30].map((value) => value + size));
    assert.deepEqual([...await readTensor(z)], [1, 12, 23, 30 + size]);
  }
  x.dispose();
});

testOnWebgpu("dispatch: values are copied and cleared in order with what is computed", async () => {
  const source = tf.tensor1d([1, 2, 3, 4]), target = tf.tensor1d([5, 6, 7, 8]);
  const doubled = tf.add(source, source);
  copyValues({ of: doubled, from: 1 }, { of: target, from: 2 }, 2);
  clearValues(target, 0, 1);
  const sum = tf.add(target, source);
  assert.deepEqual([...await readTensor(sum)], [1, 8, 7, 10]);
  tf.dispose([source, target, doubled]);
});
