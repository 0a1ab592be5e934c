import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { coverBoxes, type CoverSpec, makeCover } from "../covers/mod.ts";
import type { Dataset } from "../datasets/mod.ts";
import { cutPatches, decodeImage } from "../images/mod.ts";
import { noticesOf } from "../runtime/testing.ts";
import { CacheWriter, FeatureCache } from "./cache.ts";
import { extractFeatures } from "./extract.ts";
import { openFeatures } from "./open.ts";
import type { ExtractOptions } from "./options.ts";
import { digestFeatures } from "./store.ts";
import { filesDataset, type HashEncoder, hashEncoder, withFolder, writeImages } from "./testing.ts";

const COVER: CoverSpec = { scheme: "complete", k: 2 }; // 5 patches: several images share a call
const LARGE: CoverSpec = { scheme: "complete", k: 5 }; // 39 patches: a call an image

/** Sum of the images encoded, from progress reports. */
function watch() {
  const seen = { cached: 0, encoded: 0, failed: 0, done: 0, total: 0, patches: 0, copied: 0 };
  return { seen, onProgress: (progress: typeof seen) => void Object.assign(seen, progress) };
}

async function setUp(folder: string, images = 12) {
  const paths = await writeImages(join(folder, "images"), images);
  const encoder = hashEncoder();
  const base = { encoder, cover: COVER, cacheDir: join(folder, "cache") };
  return { paths, dataset: filesDataset(paths), encoder, base };
}

/** What an extraction must give for an image, made without this room. */
async function expectedFeatures(path: string, cover: CoverSpec, encoder: HashEncoder) {
  const image = await decodeImage(path);
  const made = makeCover(cover, image);
  const patches = await cutPatches(image, made, encoder.preprocessing);
  return { features: await encoder.encodeImages(patches), boxes: coverBoxes(made) };
}

/** The names of the files of a kind in the only cache folder. */
async function cacheFiles(cacheDir: string, pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for await (const folder of Deno.readDir(cacheDir)) {
    if (!folder.isDirectory) continue;
    for await (const file of Deno.readDir(join(cacheDir, folder.name))) {
      if (pattern.test(file.name)) found.push(join(cacheDir, folder.name, file.name));
    }
  }
  return found.sort();
}

for (const cover of [{ scheme: "full" }, COVER, LARGE] as CoverSpec[]) {
  Deno.test(`extract: features are those of the patches, ${JSON.stringify(cover)}`, () =>
    withFolder(async (folder) => {
      const { paths, dataset, base } = await setUp(folder);
      const store = await extractFeatures({ ...base, dataset, cover, batch: { images: 5 } });
      assert.deepEqual(store.imageIds, dataset.images.map(({ id }) => id));
      for (const [index, path] of paths.entries()) {
        const image = store.get(dataset.images[index].id);
        const expected = await expectedFeatures(path, cover, base.encoder);
        assert.deepEqual(image.features, expected.features);
        assert.equal(image.boxes.length, expected.boxes.length);
        assert.equal(store.patchCount(image.imageId), expected.boxes.length);
        const { width, height } = await decodeImage(path);
        assert.deepEqual(image.boxes[0], { left: 0, top: 0, width, height });
        for (const box of image.boxes) {
          assert.ok(box.left + box.width <= width && box.top + box.height <= height);
        }
        assert.equal(image.levels[0], 0);
        assert.ok(image.levels.subarray(1).every((level) => level >= 1));
      }
    }));
}

Deno.test("extract: small images share calls of one size, however many are left", () =>
  withFolder(async (folder) => {
    const { dataset, encoder, base } = await setUp(folder);
    await extractFeatures({ ...base, dataset });
    await extractFeatures({ ...base, dataset, cover: { scheme: "full" } });
    assert.deepEqual(encoder.calls, [64, 64]);
  }));

