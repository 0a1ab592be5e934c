import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  coverName,
  type ExperimentConfig,
  judgeClaims,
  readResults,
  type ResultRow,
  type SeriesRow,
} from "detailclip";
import { isGenerated } from "detailclip/runner";
import { claims, runEncoders } from "./encoders.ts";
import { DATASETS, ENCODERS, GENERATED, labelOf, pairName, pairsOf } from "./encoders_pairs.ts";
import {
  besidePaper,
  encoderDots,
  gapsIn,
  missingPairs,
  notRunTable,
  ourRows,
  paperRows,
  tableThree,
} from "./encoders_rows.ts";
import { judgedBy } from "./testing.ts";

const testdata = (folder: string) =>
  fileURLToPath(new URL(`../lib/encoders/testdata/${folder}/`, import.meta.url));
const clip = testdata("random-clip");

/** Few small images, so that drawing, encoding and training take a second. */
const few = (config: ExperimentConfig): ExperimentConfig => ({
  ...config,
  ...(config.dataset.source === "clevr-ds" &&
    { dataset: { ...config.dataset, images: 30, size: 160 } }),
  prompts: "single",
  bootstrap: { resamples: 10, confidence: 0.9 },
});

Deno.test("encoders and data sets that cannot be meant are refused before any work", async () => {
  const run = (options: object) => runEncoders({ scale: "smoke", ...options });
  await assert.rejects(
    run({ encoders: { "My CLIP": 7 } }),
    /encoders\["My CLIP"\] must be text, got 7/,
  );
  await assert.rejects(run({ encoders: ["a"] }), /encoders must be an object, got \[ "a" \]/);
  await assert.rejects(run({ datasets: { COCO: {} } }), /datasets\.COCO must be text, got \{\}/);
  await assert.rejects(run({ seed: "7" }), /seed must be an integer from 0 on, got "7"/);
});

Deno.test("folders of two families train DetailCLIP and DetailBLIP beside the embedded encoder, and the rest is named", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const series = await runEncoders({
      scale: "smoke",
      encoders: {
        "CLIP-ViT-B/16": clip,
        "BLIP2": testdata("families/blip2"),
        "CLIP-ViT-B/32": "nobody/nothing",
        "CLIP-ViT-L/14": `${folder}/gone`,
      },
      datasets: { COCO: `${folder}/gone.json` },
      change: few,
      cacheDir: `${folder}/cache`,
      runsDir: `${folder}/runs`,
      output: "silent",
    });
    const ran = ["tiny-clip", "CLIP-ViT-B/16", "BLIP2"].map((encoder) =>
      labelOf(encoder, "CLEVR-DS")
    );
    assert.deepEqual([...series.runs.keys()], ran);
    assert.equal(series.notRun.length, Object.keys(ENCODERS).length * DATASETS.length - 3);
    const [own, other, blip] = ran.map((label) => series.runs.get(label)!);
    assert.equal(new Set([own, other, blip].map((run) => run.provenance.encoder)).size, 3);
    assert.equal(other.config.encoder.preprocessing, "squash");
    const losses = [own, other, blip].map(({ training }) => training["DetailCLIP, our training"]);
    assert.ok(losses.every(({ length }) => length > 0)); // each on its own features
    assert.equal(new Set(losses.map((all) => JSON.stringify(all))).size, 3);

    const why = (encoder: string, dataset: string) =>
      series.notRun.find(({ member }) => member === labelOf(encoder, dataset))!;
    assert.match(why("CLIP-ViT-B/32", "CLEVR-DS").missing, /nobody\/nothing/);
    assert.match(why("CLIP-ViT-L/14", "CLEVR-DS").missing, /gone lacks onnx/);
    assert.match(
      why("RegionCLIP", "CLEVR-DS").missing,
      /an image tower and a text tower .*export_open_clip\.py --layout regionclip/,
    );
    assert.match(why("tiny-clip", "COCO").missing, /there is no file .*gone\.json/);
    assert.match(why("tiny-clip", "LVIS").missing, /no annotations of LVIS/);
    assert.match(
      why("SLIP", "LVIS").command,
      /--set 'encoders=\{"SLIP":.* --set 'datasets=\{"LVIS"/,
    );
    assert.equal(notRunTable(series).length, missingPairs(series).length);

    const rows = await readResults(own.path);
    const judged = judgedBy(claims, { [pairName("tiny-clip", "CLEVR-DS")]: rows });
    assert.deepEqual(judged.map(({ paper }) => paper), [
      "9.58 (ViT-B/16), 19.65 (ViT-L/14)",
      "1.06 (ViT-B/16), 0.25 (ViT-L/14); on LVIS -1.74 (ViT-B/16), -6.71 (ViT-L/14)",
    ]);
    assert.match(judged[0].ours, /^[+−]\d.* \[.*\]; 1 of 2 encoders$/);
    assert.equal(judged[0].holds, "not measured");
    const both = judgeClaims(claims, series.runs.values())[0];
    assert.match(both.ours, /\], [+−]\d.*\]; 1 of 3 seeds$/);
    const table = tableThree(series);
    for (const encoder of Object.keys(ENCODERS)) {
      assert.ok(table.some((line) => line.encoder === encoder && line.method === "DetailCLIP"));
    }
    assert.ok(table.every((line) => line["LVIS, %"] === "not run"));
    assert.equal(ourRows(series.rows).length, 9); // 3 encoders, 3 methods
    const given = pairsOf({
      encoders: { "my own": "/e", "CLIP-ViT-B/16": "/f" },
      datasets: { mine: "/a.json" },
    });
    const preprocessingOf = (encoder: string) =>
      given.members.find(({ label }) => label === labelOf(encoder, "mine"))!.config.encoder
        .preprocessing;
    assert.equal(preprocessingOf("CLIP-ViT-B/16"), "squash"); // as the paper's authors feed it
    assert.equal(preprocessingOf("my own"), undefined);
    const member = labelOf("my own", "mine");
    const rowsOfMine = series.rows.map((row) => ({ ...row, member }));
    const widened = tableThree({ ...series, rows: rowsOfMine });
    assert.ok(widened.some((line) => line.encoder === "my own" && Number(line["mine, %"]) >= 0));
    assert.ok(widened.every((line) => !("paper: mine" in line)));
    assert.throws(() => pairsOf({ encoders: { "a on b": "/e" } }), /"a on b" has " on "/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a generated set stands for one of the paper's: more methods, all its images with the embedded encoder", () => {
  const { members } = pairsOf({
    encoders: { "CLIP-ViT-B/16": "/f" },
    datasets: { ...GENERATED, own: "/a.json" },
  });
  const configOf = (encoder: string) =>
    members.find(({ label }) => label === labelOf(encoder, "Unity-Retail"))!.config;
  const { dataset, covers, fusion, learn } = configOf("tiny-clip");
  assert.deepEqual([dataset.source, learn], ["retail", undefined]);
  assert.ok(isGenerated(dataset) && dataset.images === 1000 && dataset.limit === undefined);
  assert.deepEqual(covers.map(coverName), ["full", "cc@5", "grid@5", "objects"]);
  assert.deepEqual(fusion!.map(({ method }) => method), [
    ...["DetailCLIP, our training", "closed form"],
  ]);
  const real = configOf("CLIP-ViT-B/16");
  assert.deepEqual(real.covers.map(coverName), ["full", "cc@5"]);
  assert.ok(isGenerated(real.dataset) && real.dataset.limit === 100);
  assert.deepEqual(real.learn, { train: 150, val: 50 });
  const smoke = pairsOf({ scale: "smoke", datasets: GENERATED, images: 20 }).members;
  const [, { config: few }] = smoke.filter(({ config }) => config.encoder.id === "tiny-clip");
  assert.ok(few.dataset.source === "retail" && few.dataset.images === 20);
});

