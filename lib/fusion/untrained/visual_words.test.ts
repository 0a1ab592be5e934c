import assert from "node:assert/strict";
import { randomUnit, toUnit } from "../../numeric/testing.ts";
import { join } from "node:path";
import type { FeatureStore } from "../../features/mod.ts";
import { withFolder } from "../../features/testing.ts";
import { createRandom } from "../../numeric/random.ts";
import { meanVector } from "../../numeric/vectors.ts";
import { fuseVisualWords } from "./fuse_visual_words.ts";
import { writeSafetensors } from "../../tensor/safetensors.ts";
import {
  drawDetailTask,
  makeStore,
  randomImages,
  recallAtOne,
  type TestImage,
} from "../testing.ts";
import { fitVisualWords, type VisualWordsOptions } from "./fit_visual_words.ts";
import type { VisualWords } from "./visual_words.ts";
import { loadVisualWords, saveVisualWords } from "./visual_words_file.ts";

const DIM = 8;
const SMALL: VisualWordsOptions = { words: 5, whitening: 0.01 };

function openStore(folder: string, images: TestImage[], dim = DIM): Promise<FeatureStore> {
  return makeStore(`${folder}/${images.length} ${dim}`, images, { dim });
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5) {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const off = Math.abs(actual[i] - expected[i]);
    assert.ok(off <= tolerance, `value ${i}: ${actual[i]} instead of ${expected[i]}`);
  }
}

/** Row `i` of a matrix. */
const row = (matrix: Float32Array, i: number, dim: number) =>
  matrix.subarray(i * dim, (i + 1) * dim);

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/** Each word's best product with a whitened patch, by plain loops. */
function slowScores({ dim, count, mean, whitening, words }: VisualWords, features: Float32Array) {
  const patches = Array.from({ length: features.length / dim }, (_, p) => {
    const centred = row(features, p, dim).map((x, d) => x - mean[d]);
    return mean.map((_, i) => dot(row(whitening, i, dim), centred));
  });
  return Float32Array.from(
    { length: count },
    (_, k) => Math.max(...patches.map((patch) => dot(patch, row(words, k, dim)))),
  );
}

/** The fused vector, by plain loops. */
function slowFused(model: VisualWords, features: Float32Array, novelty = 0.4): Float32Array {
  const { dim, count, mean, whitening, words } = model;
  const above = slowScores(model, features).map((score, k) => score - model.baseline[k]);
  const vector = mean.map((_, d) => dot(row(model.readout, d, count), above));
  for (let p = 0; p < features.length / dim; p++) {
    const centred = row(features, p, dim).map((x, d) => x - mean[d]);
    const patch = mean.map((_, i) => dot(row(whitening, i, dim), centred));
    const cosines = Array.from({ length: count }, (_, k) => dot(toUnit(patch), row(words, k, dim)));
    const share = novelty * Math.max(0, 1 - Math.max(...cosines) / 0.45);
    patch.forEach((value, d) => vector[d] += share * value);
  }
  return toUnit(vector);
}

Deno.test("visual words find details of classes that nobody named", () =>
  withFolder(async (folder) => {
    const sizes = { classes: 24, dim: 32, patches: 24, objects: 4 };
    const train = drawDetailTask({ ...sizes, images: 60, seed: "train" });
    const task = drawDetailTask({ ...sizes, images: 60, seed: "test" });
    const model = await fitVisualWords(await openStore(`${folder}/train`, train.images, 32), {
      words: 60,
    });
    const store = await openStore(`${folder}/test`, task.images, 32);
    const means = task.images.flatMap(({ features }) => [...meanVector(features, 32)]);
    const mean = recallAtOne(task, Float32Array.from(means));
    const recall = recallAtOne(task, (await fuseVisualWords(model, store)).data);
    assert.ok(recall > 0.8 && recall > mean + 0.2, `${recall}, the mean ${mean}`);
  }));

Deno.test("what is fitted is what it says", () =>
  withFolder(async (folder) => {
    const images = randomImages(12, DIM, (i) => 4 + i % 3);
    const store = await openStore(folder, images);
    const model = await fitVisualWords(store, { ...SMALL, ridge: 0.3 });
    assert.deepEqual([model.dim, model.count], [DIM, 5]);
    for (let k = 0; k < 5; k++) {
      assertClose([Math.hypot(...row(model.words, k, DIM))], [1]);
    }
    const scores = images.map(({ features }) => slowScores(model, features));
    const average = model.baseline.map((_, k) =>
      scores.reduce((sum, score) => sum + score[k], 0) / images.length
    );
    assertClose(model.baseline, average);
    // (C'C + 0.3 I) M = C'
    const { words, readout } = model;
    for (let i = 0; i < DIM; i++) {
      for (let k = 0; k < 5; k++) {
        let sum = 0.3 * readout[i * 5 + k];
        for (let j = 0; j < DIM; j++) {
          for (let w = 0; w < 5; w++) {
            sum += words[w * DIM + i] * words[w * DIM + j] * readout[j * 5 + k];
          }
        }
        assertClose([sum], [words[k * DIM + i]]);
      }
    }
  }));

