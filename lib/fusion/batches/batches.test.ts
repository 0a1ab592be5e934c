import assert from "node:assert/strict";
import type { FeatureStore } from "../../features/mod.ts";
import { withFolder } from "../../features/testing.ts";
import { createRandom } from "../../numeric/random.ts";
import { batchCount, featureBatches, visitingOrder } from "./batches.ts";
import { makeStore, randomImages } from "../testing.ts";

const DIM = 6;

Deno.test("batches: every image comes once, in batches of nearly equal size", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, randomImages(11, DIM, () => 3), { dim: DIM });
    const batches = [...featureBatches(store, { batchSize: 4, random: createRandom(1) })];
    assert.deepEqual(batches.map(({ imageIds }) => imageIds.length), [3, 4, 4]);
    assert.equal(batches.length, batchCount(11, 4));
    const seen = batches.flatMap(({ imageIds }) => imageIds);
    assert.deepEqual(seen.toSorted(), store.imageIds.toSorted());
    for (const { imageIds, features, levels, mask, patches, dim } of batches) {
      assert.deepEqual([patches, dim, mask], [3, DIM, undefined]);
      imageIds.forEach((id, b) => {
        const image = store.get(id);
        assert.deepEqual(features.slice(b * 3 * DIM, (b + 1) * 3 * DIM), image.features);
        assert.deepEqual(levels.slice(b * 3, (b + 1) * 3), image.levels);
      });
    }
  }));

Deno.test("batches: images with fewer patches are padded, and the mask says where", () =>
  withFolder(async (folder) => {
    const images = randomImages(5, DIM, (i) => 1 + i);
    const store = await makeStore(folder, images, { dim: DIM });
    const [first, second] = featureBatches(store, { batchSize: 3 });
    assert.deepEqual(first.imageIds, ["image 0", "image 1"]);
    assert.deepEqual(second.imageIds, ["image 2", "image 3", "image 4"]);
    assert.equal(first.patches, 2);
    assert.deepEqual([...first.mask!], [1, 0, 1, 1]);
    assert.deepEqual([...second.mask!], [1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1]);
    const row = (b: number, p: number) =>
      second.features.slice((b * 5 + p) * DIM, (b * 5 + p + 1) * DIM);
    assert.deepEqual(row(0, 2), images[2].features.slice(2 * DIM));
    assert.deepEqual(row(0, 3), new Float32Array(DIM));
    assert.deepEqual(row(1, 0), images[3].features.slice(0, DIM));
    const [wide] = featureBatches(store, { imageIds: ["image 1"], patches: 3 });
    assert.deepEqual([wide.patches, [...wide.mask!]], [3, [1, 1, 0]]);
  }));

Deno.test("batches: the order follows from the seed alone, and another seed gives another", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, randomImages(40, DIM, () => 2), { dim: DIM });
    const order = (seed?: number) =>
      visitingOrder(store, seed === undefined ? {} : { random: createRandom(seed) });
    assert.deepEqual(order(), store.imageIds);
    assert.deepEqual(order(3), order(3));
    assert.notDeepEqual(order(3), order(4));
    assert.deepEqual(order(3).toSorted(), store.imageIds.toSorted());
  }));

Deno.test("batches: a small window mixes two stretches of images at once; a large one mixes all", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, randomImages(40, DIM, () => 2), { dim: DIM });
    const imageBytes = 2 * DIM * 4;
    const order = (images: number) =>
      visitingOrder(store, { random: createRandom(5), windowBytes: images * imageBytes })
        .map((id) => Number(id.split(" ")[1]));
    const mixed = order(40);
    assert(Math.max(...mixed.slice(0, 8)) - Math.min(...mixed.slice(0, 8)) > 16, mixed.join());
    const eighths = order(8); // ten blocks of four, two at a time
    for (let i = 0; i < 40; i += 8) {
      const blocks = new Set(eighths.slice(i, i + 8).map((n) => Math.floor(n / 4)));
      assert.equal(blocks.size, 2, eighths.join());
    }
    assert.deepEqual(new Set(eighths).size, 40);
    assert.deepEqual(new Set(order(0.5)).size, 40); // images that are larger than a block
    for (const none of [0, -1, NaN]) {
      assert.throws(() => order(none), /windowBytes must be positive/);
    }
  }));

Deno.test("batches: the order does not depend on how shards were cut, nor on the order asked for", () =>
  withFolder(async (folder) => {
    const images = randomImages(40, DIM, (i) => 1 + i % 3);
    const orders = [];
    for (const shardImages of [4, 7, 40]) {
      const store = await makeStore(`${folder}/${shardImages}`, images, { dim: DIM, shardImages });
      for (const imageIds of [store.imageIds.slice(5), store.imageIds.slice(5).reverse()]) {
        const options = { imageIds, random: createRandom(5), windowBytes: 12 * 2 * DIM * 4 };
        orders.push(visitingOrder(store, options));
      }
    }
    for (const order of orders) assert.deepEqual(order, orders[0]);
  }));

Deno.test("batches: of a part of the store, only what is wanted is read, as it lies on disk", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, randomImages(12, DIM, () => 2), { dim: DIM });
    const imageIds = ["image 9", "image 1", "image 0"];
    const read: string[] = [];
    const watched: FeatureStore = {
      ...store,
      get(id) {
        read.push(id);
        return store.get(id);
      },
    };
    const seen = [...featureBatches(watched, { imageIds, batchSize: 2 })]
      .flatMap((batch) => batch.imageIds);
    assert.deepEqual(seen, ["image 0", "image 1", "image 9"]);
    assert.deepEqual(read, seen);
  }));

Deno.test("batches: what cannot be is refused", () =>
  withFolder(async (folder) => {
    const store = await makeStore(folder, randomImages(2, DIM, () => 2), { dim: DIM });
    assert.throws(() => [...featureBatches(store, { batchSize: 0 })], /batchSize must be .* got 0/);
    assert.throws(() => [...featureBatches(store, { imageIds: ["x"] })], /no such image/);
    assert.deepEqual([...featureBatches(store, { imageIds: [] })], []);
  }));