Deno.test("extract: decoding runs ahead of the encoder, but not without bound", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 30);
    const touched = new Set<number>();
    const ahead = Promise.withResolvers<void>();
    const images = dataset.images.map((image, index) => ({
      ...image,
      get objects() {
        touched.add(index);
        if (touched.size >= 5) ahead.resolve();
        return image.objects;
      },
    }));
    let whileEncoding = 0;
    const before = async (call: number) => {
      if (call > 1) return;
      await ahead.promise; // four more images are begun while the first is being encoded
      await new Promise((resolve) => setTimeout(resolve, 200));
      whileEncoding = touched.size;
    };
    const encoder = hashEncoder({ before });
    const spied = { ...dataset, images };
    await extractFeatures({ ...base, encoder, dataset: spied, cover: LARGE, ahead: 2 });
    assert.equal(touched.size, 30);
    assert.ok(whileEncoding >= 5 && whileEncoding <= 8, `${whileEncoding} images begun`);
  }));

for (const cover of [COVER, LARGE]) {
  Deno.test(`extract: images without a finite vector go to the ledger, ${JSON.stringify(cover)}`, () =>
    withFolder(async (folder) => {
      const { paths, dataset, encoder, base } = await setUp(folder);
      const patchOf = async (path: string, index: number) => {
        const image = await decodeImage(path);
        const patches = await cutPatches(image, makeCover(cover, image), encoder.preprocessing);
        const length = patches.size ** 2 * 3;
        return patches.data.subarray(index * length, (index + 1) * length);
      };
      const bad = [
        await patchOf(paths[2], 0),
        await patchOf(paths[3], 4),
        await patchOf(paths[11], 1),
      ];
      const broken = hashEncoder({
        bad: (patch) => bad.some((one) => one.every((byte, i) => byte === patch[i])),
      });
      const { seen, onProgress } = watch();
      const run = { ...base, dataset, cover, onProgress };
      const store = await extractFeatures({ ...run, encoder: broken });
      assert.deepEqual([seen.encoded, seen.failed, seen.done], [9, 3, 12]);
      const names = [2, 3, 11].map((index) => dataset.images[index].id);
      assert.deepEqual(store.ledger.map(({ image }) => image), names);
      assert.ok(store.ledger.every(({ reason }) => reason === "no finite vector"));
      assert.match(store.ledger[1].detail, /patch 4: the model gave no finite vector/);
      for (const id of store.imageIds) { // the others are what they are without such neighbours
        const { features } = await expectedFeatures(join(folder, "images", id), cover, encoder);
        assert.deepEqual(store.get(id).features, features);
      }
      const calls = broken.calls.length;
      assert.equal((await extractFeatures({ ...run, encoder: broken })).ledger.length, 3);
      assert.equal(broken.calls.length, calls); // the ledger remembers
    }));
}

Deno.test("extract: an encoder that finds fault with what is not there ends the run", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 2);
    const encoder = hashEncoder({ bad: (patch) => patch.every((byte) => byte === 0) }); // the filling
    const run = extractFeatures({ ...base, dataset, encoder });
    await assert.rejects(run, /Cannot encode image \d+: the model gave no finite vector/);
  }));

Deno.test("extract: a second run encodes nothing, nor does one over renamed and copied files", () =>
  withFolder(async (folder) => {
    const { paths, dataset, encoder, base } = await setUp(folder);
    const first = await extractFeatures({ ...base, dataset });
    const digest = await digestFeatures(first);
    const calls = encoder.calls.length;
    const { seen, onProgress } = watch();
    const second = await extractFeatures({ ...base, dataset, onProgress });
    assert.equal(await digestFeatures(second), digest);
    assert.deepEqual(seen, {
      total: 12,
      done: 12,
      cached: 12,
      encoded: 0,
      failed: 0,
      patches: 0,
      copied: 0,
    });

    await Deno.rename(paths[0], join(folder, "renamed.png"));
    await Deno.copyFile(paths[1], join(folder, "copy.png"));
    const others = filesDataset([join(folder, "renamed.png"), join(folder, "copy.png"), paths[1]]);
    const third = await extractFeatures({ ...base, dataset: others });
    assert.deepEqual(third.get("renamed.png").features, first.get("image-0000.png").features);
    assert.deepEqual(third.get("copy.png").features, third.get("image-0001.png").features);
    assert.equal(encoder.calls.length, calls);
  }));

