import assert from "node:assert/strict";
import { createRandom } from "../../numeric/random.ts";
import type { FeatureBatch } from "../batches/batches.ts";
import { patchProxies } from "./patch_proxies.ts";

/** Two images: levels of 1, 4 and 9 patches, and of 1 and 4 with padding; a value tells its row. */
function levelledBatch(): FeatureBatch {
  const levels = [0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2];
  const mask = [...levels.map(() => 1), ...levels.map((level) => level < 2 ? 1 : 0)];
  return {
    imageIds: ["a", "b"],
    patches: 14,
    dim: 1,
    features: Float32Array.from(mask, (real, row) => real * (row + 1)),
    levels: Uint8Array.from([...levels, ...levels.map((level) => level < 2 ? level : 0)]),
    mask: Float32Array.from(mask),
  };
}

Deno.test("patchProxies: all patches, but no padding", () => {
  const { features, own } = patchProxies(levelledBatch(), "patches", createRandom(1));
  assert.deepEqual([...own], Array.from({ length: 19 }, (_, row) => row));
  assert.deepEqual([...features], [...own].map((row) => row + 1));
});

Deno.test("patchProxies: draws from every level of every image, each patch at most once", () => {
  const batch = levelledBatch();
  const perLevel = (own: Int32Array) => {
    const counts: Record<string, number> = {};
    for (const row of own) {
      const name = `${row < 14 ? "a" : "b"}${batch.levels[row]}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  for (let seed = 0; seed < 20; seed++) {
    const random = createRandom(seed);
    const root = patchProxies(batch, { patchesPerLevel: "sqrt" }, random);
    assert.deepEqual(perLevel(root.own), { a0: 1, a1: 2, a2: 3, b0: 1, b1: 2 });
    const six = patchProxies(batch, { patchesPerLevel: 6 }, random);
    assert.deepEqual(perLevel(six.own), { a0: 1, a1: 4, a2: 6, b0: 1, b1: 4 });
    for (const { own, features } of [root, six]) {
      assert.equal(new Set(own).size, own.length);
      assert.deepEqual([...features], [...own].map((row) => row + 1));
    }
  }
});

Deno.test("patchProxies: every call draws anew, the same calls from the same seed", () => {
  const draws = (seed: number) => {
    const random = createRandom(seed);
    return Array.from(
      { length: 30 },
      () => patchProxies(levelledBatch(), { patchesPerLevel: 2 }, random).own.join(),
    );
  };
  assert.deepEqual(draws(1), draws(1));
  assert.notDeepEqual(draws(1), draws(2));
  const places = new Set(draws(1).flatMap((own) => own.split(",")));
  assert.equal(places.size, 19); // the authors' code would go on drawing the same 9
});

Deno.test("patchProxies: refuses to draw nothing, or half a patch", () => {
  for (const patchesPerLevel of [0, -1, 1.5, NaN]) {
    assert.throws(
      () => patchProxies(levelledBatch(), { patchesPerLevel }, createRandom(1)),
      /^RangeError: Cannot draw proxies: patchesPerLevel must be a positive integer or "sqrt", got/,
    );
  }
});
