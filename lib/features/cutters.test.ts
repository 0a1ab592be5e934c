import assert from "node:assert/strict";
import { join } from "node:path";
import { ImageError } from "../images/mod.ts";
import { cutImage, type CutJob } from "./cut_image.ts";
import { CutterError, Cutters } from "./cutters.ts";
import { type ExtractEvent, extractFeatures } from "./mod.ts";
import { digestFeatures } from "./store.ts";
import { filesDataset, hashEncoder, withFolder, writeImages } from "./testing.ts";
import { packError, unpackError } from "./thread_error.ts";

const COVER = { scheme: "complete", k: 3 } as const;

/** Enough images that threads are started, the broken ones among them. */
async function manyImages(folder: string): Promise<string[]> {
  const paths = await writeImages(join(folder, "images"), 70);
  const [good] = paths, bytes = await Deno.readFile(good);
  const broken = {
    "cut.png": bytes.subarray(0, 900),
    "text.png": new TextEncoder().encode("none"),
  };
  for (const [name, content] of Object.entries(broken)) {
    const path = join(folder, "images", name);
    await Deno.writeFile(path, content);
    paths.splice(60, 0, path);
  }
  return paths;
}

Deno.test("threads: the same features to the bit, in the same order, and the same ledger, as without", () =>
  withFolder(async (folder) => {
    const paths = await manyImages(folder);
    const extract = async (threads: number) => {
      const order: string[] = [];
      const onEvent = (event: ExtractEvent) => {
        if (event.type === "encoded") order.push(event.key);
      };
      const store = await extractFeatures({
        ...{
          dataset: filesDataset(paths),
          cover: COVER,
          encoder: hashEncoder({ size: 224 }),
          threads,
          onEvent,
        },
        cacheDir: join(folder, `cache-${threads}`),
      });
      // libvips shares its messages among threads: they may stand in each other's details
      const ledger = store.ledger.map(({ time: _, detail: __, ...entry }) => entry)
        .sort((a, b) => a.image < b.image ? -1 : 1);
      return { digest: await digestFeatures(store), ledger, order };
    };
    const alone = await extract(0), helped = await extract(2);
    assert.equal(helped.digest, alone.digest);
    assert.equal(helped.order.length, 70);
    assert.deepEqual(helped.order, alone.order);
    assert.equal(helped.ledger.length, 2);
    assert.deepEqual(helped.ledger, alone.ledger);
    assert.match(alone.ledger[0].reason, /truncated or corrupt/);
  }));

/** Jobs on the bytes of one image, each of more than 4 million pixels of patches: four of them pay for a thread. */
async function makeJob(folder: string): Promise<() => CutJob> {
  const [path] = await writeImages(folder, 1);
  const bytes = await Deno.readFile(path);
  return () => ({
    ...{ source: bytes.slice(), path, cover: COVER, objects: [], method: "exact" },
    preprocessing: { mode: "squash", size: 600 },
  });
}

Deno.test("threads: started one by one as images come, and ended by an abort whatever they do", () =>
  withFolder(async (folder) => {
    const job = await makeJob(folder), reason = new Error("stop"), stop = new AbortController();
    using cutters = new Cutters(2, stop.signal);
    const wanted = await cutImage(job());
    assert.ok(wanted.patches.count * 600 ** 2 > 4e6);
    for (let i = 0; i < 4; i++) await cutters.cut(job());
    assert.equal(cutters.threads, 0);
    await cutters.cut(job());
    assert.equal(cutters.threads, 1);
    for (let i = 0; i < 8; i++) {
      const { patches } = await cutters.cut(job());
      assert.ok(patches.data.every((value, j) => value === wanted.patches.data[j]));
    }
    assert.equal(cutters.threads, 2, "no more than were asked for");
    const late = cutters.cut({ ...job(), cover: { scheme: "complete", k: 10 } });
    stop.abort(reason);
    await assert.rejects(late, reason);
    assert.equal(cutters.threads, 0);
    assert.throws(() => cutters.cut(job()), reason);
  }));

/** Does work while threads end as soon as they are started. */
async function withEndingThreads(work: () => Promise<void>): Promise<void> {
  const Own = globalThis.Worker;
  globalThis.Worker = class extends Own {
    constructor(_: string | URL, options?: WorkerOptions) {
      super("data:text/javascript,throw new Error('no memory')", options);
    }
  };
  try {
    await work();
  } finally {
    globalThis.Worker = Own;
  }
}

Deno.test("threads: one that ends by itself fails what it had and all that comes, no one waits", () =>
  withFolder(async (folder) => {
    const job = await makeJob(folder);
    using cutters = new Cutters(1, new AbortController().signal);
    for (let i = 0; i < 4; i++) await cutters.cut(job());
    await withEndingThreads(async () => {
      await assert.rejects(cutters.cut(job()), /^CutterError: .* a thread ended: .*no memory/);
      await assert.rejects(cutters.cut(job()), CutterError);
    });
  }));

Deno.test("threads: one that ends stops the extraction and puts no image into the ledger", () =>
  withFolder(async (folder) => {
    const dataset = filesDataset(await writeImages(join(folder, "images"), 40));
    const encoder = hashEncoder({ size: 224 }), cacheDir = join(folder, "cache");
    const extract = (threads: number) =>
      extractFeatures({ dataset, cover: COVER, encoder, cacheDir, threads });
    await withEndingThreads(() => assert.rejects(extract(1), CutterError));
    const store = await extract(0);
    assert.equal(store.imageIds.length, 40);
    assert.equal(store.ledger.length, 0);
  }));

Deno.test("threads: a tile's pixels stay its scene's, a job's bytes are handed over", () =>
  withFolder(async (folder) => {
    const job = await makeJob(folder);
    using cutters = new Cutters(1, new AbortController().signal);
    for (let i = 0; i < 4; i++) await cutters.cut(job());
    const tile = { width: 30, height: 20, data: new Uint8Array(30 * 20 * 3).fill(9) };
    const { patches } = await cutters.cut({ ...job(), source: tile });
    assert.equal(tile.data.length, 30 * 20 * 3);
    assert.ok(patches.data.every((value) => value === 9));
    const given = job(), cut = cutters.cut(given);
    assert.equal((given.source as Uint8Array).length, 0);
    assert.equal((await cut).usesKnown, false);
  }));

Deno.test("threads: errors come over as what they were", () => {
  const cause = new RangeError("far below");
  const error = new ImageError("a.png", "truncated or corrupt", "at 9", { cause });
  const back = unpackError(structuredClone(packError(error)));
  assert.ok(back instanceof ImageError && back.cause instanceof RangeError);
  assert.deepEqual([back.message, back.reason, back.source], [
    error.message,
    error.reason,
    error.source,
  ]);
  assert.equal(back.cause.message, cause.message);
  assert.equal(unpackError(packError("odd")).message, "odd");
});