Deno.test("words are clustered from patches drawn by their whitened length", () =>
  withFolder(async (folder) => {
    // one patch of twenty is a thing of three, the others are background with a little noise
    const random = createRandom(4);
    const things = Array.from({ length: 4 }, () => randomUnit(random, DIM));
    const images = Array.from({ length: 30 }, (_, i): TestImage => {
      const rows = Array.from(
        { length: 20 },
        (_, p) => toUnit(things[p === 7 ? 1 + i % 3 : 0].map((x) => x + 1e-4 * random.normal())),
      );
      return { id: `image ${i}`, features: Float32Array.from(rows.flatMap((x) => [...x])) };
    });
    const store = await openStore(folder, images);
    const model = await fitVisualWords(store, { words: 3, sample: 20, whitening: 1e-4 });
    for (const thing of things.slice(1)) {
      const whitened = toUnit(
        model.mean.map((_, i) =>
          dot(row(model.whitening, i, DIM), thing.map((x, d) => x - model.mean[d]))
        ),
      );
      const nearest = Math.max(...[0, 1, 2].map((k) => dot(row(model.words, k, DIM), whitened)));
      assert.ok(nearest > 0.99, `${nearest}`);
    }
  }));

Deno.test("one vector an image is what plain loops say", () =>
  withFolder(async (folder) => {
    const images = randomImages(12, DIM, (i) => 1 + i % 5);
    const store = await openStore(folder, images);
    const model = await fitVisualWords(store, SMALL);
    const done: number[] = [];
    const fused = await fuseVisualWords(model, store, { onProgress: (n) => void done.push(n) });
    const plain = await fuseVisualWords(model, store, { novelty: 0 });
    assert.notDeepEqual(plain.data, fused.data);
    assert.deepEqual([fused.imageIds, fused.vectors, fused.dim], [store.imageIds, 1, DIM]);
    images.forEach(({ features }, n) => {
      assertClose(row(fused.data, n, DIM), slowFused(model, features));
      assertClose(row(plain.data, n, DIM), slowFused(model, features, 0));
    });
    assert.deepEqual(done, images.map((_, i) => i + 1));
  }));

Deno.test("as many vectors as patches: each patch has its own", () =>
  withFolder(async (folder) => {
    const images = randomImages(6, DIM, () => 4);
    const store = await openStore(folder, images);
    const model = await fitVisualWords(store, SMALL);
    const { data } = await fuseVisualWords(model, store, { vectors: 4 });
    images.forEach(({ features }, n) => {
      const vectors = [0, 1, 2, 3].map((m) => row(data, 4 * n + m, DIM));
      for (let p = 0; p < 4; p++) {
        const own = slowFused(model, row(features, p, DIM));
        assert.equal(vectors.filter((vector) => dot(vector, own) > 1 - 1e-5).length, 1);
      }
    });
  }));

Deno.test("more vectors than patches: some are equal, none is zero", () =>
  withFolder(async (folder) => {
    const images = randomImages(6, DIM, () => 2);
    const store = await openStore(folder, images);
    const model = await fitVisualWords(store, SMALL);
    const { data } = await fuseVisualWords(model, store, { vectors: 5 });
    images.forEach(({ features }, n) => {
      const own = [0, 1].map((p) => slowFused(model, row(features, p, DIM)));
      const found = [0, 1, 2, 3, 4].map((m) =>
        own.findIndex((vector) => dot(vector, row(data, 5 * n + m, DIM)) > 1 - 1e-5)
      );
      assert.deepEqual([...new Set(found)].sort(), [0, 1]);
    });
  }));

Deno.test("patches of one group share a vector; groups are made of alike patches", () =>
  withFolder(async (folder) => {
    const random = createRandom(2);
    const images = Array.from({ length: 8 }, (_, i): TestImage => {
      const [a, b] = [randomUnit(random, DIM), randomUnit(random, DIM)];
      const rows = [a, b, a, a, b].map((x) => toUnit(x.map((y) => y + 0.01 * random.normal())));
      return { id: `image ${i}`, features: Float32Array.from(rows.flatMap((x) => [...x])) };
    });
    const store = await openStore(folder, images);
    const model = await fitVisualWords(store, SMALL);
    const { data } = await fuseVisualWords(model, store, { vectors: 2 });
    images.forEach(({ features }, n) => {
      for (const group of [[0, 2, 3], [1, 4]]) {
        const rows = Float32Array.from(group.flatMap((p) => [...row(features, p, DIM)]));
        const own = slowFused(model, rows);
        const best = Math.max(...[0, 1].map((m) => dot(row(data, 2 * n + m, DIM), own)));
        assert.ok(best > 1 - 1e-5, `image ${n}: ${best}`);
      }
    });
  }));

