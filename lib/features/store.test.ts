import assert from "node:assert/strict";
import { join } from "node:path";
import { CacheWriter, FeatureCache } from "./cache.ts";
import { type FeatureKey, featureKey } from "./key.ts";
import type { ImageRows } from "./shard.ts";
import { createFeatureStore, digestFeatures } from "./store.ts";
import { hashEncoder, withFolder } from "./testing.ts";

const DIM = 4;

function rowsOf(key: string, count: number): ImageRows {
  return {
    key,
    features: Float32Array.from({ length: count * DIM }, (_, i) => key.charCodeAt(0) + i / 8),
    boxes: Array.from({ length: count }, (_, i) => ({ left: i, top: 0, width: 5, height: 6 })),
    levels: new Uint8Array(count).fill(1, 1),
  };
}

/** A cache with the given images a shard. */
async function makeCache(folder: string, shards: string[][]): Promise<FeatureCache> {
  const key = featureKey({ cover: { scheme: "full" }, encoder: hashEncoder({ dim: DIM }) });
  const cache = await FeatureCache.open(folder, key);
  const writer = new CacheWriter(cache);
  for (const keys of shards) {
    await writer.commit(keys.map((key, index) => rowsOf(key, index + 1)));
  }
  await writer.close();
  return cache;
}

const asImages = (keys: string) => [...keys].map((key) => ({ id: `image ${key}`, key }));

Deno.test("store: images come shard by shard and row by row, whatever the data set's order", () =>
  withFolder(async (folder) => {
    const cache = await makeCache(folder, [["c", "a"], ["b", "x", "d"]]);
    const store = createFeatureStore({ cache, images: asImages("abcd"), ledger: [] });
    const seen: string[] = [];
    for await (const { imageId, features } of store.images()) {
      seen.push(imageId);
      assert.deepEqual(features, rowsOf(imageId.at(-1)!, features.length / DIM).features);
    }
    assert.deepEqual(seen, ["image c", "image a", "image b", "image d"]);
    assert.deepEqual(store.imageIds, ["image a", "image b", "image c", "image d"]);
    assert.deepEqual(store.shards(), [["image c", "image a"], ["image b", "image d"]]);
    assert.equal(store.patches, 2 + 1 + 1 + 3);
  }));

Deno.test("store: iteration stops with the signal's reason", () =>
  withFolder(async (folder) => {
    const cache = await makeCache(folder, [["a", "b"], ["c"]]);
    const store = createFeatureStore({ cache, images: asImages("abc"), ledger: [] });
    const controller = new AbortController(), reason = new Error("enough");
    await assert.rejects(async () => {
      for await (const { imageId } of store.images({ signal: controller.signal })) {
        assert.equal(imageId, "image a");
        controller.abort(reason);
      }
    }, reason);
  }));

Deno.test("store: with room for one shard, images of any shard are still right", () =>
  withFolder(async (folder) => {
    const cache = await makeCache(folder, [["a", "b"], ["c", "d"], ["e"]]);
    const store = createFeatureStore({ cache, images: asImages("abcde"), ledger: [], memory: 1 });
    for (const id of "aebdcadbeca") {
      const { features } = store.get(`image ${id}`);
      assert.deepEqual(features, rowsOf(id, features.length / DIM).features);
    }
    // A shard that is kept is not read again; one that was put away is.
    await Deno.remove(join(cache.folder, cache.locations.get("a")!.entry.shard));
    assert.equal(store.get("image b").features.length, 2 * DIM);
    store.get("image e");
    assert.throws(() => store.get("image a"));
  }));

Deno.test("store: an image that is not in the cache is refused at once", () =>
  withFolder(async (folder) => {
    const cache = await makeCache(folder, [["a"]]);
    assert.throws(
      () => createFeatureStore({ cache, images: asImages("ab"), ledger: [] }),
      /Cannot open features: image "image b" is not in /,
    );
  }));

Deno.test("store: its fingerprint is that of the encoder's weights, not of their place", () =>
  withFolder(async (folder) => {
    const cache = await makeCache(folder, [["a", "b"]]);
    const fingerprint = (changes: Partial<FeatureKey["encoder"]>, images = "ab") => {
      const key = { ...cache.key, encoder: { ...cache.key.encoder, ...changes } };
      const moved: FeatureCache = Object.assign(Object.create(cache), { key });
      return createFeatureStore({ cache: moved, images: asImages(images), ledger: [] })
        .fingerprint();
    };
    assert.equal(fingerprint({ id: "/elsewhere" }), fingerprint({}));
    assert.notEqual(fingerprint({ fingerprint: "other" }), fingerprint({}));
    assert.notEqual(fingerprint({}, "a"), fingerprint({}));
  }));

Deno.test("digestFeatures: of contents, not of their layout; one bit changes it", () =>
  withFolder(async (folder) => {
    const digest = async (name: string, shards: string[][], images: string) => {
      const cache = await makeCache(join(folder, name), shards);
      return await digestFeatures(
        createFeatureStore({ cache, images: asImages(images), ledger: [] }),
      );
    };
    const one = await digest("1", [["a", "b"], ["c"]], "abc");
    assert.equal(await digest("2", [["a", "b"], ["c"]], "cba"), one);
    assert.equal(await digest("3", [["c"], ["a", "b"]], "bca"), one);
    assert.notEqual(await digest("4", [["a", "b"], ["c"]], "ab"), one);
    assert.notEqual(await digest("5", [["a"], ["b"], ["c"]], "abc"), one, "b has one patch less");
    const cache = await makeCache(join(folder, "6"), []);
    const writer = new CacheWriter(cache);
    const rows = ["a", "b"].map((key, index) => rowsOf(key, index + 1));
    rows[1].features[7] = Math.fround(rows[1].features[7] * (1 + 2 ** -23));
    await writer.commit([...rows, ...[rowsOf("c", 1)]]);
    await writer.close();
    const changed = createFeatureStore({ cache, images: asImages("abc"), ledger: [] });
    assert.notEqual(await digestFeatures(changed), one);
  }));
