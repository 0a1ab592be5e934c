import assert from "node:assert/strict";
import {
  applyDiff,
  configure,
  type Diff,
  type ExperimentConfig,
  type ExperimentDefinition,
  SCALES,
} from "./config.ts";
import { configHash } from "../report/mod.ts";

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

Deno.test("a configuration has its experiment's name, whatever overrides change", () => {
  assert.equal(configure(definition, "quick").name, "example");
  assert.equal(configure(definition, "quick", { seed: 2 }).name, "example");
});

Deno.test("configure leaves the baseline as it was", () => {
  const before = structuredClone(baseline);
  configure(definition, "paper", { recallAt: [1] });
  assert.deepEqual(baseline, before);
});

Deno.test("configure refuses an unknown scale and says which ones there are", () => {
  assert.throws(
    () => configure(definition, "huge" as "quick"),
    /Cannot configure example: scale must be one of smoke, quick, paper, got huge/,
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