Deno.test("extract: copies in one data set are encoded once, and both have features", () =>
  withFolder(async (folder) => {
    const { paths, base } = await setUp(folder, 3);
    await Deno.copyFile(paths[0], join(folder, "copy.png"));
    const dataset = filesDataset([...paths, join(folder, "copy.png")]);
    const { seen, onProgress } = watch();
    const store = await extractFeatures({ ...base, dataset, onProgress });
    assert.equal(seen.encoded, 3);
    assert.deepEqual(store.get("copy.png").features, store.get("image-0000.png").features);
    const visited: string[] = [];
    for await (const { imageId } of store.images()) visited.push(imageId);
    assert.deepEqual(visited.sort(), [...store.imageIds].sort());
  }));

Deno.test("extract: a changed file, encoder, cover or method is another image or another cache", () =>
  withFolder(async (folder) => {
    const { paths, dataset, base } = await setUp(folder, 2);
    const encoded = async (options: Partial<ExtractOptions>) => {
      const { seen, onProgress } = watch();
      await extractFeatures({ ...base, dataset, ...options, onProgress });
      return seen.encoded;
    };
    assert.equal(await encoded({}), 2);
    assert.equal(await encoded({ cover: { scheme: "complete", k: 2, fit: "pad" } }), 0);
    assert.equal(await encoded({ cover: { scheme: "complete", k: 2, fit: "stretch" } }), 2);
    assert.equal(await encoded({ method: "pyramid" }), 2);
    assert.equal(await encoded({ encoder: hashEncoder({ dim: 9 }) }), 2);
    assert.equal(await encoded({ encoder: { ...base.encoder, fingerprint: "other" } }), 2);
    assert.equal(await encoded({ encoder: { ...base.encoder, id: "/moved/hash" } }), 0);
    await Deno.copyFile(paths[0], paths[1]);
    assert.equal(await encoded({}), 0, "its new content is known");
    await Deno.writeFile(
      paths[1],
      await Deno.readFile((await writeImages(folder, 1, { seed: 9 }))[0]),
    );
    assert.equal(await encoded({}), 1);
  }));

Deno.test("extract: damaged shards and manifests are noticed and made again", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder);
    const options = { ...base, dataset, batch: { images: 3 } };
    const digest = await digestFeatures(await extractFeatures(options));
    const damage: [what: string, pattern: RegExp, change: (path: string) => Promise<void>][] = [
      ["cut short", /arrow$/, (path) => Deno.truncate(path, 700)],
      ["missing", /arrow$/, (path) => Deno.remove(path)],
      ["one bit", /arrow$/, async (path) => {
        const bytes = await Deno.readFile(path);
        bytes[bytes.length >> 1] ^= 4;
        await Deno.writeFile(path, bytes);
      }],
      ["torn line", /^manifest/, async (path) => {
        await Deno.truncate(path, (await Deno.stat(path)).size - 40);
      }],
    ];
    for (const [what, pattern, change] of damage) {
      await change((await cacheFiles(base.cacheDir, pattern))[0]);
      const { seen, onProgress } = watch();
      const store = await extractFeatures({ ...options, onProgress });
      assert.ok(seen.encoded >= 1 && seen.encoded <= 3, `${what}: ${seen.encoded} of a batch of 3`);
      assert.equal(await digestFeatures(store), digest, what);
    }
    const again = watch();
    await extractFeatures({ ...options, onProgress: again.onProgress });
    assert.equal(again.seen.encoded, 0);
  }));

Deno.test("extract: reading refuses a shard that was damaged after the cache was opened", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 3);
    const store = await extractFeatures({ ...base, dataset });
    const [path] = await cacheFiles(base.cacheDir, /arrow$/);
    const bytes = await Deno.readFile(path);
    bytes[bytes.length >> 1] ^= 1;
    await Deno.writeFile(path, bytes);
    assert.throws(() => store.get("image-0000.png"), /does not have its recorded SHA-256/);
    await assert.rejects(digestFeatures(store), /does not have its recorded SHA-256/);
  }));

