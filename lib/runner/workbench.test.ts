import assert from "node:assert/strict";
import type { CoverSpec } from "../covers/mod.ts";
import { join } from "node:path";
import { noticesOf } from "../runtime/testing.ts";
import type { ExperimentConfig, FusionMethod } from "./config.ts";
import { runRetrieval } from "./run_retrieval.ts";
import { testConfig, withFolders } from "./testing.ts";
import { openWorkbench } from "./workbench.ts";

const grid: CoverSpec = { scheme: "grid", n: 4 },
  complete: CoverSpec = { scheme: "complete", k: 4 };

const config = testConfig({
  dataset: { images: 20 },
  covers: [{ scheme: "full" }, { scheme: "objects" }, grid, complete],
});

Deno.test("workbench: the largest cover is encoded first, and smaller ones copy what they share with it", () =>
  withFolders(async ({ cacheDir, output }) => {
    const signal = new AbortController().signal;
    const bench = await openWorkbench(config, { cacheDir, output, signal });
    try {
      const stores = [];
      for (const cover of config.covers) stores.push(await bench.searched(cover));
      const stages = Object.keys(bench.seconds).filter((stage) => stage.startsWith("encode "));
      const names = ["cc@4", "grid@4", "full", "objects"];
      assert.deepEqual(stages, names.map((name) => `encode ${name}`));
      assert.deepEqual(stores.map(({ key }) => key.cover.scheme), [
        "full",
        "objects",
        "grid",
        "complete",
      ]);
      const [full, , cells, all] = stores;
      for (const id of all.imageIds) {
        const rows = all.get(id).features, own = cells.get(id).features;
        assert.deepEqual(full.get(id).features, rows.subarray(0, all.dim));
        // The cells of a grid are the last level of the Complete Cover.
        assert.deepEqual(own.subarray(all.dim), rows.subarray(rows.length - 16 * all.dim));
      }
    } finally {
      await bench.close();
    }
  }));

const signal = new AbortController().signal;

/** Sees to it that a run is refused before anything is drawn, encoded or trained. */
const refused = (changes: Partial<ExperimentConfig>, why: RegExp) =>
  withFolders(async (options) => {
    await assert.rejects(runRetrieval({ ...config, ...changes } as ExperimentConfig, options), why);
    assert.equal(await Deno.stat(options.cacheDir).catch(() => undefined), undefined);
  });

const fused = (model: object, more: object = {}): Partial<ExperimentConfig> => {
  const train = { learningRate: 1e-3, loss: { kind: "query-proxy", distance: "mse" } };
  const fuser = { kind: "trained", model, train, ...more };
  return { fusion: [{ method: "fused", cover: complete, fuser } as FusionMethod] };
};

Deno.test("what cannot be run is refused before anything is drawn, encoded or trained", async () => {
  await refused(
    { seed: "7" as unknown as number },
    /Cannot run test: seed must be an integer from 0 on, got "7"/,
  );
  await refused(
    fused({ kind: "mlp", input: "full", layers: 4 }),
    /layers must be 1, 2 or 3, got 4/,
  );
  await refused(
    fused({ kind: "transformer", size: "tiny", heads: 5 }),
    /heads must divide D = 32, got 5/,
  );
  await refused(
    fused({ kind: "transformer", size: "tiny", feedForward: 50 }, { start: "detectors" }),
    /51 words to start from need feed-forward blocks at least as wide, got 50/,
  );
  const classWise = { kind: "class-wise-maximum", of: "concepts" } as const;
  await refused(
    { fusion: [{ method: "shares", cover: complete, fuser: classWise }] },
    /Cannot fuse shares: the encoder has no concepts; "nouns" serves any encoder/,
  );
  await refused(
    {
      fusion: [{
        method: "shares",
        cover: complete,
        fuser: { ...classWise, of: ["dog"], full: 1 },
      }],
    },
    /of must be a list of two words or more, got \[ "dog" \]; .*full must be a number from 0 to below 1, got 1/s,
  );
  await refused({ hiddenWords: 51 }, /of 51 classes 0 to 50 can be hidden, got 51/);
  await refused({ covers: [{ scheme: "grid", n: 400 }] }, /160001 patches are more than the limit/);
});

