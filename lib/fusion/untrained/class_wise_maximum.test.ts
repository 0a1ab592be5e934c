import assert from "node:assert/strict";
import type { FeatureStore } from "../../features/mod.ts";
import { withFolder } from "../../features/testing.ts";
import { createRandom } from "../../numeric/random.ts";
import { randomUnit, toUnit } from "../../numeric/testing.ts";
import { columnMeans, meanVector } from "../../numeric/vectors.ts";
import { drawDetailTask, makeStore, randomImages, recallAtOne } from "../testing.ts";
import { fuseClassWise } from "./class_wise_maximum.ts";

const DIM = 8, CONCEPTS = 21; // more concepts than dimensions
const random = createRandom("concepts");
const rows = (count: number) =>
  Float32Array.from(Array.from({ length: count }, () => [...randomUnit(random, DIM)]).flat());
const ANCHORS = rows(CONCEPTS);

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);
const row = (matrix: Float32Array, i: number, dim: number) =>
  matrix.subarray(i * dim, (i + 1) * dim);
const matrixRows = (matrix: Float32Array, dim: number) =>
  Array.from({ length: matrix.length / dim }, (_, i) => row(matrix, i, dim));

/** Shares of the concepts in a patch, by plain loops. */
function slowShares(patch: Float32Array): number[] {
  const cosines = matrixRows(ANCHORS, DIM).map((anchor) => dot(anchor, patch));
  const mean = cosines.reduce((a, b) => a + b) / CONCEPTS;
  const deviation = Math.sqrt(cosines.reduce((sum, c) => sum + (c - mean) ** 2, 0) / CONCEPTS);
  const raised = cosines.map((c) => Math.exp((c - mean) / deviation / 0.3));
  return raised.map((value) => value / raised.reduce((a, b) => a + b));
}

/** The greatest shares over the patches of an image. */
const slowMaximum = (features: Float32Array, shares = slowShares) =>
  matrixRows(features, DIM).map(shares).reduce((a, b) => a.map((x, c) => Math.max(x, b[c])));

/** Sees to it that vectors solve (W'W + lambda) v = W'(a - mean a) up to their length. */
function assertSolves(vectors: Float32Array, activations: number[][]) {
  const W = matrixRows(ANCHORS, DIM), lambda = CONCEPTS / DIM; // the trace of W'W is C
  const mean = activations[0].map((_, c) =>
    activations.reduce((sum, a) => sum + a[c], 0) / activations.length
  );
  activations.forEach((a, n) => {
    const v = row(vectors, n, DIM), products = W.map((w) => dot(w, v));
    const left = Array.from(v, (x, d) => W.reduce((s, w, c) => s + w[d] * products[c], lambda * x));
    const right = left.map((_, d) => W.reduce((s, w, c) => s + w[d] * (a[c] - mean[c]), 0));
    assert.ok(Math.abs(Math.hypot(...v) - 1) < 1e-6);
    assert.ok(
      dot(left, right) / Math.hypot(...left) / Math.hypot(...right) > 1 - 1e-9,
      `image ${n}`,
    );
  });
}

Deno.test("class-wise maximum: the ridge solution of the best patches' shares, as by plain loops", () =>
  withFolder(async (folder) => {
    const images = randomImages(5, DIM, (i) => 2 + i);
    const store = await makeStore(folder, images, { dim: DIM, shardImages: 2 });
    const { imageIds, vectors, data } = await fuseClassWise(store, ANCHORS);
    assert.deepEqual([imageIds, vectors], [store.imageIds, 1]);
    assertSolves(data, images.map(({ features }) => slowMaximum(features)));
    const some = [images[3].id, images[0].id, images[3].id], done: number[] = [];
    const part = await fuseClassWise(store, ANCHORS, {
      imageIds: some,
      centre: new Float64Array(DIM),
      onProgress: (n) => done.push(n),
    });
    assert.deepEqual([part.imageIds, done], [some, [1, 2]]);
    assert.deepEqual([...row(part.data, 0, DIM)], [...row(part.data, 2, DIM)]);
    const raw = await fuseClassWise(store, ANCHORS, { centre: new Float64Array(DIM) });
    assert.deepEqual([...row(raw.data, 3, DIM)], [...row(part.data, 0, DIM)]); // no other image counts
  }));

Deno.test("class-wise maximum: an encoder's own shares take the place of cosines", () =>
  withFolder(async (folder) => {
    const images = randomImages(4, DIM, () => 3);
    const store = await makeStore(`${folder}/features`, images, { dim: DIM });
    const shares = images.map(() =>
      Array.from({ length: 3 }, () => {
        const some = Array.from({ length: CONCEPTS }, () => random.next() ** 4);
        return some.map((share) => share / some.reduce((a, b) => a + b));
      })
    );
    const roots = images.slice(1).map(({ id }, i) => ({
      id,
      features: Float32Array.from(shares[i + 1].flat(), Math.sqrt),
    }));
    const concepts = await makeStore(`${folder}/concepts`, roots, { dim: CONCEPTS });
    const { imageIds, data } = await fuseClassWise(store, ANCHORS, { concepts });
    assert.deepEqual(imageIds, images.slice(1).map(({ id }) => id)); // those that both have
    assertSolves(
      data,
      shares.slice(1).map((own) => own.reduce((a, b) => a.map((x, c) => Math.max(x, b[c])))),
    );
  }));