Deno.test("extract: two processes with a shard each fill one cache, and leave nothing to do", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 13);
    const whole = await extractFeatures({ ...base, dataset, cacheDir: join(folder, "other") });
    const options = { ...base, dataset, batch: { images: 2 } };
    const halves = await Promise.all(
      [0, 1].map((index) => extractFeatures({ ...options, shard: { index, count: 2 } })),
    );
    assert.deepEqual(halves.map((store) => store.imageIds.length), [7, 6]);
    const { seen, onProgress } = watch();
    const store = await extractFeatures({ ...options, onProgress });
    assert.equal(seen.cached, 13);
    assert.equal(await digestFeatures(store), await digestFeatures(whole));
    await assert.rejects(
      extractFeatures({ ...options, shard: { index: 2, count: 2 } }),
      /shard must be index\/count with 0 <= index < count, got 2\/2/,
    );
  }));

Deno.test("extract: two processes doing the same at once do not harm each other", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 10);
    const options = { ...base, dataset, batch: { images: 2 } };
    const [a, b] = await Promise.all([extractFeatures(options), extractFeatures(options)]);
    assert.equal(await digestFeatures(a), await digestFeatures(b));
  }));

Deno.test("extract: aborting throws the reason, keeps what was encoded, and the next run goes on", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder);
    const options: ExtractOptions = { ...base, dataset, cover: LARGE };
    const digest = await digestFeatures(
      await extractFeatures({ ...options, cacheDir: join(folder, "other") }),
    );
    const controller = new AbortController(), reason = new Error("enough");
    const before = (call: number) => {
      if (call === 5) controller.abort(reason);
      return Promise.resolve();
    };
    const encoder = hashEncoder({ before });
    const stopped = extractFeatures({ ...options, encoder, signal: controller.signal });
    await assert.rejects(stopped, (error) => error === reason);
    await assert.rejects(
      extractFeatures({ ...options, signal: controller.signal }),
      (error) => error === reason,
    );
    await assert.rejects(openFeatures(options), /12 images in, but 4 cached \+ 0 in the ledger/);
    const { seen, onProgress } = watch();
    const store = await extractFeatures({ ...options, onProgress });
    assert.deepEqual([seen.cached, seen.encoded], [4, 8]);
    assert.equal(await digestFeatures(store), digest);
    assert.equal(await digestFeatures(await openFeatures(options)), digest);
  }));

Deno.test("cache: checking it can be stopped, and a closed writer opens nothing", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 2);
    const { key } = await extractFeatures({ ...base, dataset });
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(
      FeatureCache.open(base.cacheDir, key, { verify: "checksum", signal }),
      /^Error: enough$/,
    );
    const writer = new CacheWriter(await FeatureCache.open(base.cacheDir, key));
    await writer.close();
    const entry = { image: "late.png", path: "late.png", key: null, reason: "?", detail: "?" };
    await assert.rejects(writer.note({ ...entry, time: "" }), /Cannot note late\.png/);
    assert.deepEqual(await cacheFiles(base.cacheDir, /^ledger-/), []);
  }));

Deno.test("extract: a failing encoder stops the run; it is no fault of the images", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder);
    const before = (call: number) =>
      call === 3 ? Promise.reject(new Error("out of device memory")) : Promise.resolve();
    const options = { ...base, dataset, cover: LARGE };
    await assert.rejects(
      extractFeatures({ ...options, encoder: hashEncoder({ before }) }),
      /out of device memory/,
    );
    const { seen, onProgress } = watch();
    assert.equal((await extractFeatures({ ...options, onProgress })).ledger.length, 0);
    assert.equal(seen.cached, 2);
  }));

Deno.test("extract: throws when what is on disk at the end is not what came in", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 3);
    const onEvent: ExtractOptions["onEvent"] = (event) => {
      if (event.type !== "written") return;
      for (const item of Deno.readDirSync(base.cacheDir)) {
        if (item.isDirectory) Deno.removeSync(join(base.cacheDir, item.name, event.shard));
      }
    };
    await assert.rejects(
      extractFeatures({ ...base, dataset, onEvent }),
      /3 images in, but 0 cached \+ 0 in the ledger .* missing: image-0000.png, image-0001.png/,
    );
  }));

