import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { createAdamW, gradientsOf } from "../adamw.ts";
import { linear } from "../ops/mod.ts";
import { drawArray } from "../ops/ops_testing.ts";
import { readTensor } from "../reading.ts";
import { inOwnMemory, record } from "./recording.ts";
import { gpuMemory, testOnWebgpu } from "./testing.ts";

testOnWebgpu(
  "recording: a step that is replayed gives the same losses and norms, to the bit",
  async () => {
    const { tensors, used } = gpuMemory();
    await inOwnMemory(async (buffers) => {
      const w = tf.tidy(() => tf.variable(tf.tensor2d(drawArray([5, 8]).data, [5, 8])));
      const x = tf.tensor2d(drawArray([6, 8]).data, [6, 8]);
      const optimizer = createAdamW(new Map([["w", w]]), { clipNorm: 1 });
      const step = async () => {
        const { loss, gradients } = gradientsOf(
          new Map([["w", w]]),
          () => tf.mean(tf.square(linear(x, w))) as tf.Scalar,
        );
        const updating = optimizer.step(gradients, { learningRate: 0.1 });
        tf.dispose([...gradients.values()]);
        const [[value], { gradientNorm }] = await Promise.all([readTensor(loss), updating]);
        return [value, gradientNorm];
      };
      const first = [await step(), await step()];
      const { result, recording } = await record(step, buffers);
      assert.ok(first[0][0]! > first[1][0]! && first[1][0]! > result[0]!);
      assert.ok(recording.dispatches > 5);
      for (let i = 0; i < 2; i++) {
        recording.rewind();
        recording.replay();
        const read = (await recording.readValues()).map(([value]) => value);
        assert.deepEqual(read.toSorted(), [...result].toSorted());
      }
      const next = await step(); // the engine goes on as if nothing had been
      assert.ok(next[0]! < result[0]!);
      optimizer.dispose();
      tf.dispose([w, x]);
    });
    assert.deepEqual({ ...gpuMemory(), allocated: 0 }, { tensors, used, allocated: 0 });
  },
);
