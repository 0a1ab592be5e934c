import assert from "node:assert/strict";
import { join } from "node:path";
import type { CoverSpec } from "../covers/mod.ts";
import type { Dataset } from "../datasets/mod.ts";
import { sha256 } from "../runtime/files.ts";
import { extractFeatures } from "./extract.ts";
import { openHashIndex } from "./hashes.ts";
import { featureKey } from "./key.ts";
import type { ExtractOptions, ExtractProgress } from "./options.ts";
import { prepareImage } from "./prepare.ts";
import { findPatches } from "./reuse.ts";
import { digestFeatures, type FeatureStore } from "./store.ts";
import { filesDataset, hashEncoder, withFolder, writeImages } from "./testing.ts";

const OBJECTS = [{ category: 0, box: { left: 2, top: 3.5, width: 10, height: 12 } }];

/** Images of 43 px, a multiple of no k, so that covers pad or stretch them, each to its own size. */
async function setUp(folder: string, images = 4) {
  const paths = await writeImages(join(folder, "images"), images, { side: 43 });
  const dataset = filesDataset(paths, (index) => (index === 1 ? [] : OBJECTS));
  const encoder = hashEncoder();
  const base = { dataset, encoder, cacheDir: join(folder, "cache") };
  const plain = (cover: CoverSpec, options: Partial<ExtractOptions> = {}) =>
    extractFeatures({ ...base, cacheDir: join(folder, "plain"), cover, ...options });
  return { paths, dataset, encoder, base, plain };
}

/** Extracts with patches to copy; returns the last progress too. */
async function extractFrom(
  reuse: FeatureStore[],
  options: Omit<ExtractOptions, "reuse">,
): Promise<{ store: FeatureStore; seen: ExtractProgress }> {
  let seen!: ExtractProgress;
  const onProgress = (progress: ExtractProgress) => seen = progress;
  return { store: await extractFeatures({ ...options, reuse, onProgress }), seen };
}

const k = (k: number, fit?: "pad" | "stretch"): CoverSpec => ({ scheme: "complete", k, fit });
const grid = (n: number, fit?: "pad" | "stretch"): CoverSpec => ({ scheme: "grid", n, fit });
const objects: CoverSpec = { scheme: "objects" }, full: CoverSpec = { scheme: "full" };
const verified: CoverSpec = { scheme: "verified", k: 4, minSide: 0.1 };

// The encoder is a hash of pixels: one patch copied from another place would change the digest.
const CASES: [from: CoverSpec, to: CoverSpec, copied: "all" | "some" | "none"][] = [
  [k(5), grid(5), "all"],
  [k(5, "stretch"), grid(5, "stretch"), "all"],
  [k(4), k(2), "some"],
  [k(5), k(5, "stretch"), "none"],
  [k(5, "stretch"), full, "none"],
  [k(5), full, "none"], // padded to 45 px
  [full, objects, "some"],
  [objects, full, "all"],
  [verified, full, "all"],
  [objects, verified, "some"],
];

for (const [from, to, copied] of CASES) {
  Deno.test(`reuse: ${JSON.stringify(from)} -> ${JSON.stringify(to)}: ${copied} copied`, () =>
    withFolder(async (folder) => {
      const { base, plain, encoder } = await setUp(folder);
      const expected = await digestFeatures(await plain(to));
      const source = await plain(from);
      encoder.calls.length = 0;
      const { store, seen } = await extractFrom([source], { ...base, cover: to });
      assert.equal(await digestFeatures(store), expected);
      assert.equal(seen.copied + seen.patches, store.patches);
      assert.equal(seen.encoded, 4);
      if (copied === "all") assert.deepEqual([seen.patches, encoder.calls], [0, []]);
      else assert.equal(copied === "some", seen.copied > 0);
    }));
}

Deno.test("reuse: an image that is known whole is not read, whatever size the data set says", () =>
  withFolder(async (folder) => {
    const { base, plain, dataset, encoder } = await setUp(folder);
    const source = await plain(k(5));
    const cover = grid(5);
    const key = featureKey({ cover, encoder });
    const [image] = dataset.images;
    const content = sha256(await Deno.readFile(image.path));
    const prepared = await prepareImage(
      { ...image, path: join(folder, "gone.png"), width: 9, height: 7 },
      { key: content, size: 1 },
      {
        cover: key.cover,
        preprocessing: encoder.preprocessing,
        method: "exact",
        maxBytes: 1e6,
        known: { find: findPatches([source], key), dim: encoder.dim },
        hashes: await openHashIndex(folder),
        signal: new AbortController().signal,
      },
    );
    const expected = (await plain(cover)).get(image.id);
    assert.equal(prepared.patches.count, 0);
    assert.deepEqual(prepared.copied?.features, expected.features);
    assert.deepEqual([prepared.boxes, prepared.levels], [expected.boxes, expected.levels]);
    const lying = { ...dataset, images: dataset.images.map((one) => ({ ...one, width: 9999 })) };
    const { store } = await extractFrom([source], { ...base, dataset: lying, cover });
    assert.equal(await digestFeatures(store), await digestFeatures(await plain(cover)));
  }));

