/**
 * Stand-ins for the tests of this room: stores of made-up features.
 *
 * @module
 */
import { CacheWriter, FeatureCache } from "../features/cache.ts";
import { featureKey, type FeatureStore } from "../features/mod.ts";
import type { ImageRows } from "../features/shard.ts";
import { createFeatureStore } from "../features/store.ts";
import { hashEncoder } from "../features/testing.ts";
import { createRandom, type Random } from "../random.ts";

/** An image for {@linkcode makeStore}. */
export interface TestImage {
  /** Its id. */
  id: string;
  /** Its patches' features, patch 0 the full image. // (P, D) */
  features: Float32Array;
}

/** A unit vector in a random direction. // (D) */
export function randomUnit(random: Random, dim: number): Float32Array {
  return toUnit(Float32Array.from({ length: dim }, () => random.normal()));
}

/** The vector of length 1 in the same direction. */
export function toUnit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Writes images to a cache in `folder`, `shardImages` to a shard, and opens them. */
export async function makeStore(
  folder: string,
  images: readonly TestImage[],
  { dim, shardImages = 4, memory }: { dim: number; shardImages?: number; memory?: number },
): Promise<FeatureStore> {
  const key = featureKey({ cover: { scheme: "full" }, encoder: hashEncoder({ dim }) });
  const cache = await FeatureCache.open(folder, key);
  const writer = new CacheWriter(cache);
  const rows = images.map(({ id, features }): ImageRows => {
    const count = features.length / dim;
    const box = { left: 0, top: 0, width: 8, height: 8 };
    return {
      key: `key ${id}`,
      features,
      boxes: Array.from({ length: count }, () => box),
      levels: new Uint8Array(count).fill(1, 1),
    };
  });
  for (let i = 0; i < rows.length; i += shardImages) {
    await writer.commit(rows.slice(i, i + shardImages));
  }
  await writer.close();
  const listed = images.map(({ id }) => ({ id, key: `key ${id}` }));
  return createFeatureStore({ cache, images: listed, ledger: [], memory });
}

/** Images of random unit vectors with `patches(i)` patches each. */
export function randomImages(
  count: number,
  dim: number,
  patches: (index: number) => number,
  seed: number | string = 1,
): TestImage[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const features = new Float32Array(patches(i) * dim);
    for (let p = 0; p < patches(i); p++) features.set(randomUnit(random, dim), p * dim);
    return { id: `image ${i}`, features };
  });
}
