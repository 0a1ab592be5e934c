import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../features/testing.ts";
import { createRandom } from "../numeric/random.ts";
import { type FusedVectors, loadFused, saveFused } from "./fused_vectors.ts";

function drawFused(images: number, vectors: number, dim: number): FusedVectors {
  const random = createRandom(1);
  const data = Float32Array.from({ length: images * vectors * dim }, () => random.normal());
  const imageIds = Array.from({ length: images }, (_, i) => `folder/é ${i}.png`);
  return { imageIds, vectors, dim, data };
}

Deno.test("fused vectors: what is saved is what is loaded, bit for bit", () =>
  withFolder(async (folder) => {
    const path = join(folder, "fused.arrow");
    for (const [images, vectors, dim] of [[5, 1, 8], [3, 4, 2], [1, 1, 1], [0, 2, 8]]) {
      const fused = drawFused(images, vectors, dim);
      await saveFused(path, fused);
      assert.deepEqual(await loadFused(path), fused);
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["fused.arrow"]);
  }));

Deno.test("fused vectors: a view on a larger array is saved alone", () =>
  withFolder(async (folder) => {
    const fused = drawFused(4, 1, 8);
    const part = { ...fused, imageIds: ["b", "c"], data: fused.data.subarray(8, 24) };
    await saveFused(join(folder, "part"), part);
    const { data } = await loadFused(join(folder, "part"));
    assert.deepEqual([...data], [...fused.data.slice(8, 24)]);
  }));

Deno.test("fused vectors: files that are not whole or of another kind are refused", () =>
  withFolder(async (folder) => {
    const path = join(folder, "fused.arrow");
    const fused = drawFused(5, 1, 8);
    await assert.rejects(
      saveFused(path, { ...fused, vectors: 2 }),
      /5 images with 2 vectors of 8 values need 80 values, got 40/,
    );
    await assert.rejects(loadFused(path), /Cannot load fused vectors from .*fused.arrow/);
    await saveFused(path, fused);
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.subarray(0, 200));
    await assert.rejects(loadFused(path), /Cannot load fused vectors from .*fused.arrow/);
    await Deno.writeTextFile(path, "nothing of the kind");
    await assert.rejects(loadFused(path), /Cannot load fused vectors from .*fused.arrow/);
  }));