Deno.test("extract: bad images go to the ledger once, and are tried again when asked or changed", () =>
  withFolder(async (folder) => {
    const { paths, base } = await setUp(folder, 3);
    const bad = join(folder, "bad.png"), absent = join(folder, "absent.png");
    await Deno.writeFile(bad, (await Deno.readFile(paths[0])).subarray(0, 800));
    await Deno.copyFile(bad, join(folder, "bad too.png"));
    const dataset = filesDataset([bad, absent, join(folder, "bad too.png"), ...paths]);
    for (let run = 0; run < 2; run++) {
      const store = await extractFeatures({ ...base, dataset });
      assert.deepEqual(store.imageIds, paths.map((path) => path.split("/").pop()));
      assert.deepEqual(store.ledger.map(({ image, reason }) => [image, reason]), [
        ["bad.png", "truncated or corrupt"],
        ["absent.png", "unreadable file"],
        ["bad too.png", "truncated or corrupt"],
      ]);
      assert.throws(() => store.get("bad.png"), /"bad.png": it could not be encoded: truncated/);
      assert.throws(() => store.get("none.png"), /"none.png": the data set has no such image/);
      assert.equal((await cacheFiles(base.cacheDir, /^ledger/)).length, 1, "nothing new to note");
    }
    assert.equal((await openFeatures({ ...base, dataset })).ledger.length, 3);

    const { seen, onProgress } = watch();
    assert.equal(
      (await extractFeatures({ ...base, dataset, retry: true, onProgress })).ledger.length,
      3,
    );
    assert.equal((await extractFeatures({ ...base, dataset })).ledger.length, 3);
    assert.equal(seen.encoded, 0);

    await Deno.copyFile(paths[0], bad);
    await Deno.copyFile(paths[1], absent);
    const repaired = await extractFeatures({ ...base, dataset });
    assert.deepEqual(repaired.ledger.map(({ image }) => image), ["bad too.png"]);
  }));

Deno.test("extract: images too large for a limit are tried again under a larger one, and only then", () =>
  withFolder(async (folder) => {
    const { paths, base } = await setUp(folder, 3);
    const dataset = filesDataset(paths);
    const options = { ...base, dataset };
    const steps: [limits: Partial<ExtractOptions>, details: RegExp | undefined, ledgers: number][] =
      [
        [{ maxBytes: 10 }, /too many bytes \(\d+; the limit is 10\)/, 1],
        [{ maxBytes: 10, maxPixels: 5 }, /too many bytes \(\d+; the limit is 10\)/, 1],
        [{ maxPixels: 100 }, /too many pixels \(the limit is 100\)/, 2],
        [{ maxPixels: 100 }, /too many pixels \(the limit is 100\)/, 2], // nothing new to note
        [{ maxPixels: 99 }, /too many pixels \(the limit is 100\)/, 2], // they are larger than that, too
        [{ maxPixels: 101 }, /too many pixels \(the limit is 101\)/, 3],
        [{}, undefined, 3],
        [{ maxPixels: 100 }, undefined, 3],
      ];
    for (const [limits, details, ledgers] of steps) {
      const { ledger, imageIds } = await extractFeatures({ ...options, ...limits });
      assert.equal(imageIds.length, details ? 0 : 3, JSON.stringify(limits));
      for (const { detail } of ledger) assert.match(detail, details!);
      assert.equal((await cacheFiles(base.cacheDir, /^ledger/)).length, ledgers);
    }
  }));

/** The features of two images, and the file with their key. */
async function withKeyFile(
  test: (path: string, again: () => Promise<string>, fingerprint: string) => Promise<void>,
) {
  await noticesOf(() =>
    withFolder(async (folder) => {
      const { dataset, base } = await setUp(folder, 2);
      const again = async () => (await extractFeatures({ ...base, dataset })).fingerprint();
      const fingerprint = await again();
      const [path] = await cacheFiles(base.cacheDir, /^key\.json$/);
      await test(path, again, fingerprint);
    })
  );
}

Deno.test("extract: a key.json that is damaged, as its digest says, is written anew", () =>
  withKeyFile(async (path, again, fingerprint) => {
    const text = await Deno.readTextFile(path);
    const changed = text.replace('"id": "hash"', '"id": "hush"');
    for (const damaged of [text.replace("exact", "exacd"), changed, text.slice(0, 90), ""]) {
      assert.notEqual(damaged, text);
      await Deno.writeTextFile(path, damaged);
      assert.equal(await again(), fingerprint);
      assert.equal(await Deno.readTextFile(path), text);
    }
  }));