Deno.test("reuse: other encoders, methods and images are left alone; what is missing is encoded", () =>
  withFolder(async (folder) => {
    const { base, plain, dataset, paths } = await setUp(folder);
    const cover = grid(5);
    const expected = await digestFeatures(await plain(cover));
    const half: Dataset = filesDataset(paths.slice(0, 2));
    const wrong = [
      await plain(k(5), { encoder: { ...base.encoder, fingerprint: "other" } }),
      await plain(k(5), { encoder: hashEncoder({ dim: 9 }) }),
      await plain(k(5), { method: "pyramid" }),
    ];
    const none = await extractFrom(wrong, { ...base, cover });
    assert.deepEqual([none.seen.copied, none.seen.encoded], [0, 4]);
    const cacheDir = join(folder, "second");
    const some = await extractFrom([...wrong, await plain(k(5), { dataset: half })], {
      ...base,
      cover,
      cacheDir,
    });
    assert.deepEqual([some.seen.copied, some.seen.patches], [52, 52]);
    const pyramid = { ...base, cover, method: "pyramid" as const, cacheDir };
    assert.equal((await extractFrom(wrong, pyramid)).seen.copied, 0);
    for (const { store } of [none, some]) assert.equal(await digestFeatures(store), expected);

    // The same names, other pictures: known by content, not by name.
    await writeImages(join(folder, "images"), 4, { side: 43, seed: 8 });
    const others = { ...base, dataset, cover, cacheDir: join(folder, "third") };
    assert.equal((await extractFrom([none.store], others)).seen.copied, 0);
  }));

Deno.test("reuse: once a cover is known whole no further store is asked", () =>
  withFolder(async (folder) => {
    const { base, plain } = await setUp(folder);
    const [first, second] = [await plain(k(5)), await plain(grid(5))];
    const asked: string[] = [];
    second.byContent = (hash) => {
      asked.push(hash);
      return undefined;
    };
    const all = await extractFrom([first, second], { ...base, cover: grid(5) });
    assert.deepEqual([all.seen.patches, asked.length], [0, 0]);
    await extractFrom([first, second], { ...base, cover: full });
    assert.equal(asked.length, 4); // the first store lacks the image without padding
  }));

Deno.test("reuse: a damaged store is as good as none", () =>
  withFolder(async (folder) => {
    const { base, plain } = await setUp(folder);
    const expected = await digestFeatures(await plain(grid(5)));
    const changes: ((path: string) => Promise<void>)[] = [
      (path) => Deno.remove(path),
      (path) => Deno.truncate(path, 700),
      async (path) => {
        const bytes = await Deno.readFile(path);
        bytes[bytes.length >> 1] ^= 4;
        await Deno.writeFile(path, bytes);
      },
    ];
    for (const [index, change] of changes.entries()) {
      const source = await plain(k(5), { cacheDir: join(folder, `from ${index}`) });
      for await (const { name } of Deno.readDir(source.folder)) {
        if (name.endsWith(".arrow")) await change(join(source.folder, name));
      }
      const cacheDir = join(folder, `to ${index}`);
      const { store, seen } = await extractFrom([source], { ...base, cacheDir, cover: grid(5) });
      assert.deepEqual([seen.copied, seen.patches], [0, 104]);
      assert.equal(await digestFeatures(store), expected);
    }
  }));

Deno.test("reuse: limits hold, and faults name the patch of the cover", () =>
  withFolder(async (folder) => {
    const { base, plain, dataset } = await setUp(folder);
    const source = await plain(k(5));
    const pixels = { ...base, cover: grid(5), maxPixels: 100 };
    const refused = (await extractFrom([source], pixels)).store.ledger;
    assert.deepEqual(refused.map(({ reason }) => reason), Array(4).fill("too many pixels"));
    const bytes = { ...base, cover: grid(5), maxBytes: 10, cacheDir: join(folder, "bytes") };
    const large = (await extractFrom([source], bytes)).store.ledger;
    assert.deepEqual(large.map(({ reason }) => reason), Array(4).fill("too many bytes"));

    // Only the box of the object is new to who knows the whole image: patch 1 of the cover.
    const encoder = hashEncoder({ bad: (patch) => patch.some((byte) => byte > 0) });
    const known = await plain(full);
    const broken = { ...base, encoder, dataset, cover: objects };
    const { ledger } = (await extractFrom([known], broken)).store;
    assert.equal(ledger.length, 3);
    assert.match(ledger[0].detail, /patch 1: the model gave no finite vector/);
  }));

Deno.test("reuse: a run that is stopped is gone on with, and gives the same", () =>
  withFolder(async (folder) => {
    const { base, plain } = await setUp(folder, 8);
    const source = await plain(grid(5));
    const expected = await digestFeatures(await plain(k(5)));
    const controller = new AbortController();
    const onEvent: ExtractOptions["onEvent"] = ({ type }) => {
      if (type === "written") controller.abort(new Error("enough"));
    };
    const options = { ...base, cover: k(5), batch: { images: 2 } };
    const stopped = extractFrom([source], { ...options, onEvent, signal: controller.signal });
    await assert.rejects(stopped, /enough/);
    const { store, seen } = await extractFrom([source], options);
    assert.ok(seen.cached >= 2 && seen.encoded >= 1, `${seen.cached} cached`);
    assert.equal(await digestFeatures(store), expected);
  }));
