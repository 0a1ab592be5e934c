import assert from "node:assert/strict";
import type { ResultRow } from "detailclip";
import { configure, recallBars, SCALES } from "detailclip";
import {
  adapterBars,
  adapters,
  adaptersConfig,
  bestOf,
  claims,
  KINDS,
  paperBestOf,
} from "./adapters.ts";
import { judgedBy } from "./testing.ts";

const METHODS = ["full image", "cc@5", ...Object.values(KINDS).flat()];

/** Rows in which modules with a higher number are better. */
function rowsOf(recalls: Record<string, number>): ResultRow[] {
  return METHODS.map((method) => {
    const value = recalls[method] ?? 0.2;
    const common = { cover: "cc@5", metric: "recall@1", subset: "all", vectors: 1, images: 9 };
    return { ...common, method, value, low: value - 0.02, high: value + 0.02, classes: 5 };
  });
}

Deno.test("every module of the run is of a kind", () => {
  for (const scale of SCALES) {
    const names = configure(adapters, scale).fusion!.map(({ method }) => method);
    // two layers over patches are nobody's but yours
    const own = Object.values(KINDS).flat().filter((name) => name !== "MLP over patches, 2 layers");
    assert.deepEqual(names.toSorted(), [...own, "ceiling of the loss"].toSorted());
  }
});

Deno.test("the paper's best modules of a kind are those of Table 4", () => {
  assert.equal(paperBestOf("the full image"), 0.1591);
  assert.equal(paperBestOf("the patches, without attention"), 0.1751);
  assert.equal(paperBestOf("the patches, with attention"), 0.2254);
});

Deno.test("claims on modules follow the numbers", () => {
  const judged = (recalls: Record<string, number>) =>
    judgedBy(claims, { adapters: rowsOf(recalls) }).map(({ holds }) => holds);
  const far = { "DetailCLIP, as published": 0.5, "DetailCLIP, our training": 0.7 };
  assert.deepEqual(judged({ ...far, "MLP over patches, 1 layer": 0.3 }), ["yes", "yes", "yes"]);
  assert.deepEqual(judged({ ...far, "weighted patches": 0.6 }), ["yes", "no", "no"]);
  assert.deepEqual(judged({}), ["no", "no", "no"]);
  const best = bestOf(rowsOf({ "MLP, 2 layers": 0.3 }), "the full image");
  assert.equal(best.method, "MLP, 2 layers");
});

Deno.test("modules that were left out are not judged, and the best is of those that are there", () => {
  const rows = rowsOf({ "MLP, 2 layers": 0.4, "MLP, 3 layers": 0.3 })
    .filter(({ method }) => method !== "MLP, 2 layers");
  assert.equal(bestOf(rows, "the full image").method, "MLP, 3 layers");
  const bare = rows.filter(({ method }) => !/MLP|transformer|weighted|linear/.test(method));
  assert.deepEqual(judgedBy(claims, { adapters: bare }).map(({ ours }) => ours), [
    "no recall@1 of a module on the full image",
    "no recall@1 of a method MLP over patches…",
    "no recall@1 of a module on the patches, without attention",
  ]);
  const { fusion } = adaptersConfig("smoke", { depths: { MLP: [3, 1] } });
  assert.deepEqual(fusion!.slice(0, 3).map(({ method }) => method), [
    ...["MLP, 1 layer", "MLP, 3 layers", "transformer, no patches"],
  ]);
});

Deno.test("the paper's modules stand in a panel of their own", () => {
  const bars = adapterBars(rowsOf({}));
  const paper = bars.filter(({ metric }) => metric.startsWith("in the paper"));
  assert.equal(bars.length - paper.length, METHODS.length);
  assert.deepEqual(paper.map(({ value }) => value), [
    0.1061,
    0.1591,
    0.147,
    0.1396,
    0.159,
    0.1751,
    0.1721,
    0.2254,
  ]);
  assert.ok(recallBars(bars).alt.includes("full image 20 %"));
});