Deno.test("the same seed gives the same words; an image's vectors do not depend on the others", () =>
  withFolder(async (folder) => {
    const store = await openStore(folder, randomImages(12, DIM, () => 5));
    const model = await fitVisualWords(store, SMALL);
    assert.deepEqual(await fitVisualWords(store, { ...SMALL, seed: 1 }), model);
    assert.notDeepEqual((await fitVisualWords(store, { ...SMALL, seed: 2 })).words, model.words);
    const all = await fuseVisualWords(model, store, { vectors: 3 });
    const imageIds = ["image 7", "image 2", "image 7"];
    const some = await fuseVisualWords(model, store, { vectors: 3, imageIds });
    assert.deepEqual(some.imageIds, imageIds);
    [7, 2, 7].forEach((n, i) => {
      assert.deepEqual(row(some.data, i, 3 * DIM), row(all.data, n, 3 * DIM));
    });
  }));

Deno.test("words are fitted to the images asked for, and to no more than `images` of them", () =>
  withFolder(async (folder) => {
    const store = await openStore(folder, randomImages(12, DIM, () => 5));
    const imageIds = [0, 3, 6, 9].map((n) => `image ${n}`);
    const four = await fitVisualWords(store, { ...SMALL, imageIds });
    assert.deepEqual(await fitVisualWords(store, { ...SMALL, images: 4 }), four);
    assert.notDeepEqual(await fitVisualWords(store, SMALL), four);
  }));

Deno.test("saving and loading gives back every bit", () =>
  withFolder(async (folder) => {
    const model = await fitVisualWords(
      await openStore(folder, randomImages(9, DIM, () => 5)),
      SMALL,
    );
    const path = join(folder, "words.safetensors");
    await saveVisualWords(model, path);
    assert.deepEqual(await loadVisualWords(path), model);
    const { words, ...rest } = model;
    const write = (arrays: Record<string, Float32Array>, metadata: Record<string, string>) =>
      writeSafetensors(path, {
        tensors: new Map(
          Object.entries(arrays).map(([name, data]) => [name, {
            shape: name === "words" ? [5, DIM] : [data.length],
            data,
          }]),
        ),
        metadata,
      });
    const format = { detailclip: "visual words 1" };
    await write({ words }, {});
    await assert.rejects(loadVisualWords(path), /it does not hold visual words/);
    await write({ mean: rest.mean }, format);
    await assert.rejects(loadVisualWords(path), /it has no words/);
    await write({ words }, format);
    await assert.rejects(loadVisualWords(path), /it has no mean/);
    await write({ words, mean: rest.mean.subarray(1) }, format);
    await assert.rejects(loadVisualWords(path), /mean must have shape \[8\], got \[7\]/);
    await write({ words, mean: rest.mean.with(2, NaN) }, format);
    await assert.rejects(loadVisualWords(path), /a value of mean is not finite/);
    await Deno.remove(path);
    await assert.rejects(loadVisualWords(path), /Cannot read .*words\.safetensors/);
  }));

Deno.test("visual words refuse what cannot be fitted or fused, and stop at a signal", () =>
  withFolder(async (folder) => {
    const store = await openStore(folder, randomImages(3, DIM, () => 4));
    const fit = (options: VisualWordsOptions) => fitVisualWords(store, { ...SMALL, ...options });
    for (const name of ["words", "sample", "rounds", "images"]) {
      await assert.rejects(
        fit({ [name]: 0 }),
        new RegExp(
          `^RangeError: Cannot fit visual words: ${name} must be a positive integer, got 0$`,
        ),
      );
    }
    for (const name of ["whitening", "ridge"]) {
      await assert.rejects(fit({ [name]: 0 }), new RegExp(`${name} must be positive, got 0`));
    }
    await assert.rejects(fit({ words: 13 }), /12 patches are too few for 13 words/);
    await assert.rejects(fit({ words: 8, sample: 7 }), /7 patches are too few for 8 words/);
    await assert.rejects(fit({ imageIds: ["x"] }), /no such image/);
    const reason = new Error("enough");
    await assert.rejects(fit({ signal: AbortSignal.abort(reason) }), reason);
    const model = await fit({});
    await assert.rejects(
      fuseVisualWords(model, store, { signal: AbortSignal.abort(reason) }),
      reason,
    );
    await assert.rejects(
      fuseVisualWords(model, store, { vectors: 0 }),
      /vectors must be a positive/,
    );
    await assert.rejects(
      fuseVisualWords(model, store, { novelty: -1 }),
      /novelty must be a number from 0 on, got -1/,
    );
    await assert.rejects(fuseVisualWords(model, store, { imageIds: ["x"] }), /no such image/);
    const narrow = await makeStore(`${folder}/narrow`, randomImages(3, 4, () => 4), { dim: 4 });
    await assert.rejects(fuseVisualWords(model, narrow), /features have 4 values, words 8/);
    assert.equal((await fuseVisualWords(model, store, { imageIds: [] })).data.length, 0);
  }));