Deno.test("all methods stand beside the paper's of their kind", () => {
  const recall = { metric: "recall@1", subset: "all", value: 0.5, low: 0.4, high: 0.6 };
  const rows = ["chance", "full image", "cc@5", "DetailCLIP, our training", "closed form"]
    .map((method, vectors) => ({ ...recall, method, cover: "x", vectors })) as ResultRow[];
  const table = besidePaper([...rows, { ...rows[1], subset: "size" }], "Unity-Retail");
  assert.deepEqual(table.map((line) => line["paper: CLIP-ViT-L/14"]), [
    ...["", "35.74", "52.40", "55.21", ""],
  ]);
  assert.deepEqual(table[1], {
    ...{ method: "full image", vectors: "1", "recall@1, %": "50.0" },
    ...{ "paper: CLIP-ViT-B/16": "24.63", "paper: CLIP-ViT-L/14": "35.74" },
  });
});

Deno.test("Table 3 has a number for each of its 9 lines and 4 data sets", () => {
  const rows = paperRows();
  assert.equal(rows.length, 36);
  const fused = rows.filter(({ method, dataset }) => method === "DetailCLIP" && dataset === "COCO");
  assert.deepEqual(fused.map(({ encoder, value }) => [encoder, value.toFixed(4)]), [
    ["CLIP-ViT-B/16", "0.4419"],
    ["CLIP-ViT-L/14", "0.6263"],
  ]);
});

Deno.test("dots are ours and the paper's, in per cent; gaps are of encoders that have a dot", () => {
  const row = {
    method: "cc@10",
    metric: "recall@1",
    subset: "all",
    value: 0.5,
    low: 0.4,
    high: 0.6,
  };
  const own = { ...row, member: labelOf("tiny-clip", "CLEVR-DS") } as SeriesRow;
  const dots = encoderDots([own]);
  assert.equal(dots.length, 1 + paperRows().length);
  assert.deepEqual(dots[0], {
    ...{ encoder: "tiny-clip", dataset: "CLEVR-DS", method: "cc@10", by: "here" },
    ...{ value: 50, low: 40, high: 60 },
  });
  assert.ok(
    dots.slice(1).every(({ by, low, value }) => by === "the paper" && !low && value <= 100),
  );
  const notRun = ["SLIP on LVIS", "nobody on LVIS"]
    .map((member) => ({ member, missing: "", command: "" }));
  assert.deepEqual(gapsIn(dots, { notRun }), [{ encoder: "SLIP", dataset: "LVIS", by: "here" }]);
});
