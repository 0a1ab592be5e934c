import assert from "node:assert/strict";
import {
  checkConfig,
  configure,
  type ExperimentConfig,
  type ExperimentDefinition,
  SCALES,
} from "./config.ts";
import { applyDiff, type Diff } from "./diff.ts";
import { configHash, filesOf } from "../report/mod.ts";

const baseline: ExperimentConfig = {
  name: "baseline",
  scale: "quick",
  seed: 1,
  dataset: {
    source: "clevr-ds",
    variant: "mixed",
    family: "fluent-3d",
    images: 100,
    split: "test",
    size: 480,
  },
  encoder: { id: "tiny-clip", dtype: "fp32" },
  covers: [{ scheme: "full" }],
  cut: "pyramid",
  prompts: "imagenet",
  recallAt: [1, 3, 5],
  subsets: [],
  bootstrap: { resamples: 100, confidence: 0.95 },
};

const definition: ExperimentDefinition = {
  name: "example",
  title: "An example",
  paper: ["Table 2"],
  baseline,
  always: { covers: [{ scheme: "complete", k: 5 }] },
  scales: {
    smoke: { dataset: { images: 10 } as Diff<ExperimentConfig["dataset"]> },
    quick: {},
    paper: { encoder: { id: "Xenova/clip-vit-base-patch32" } },
  },
};

Deno.test("configure merges baseline, always, scale and overrides, the last one winning", () => {
  const config = configure(definition, "smoke", { seed: 9, bootstrap: { resamples: 5 } });
  assert.equal(config.name, "example");
  assert.equal(config.scale, "smoke");
  assert.equal(config.seed, 9);
  assert.deepEqual(config.covers, [{ scheme: "complete", k: 5 }]);
  assert.deepEqual(config.dataset, { ...baseline.dataset, images: 10 });
  assert.deepEqual(config.bootstrap, { resamples: 5, confidence: 0.95 });
});

Deno.test("overrides that change nothing give the experiment's own configuration", () => {
  assert.deepEqual(configure(definition, "quick", { seed: 1 }), configure(definition, "quick"));
});

Deno.test("only what an experiment defines is kept, whatever is asked: a changed configuration never is", () => {
  const kept = (config: ExperimentConfig) =>
    filesOf(config.name, config, { keep: true, runsDir: "runs", resultsDir: "results" })
      .rows.startsWith("results");
  const own = configure(definition, "quick");
  assert.deepEqual([own, structuredClone(own)].map(kept), [true, true]);
  const seed = configure(definition, "quick", { seed: 9 }); // rows of it lie beside the others
  assert.match(filesOf(seed.name, seed, { keep: true }).rows, /seeds.*\.seed-9\.jsonl$/);
  assert.equal(kept({ ...own, recallAt: [1] }), false);
  assert.equal(kept({ ...own, scale: "paper" }), false);
  assert.equal(kept({ ...own, name: "another" }), false);
});

Deno.test("configure leaves the baseline as it was", () => {
  const before = structuredClone(baseline);
  configure(definition, "paper", { recallAt: [1] });
  assert.deepEqual(baseline, before);
});

Deno.test("configure refuses overrides of another scale than it was asked for", () => {
  assert.throws(
    () => configure(definition, "quick", { scale: "paper" }),
    /Cannot configure example: its scale is quick, and overrides say paper/,
  );
  configure(definition, "quick", { scale: "quick" });
});

Deno.test("configure refuses an unknown scale and says which ones there are", () => {
  assert.throws(
    () => configure(definition, "huge" as "quick"),
    /Cannot configure example: scale must be one of smoke, quick, full, paper, got huge/,
  );
});

Deno.test("applyDiff ignores undefined, replaces arrays and merges objects", () => {
  const base = { a: 1, list: [1, 2], inner: { x: 1, y: 2 } };
  assert.deepEqual(applyDiff(base, { a: undefined, list: [3], inner: { y: 5 } }), {
    a: 1,
    list: [3],
    inner: { x: 1, y: 5 },
  });
});

Deno.test("configHash depends on every value but not on the order of keys", () => {
  const config = configure(definition, "quick");
  const reordered = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
  assert.equal(configHash(reordered), configHash(config));
  const hashes = new Set(SCALES.map((scale) => configHash(configure(definition, scale))));
  assert.equal(hashes.size, SCALES.length);
  assert.notEqual(configHash(configure(definition, "quick", { seed: 2 })), configHash(config));
});

