import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { withFolder } from "../../features/testing.ts";
import { createRandom } from "../../numeric/random.ts";
import { featureBatches } from "../batches/batches.ts";
import { type EngineName, loadEngine } from "../../tensor/engine.ts";
import { patchProxies } from "./patch_proxies.ts";
import { batchTargets, targetsOf } from "./targets.ts";
import { randomUnit } from "../../numeric/testing.ts";
import { makeStore, randomImages } from "../testing.ts";

const DIM = 6;
const ENGINES: EngineName[] = ["native", "wasm"];

function unitRows(seed: string, count: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from(
    Array.from({ length: count }, () => [...randomUnit(random, DIM)]).flat(),
  );
}

/** The cosine of every proxy with the patches of one image, best first. // (Q, P) */
function slowCosines(features: Float32Array, proxies: Float32Array): number[][] {
  const out: number[][] = [];
  for (let q = 0; q < proxies.length; q += DIM) {
    const cosines: number[] = [];
    for (let p = 0; p < features.length; p += DIM) {
      let sum = 0;
      for (let d = 0; d < DIM; d++) sum += features[p + d] * proxies[q + d];
      cosines.push(sum);
    }
    out.push(cosines.sort((a, b) => b - a));
  }
  return out;
}

Deno.test("targetsOf: the best patch of every image, whatever its number of patches", () =>
  withFolder(async (folder) => {
    const images = randomImages(7, DIM, (i) => 1 + 3 * i);
    const store = await makeStore(folder, images, { dim: DIM, shardImages: 2 });
    const proxies = unitRows("proxies", 5);
    const counts: number[] = [];
    const targets = await targetsOf(store, proxies, { onImage: (done) => counts.push(done) });
    assert.deepEqual(targets.imageIds, store.imageIds);
    assert.deepEqual(counts, [1, 2, 3, 4, 5, 6, 7]);
    assert.equal(targets.values.length, 7 * 5);
    images.forEach(({ id, features }, n) => {
      const expected = slowCosines(features, proxies).map(([best]) => Math.fround(best));
      assert.deepEqual([...targets.of(id)], expected);
      assert.deepEqual([...targets.values.subarray(n * 5, n * 5 + 5)], expected);
    });

    const some = await targetsOf(store, proxies, { imageIds: ["image 5", "image 2"] });
    assert.deepEqual(some.of("image 2"), targets.of("image 2"));
    assert.deepEqual(some.values.subarray(0, 5), targets.of("image 5"));
    assert.throws(() => some.of("image 1"), /targets of image "image 1": it was not asked for/);
  }));

Deno.test("targetsOf: refuses NaN and unknown or repeated images, and stops when told", () =>
  withFolder(async (folder) => {
    const images = randomImages(3, DIM, () => 4);
    images[1].features[DIM + 2] = NaN; // neither the first patch nor the last
    const store = await makeStore(folder, images, { dim: DIM });
    const proxies = unitRows("proxies", 2);
    const wanted = (...imageIds: string[]) => targetsOf(store, proxies, { imageIds });
    await assert.rejects(wanted("image 1"), /a target of image "image 1" is NaN/);
    await assert.rejects(wanted("image 0", "image 9"), /image "image 9" is not in the store/);
    await assert.rejects(wanted("image 0", "image 0"), /an image is listed twice/);
    await assert.rejects(targetsOf(store, proxies.subarray(1)), /not a whole number of vectors/);
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(targetsOf(store, proxies, { signal }), /^Error: enough$/);
  }));

for (const engine of ENGINES) {
  Deno.test(`${engine}: batchTargets gives what targetsOf gives, padding or not`, () =>
    withFolder(async (folder) => {
      await loadEngine({ prefer: engine });
      const proxies = unitRows("proxies", 5);
      for (const patches of [() => 4, (i: number) => 1 + 2 * i]) {
        const store = await makeStore(folder, randomImages(6, DIM, patches), { dim: DIM });
        const [batch] = featureBatches(store);
        const targets = await targetsOf(store, proxies, { imageIds: batch.imageIds });
        const shape: [number, number] = [batch.imageIds.length, batch.patches];
        const before = tf.memory().numTensors;
        const computed = tf.tidy(() =>
          batchTargets(
            tf.tensor3d(batch.features, [...shape, DIM]),
            tf.tensor2d(proxies, [5, DIM]),
            { mask: batch.mask && tf.tensor2d(batch.mask, shape) },
          )
        );
        assert.equal(tf.memory().numTensors, before + 1);
        assert.deepEqual(computed.shape, [6, 5]);
        computed.dataSync().forEach((value, i) => {
          assert.ok(Math.abs(value - targets.values[i]) < 1e-6);
        });
        computed.dispose();
      }
    }));

  Deno.test(`${engine}: a patch as proxy is not its own best patch`, () =>
    withFolder(async (folder) => {
      await loadEngine({ prefer: engine });
      const images = randomImages(4, DIM, (i) => 2 + i);
      const [batch] = featureBatches(await makeStore(folder, images, { dim: DIM }));
      const { features, own } = patchProxies(batch, "patches", createRandom(1));
      const targets = tf.tidy(() =>
        batchTargets(
          tf.tensor3d(batch.features, [4, 5, DIM]),
          tf.tensor2d(features, [own.length, DIM]),
          { mask: tf.tensor2d(batch.mask!, [4, 5]), own },
        ).dataSync()
      );
      images.forEach(({ features: patches }, n) => {
        slowCosines(patches, features).forEach((cosines, q) => {
          const isOwn = Math.floor(own[q] / 5) === n;
          const others = isOwn ? [...cosines.slice(1), 0] : cosines; // its own counts 0
          const expected = Math.max(...others);
          assert.ok(Math.abs(targets[n * own.length + q] - expected) < 1e-6);
        });
      });
    }));
}

Deno.test("batchTargets: large batches are computed in parts, to the same result", async () => {
  await loadEngine({ prefer: "wasm" });
  const images = 3, patches = 40, repeats = 667, count = images * patches * repeats;
  const features = unitRows("patches", images * patches);
  const proxies = new Float32Array(count * DIM); // 3.2 M similarities an image, two images too many
  for (let i = 0; i < repeats; i++) proxies.set(features, i * features.length);
  const own = Int32Array.from({ length: count }, (_, q) => q % (images * patches));
  const [plain, others] = tf.tidy(() => {
    const bags = tf.tensor3d(features, [images, patches, DIM]);
    const columns = tf.tensor2d(proxies, [count, DIM]);
    return [{}, { own }].map((options) => batchTargets(bags, columns, options).dataSync());
  });
  for (let n = 0; n < images; n++) {
    const bag = features.subarray(n * patches * DIM, (n + 1) * patches * DIM);
    for (const q of [0, 7, 45, count - 1]) {
      const [[best, second]] = slowCosines(bag, proxies.subarray(q * DIM, (q + 1) * DIM));
      const isOwn = Math.floor(own[q] / patches) === n;
      assert.ok(Math.abs(plain[n * count + q] - best) < 1e-6);
      assert.ok(Math.abs(others[n * count + q] - (isOwn ? second : best)) < 1e-6);
    }
  }
});
