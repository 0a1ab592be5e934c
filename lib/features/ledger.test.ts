import assert from "node:assert/strict";
import { join } from "node:path";
import { VectorError } from "../encoders/mod.ts";
import { ImageError } from "../images/mod.ts";
import { CacheWriter, FeatureCache } from "./cache.ts";
import { extractFeatures } from "./extract.ts";
import { sha256 } from "../runtime/files.ts";
import { openHashIndex } from "./hashes.ts";
import { describeLedger, explain, type LedgerEntry } from "./ledger.ts";
import type { ExtractOptions } from "./options.ts";
import { filesDataset, hashEncoder, withFolder, writeImages } from "./testing.ts";

const COVER = { scheme: "full" } as const;

/** An extraction of three images, the first of which stands in the ledger for what `entry` says. */
async function withRefused(
  entry: Partial<LedgerEntry>,
  test: (run: (options?: Partial<ExtractOptions>) => Promise<string[]>) => Promise<void>,
) {
  await withFolder(async (folder) => {
    const paths = await writeImages(join(folder, "images"), 3);
    const bytes = await Deno.readFile(paths[0]);
    const dataset = filesDataset(paths), cacheDir = join(folder, "cache");
    const base = { dataset, cover: COVER, encoder: hashEncoder(), cacheDir };
    const empty = { ...dataset, images: [] };
    const { key } = await extractFeatures({ ...base, dataset: empty });
    const writer = new CacheWriter(await FeatureCache.open(cacheDir, key));
    const image = dataset.images[0].id, time = new Date(0).toISOString();
    const known = { image, path: paths[0], key: sha256(bytes), reason: "odd", detail: "odd", time };
    await writer.note({ ...known, ...entry });
    await writer.close();
    await test(async (options) =>
      (await extractFeatures({ ...base, ...options })).ledger.map(({ image }) => image)
    );
  });
}

Deno.test("ledger: what only the machine was to blame for is tried again", async () => {
  for (const entry of [{ cause: "machine" }, {}] as Partial<LedgerEntry>[]) {
    await withRefused(entry, async (run) => assert.deepEqual(await run(), []));
  }
});

Deno.test("ledger: what is wrong with the bytes stays, until another decoder may read them", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "bad.png");
    await Deno.writeTextFile(path, "not an image");
    const options = { dataset: filesDataset([path]), cover: COVER, encoder: hashEncoder() };
    const run = async () => (await extractFeatures({ ...options, cacheDir: folder })).ledger;
    const [{ cause, conditions, time }] = await run();
    assert.equal((await run())[0].time, time, "nothing new");
    assert.equal(cause, "content");
    assert.match(conditions!, /"decoder":"sharp [\d.]+, libvips [\d.]+"/);
    const current = { cause, conditions };
    await withRefused(current, async (run) => {
      assert.deepEqual(await run(), ["image-0000.png"]);
      assert.deepEqual(await run({ retry: true }), []);
    });
    const older = { cause, conditions: conditions!.replace(/sharp [\d.]+/, "sharp 0.1") };
    await withRefused(older, async (run) => assert.deepEqual(await run(), []));
    await withRefused(current, async (run) =>
      // a refusal of another kind may depend on it
      assert.deepEqual(await run({ maxPixels: 10_000 }), []));
  });
});

Deno.test("ledger: a file that cannot be read is tried again, though its content was known", () =>
  withFolder(async (folder) => {
    const [path] = await writeImages(folder, 1), cacheDir = join(folder, "cache");
    const dataset = filesDataset([path]);
    const hashes = await openHashIndex(cacheDir, () => Date.now() + 10_000);
    hashes.set(path, await Deno.stat(path), sha256(await Deno.readFile(path)));
    await hashes.save();
    const options = { dataset, encoder: hashEncoder(), cacheDir, cover: COVER };
    const image = { // gone between the look at its hash and the reading
      ...dataset.images[0],
      get objects() {
        Deno.renameSync(path, `${path}.away`);
        Object.defineProperty(this, "objects", { value: [] });
        return [];
      },
    };
    const spied = { ...dataset, images: [image] };
    const first = await extractFeatures({ ...options, dataset: spied });
    const [{ key, reason, cause }] = first.ledger;
    assert.deepEqual([reason, cause], ["unreadable file", "machine"]);
    assert.ok(key, "known by its content");
    await Deno.rename(`${path}.away`, path);
    assert.deepEqual((await extractFeatures(options)).ledger, []);
  }));

Deno.test("ledger: reasons have no names and no numbers, and tell the machine from the content", () => {
  const memory = new Error("vips_malloc: out of memory --- size == 123MB");
  const cases: [error: unknown, reason: string, cause: string][] = [
    [new ImageError("a.png", "truncated or corrupt", "at 7"), "truncated or corrupt", "content"],
    [
      new ImageError("a.png", "truncated or corrupt", "", { cause: memory }),
      "out of memory",
      "machine",
    ],
    [new RangeError("Array buffer allocation failed"), "out of memory", "machine"],
    [new ImageError("a.png", "unreadable file", "EACCES"), "unreadable file", "machine"],
    [new Error("No space left on device (os error 28)"), "disk full", "machine"],
    [new VectorError("patch", 3), "no finite vector", "content"],
    [
      new RangeError('Cannot cover image "a.png": it is 1 px wide'),
      "Cannot cover image",
      "content",
    ],
    [new Error("Cannot decode 12 tiles: surprise"), "Cannot decode … tiles", "machine"],
    ["a string", "a string", "machine"],
  ];
  for (const [error, reason, cause] of cases) {
    const found = explain(error);
    assert.deepEqual([found.reason, found.cause], [reason, cause]);
    assert.ok(found.detail.length > 0);
  }
});

Deno.test("ledger: few images are described one by one, many by reason", () => {
  const entry = (index: number, reason: string): LedgerEntry => {
    const image = `${index}.png`;
    return { image, path: image, key: null, reason, detail: `Cannot decode ${image}`, time: "" };
  };
  assert.deepEqual(describeLedger([]), []);
  assert.deepEqual(describeLedger([entry(1, "odd")]), ["1.png: Cannot decode 1.png"]);
  const many = Array.from({ length: 100_000 }, (_, i) => entry(i, i === 5 ? "empty file" : "odd"));
  assert.deepEqual(describeLedger(many), [
    "99999 images: odd: 0.png, 1.png, 2.png, …",
    "1 image: empty file: 5.png",
  ]);
});