Deno.test("a data set of another source takes the place of the baseline's", () => {
  const dataset = { source: "coco", annotations: "a.json", root: "images" } as const;
  assert.deepEqual(configure(definition, "quick", { dataset }).dataset, dataset);
  const scenes = { ...dataset, annotationFrame: "stored", bands: [4, 3, 2], stretch: "percentile" };
  const own = (dataset: object) => configure(definition, "quick", { dataset });
  assert.deepEqual(own(scenes).dataset, scenes);
  const hashes = [dataset, scenes, { ...scenes, bands: [3, 2, 1] }].map((d) => configHash(own(d)));
  assert.equal(new Set(hashes).size, 3);
});

const loss = { kind: "query-proxy", distance: "mse" } as const;
const trained = (changes: object) => ({
  method: "fused",
  cover: { scheme: "complete", k: 5 },
  fuser: {
    kind: "trained",
    model: { kind: "transformer", size: "tiny" },
    train: { learningRate: 1e-3, loss },
    ...changes,
  },
});

/** What is wrong with overrides, or with a fuser. */
const faults = (overrides: unknown): string => {
  try {
    configure(definition, "quick", overrides as Diff<ExperimentConfig>);
    return "";
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    assert.match(error.message, /^Cannot configure example: /);
    return error.message.slice("Cannot configure example: ".length);
  }
};

