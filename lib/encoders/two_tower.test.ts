import assert from "node:assert/strict";
import { VectorError } from "./encoder.ts";
import type { Tower } from "./towers.ts";
import { TwoTowerEncoder } from "./two_tower.ts";

/** A tower whose vector is (first number of the input, 1). */
const firstNumber: Tower = {
  run: (inputs, [count]) => {
    const size = inputs.length / count;
    const rows = Array.from({ length: count }, (_, i) => [Number(inputs[i * size]), 1]);
    return Promise.resolve(Float32Array.from(rows.flat()));
  },
  dispose: () => Promise.resolve(),
};

Deno.test("the error for a vector that is not finite names its input, across micro-batches", async () => {
  const preprocessing = { mode: "squash" as const, size: 1 };
  const encoder = new TwoTowerEncoder("id", 2, "fp32", "print", preprocessing, {
    image: {
      ...firstNumber,
      run: async (bytes, count) =>
        (await firstNumber.run(Float32Array.from(bytes), [count])).map((v) => 6 / (7 - v)),
    },
    loadText: () => {
      const tokenize = () => Promise.resolve({ ids: [[1], [2]], cut: [], context: 9 });
      return Promise.resolve({ tokenize, tower: firstNumber });
    },
    microBatch: 2,
    textBatch: 2,
  });
  const image = (...values: number[]) => {
    return {
      count: values.length,
      size: 1,
      data: Uint8Array.from(values.flatMap((v) => [v, v, v])),
    };
  };
  assert.equal((await encoder.encodeImages(image(1, 4))).length, 4);
  const call = encoder.encodeImages(image(1, 4, 5, 7));
  await assert.rejects(call, (error) => error instanceof VectorError && error.row === 3);
  assert.equal((await encoder.encodeTexts(["a", "b"])).length, 4); // and goes on
});