Deno.test("workbench: a vocabulary is the encoder's own concepts, where it has some, or words", () =>
  withFolders(async ({ cacheDir, output }) => {
    const cover: CoverSpec = { scheme: "complete", k: 2 };
    const vocabularyOf = async (
      id: string,
      of?: Parameters<Awaited<ReturnType<typeof openWorkbench>>["vocabulary"]>[1],
    ) => {
      const encoder = { ...config.encoder, id }, dataset = { ...config.dataset, images: 10 };
      const changed = { ...config, encoder, dataset } as ExperimentConfig;
      const bench = await openWorkbench(changed, { cacheDir, output, signal });
      try {
        const { dim } = bench.encoder, { imageIds } = await bench.searched(cover);
        return { ...await bench.vocabulary(cover, of), dim, imageIds };
      } finally {
        await bench.close();
      }
    };
    const own = await vocabularyOf("photo-clip");
    assert.equal(own.anchors.length, 1000 * own.dim);
    assert.equal(own.concepts?.dim, 1000);
    assert.deepEqual(own.concepts.imageIds, own.imageIds);
    const { features } = own.concepts.get(own.imageIds[0]); // roots of shares // (P, C)
    for (let p = 0; p < features.length; p += 1000) {
      assert.ok(Math.abs(Math.hypot(...features.subarray(p, p + 1000)) - 1) < 1e-3);
    }
    const nouns = await vocabularyOf(config.encoder.id);
    assert.equal(nouns.concepts, undefined);
    assert.ok(nouns.anchors.length > 3000 * nouns.dim);
    const words = await vocabularyOf(config.encoder.id, ["dog", "boat"]);
    assert.equal(words.anchors.length, 2 * words.dim);
  }));

Deno.test("an encoder that is not there fails before anything is drawn, together with absent data", async () => {
  const encoder = { id: "nobody/nothing", dtype: "fp32" } as const;
  await refused({ encoder }, /Cannot run test: .*nobody\/nothing.*vision_model\.onnx/s);
  const dataset = { source: "coco", annotations: "absent.json", root: "absent" } as const;
  await refused(
    { dataset },
    /^Error: Cannot run test: there is no file absent\.json; there is no folder absent$/,
  );
  await refused({ dataset, encoder }, /no file absent\.json; there is no folder absent; .*nobody/s);
});

Deno.test("annotations none of whose images is in the folder say so", () =>
  withFolders(async (options) => {
    const annotations = join(options.cacheDir, "own.json"), root = options.cacheDir;
    await Deno.mkdir(root, { recursive: true });
    const images = [{ id: 1, file_name: "gone.jpg" }, { id: 2, file_name: "lost.jpg" }];
    await Deno.writeTextFile(
      annotations,
      JSON.stringify({ images, categories: [], annotations: [] }),
    );
    await assert.rejects(
      runRetrieval({ ...config, dataset: { source: "coco", annotations, root } }, options),
      /none of the 2 images that own lists is in its folder, .*; missingImages: image 1 \("gone\.jpg"\)/,
    );
  }));

Deno.test("an encoder of drawn objects says so once a run, on images that nobody drew", () =>
  withFolders(async ({ cacheDir }) => {
    await noticesOf(async (said) => {
      const tiny = { ...config, encoder: { id: "tiny-clip", dtype: "fp32" } } as const;
      const open = async (changes: Partial<ExperimentConfig>, output?: "silent") => {
        const how = { cacheDir, signal, output: output ?? "log" as const };
        const bench = await openWorkbench({ ...tiny, ...changes }, how);
        await bench.close();
        return bench.dataset;
      };
      const drawn = await open({});
      const root = join(drawn.images[0].path, ".."), folder = join(root, "..");
      const dataset = { source: "coco", annotations: join(folder, "test.json"), root } as const;
      await open({ dataset }); // it was drawn, too
      assert.deepEqual(said, []);
      const { info: _, ...own } = JSON.parse(await Deno.readTextFile(dataset.annotations));
      const annotations = join(folder, "photos.json");
      await Deno.writeTextFile(annotations, JSON.stringify(own));
      await open({ dataset: { ...dataset, annotations } }, "silent");
      await open({ dataset: { ...dataset, annotations }, encoder: config.encoder });
      assert.deepEqual(said, []);
      await open({ dataset: { ...dataset, annotations } });
      assert.equal(said.length, 1);
      assert.match(
        said[0],
        /^note: tiny-clip knows drawn objects only \(138 .*photos; use photo-clip .* or a CLIP of the hub [^\n]*$/,
      );
    });
  }));
