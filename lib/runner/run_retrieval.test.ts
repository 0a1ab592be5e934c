import assert from "node:assert/strict";
import { join } from "node:path";
import { classPrompts, loadEncoder } from "../encoders/mod.ts";
import { imagesInOrder, type PairRow, recallAtK, subsetByRmax } from "../retrieval/mod.ts";
import { CACHE_DIR } from "../runtime/cache_dir.ts";
import { openDataset } from "./open_dataset.ts";
import { recallOf } from "../report/claims.ts";
import { readResults } from "../report/results.ts";
import { runRetrieval } from "./run_retrieval.ts";
import { alignMethods } from "./score_covers.ts";
import { testConfig, withFolders } from "./testing.ts";

const config = testConfig({
  covers: [
    { scheme: "full" },
    { scheme: "complete", k: 2 },
    { scheme: "grid", n: 2 },
    { scheme: "objects" },
  ],
  recallAt: [1, 3],
  subsets: ["size", "rMax"],
});

Deno.test("a run scores every method on every subset, and a second one repeats it from the cache", () =>
  withFolders(async (options) => {
    const run = await runRetrieval(config, options);
    assert.deepEqual(run.methods.map(({ method, vectors }) => [method, vectors]).slice(0, 5), [
      ["full image", 1],
      ["cc@2", 5],
      ["mean cc@2", 1],
      ["grid@2", 4],
      ["full + grid@2", 5],
    ]);
    assert.equal(run.methods[5].method, "Patch-obj");
    assert.equal(run.imageIds.length, 8); // 2 of 10 are in the test split
    const all = run.rows.filter((row) => row.subset === "all");
    assert.equal(all.length, 7 * 2); // six methods, and chance
    assert.deepEqual(
      all.filter(({ method }) => method === "chance").map(({ value }) => value),
      recallAtK(run.methods[0].scores, run.relevance, [1, 3]).chance,
    );
    for (const row of run.rows) assert.ok(row.low <= row.value && row.value <= row.high);
    assert.ok(run.rows.some((row) => row.subset.startsWith("size ")));
    assert.ok(run.rows.some((row) => row.subset.startsWith("r_max ≤ 10^")));
    for (const { subset, images } of run.rows) { // those that are ranked
      const [, exponent] = /^r_max ≤ 10\^(.+)$/.exec(subset) ?? [];
      if (exponent === undefined) continue;
      const ranked = imagesInOrder(run.dataset.images, run.imageIds);
      assert.equal(images, subsetByRmax(ranked, 10 ** Number(exponent)).length);
    }
    for (const { scores, method } of run.methods) {
      const { recall } = recallAtK(scores, run.relevance, [1, 3]);
      assert.deepEqual(all.filter((row) => row.method === method).map((row) => row.value), recall);
    }
    const pairs = run.pairs.filter(({ subset }) => subset === "all");
    assert.equal(pairs.length, 6 * 5 / 2); // every two methods
    for (const { method, over, value, low, high } of run.pairs) {
      assert.ok(low <= value && value <= high, `${method} over ${over}`);
    }
    const [first] = pairs, valueOf = (method: string) => recallOf(all, method).value;
    assert.ok(Math.abs(first.value - (valueOf(first.method) - valueOf(first.over))) <= 5e-5);
    const bySize = run.pairs.filter(({ subset }) => subset !== "all");
    assert.ok(bySize.every(({ subset }) => subset.startsWith("size ")));
    assert.ok(bySize.length > 0 && bySize.every((pair) => pair.over === "cc@2"));
    const kept = await readResults<PairRow>(join(run.path, "../pairs.jsonl"));
    assert.deepEqual(kept, run.pairs);
    const written = await readResults(run.path);
    assert.deepEqual(written.map(({ value }) => value), run.rows.map(({ value }) => value));
    assert.equal(written[0].configHash, run.provenance.configHash);

    const cached = new Set([...Deno.readDirSync(options.cacheDir)].map(({ name }) => name));
    assert.deepEqual([...cached].sort(), ["datasets", "features", "prompts"]);
    const again = await runRetrieval(config, options);
    assert.deepEqual(again.rows, run.rows);
    assert.deepEqual(again.pairs, run.pairs);
    assert.deepEqual(again.provenance.dataset, run.provenance.dataset);
  }));

