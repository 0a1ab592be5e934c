import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateClevrDs } from "../datasets/mod.ts";
import { loadEngine } from "../fusion/mod.ts";
import type { ExperimentConfig, FusionMethod } from "./config.ts";
import { readResults } from "./results.ts";
import { runRetrieval } from "./retrieval.ts";
import { runSearch } from "./search.ts";

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
    origin: "paper",
    cover,
    fuser: { kind: "trained", model: { kind: "transformer", size: "tiny", ...small }, train },
  },
  {
    method: "MLP (1), patches",
    origin: "baseline",
    cover,
    fuser: { kind: "trained", model: { kind: "mlp", input: "patches", layers: 1 }, train },
  },
  { method: "closed form", origin: "baseline", cover, fuser: { kind: "closed-form" } },
  { method: "k-means (m = 2)", origin: "baseline", cover, fuser: { kind: "k-means", vectors: 2 } },
  {
    method: "visual words (m = 2)",
    origin: "extended",
    cover,
    fuser: { kind: "visual-words", vectors: 2, words: 20 },
  },
];

const config: ExperimentConfig = {
  name: "test_fusion",
  scale: "smoke",
  seed: 5,
  dataset: {
    source: "clevr-ds",
    variant: "reduced",
    family: "fluent-3d",
    images: 40,
    split: "test",
    size: 200,
  },
  encoder: {
    id: fileURLToPath(new URL("../encoders/testdata/random-clip/", import.meta.url)),
    dtype: "fp32",
  },
  covers: [{ scheme: "full" }],
  fusion,
  hiddenWords: 20,
  cut: "exact",
  prompts: "single",
  recallAt: [1],
  subsets: [],
  bootstrap: { resamples: 20, confidence: 0.9 },
};

/** A cache and a results folder that are gone afterwards. */
async function withFolders(
  test: (options: { cacheDir: string; resultsDir: string; output: "silent" }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const [cacheDir, resultsDir] = [join(directory, "cache"), join(directory, "results")];
    await test({ cacheDir, resultsDir, output: "silent" });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

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

Deno.test("fusion learns nothing from hidden words: their prompts change no fused vector", () =>
  withFolders(async (options) => {
    const all = await runRetrieval({ ...config, fusion: fusion.slice(2) }, options);
    const known = await runRetrieval(
      { ...config, fusion: fusion.slice(2), hiddenWords: 0 },
      options,
    );
    const [hiddenClosed, ...hiddenOthers] = all.methods.slice(1).map(({ scores }) => scores.scores);
    const [closed, ...others] = known.methods.slice(1).map(({ scores }) => scores.scores);
    assert.notDeepEqual(hiddenClosed, closed); // the closed form knows its vocabulary
    assert.deepEqual(hiddenOthers, others); // k-means and visual words know none
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
    await assert.rejects(runRetrieval(own, options), /Cannot open the train split.*dataset\.train/);
  }));

Deno.test("a search tries points of Table 14, keeps their rows and repeats none", () =>
  withFolders(async (options) => {
    const search = { ...options, draws: 2, epochs: 1 };
    const { rows, best } = await runSearch(config, fusion[0], search);
    assert.equal(rows.length, 2);
    assert.equal(best.recall, Math.max(...rows.map(({ recall }) => recall!)));
    for (const { point, result } of rows) {
      assert.ok([0.001, 0.003, 0.005, 0.007, 0.01].includes(point.learningRate));
      assert.equal(result?.epoch, 1);
    }
    const again = await runSearch(config, fusion[0], search);
    assert.deepEqual(again.rows, rows); // seconds too: they were read, not run
    await assert.rejects(runSearch(config, fusion[2], search), /closed form is no trained/);
  }));