Deno.test("extract: a key.json of an older version is accepted, and named where it is another key's", () =>
  withKeyFile(async (path, again, fingerprint) => {
    const { digest: _, ...key } = JSON.parse(await Deno.readTextFile(path));
    const old = JSON.stringify(key, null, 2) + "\n";
    await Deno.writeTextFile(path, old);
    assert.equal(await again(), fingerprint);
    assert.equal(await Deno.readTextFile(path), old, "and stays");
    const folder = dirname(path);
    for (const damaged of [old.replace("exact", "exacd"), "{}", "null"]) {
      await Deno.writeTextFile(path, damaged);
      await assert.rejects(again(), {
        message: `Cannot open feature cache ${folder}: its key.json names another key, so it is ` +
          `damaged; delete the folder ${folder}, and its features are computed anew`,
      });
    }
    await Deno.remove(folder, { recursive: true });
    assert.equal(await again(), fingerprint);
  }));

Deno.test("extract: two at once share the work, and equal one", () =>
  withFolder(async (folder) => {
    const { dataset, base, encoder } = await setUp(folder);
    const both = await Promise.all([0, 1].map(() => extractFeatures({ ...base, dataset })));
    const once = encoder.calls.reduce((a, b) => a + b);
    const alone = hashEncoder(), cacheDir = join(folder, "alone");
    const store = await extractFeatures({ ...base, dataset, encoder: alone, cacheDir });
    assert.equal(once, alone.calls.reduce((a, b) => a + b), "nothing is encoded twice");
    for (const one of both) assert.equal(await digestFeatures(one), await digestFeatures(store));
    assert.deepEqual(await cacheFiles(base.cacheDir, /lock$/), []);
  }));

Deno.test("extract: options that mean nothing are refused before anything is written", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 1);
    const options = { ...base, dataset };
    const refusals: [object, RegExp][] = [
      [{ maxPixels: NaN }, /maxPixels must be a positive integer, got NaN/],
      [{ maxBytes: 0 }, /maxBytes must be a positive integer, got 0/],
      [{ method: "exakt" }, /method must be one of exact, pyramid, got "exakt"/],
      [{ verify: "chekcsum" }, /verify must be one of checksum, size, got "chekcsum"/],
      [{ maxPixel: 9 }, /maxPixel is not a setting; did you mean maxPixels\?/],
      [{ batchSize: 9 }, /batchSize is not a setting \(there are: .*batch,/],
      [{ batch: { images: -3 } }, /batch\.images must be a positive integer, got -3/],
      [{ batch: { seconds: NaN } }, /batch\.seconds must be .* got NaN/],
      [{ ahead: 0 }, /ahead must be a positive integer, got 0/],
      [{ retry: "no" }, /retry must be true or false, got "no"/],
      [{ shard: { index: 0.5, count: 2 } }, /shard\.index must be .* got 0\.5/],
      [{ cacheDir: "" }, /cacheDir must be text that is not empty, got ""/],
      [{ cover: undefined }, /cover/],
      [{ cover: { scheme: "complete", k: 2, fitt: "pad" } }, /cover\.fitt is not .* mean fit\?/],
      [{ dataset: undefined }, /dataset is missing: it must be a data set/],
      [{ dataset: folder }, /dataset must be a data set, got/],
      [{ encoder: undefined }, /encoder is missing: it must be an encoder/],
      [{ encoder: {} }, /encoder must be an encoder, got {}/],
      [{ reuse: [{}] }, /reuse\[0\] must be a feature store, got {}/],
      [{ signal: true }, /signal must be an AbortSignal, got true/],
      [{ onProgress: 1 }, /onProgress must be a function, got 1/],
      [
        { dataset: { ...dataset, annotated: false }, cover: { scheme: "objects" } },
        /the cover "objects" needs annotated boxes, but files has no annotations/,
      ],
    ];
    for (const [wrong, message] of refusals) {
      await assert.rejects(
        extractFeatures({ ...options, ...wrong }),
        (error) =>
          error instanceof RangeError && error.message.startsWith("Cannot extract features: ") &&
          message.test(error.message),
        JSON.stringify(wrong),
      );
    }
    await assert.rejects(extractFeatures(undefined as unknown as ExtractOptions), RangeError);
    await assert.rejects(Deno.stat(base.cacheDir), Deno.errors.NotFound);
    await assert.rejects(
      openFeatures({ ...options, methd: "exact" } as unknown as Parameters<typeof openFeatures>[0]),
      /Cannot open features: methd is not a setting; did you mean method\?/,
    );
    assert.equal((await extractFeatures({ ...options, method: undefined })).ledger.length, 0);
  }));

