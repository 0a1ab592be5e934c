import assert from "node:assert/strict";
import { createRandom } from "../../numeric/random.ts";
import type { FeatureBatch } from "./batches.ts";
import { mixPatches } from "./mixing.ts";

const PATCHES = 11, DIM = 2;

/** Patch p of image b is (b, p), at level (b + p) mod 3; the last image has a patch less than the others. */
function plainBatch(images: number, padded = false): FeatureBatch {
  const rows = Array.from({ length: images * PATCHES }, (_, i) => [
    Math.floor(i / PATCHES),
    i % PATCHES,
  ]);
  const missing = images * PATCHES - 1;
  return {
    imageIds: Array.from({ length: images }, (_, b) => `image ${b}`),
    patches: PATCHES,
    dim: DIM,
    features: Float32Array.from(rows.flat()),
    levels: Uint8Array.from(rows, ([b, p]) => (b + p) % 3),
    ...(padded && { mask: Float32Array.from(rows, (_, i) => i === missing ? 0 : 1) }),
  };
}

/** The image that each patch comes from. // (B, P) */
function origins({ features, imageIds }: FeatureBatch): number[][] {
  return imageIds.map((_, b) =>
    Array.from({ length: PATCHES }, (_, p) => features[(b * PATCHES + p) * DIM])
  );
}

Deno.test("mixPatches: the share of slots comes from one other image, never the whole image", () => {
  for (let seed = 0; seed < 20; seed++) {
    const batch = plainBatch(5);
    const mixed = mixPatches(batch, 0.3, createRandom(seed));
    const from = origins(mixed);
    from.forEach((row, b) => {
      assert.equal(row[0], b);
      const foreign = row.filter((image) => image !== b);
      assert.equal(foreign.length, 3); // of 10
      assert.equal(new Set(foreign).size, 1);
    });
    // slot by slot nothing is lost or doubled
    for (let p = 0; p < PATCHES; p++) {
      assert.deepEqual(from.map((row) => row[p]).sort(), [0, 1, 2, 3, 4]);
    }
    // patches stay in their slot, with their level
    for (let row = 0; row < 5 * PATCHES; row++) {
      assert.equal(mixed.features[row * DIM + 1], row % PATCHES);
      assert.equal(mixed.levels[row], (mixed.features[row * DIM] + row % PATCHES) % 3);
    }
    assert.deepEqual(batch, plainBatch(5)); // left as it was
  }
});

Deno.test("mixPatches: padding moves with its slot", () => {
  const last = PATCHES - 1;
  for (let seed = 0; seed < 10; seed++) {
    const mixed = mixPatches(plainBatch(3, true), 1, createRandom(seed));
    const from = origins(mixed);
    for (let b = 0; b < 3; b++) {
      assert.equal(mixed.mask![b * PATCHES + last], from[b][last] === 2 ? 0 : 1);
    }
    assert.equal(mixed.mask!.reduce((a, b) => a + b), 3 * PATCHES - 1);
  }
});

Deno.test("mixPatches: repeatable, and other slots and partners every time", () => {
  const draws = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 20 }, () => origins(mixPatches(plainBatch(4), 0.5, random)).join());
  };
  assert.deepEqual(draws(1), draws(1));
  assert.equal(new Set(draws(1)).size, 20);
  const random = createRandom(2);
  const partners = Array.from(
    { length: 20 },
    () => origins(mixPatches(plainBatch(4), 1, random))[0][1],
  );
  assert.deepEqual([...new Set(partners)].sort(), [1, 2, 3]);
});

Deno.test("mixPatches: share 0, one image and one patch change nothing", () => {
  const random = createRandom(1);
  assert.deepEqual(mixPatches(plainBatch(4), 0, random), plainBatch(4));
  assert.deepEqual(mixPatches(plainBatch(1), 1, random), plainBatch(1));
  const one: FeatureBatch = {
    imageIds: ["a", "b"],
    patches: 1,
    dim: 1,
    features: Float32Array.of(1, 2),
    levels: Uint8Array.of(0, 0),
  };
  assert.deepEqual(mixPatches(one, 1, random), one);
  for (const share of [-0.1, 1.1, NaN]) {
    assert.throws(() => mixPatches(one, share, random), /share must be between 0 and 1, got/);
  }
});