Deno.test("further scorers stand beside the best patch and the mean, on covers of levels alone", () =>
  withFolders(async (options) => {
    const run = await runRetrieval({ ...config, scorers: ["full+patches", "levels"] }, options);
    assert.deepEqual(run.methods.map(({ method, vectors }) => [method, vectors]).slice(0, 6), [
      ["full image", 1],
      ["cc@2", 5],
      ["mean cc@2", 1],
      ["full+patches cc@2", 5],
      ["levels cc@2", 5],
      ["grid@2", 4],
    ]);
    const [full, best, , both, levels] = run.methods.map(({ scores }) => scores.scores);
    both.forEach((score, i) => assert.ok(Math.abs(score - (full[i] + best[i]) / 2) < 1e-6));
    assert.ok(levels.every((score, i) => score < best[i] + 1e-6 && score >= full[i] / 2 - 0.5));
    assert.ok(
      run.pairs.some(({ method, over }) => `${method} ${over}` === "levels cc@2 full+patches cc@2"),
    );
    await assert.rejects(
      runRetrieval({ ...config, scorers: ["level" as never] }, options),
      /scorers\[0\] must be one of maximum, .*got "level"/,
    );
  }));

Deno.test("scores stand under their own image, in whatever order the shards give them", () =>
  withFolders(async (options) => {
    const run = await runRetrieval(config, options);
    const loaded = await loadEncoder(config.encoder.id);
    const { categories } = run.dataset;
    const prompts = await classPrompts(loaded, categories, { templates: "single" });
    await loaded.dispose();
    const { dim } = loaded, { scores } = run.methods[0], store = run.stores.get("full")!;
    run.imageIds.forEach((id, n) => {
      const { features } = store.get(id);
      for (const q of [0, 17, 50]) {
        const expected = features.reduce((sum, x, d) => sum + x * prompts[q * dim + d], 0);
        assert.ok(Math.abs(scores.scores[q * scores.images + n] - expected) < 1e-5);
      }
    });
  }));

Deno.test("a broken image of a COCO data set is left out, recorded and does not stop the run", () =>
  withFolders(async (options) => {
    const { cacheDir } = options;
    const dataset = await openDataset(config.dataset, config.seed, options);
    const folder = join(dataset.images[0].path, "../..");
    await Deno.writeTextFile(dataset.images[1].path, "no image at all");
    const run = await runRetrieval({
      ...config,
      dataset: {
        source: "coco",
        annotations: join(folder, "test.json"),
        root: join(folder, "images"),
      },
      subsets: [],
    }, options);
    assert.equal(run.imageIds.length, dataset.images.length - 1);
    const [entry] = run.stores.get("full")!.ledger;
    assert.deepEqual([entry.image, entry.reason], [dataset.images[1].id, "not an image"]);
    assert.ok(cacheDir !== CACHE_DIR);
  }));

