import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { withFolder } from "../../features/testing.ts";
import { startAsAverage } from "./average.ts";
import { startAsDetectors } from "./detectors.ts";
import { loadEngine } from "../../tensor/engine.ts";
import { fuseStore } from "../fuse_store.ts";
import { createFusion, type FusionModel } from "../model/model.ts";
import type { FusionSpec, TransformerSpec } from "../model/spec.ts";
import { targetsOf } from "../loss/targets.ts";
import { patchMean } from "../untrained/whitening.ts";
import { drawDetailTask, makeStore, recallAtOne } from "../testing.ts";

await loadEngine({ prefer: "wasm" });

const dim = 32;
const spec: TransformerSpec = {
  kind: "transformer",
  size: "tiny",
  encoderLayers: 2,
  decoderLayers: 2,
  feedForward: 64,
  inputScale: 6,
};
const task = drawDetailTask({ images: 60, seed: 1, classes: 24, dim, patches: 9, objects: 2 });

/** Mean squared difference between the fused vectors' similarities and the targets, as in eq. 7. */
async function loss(model: FusionModel, store: Parameters<typeof fuseStore>[1]): Promise<number> {
  const { values } = await targetsOf(store, task.prompts);
  const { data } = await fuseStore(model, store);
  let sum = 0;
  for (let n = 0; n < store.imageIds.length; n++) {
    for (let q = 0; q < 24; q++) {
      let cosine = 0;
      for (let d = 0; d < dim; d++) cosine += data[n * dim + d] * task.prompts[q * dim + d];
      sum += (cosine - values[n * 24 + q]) ** 2;
    }
  }
  return sum / values.length;
}

Deno.test("startAsAverage: nearer to the targets than random weights, before any training", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, task.images, { dim });
    for (const seed of [1, 2]) {
      const model = createFusion(spec, { dim, seed });
      const before = tf.memory().numTensors, fresh = await loss(model, store);
      await startAsAverage(model, store, task.prompts);
      assert.equal(tf.memory().numTensors, before);
      const started = await loss(model, store);
      assert(started < fresh / 2, `seed ${seed}: random ${fresh}, average ${started}`);
      model.dispose();
    }
  }));

Deno.test("startAsAverage: finds far more than random weights, before any training", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, task.images, { dim });
    for (const seed of [3, 4]) {
      const model = createFusion(spec, { dim, seed });
      const recall = async () => recallAtOne(task, (await fuseStore(model, store)).data);
      const fresh = await recall();
      await startAsAverage(model, store, task.prompts);
      const started = await recall();
      assert(started > fresh + 0.2, `seed ${seed}: random ${fresh}, average ${started}`);
      model.dispose();
    }
  }));

Deno.test("startAsAverage: only transformers can", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, task.images, { dim });
    const model = createFusion({ kind: "mean" }, { dim, seed: 1 });
    await assert.rejects(
      startAsAverage(model, store, task.prompts),
      /Cannot start as an average: the model is of kind "mean"/,
    );
  }));

Deno.test("startAsDetectors: finds the words better than an average does, before any training", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, task.images, { dim });
    for (const seed of [5, 6]) {
      const recalls = [];
      for (const start of [startAsAverage, startAsDetectors]) {
        const model = createFusion(spec, { dim, seed, centre: await patchMean(store) });
        const before = tf.memory().numTensors;
        await start(model, store, task.prompts);
        assert.equal(tf.memory().numTensors, before);
        recalls.push(recallAtOne(task, (await fuseStore(model, store)).data));
        model.dispose();
      }
      assert(recalls[1] > recalls[0], `seed ${seed}: average ${recalls[0]}, words ${recalls[1]}`);
    }
  }));

Deno.test("startAsDetectors: needs a transformer over patches with room for the words", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, task.images, { dim });
    const specs: [FusionSpec, RegExp][] = [
      [{ kind: "mean" }, /Cannot start as word detectors: the model is of kind "mean"/],
      [{ ...spec, patches: false }, /the model sees no patches/],
      [{ ...spec, feedForward: 23 }, /24 words need feed-forward blocks at least as wide, got 23/],
    ];
    for (const [spec, why] of specs) {
      const model = createFusion(spec, { dim, seed: 1 });
      await assert.rejects(startAsDetectors(model, store, task.prompts), why);
      model.dispose();
    }
  }));