Deno.test("extract: a cover that is a mistake is thrown, not noted for every image", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 2);
    await assert.rejects(
      extractFeatures({ ...base, dataset, cover: { scheme: "complete", k: 0 } }),
      RangeError,
    );
  }));

Deno.test("extract: object covers take the annotated boxes, and know when these change", () =>
  withFolder(async (folder) => {
    const { paths, encoder, base } = await setUp(folder, 2);
    const objects = [
      { category: 0, box: { left: 2, top: 3, width: 10, height: 12 } },
      { category: 0, box: { left: 15, top: 1, width: 7, height: 5 } },
    ];
    const options = { ...base, cover: { scheme: "objects" } as const };
    const dataset = filesDataset(paths, (index) => (index === 0 ? objects : []));
    const store = await extractFeatures({ ...options, dataset });
    const { boxes, levels } = store.get("image-0000.png");
    assert.deepEqual(boxes.slice(1), objects.map(({ box }) => box));
    assert.deepEqual([...levels], [0, 1, 1]);
    assert.equal(store.patchCount("image-0001.png"), 1);
    const calls = encoder.calls.length;
    const fewer: Dataset = filesDataset(paths, (index) => (index === 0 ? objects.slice(1) : []));
    const { seen, onProgress } = watch();
    const changed = await extractFeatures({ ...options, dataset: fewer, onProgress });
    assert.deepEqual(changed.get("image-0000.png").boxes.slice(1), [objects[1].box]);
    assert.deepEqual([seen.cached, seen.encoded, encoder.calls.length - calls], [1, 1, 1]);
  }));

Deno.test("extract: litter of killed processes is swept away, files of living ones stay", () =>
  withFolder(async (folder) => {
    const { dataset, base } = await setUp(folder, 2);
    await extractFeatures({ ...base, dataset });
    const [shard] = await cacheFiles(base.cacheDir, /arrow$/);
    const cache = dirname(shard);
    const put = (name: string) => Deno.writeTextFile(join(cache, name), "");
    for (const writer of ["dead", "live"]) {
      await put(`manifest-${writer}.jsonl`);
      await put(`shard-${writer}-000000.arrow`);
      await put(`shard-${writer}-000001.arrow.77-0.tmp`);
    }
    using live = await Deno.open(join(cache, "manifest-live.jsonl"), { write: true });
    await live.lock(true);
    using writing = await Deno.open(join(cache, "shard-live-000001.arrow.77-0.tmp"));
    await writing.lock(true);
    await put("key.json.77-1.tmp");
    await Deno.writeTextFile(join(base.cacheDir, "content-hashes.jsonl.77-2.tmp"), "");
    await extractFeatures({ ...base, dataset });
    assert.deepEqual(await cacheFiles(base.cacheDir, /^key\.json\..*tmp|lock$/), []);
    const around = [...Deno.readDirSync(base.cacheDir)].map(({ name }) => name);
    assert.ok(!around.some((name) => name.endsWith(".tmp")), around.join());
    assert.deepEqual(await cacheFiles(base.cacheDir, /dead|live/), [
      join(cache, "manifest-live.jsonl"),
      join(cache, "shard-live-000000.arrow"),
      join(cache, "shard-live-000001.arrow.77-0.tmp"),
    ]);
    assert.deepEqual(await cacheFiles(base.cacheDir, /^shard-(?!live)/), [shard]);
  }));