Deno.test("an image whose boxes are refused counts for every cover, and for none by size", () =>
  withFolders(async (options) => {
    const drawn = await openDataset(config.dataset, config.seed, options);
    const root = join(drawn.images[0].path, ".."), annotations = join(options.cacheDir, "own.json");
    const images = drawn.images.slice(0, 5).map(({ id }, n) => ({
      ...{ id: n, file_name: id },
      ...(n === 1 && { width: 6000, height: 5000 }), // the JSON is wrong about an image's shape
    }));
    await Deno.writeTextFile(
      annotations,
      JSON.stringify({
        images,
        categories: [{ id: 0, name: "boat" }, { id: 1, name: "red apple" }],
        annotations: images.map(({ id }) => ({
          image_id: id,
          category_id: id % 2,
          bbox: [id === 1 ? 5000 : 0, 0, 20, 20],
        })),
      }),
    );
    const dataset = { source: "coco", annotations, root } as const;
    const run = await runRetrieval({ ...config, dataset, subsets: ["size"] }, options);
    assert.equal(run.dataset.report.refusedBoxes, 1);
    assert.deepEqual(run.imageIds, images.map(({ file_name }) => file_name));
    for (const store of run.stores.values()) assert.equal(store.ledger.length, 0);
    const objects = run.stores.get("objects")!;
    assert.deepEqual(run.imageIds.map((id) => objects.patchCount(id)), [2, 1, 2, 2, 2]);
    assert.deepEqual([...run.relevance.relevant], [1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    const alone = await runRetrieval(
      { ...config, dataset, subsets: [], covers: [{ scheme: "full" }] },
      options,
    );
    const full = run.methods.find(({ method }) => method === "full image")!.scores;
    assert.deepEqual(full.scores, alone.methods[0].scores.scores);
  }));

Deno.test("an image that one cover cannot be laid on is ranked by no method", () => {
  const scored = (imageIds: string[], method: string) => ({
    imageIds,
    methods: [{
      ...{ method, cover: method, vectors: 1 },
      scores: {
        ...{ queries: 2, images: imageIds.length },
        scores: Float32Array.from([0, 10].flatMap((q) => imageIds.map((id) => q + Number(id)))),
        winners: Int32Array.from([0, 10].flatMap((q) => imageIds.map((id) => q + Number(id)))),
      },
    }],
  });
  const { imageIds, methods } = alignMethods([
    scored(["0", "1", "2", "3"], "full"),
    scored(["3", "0", "2"], "objects"),
  ]);
  assert.deepEqual(imageIds, ["0", "2", "3"]);
  for (const { scores: { queries, images, scores, winners } } of methods) {
    assert.deepEqual([queries, images], [2, 3]);
    assert.deepEqual([...scores], [0, 2, 3, 10, 12, 13]);
    assert.deepEqual([...winners!], [0, 2, 3, 10, 12, 13]);
  }
});

Deno.test("a run that could show nothing is refused before anything is encoded", () =>
  withFolders(async (options) => {
    const drawn = await openDataset(config.dataset, config.seed, options);
    const root = join(drawn.images[0].path, ".."), annotations = join(options.cacheDir, "own.json");
    const images = [{ id: 1, file_name: drawn.images[0].id }];
    const categories = [{ id: 1, name: "boat" }];
    await Deno.writeTextFile(annotations, JSON.stringify({ images, categories, annotations: [] }));
    const dataset = { source: "coco", annotations, root } as const;
    await assert.rejects(
      runRetrieval({ ...config, dataset }, options),
      /Cannot run test: no image of own shows an object of any class/,
    );
    const of = { image_id: 9, category_id: 1, bbox: [0, 0, 9, 9] };
    await Deno.writeTextFile(
      annotations,
      JSON.stringify({ images, categories, annotations: [of] }),
    );
    await assert.rejects(
      runRetrieval({ ...config, dataset }, options),
      /any class \(own: 1 images, 0 objects; .*1 annotations of unlisted images; unknownImages: annotation .* of image 9\)/,
    );
    for (const scorers of [["levels", "levels"], ["mean"]] as const) {
      await assert.rejects(
        runRetrieval({ ...config, scorers: [...scorers] }, options),
        /two of its scorers are called (?:levels|mean)/,
      );
    }
    const covers = [{ scheme: "verified", k: 4, minSide: 0.1 } as const];
    await assert.rejects(
      runRetrieval({ ...config, covers: [...covers, { ...covers[0], minSide: 0.2 }] }, options),
      /two of its covers are called vc@4/,
    );
    assert.deepEqual([...Deno.readDirSync(options.cacheDir)].map(({ name }) => name).sort(), [
      "datasets",
      "own.json",
    ]);
  }));

Deno.test("an aborted run throws the signal's reason, and its cache serves the next one", () =>
  withFolders(async (options) => {
    const stop = new AbortController();
    const stopped = runRetrieval(config, { ...options, signal: stop.signal });
    setTimeout(() => stop.abort(new Error("stop here")), 0); // while it draws its images
    await assert.rejects(stopped, /stop here/);
    const run = await runRetrieval(config, options);
    assert.equal(run.imageIds.length, 8);
  }));