for (
  const [overrides, fault] of [
    [{ dataset: { imags: 3 } }, "dataset.imags is not a setting; did you mean images?"],
    [{ sead: 3 }, "sead is not a setting; did you mean seed?"],
    [
      { bootstrap: { resmaples: 3 } },
      "bootstrap.resmaples is not a setting; did you mean resamples?",
    ],
    [{ learn: { test: 3 } }, "learn.test is not a setting (there are: train, val)"],
    [{ seed: "7" }, 'seed must be an integer from 0 on, got "7"'],
    [{ seed: -1 }, "seed must be an integer from 0 on, got -1"],
    [{ seed: 1.5 }, "seed must be an integer from 0 on, got 1.5"],
    [{ seed: NaN }, "seed must be an integer from 0 on, got NaN"],
    [{ seed: 2 ** 60 }, `seed must be an integer from 0 on, got ${2 ** 60}`],
    [{ seed: null }, "seed must be an integer from 0 on, got null"],
    [
      { dataset: { images: "1e3" } },
      'dataset.images must be an integer from 1 to 999999, got "1e3"',
    ],
    [
      { dataset: { images: 5 } },
      "dataset.images must leave some for the split test (of ten, train has 7, val 1 and test 2), got 5",
    ],
    [{ dataset: [] }, "dataset must be an object, got []"],
    [{ dataset: null }, "dataset must be an object, got null"],
    [
      { dataset: { source: "kitti" } },
      'dataset.source must be one of clevr-ds, retail, coco, voc, yolo, dota, visdrone, xview, solo, got "kitti"',
    ],
    [
      { dataset: { source: "coco", annotations: "a.json" } },
      "dataset.root is missing: it must be text",
    ],
    [
      { dataset: { source: "coco", annotatons: "a", root: "b" } },
      "dataset.annotations is missing: it must be text; dataset.annotatons is not a setting; did you mean annotations?",
    ],
    [
      {
        dataset: { source: "coco", annotations: "a", root: "b", stretch: "minmax", bands: [0, 1] },
      },
      'dataset.bands[0] must be a positive integer, got 0; dataset.bands must be three numbers of bands, from 1 on, got [ 0, 1 ]; dataset.stretch must be one of none, percentile, got "minmax"',
    ],
    [
      { dataset: { source: "coco", annotations: "a", root: "b", annotationFrame: "raw" } },
      'dataset.annotationFrame must be one of upright, stored, got "raw"',
    ],
    [{ encoder: "tiny-clip" }, 'encoder must be an object, got "tiny-clip"'],
    [{ encoder: { id: "" } }, 'encoder.id must be text that is not empty, got ""'],
    [{ encoder: { dtype: "int8" } }, 'encoder.dtype must be one of fp32, fp16, q8, got "int8"'],
    [{ covers: { scheme: "full" } }, 'covers must be a list, got { scheme: "full" }'],
    [{ covers: [{ scheme: "complete", k: 0 }] }, "covers[0].k must be a positive integer, got 0"],
    [
      { covers: [{ scheme: "grid", k: 5 }] },
      "covers[0].n is missing: it must be a positive integer; covers[0].k is not a setting (there are: scheme, n, fit)",
    ],
    [
      { recallAt: [5, 1] },
      "recallAt must be a list of ascending integers, at least one, got [ 5, 1 ]",
    ],
    [{ recallAt: [] }, "recallAt must be a list of ascending integers, at least one, got []"],
    [
      { prompts: ["a photo"] },
      'prompts must be a list of templates that contain {}, at least one, got [ "a photo" ]',
    ],
    [{ hiddenWords: -1 }, "hiddenWords must be an integer from 0 on, got -1"],
    [{ bootstrap: { confidence: 95 } }, "bootstrap.confidence must be between 0 and 1, got 95"],
    [{ name: "../elsewhere" }, `name must be a file's name, got "../elsewhere"`],
    [{ fusion: {} }, "fusion must be a list, got {}"],
    [
      { fusion: [trained({ model: { kind: "mlp", input: "full", layers: 4 } })] },
      "fusion[0].fuser.model.layers must be 1, 2 or 3, got 4",
    ],
    [
      { fusion: [trained({ model: { kind: "mean" } })] },
      'fusion[0].fuser.model.kind "mean" has no weights to train',
    ],
    [
      { fusion: [trained({ model: { kind: "linear" }, centre: true })] },
      'fusion[0].fuser.centre is for transformer and max-pool: a model of kind "linear" has none',
    ],
    [
      { fusion: [trained({ model: { kind: "max-pool" }, start: "average" })] },
      'fusion[0].fuser.start "average" is for a transformer, and the model is of kind "max-pool"',
    ],
    [
      { fusion: [trained({ train: { loss, learningRate: -1 } })] },
      "fusion[0].fuser.train.learningRate must be positive, got -1",
    ],
    [
      { fusion: [trained({ train: { loss, learningRate: 1, epoch: 3 } })] },
      "fusion[0].fuser.train.epoch is not a setting; did you mean epochs?",
    ],
    [
      { fusion: [trained({ train: { loss, learningRate: 1, clipNorm: 1, clipValue: 1 } })] },
      "fusion[0].fuser.train.clipValue cannot go together with clipNorm",
    ],
    [
      { fusion: [trained({ train: { loss: { kind: "triplet" }, learningRate: 1 } })] },
      "fusion[0].fuser.train.loss.margin is missing: it must be positive",
    ],
    [{
      fusion: [
        trained({ train: { loss, learningRate: 1, schedule: { kind: "step", stepEpochs: 9 } } }),
      ],
    }, "fusion[0].fuser.train.schedule.gamma is missing: it must be in (0, 1]"],
    [
      { dataset: { split: "train" }, fusion: [trained({})] },
      'dataset.split is "train", whose images are what fusions learn from: fused',
    ],
    [
      JSON.parse('{"__proto__": {"seed": 3}}'),
      /^__proto__ is not a setting \(there are: name, scale, seed, /,
    ],
    [
      JSON.parse('{"dataset": {"__proto__": {"images": 3}}}'),
      /^dataset\.__proto__ is not a setting/,
    ],
    [
      { constructor: 1, toString: 2 },
      /^constructor is not a setting .*; toString is not a setting/,
    ],
    [null, "overrides must be an object, got null"],
    [[1], "overrides must be an object, got [ 1 ]"],
  ] as [unknown, string | RegExp][]
) {
  Deno.test(`a configuration with ${JSON.stringify(overrides)} is refused`, () => {
    if (typeof fault === "string") assert.equal(faults(overrides), fault);
    else assert.match(faults(overrides), fault);
    assert.equal(({} as { images?: number }).images, undefined);
  });
}

Deno.test("all that is wrong is said at once, and what is no configuration is refused", () => {
  assert.equal(
    faults({ seed: "7", cut: "sharp", covers: [] }),
    'seed must be an integer from 0 on, got "7"; cut must be one of exact, pyramid, got "sharp"',
  );
  for (const nothing of [null, undefined, [], "main_result", 7]) {
    assert.throws(() => checkConfig(nothing), /Cannot run experiment: it must be an object, got/);
  }
  assert.throws(
    () => checkConfig({ name: "x" }),
    /Cannot run x: scale is missing.*seed is missing/,
  );
  checkConfig(configure(definition, "quick", { fusion: [trained({})] } as Diff<ExperimentConfig>));
});

Deno.test("full scale searches what the quick one does, and learns from all other images", () => {
  const learns = { ...definition, scales: { ...definition.scales } };
  learns.scales.quick = { ...learns.scales.quick, learn: { train: 3 }, dataset: { images: 50 } };
  const full = configure(learns, "full"), quick = configure(learns, "quick");
  assert.deepEqual(full.dataset, { ...quick.dataset, images: 10_000, limit: 10 });
  assert.equal(full.learn, undefined);
  assert.equal(full.scale, "full");
  const own = { ...learns, scales: { ...learns.scales, full: { recallAt: [2] } } };
  assert.deepEqual(configure(own, "full"), { ...full, recallAt: [2] });
});
