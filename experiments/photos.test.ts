import assert from "node:assert/strict";
import { configHash, configure, filesOf, type RetrievalRun } from "detailclip";
import { checkConfig } from "detailclip/runner";
import { filedAs, photos, photosHalf, placedAt } from "./photos.ts";
import {
  classesTable,
  classRows,
  figureRows,
  figuresTable,
  keptRows,
  recallTable,
  rMaxTable,
  sizesTable,
} from "./photos_rows.ts";

Deno.test("photographs are measured where they lie, and filed as if they lay nowhere", () => {
  const files = { source: "coco", annotations: "/a/own.json", root: "/a/images" } as const;
  for (const definition of [photos, photosHalf]) {
    const config = configure(definition, "quick"), placed = placedAt(config, files);
    checkConfig(placed);
    assert.deepEqual(config.dataset, configure(definition, "quick").dataset); // stays
    const text = JSON.stringify(placed);
    assert.ok(!text.includes("coco-128") && text.includes("/a/own.json"));
    const back = placedAt(placed, {
      ...files,
      ...{ annotations: "coco-128/instances.json" },
      root: "coco-128/images",
    });
    assert.equal(configHash(back), configHash(config));
  }
  const { dataset } = configure(photosHalf, "quick");
  assert.ok(dataset.source === "coco" && dataset.train?.draw?.after === dataset.val?.draw?.size);
});

Deno.test("rows of two data sets lie in two folders; kept ones are of the listed photographs", () => {
  const config = configure(photos, "quick");
  const folders = ["a", "b"].map((name) => {
    const root = `/${name}/images`;
    const files = { source: "coco", annotations: `/${name}/instances.json`, root } as const;
    assert.equal(filedAs(config, files, { keep: true }), config);
    return filesOf("photos_classes", filedAs(config, files, {}), { keep: false }).folder;
  });
  assert.notEqual(folders[0], folders[1]);
});

/** Two classes and one that no photograph shows, four photographs, two methods. */
const RUN = {
  dataset: { name: "made up", categories: ["dog", "yak", "kite"] },
  relevance: {
    ...{ queries: 3, images: 4 },
    relevant: Uint8Array.of(1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0), // (Q, N)
  },
  methods: [[0.9, 0.1, 0.5, -0.2], [0.9, 0.8, 0.1, 0.2]].map((dogs, i) => ({
    ...{ method: ["full image", "cc@10"][i], cover: ["full", "cc@10"][i], vectors: 1 },
    scores: {
      ...{ queries: 3, images: 4 },
      scores: Float32Array.of(...dogs, 0.3, 0.2, 0.6, 0.7, 0, 0, 0, 0),
    },
  })),
} as unknown as RetrievalRun;

Deno.test("classes are told one by one, those of no photograph not at all", () => {
  const rows = classRows(RUN);
  assert.deepEqual(rows, [
    { class: "dog", photos: 2, recall: { "full image": 0.5, "cc@10": 1 } },
    { class: "yak", photos: 2, recall: { "full image": 1, "cc@10": 1 } },
  ]);
  const table = classesTable(
    [...rows, { class: "kite", photos: 1, recall: { "full image": 0, "cc@10": 0 } }],
    ["full image", "cc@10"],
  );
  assert.match(table, /\| full image \| +\| +\| yak \(2\) +\|/); // one photograph says nothing
  assert.match(table, /\| cc@10 +\| +\| +\| dog \(2\), yak \(2\) \|/);
});

Deno.test("what the figures show, in numbers", () => {
  const [full, patches] = figureRows(RUN);
  assert.deepEqual([full.method, patches.method], ["full image", "cc@10"]);
  assert.deepEqual([full.first, patches.first], [2, 2]); // of four photographs all are among the first
  assert.ok(patches.dPrime > full.dPrime && patches.aucByPrompt === 1);
  assert.deepEqual([full.positive[1], full.negative[1] > 0], [0, true]); // shares without a logarithm
  assert.match(figuresTable([full, patches]), /\| cc@10 +\| +2\.00 \| +0\.\d{3} \(0\.0 % ≤ 0\)/);
});

Deno.test("tables have the paper's numbers beside ours, and parts of the data by their names", () => {
  const row = (method: string, subset = "all", value = 0.5) =>
    [1, 3, 5].map((k) => ({
      ...{ method, cover: "full", subset, vectors: method === "chance" ? 0 : 1 },
      ...{ metric: `recall@${k}`, value, low: value - 0.1, high: value + 0.1 },
      ...{ images: 128, classes: 71 },
    }));
  const all = ["full image", "cc@10", "DetailCLIP, our training", "closed form"];
  const parts = ["r_max ≤ 10^0", "r_max ≤ 10^-1", "size < 5 %"];
  const rows = [
    ...all.flatMap((method) => row(method)),
    ...parts.flatMap((part) => ["full image", "cc@10", "closed form"].flatMap((m) => row(m, part))),
  ];
  const pair = { subset: "all", method: "cc@10", over: "full image" };
  const table = recallTable(rows, [{ ...pair, value: 0.031, low: -0.01, high: 0.07 }]);
  const line = (name: string) => table.split("\n").find((line) => line.startsWith(`| ${name} `))!;
  assert.match(line("full image"), /40\.93 \| +56\.74 \|$/);
  assert.match(line("cc@10"), /\+3\.1 \(−1\.0 to \+7\.0\) \| +41\.24 \| +59\.40 \|$/);
  assert.match(line("DetailCLIP, our training"), /44\.19 \| +62\.63 \|$/);
  assert.match(line("closed form"), /\| +\| +\|$/);
  const kept = keptRows(rows);
  assert.ok(kept.some(({ method }) => method === "closed form"));
  assert.ok(!kept.some(({ method, subset }) => method === "closed form" && subset !== "all"));
  assert.match(rMaxTable(kept), /\| 10\^-1 +\| +5\.75 \| +128 \| +71 \| +50\.0 \(40\.0–60\.0\) \|/);
  assert.equal(rMaxTable(kept).split("\n").length, 4);
  assert.match(sizesTable(kept), /\| < 5 % \| +128 \|/);
});
