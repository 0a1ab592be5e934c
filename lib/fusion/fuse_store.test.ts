import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { withFolder } from "../features/testing.ts";
import { loadEngine } from "../tensor/engine.ts";
import { fuseStore } from "./fuse_store.ts";
import { createFusion } from "./model/model.ts";
import { makeStore, randomImages } from "./testing.ts";

await loadEngine({ prefer: "wasm" });

const DIM = 8;

/** The unit vector of the sum of an image's patches, value by value. */
function slowMean(features: Float32Array): number[] {
  const sum = new Array<number>(DIM).fill(0);
  features.forEach((value, i) => sum[i % DIM] += value);
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}

function assertClose(actual: Iterable<number>, expected: number[]): void {
  const values = [...actual];
  assert.equal(values.length, expected.length);
  values.forEach((value, i) => assert(Math.abs(value - expected[i]) < 1e-5, `${value} at ${i}`));
}

Deno.test("fuseStore: the mean of the patches is what a plain loop says, padding or not", () =>
  withFolder(async (folder) => {
    const images = randomImages(11, DIM, (i) => 1 + i % 4);
    const store = await makeStore(folder, images, { dim: DIM });
    const model = createFusion({ kind: "mean" }, { dim: DIM, seed: 1 });
    const done: number[] = [];
    const fused = await fuseStore(model, store, {
      batchSize: 4,
      onProgress: (count) => void done.push(count),
    });
    assert.deepEqual(fused.imageIds, store.imageIds);
    assert.deepEqual([fused.vectors, fused.dim, fused.data.length], [1, DIM, 11 * DIM]);
    images.forEach(({ features }, n) => {
      assertClose(fused.data.subarray(n * DIM, (n + 1) * DIM), slowMean(features));
    });
    assert.deepEqual(done, [3, 7, 11]);
  }));

Deno.test("fuseStore: batches leave no trace in the vectors; m of them are unit vectors each", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, randomImages(9, DIM, (i) => 2 + i % 3), { dim: DIM });
    const size = { encoderLayers: 1, decoderLayers: 1, feedForward: 16, vectors: 3 } as const;
    const model = createFusion({ kind: "transformer", size: "tiny", ...size }, {
      dim: DIM,
      seed: 1,
    });
    const before = tf.memory().numTensors;
    const one = await fuseStore(model, store, { batchSize: 1 });
    const all = await fuseStore(model, store, { batchSize: 9 });
    assert.equal(tf.memory().numTensors, before);
    assert.deepEqual([all.vectors, all.data.length], [3, 9 * 3 * DIM]);
    assertClose(one.data, [...all.data]);
    for (let row = 0; row < 27; row++) {
      const length = Math.hypot(...all.data.subarray(row * DIM, (row + 1) * DIM));
      assert(Math.abs(length - 1) < 1e-5);
    }
    const distinct = new Set(Array.from({ length: 27 }, (_, row) => all.data[row * DIM]));
    assert.equal(distinct.size, 27);
    model.dispose();
  }));

Deno.test("fuseStore: the result has the images that were asked for, in that order", () =>
  withFolder(async (folder) => {
    const images = randomImages(9, DIM, () => 3);
    const store = await makeStore(folder, images, { dim: DIM });
    const model = createFusion({ kind: "mean" }, { dim: DIM, seed: 1 });
    const imageIds = ["image 7", "image 0", "image 7", "image 4"];
    const fused = await fuseStore(model, store, { imageIds, batchSize: 2 });
    assert.deepEqual(fused.imageIds, imageIds);
    [7, 0, 7, 4].forEach((image, n) => {
      assertClose(fused.data.subarray(n * DIM, (n + 1) * DIM), slowMean(images[image].features));
    });
    assert.equal((await fuseStore(model, store, { imageIds: [] })).data.length, 0);
  }));

Deno.test("fuseStore: models made for P patches get images with fewer", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, randomImages(5, DIM, (i) => 1 + i % 2), { dim: DIM });
    const model = createFusion({ kind: "linear" }, { dim: DIM, patches: 4, seed: 1 });
    const fused = await fuseStore(model, store);
    assert(fused.data.every((value) => Number.isFinite(value)));
    model.dispose();
  }));

Deno.test("fuseStore: stops at a signal, and refuses what does not fit", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, randomImages(9, DIM, () => 3), { dim: DIM });
    const model = createFusion({ kind: "mean" }, { dim: DIM, seed: 1 });
    const controller = new AbortController(), reason = new Error("enough");
    const seen: number[] = [];
    const stopped = fuseStore(model, store, {
      batchSize: 3,
      signal: controller.signal,
      onProgress: (done) => (seen.push(done), controller.abort(reason)),
    });
    await assert.rejects(stopped, reason);
    assert.deepEqual(seen, [3]);
    const narrow = createFusion({ kind: "mean" }, { dim: 4, seed: 1 });
    await assert.rejects(fuseStore(narrow, store), /they have 8 values, .* made for 4/);
    await assert.rejects(fuseStore(model, store, { imageIds: ["x"] }), /no such image/);
    const broken = { ...model, forward: () => tf.fill<tf.Rank.R3>([9, 1, DIM], NaN) };
    await assert.rejects(fuseStore(broken, store), /vector of image "image 0" is not finite/);
  }));