Deno.test("class-wise maximum by levels: the mean over levels of the greatest share on each", () =>
  withFolder(async (folder) => {
    const images = randomImages(4, DIM, (i) => 1 + i); // a level for patch 0, and one for the others
    const store = await makeStore(folder, images, { dim: DIM });
    const { data } = await fuseClassWise(store, ANCHORS, { pool: "levels" });
    const expected = images.map(({ features }) => {
      const parts = [features.subarray(0, DIM), features.subarray(DIM)].filter((p) => p.length > 0);
      const own = parts.map((part) => slowMaximum(part));
      return own[0].map((_, c) => own.reduce((sum, level) => sum + level[c], 0) / own.length);
    });
    assertSolves(data, expected);
    assert.notDeepEqual([...data], [...(await fuseClassWise(store, ANCHORS)).data]);
  }));

Deno.test("class-wise maximum: a share of the full image is mixed in", () =>
  withFolder(async (folder) => {
    const images = randomImages(4, DIM, () => 3);
    const store = await makeStore(folder, images, { dim: DIM });
    const alone = await fuseClassWise(store, ANCHORS);
    const mixed = await fuseClassWise(store, ANCHORS, { full: 0.7 });
    images.forEach(({ features }, n) => {
      const expected = toUnit(
        row(alone.data, n, DIM).map((x, d) => 0.3 * x + 0.7 * features[d]),
      );
      assert.ok(dot(expected, row(mixed.data, n, DIM)) > 1 - 1e-6);
    });
  }));

Deno.test("class-wise maximum keeps details that the mean patch loses, with words beside those that are asked for", () =>
  withFolder(async (folder) => {
    const sizes = { images: 40, classes: 30, dim: 32, patches: 20, objects: 3 };
    const task = drawDetailTask({ ...sizes, seed: 3 });
    const store = await makeStore(folder, task.images, { dim: 32 });
    const others = Float32Array.from(
      Array.from({ length: 200 }, () => [...randomUnit(random, 32)]).flat(),
    );
    const anchors = Float32Array.of(...task.prompts, ...others);
    const { data } = await fuseClassWise(store, anchors);
    const means = Float32Array.from(
      task.images.flatMap(({ features }) => [...meanVector(features, 32)]),
    );
    const [ours, mean] = [data, means].map((vectors) => recallAtOne(task, vectors));
    assert.ok(ours > 0.9 && ours > mean + 0.2, `${ours} against ${mean}`);
    assert.ok(columnMeans(data, 32).every((x) => Math.abs(x) < 0.2)); // centred
  }));

Deno.test("class-wise maximum refuses parts that do not go together, and what is not finite", () =>
  withFolder(async (folder) => {
    const images = randomImages(3, DIM, () => 2);
    const store = await makeStore(`${folder}/good`, images, { dim: DIM });
    const refused = (work: Promise<unknown>, why: RegExp) => assert.rejects(work, why);
    await refused(
      fuseClassWise(store, ANCHORS, { full: 1 }),
      /Cannot fuse class-wise: full must be/,
    );
    await refused(fuseClassWise(store, ANCHORS.subarray(0, DIM)), /two concepts or more, got 1/);
    await refused(fuseClassWise(store, ANCHORS.subarray(1)), /not a whole number of vectors/);
    await refused(fuseClassWise(store, ANCHORS.with(3, NaN)), /an anchor is not finite/);
    await refused(
      fuseClassWise(store, ANCHORS, { concepts: store }),
      /features have 8 concepts, and there are 21 anchors/,
    );
    await refused(fuseClassWise(store, ANCHORS, { imageIds: ["none"] }), /none/);
    images[1].features[DIM] = NaN;
    const bad: FeatureStore = await makeStore(`${folder}/bad`, images, { dim: DIM });
    await refused(fuseClassWise(bad, ANCHORS), /vector of image "image 1" is not finite/);
    await refused(
      fuseClassWise(store, ANCHORS, { signal: AbortSignal.abort("stopped") }),
      /stopped/,
    );
  }));

Deno.test("class-wise maximum of a patch that is alike to all concepts has equal shares", () =>
  withFolder(async (folder) => {
    const same = Float32Array.from([...ANCHORS.subarray(0, DIM), ...ANCHORS.subarray(0, DIM)]);
    const store = await makeStore(folder, randomImages(2, DIM, () => 1), { dim: DIM });
    const { data } = await fuseClassWise(store, same);
    assert.deepEqual([...data], Array(2 * DIM).fill(0)); // every image is the mean
  }));
