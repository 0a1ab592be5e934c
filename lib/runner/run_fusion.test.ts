import assert from "node:assert/strict";
import { join } from "node:path";
import { generateClevrDs } from "../datasets/mod.ts";
import { loadEngine } from "../tensor/mod.ts";
import type { ExperimentConfig, FusionMethod } from "./config.ts";
import { runFusion } from "./run_fusion.ts";
import { readResults } from "../report/results.ts";
import { runRetrieval } from "./run_retrieval.ts";
import { testConfig, withFolders } from "./testing.ts";
import { divideWords } from "./words.ts";
import { openWorkbench } from "./workbench.ts";

await loadEngine({ prefer: "wasm" });

const cover = { scheme: "complete", k: 2 } as const;
const train = {
  epochs: 2,
  batchSize: 7,
  learningRate: 1e-3,
  loss: { kind: "query-proxy", distance: "mse" },
} as const;
const small = { encoderLayers: 1, decoderLayers: 1, feedForward: 16, dropout: 0 } as const;

const fusion: FusionMethod[] = [
  {
    method: "DetailCLIP",
    cover,
    fuser: { kind: "trained", model: { kind: "transformer", size: "tiny", ...small }, train },
  },
  {
    method: "MLP (1), patches",
    cover,
    fuser: { kind: "trained", model: { kind: "mlp", input: "patches", layers: 1 }, train },
  },
  { method: "closed form", cover, fuser: { kind: "closed-form" } },
  { method: "k-means (m = 2)", cover, fuser: { kind: "k-means", vectors: 2 } },
  {
    method: "visual words (m = 2)",
    cover,
    fuser: { kind: "visual-words", vectors: 2, words: 20 },
  },
  {
    method: "class-wise maximum",
    cover,
    fuser: { kind: "class-wise-maximum", of: ["red apple", "dog", "boat"], full: 0.5 },
  },
];

const config = testConfig({ name: "test_fusion", fusion, hiddenWords: 20 });

Deno.test("a run trains, fuses and scores beside the covers, and trains nothing twice", () =>
  withFolders(async (options) => {
    const epochs: string[] = [];
    const onEpoch = (method: string, { epoch }: { epoch: number }) => {
      epochs.push(`${method} ${epoch}`);
    };
    const run = await runRetrieval(config, { ...options, onEpoch });
    assert.deepEqual(run.methods.map(({ method, vectors, cover }) => [method, vectors, cover]), [
      ["full image", 1, "full"],
      ["DetailCLIP", 1, "cc@2"],
      ["MLP (1), patches", 1, "cc@2"],
      ["closed form", 1, "cc@2"],
      ["k-means (m = 2)", 2, "cc@2"],
      ["visual words (m = 2)", 2, "cc@2"],
      ["class-wise maximum", 1, "cc@2"],
    ]);
    const trained = ["DetailCLIP", "MLP (1), patches"];
    assert.deepEqual(epochs, trained.flatMap((method) => [`${method} 1`, `${method} 2`]));
    assert.deepEqual(Object.keys(run.training), trained);
    assert.equal(run.provenance.training?.DetailCLIP.length, 2);
    assert.deepEqual(
      [...new Set(run.rows.map(({ subset }) => subset))],
      ["all", "seen words", "unseen words"],
    );
    const classes = (subset: string) => run.rows.find((row) => row.subset === subset)!.classes;
    assert.equal(classes("all"), classes("seen words") + classes("unseen words"));
    assert.equal((await readResults(run.path)).length, run.rows.length);

    const again = await runRetrieval(config, { ...options, onEpoch });
    assert.equal(epochs.length, 4); // both came from their checkpoints
    assert.deepEqual(again.rows, run.rows);
    assert.deepEqual(again.training, run.training);
  }));

Deno.test("fusion learns nothing from hidden words: other prompts of theirs change no fused vector", () =>
  withFolders(async (options) => {
    const signal = AbortSignal.timeout(120_000);
    const bench = await openWorkbench(config, { ...options, signal });
    try {
      const prompts = await bench.prompts();
      const { dim } = await bench.searched(cover);
      const words = divideWords(bench.dataset.categories.length, 20, config.seed);
      const others = prompts.slice(); // hidden words get the prompts of known ones, turned round
      words.hidden.forEach((q, i) => {
        const from = words.known[i] * dim;
        others.set(prompts.slice(from, from + dim).map((value) => -value), q * dim);
      });
      const detectors: FusionMethod = {
        method: "detectors",
        cover,
        fuser: {
          kind: "trained",
          model: { kind: "transformer", size: "tiny", ...small, feedForward: 64 },
          centre: true,
          start: "detectors",
          train: { ...train, mixing: 0.5 },
        },
      };
      for (const method of [...fusion, detectors]) {
        const runs = [];
        for (const [i, prompt] of [prompts, others].entries()) {
          const cacheDir = join(options.cacheDir, `${i}`); // nothing of one training serves the other
          const context = {
            ...options,
            ...bench,
            config,
            words,
            signal,
            cacheDir,
            prompts: prompt,
          };
          runs.push(await runFusion(method, context));
        }
        const known = runs.map(({ scores: { scores } }) =>
          words.known.flatMap((q) => [
            ...scores.scores.subarray(q * scores.images, (q + 1) * scores.images),
          ])
        );
        assert.deepEqual(known[1], known[0], method.method);
        // the validation that chooses the epoch did not look at them either
        const recalls = runs.map(({ epochs }) => epochs.map(({ recall }) => recall));
        assert.deepEqual(recalls[1], recalls[0], method.method);
      }
    } finally {
      await bench.close();
    }
  }));

Deno.test("two fusions of one name, and data without images to train on, are refused", () =>
  withFolders(async (options) => {
    const twice = { ...config, fusion: [fusion[2], fusion[2]] };
    await assert.rejects(runRetrieval(twice, options), /two of its fusions are called closed form/);
    const folder = join(options.cacheDir, "own");
    const { annotations, images: root } = await generateClevrDs(folder, {
      seed: 1,
      images: 10,
      size: 200,
    });
    const dataset = { source: "coco" as const, annotations: annotations.test, root };
    const own = { ...config, hiddenWords: 0, dataset };
    await assert.rejects(
      runRetrieval(own, options),
      /Cannot run test_fusion: dataset\.train is missing.* DetailCLIP, .*dataset\.val is missing/,
    );
  }));

Deno.test("no fusion is trained on, or chosen by, the images that are searched", () =>
  withFolders(async (options) => {
    for (const split of ["val", "train"]) {
      const dataset = { ...config.dataset, split } as ExperimentConfig["dataset"];
      await assert.rejects(
        runRetrieval({ ...config, dataset, fusion: [fusion[0]] }, options),
        new RegExp(`Cannot run test_fusion: dataset\\.split is "${split}", .*: DetailCLIP$`),
      );
    }
  }));

Deno.test("what a training depends on names its folder: another start meets no checkpoint of the first", () =>
  withFolders(async (options) => {
    const first = fusion[0];
    if (first.fuser.kind !== "trained") throw new Error("unreachable");
    for (const start of ["random", "average", "random"] as const) {
      await runRetrieval(
        { ...config, fusion: [{ ...first, fuser: { ...first.fuser, start } }] },
        options,
      );
    }
    const roots = [...Deno.readDirSync(join(options.cacheDir, "fusion"))];
    assert.equal(roots.length, 1); // one validation
    assert.equal([...Deno.readDirSync(join(options.cacheDir, "fusion", roots[0].name))].length, 2);
  }));
