import assert from "node:assert/strict";
import { join } from "node:path";
import {
  filesOf,
  type FilingOptions,
  KEEP_VARIABLE,
  noteCommitted,
  writeResults,
} from "./filing.ts";
import { collectProvenance, configHash, type NamedConfig } from "./provenance.ts";
import { readResults, type ResultRow, rowsPath } from "./results.ts";
import type { PairRow } from "../retrieval/mod.ts";

const dataset = { source: "clevr-ds", variant: "mixed", family: "fluent-3d" };
const config: NamedConfig = { name: "example", scale: "smoke", seed: 3, dataset };
const folders = { runsDir: "runs", resultsDir: "results" };
const row: ResultRow = {
  ...{ method: "full image", metric: "recall@1", value: 0.25, low: 0.2, high: 0.3 },
  ...{ subset: "all", cover: "full", vectors: 1, images: 10, classes: 3 },
};

Deno.test("a run is filed under experiment, data set, scale and the hash that its rows carry", () => {
  const files = filesOf("example", config, folders);
  const folder = join("runs", "example", "clevr-ds-mixed", `smoke-${configHash(config)}`);
  assert.deepEqual(
    [
      ...[files.folder, files.rows, files.pairs, files.provenance],
      ...[files.figure(), files.figure("recall5")],
    ],
    ["", "rows.jsonl", "pairs.jsonl", "run.json", "figure", "recall5"].map((name) =>
      join(folder, name)
    ),
  );
});

Deno.test("the data set has a readable name, which stays in its place", () => {
  const named = (dataset: NamedConfig["dataset"]) =>
    filesOf("e", { ...config, dataset }, folders).folder.split(/[\\/]/)[2];
  const coco = (annotations: string) => named({ source: "coco", annotations });
  assert.equal(named({ ...dataset, variant: "S", family: "noto" }), "clevr-ds-S-noto");
  assert.equal(coco("/data/street/val 2017.JSON"), "val-2017");
  assert.equal(coco("/data/.."), "unnamed");
  assert.equal(coco("a/.json"), "unnamed");
  assert.equal(coco("größe.json"), "größe");
  assert.equal(coco(`${"x".repeat(300)}.json`).length, 60);
  assert.equal(named(undefined), "no-data-set");
  const elsewhere = filesOf("../e", { ...config, scale: "a/b" }, folders);
  assert.match(elsewhere.folder, /^runs.e.clevr-ds-mixed.a-b-[0-9a-f]{12}$/);
  assert.equal(elsewhere.figure("../../x"), join(elsewhere.folder, "x"));
});

Deno.test("whatever differs in the configuration is filed apart, data sets of one name too", () => {
  const coco = (annotations: string, limit?: number) => ({
    ...config,
    dataset: { source: "coco", annotations, limit },
  });
  const configs = [
    config,
    { ...config, seed: 4 },
    ...[coco("a/own.json"), coco("b/own.json"), coco("b/own.json", 3), coco("b/own.json", 4)],
  ];
  const found = configs.map((config) => filesOf("example", config, folders).folder);
  assert.equal(new Set(found).size, configs.length);
  assert.ok(found[2].startsWith(join("runs", "example", "own", "smoke-")));
});

Deno.test("own files that change in place are filed apart: annotations, those of a split, images", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [annotations, root] = [join(folder, "own.json"), folder];
    const train = { annotations: join(folder, "train.json"), root };
    const write = (path: string, ids: number[]) =>
      Deno.writeTextFileSync(
        path,
        JSON.stringify({ images: ids.map((id) => ({ id, file_name: `${id}.jpg` })) }),
      );
    const own = { ...config, dataset: { source: "coco", annotations, root, train } };
    const seen: string[] = [];
    const changed = (change: () => void) => {
      change();
      const { folder } = filesOf("example", own, folders);
      assert.equal(filesOf("example", own, folders).folder, folder); // and stay where they are
      assert.match(folder, /^runs.example.own.smoke-[0-9a-f]{12}-[0-9a-f]{6}$/);
      assert.ok(!seen.includes(folder), folder);
      seen.push(folder);
    };
    changed(() => write(annotations, [1]));
    changed(() => write(annotations, [1, 2]));
    changed(() => write(train.annotations, [3]));
    changed(() => Deno.writeTextFileSync(join(folder, "2.jpg"), "a photo"));
    changed(() => Deno.writeTextFileSync(join(folder, "2.jpg"), "another photo"));
    changed(() => Deno.writeTextFileSync(annotations, "not JSON"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("so are own data that are named elsewhere in a configuration, and an encoder", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const annotations = join(folder, "own.json"), id = join(folder, "encoder");
    const given = { ...config, datasets: { mine: { annotations, root: folder } } };
    const encoded = { ...config, encoder: { id } };
    const set = { runsDir: "runs", settings: { mine: { annotations } } };
    const all = (): string[] => [
      filesOf("example", given, folders).folder,
      filesOf("example", [config, encoded], folders).folder,
      filesOf("example", config, set).folder,
    ];
    const nothing = all();
    for (const path of nothing) assert.match(path, /smoke-[0-9a-f]{12}$/);
    await Deno.mkdir(id);
    await Deno.writeTextFile(annotations, "{}");
    await Deno.writeTextFile(join(id, "config.json"), "{}");
    const first = all();
    for (const path of first) assert.match(path, /smoke-[0-9a-f]{12}-[0-9a-f]{6}$/);
    assert.deepEqual(all(), first);
    await Deno.writeTextFile(annotations, '{"images": []}');
    await Deno.writeTextFile(join(id, "config.json"), '{"other": 1}');
    const second = all();
    first.forEach((path, i) => assert.notEqual(second[i], path));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("settings beside the configuration are filed apart, and have no part in committed names", () => {
  const own = { ...config, name: "gallery" };
  noteCommitted(own);
  const folders = [undefined, { queries: ["cat"] }, { queries: ["dog"] }].map((settings) =>
    filesOf("gallery", own, { runsDir: "runs", settings }).folder
  );
  assert.equal(new Set(folders).size, 3);
  const kept = filesOf("gallery", own, { keep: true, settings: { queries: ["cat"] } });
  assert.equal(kept.rows, rowsPath("gallery", "smoke"));
});

Deno.test("a series is filed by all its configurations; a series of one as that one", () => {
  const series = [config, { ...config, dataset: { ...dataset, variant: "S" } }];
  const { folder } = filesOf("example", series, folders);
  assert.match(folder, /^runs.example.2-data-sets.smoke-[0-9a-f]{12}$/);
  assert.notEqual(filesOf("example", [config, { ...series[1], seed: 4 }], folders).folder, folder);
  assert.deepEqual(
    filesOf("example", [config], folders).folder,
    filesOf("example", config, folders).folder,
  );
  assert.throws(() => filesOf("example", []), /Cannot file example: it has no configuration/);
});

Deno.test("kept results have their committed names; one changed configuration keeps a series out", () => {
  const own = [config, { ...config, name: "example_S" }].map((c) => ({ ...c, scale: "quick" }));
  own.forEach(noteCommitted);
  const keep = { ...folders, keep: true };
  const files = filesOf("example", own, keep);
  assert.equal(files.rows, rowsPath("example", "quick", "results"));
  assert.equal(files.pairs, join("results", "rows", "example.quick.pairs.jsonl"));
  assert.equal(files.provenance, join("results", "rows", "example.quick.run.json"));
  assert.equal(files.figure(), join("results", "figures", "example.quick"));
  assert.equal(files.figure("recall5"), join("results", "figures", "example.recall5.quick"));
  const changed = [own[0], { ...own[1], seed: 4 }];
  for (const [configs, options] of [[own, folders], [changed, keep]] as const) {
    assert.ok(filesOf("example", configs, options).folder.startsWith("runs"));
  }
});

Deno.test("rows of another seed are kept in a place of their own, its figures are not", () => {
  const own = { ...config, name: "seeds", scale: "quick" };
  noteCommitted(own);
  const keep = { ...folders, keep: true };
  const files = filesOf("seeds", { ...own, seed: 8 }, keep);
  const stem = join("results", "rows", "seeds", "seeds.quick.seed-8");
  assert.deepEqual([files.rows, files.pairs, files.provenance], [
    `${stem}.jsonl`,
    `${stem}.pairs.jsonl`,
    `${stem}.run.json`,
  ]);
  assert.ok(files.figure().startsWith("runs") && files.folder.startsWith("runs"));
  for (
    const [config, options] of [
      [{ ...own, seed: 8 }, folders],
      [{ ...own, seed: 8, dataset: { ...dataset, variant: "S" } }, keep],
      [[own, { ...own, seed: 8 }], keep], // a figure of two seeds
    ] as const
  ) {
    assert.ok(filesOf("seeds", config, options).rows.startsWith("runs"));
  }
});

Deno.test("the variable keeps what is committed, and nothing else", () => {
  const before = Deno.env.get(KEEP_VARIABLE);
  const own = { ...config, name: "kept by the variable" };
  noteCommitted(own);
  const folderOf = (config: NamedConfig) => filesOf("example", config, folders).folder;
  try {
    Deno.env.set(KEEP_VARIABLE, "1");
    assert.equal(folderOf(own), "results");
    assert.notEqual(folderOf({ ...own, scale: "quick" }), "results");
    Deno.env.set(KEEP_VARIABLE, "");
    assert.notEqual(folderOf(own), "results");
  } finally {
    if (before === undefined) Deno.env.delete(KEEP_VARIABLE);
    else Deno.env.set(KEEP_VARIABLE, before);
  }
});

/** Provenance of a run that began at a time. */
const provenanceAt = (time: number) =>
  collectProvenance({
    ...{ config, command: "deno task demo", dataset: "d", encoder: "e", seconds: { extract: 1.5 } },
    started: new Date(time),
  });

async function withRuns(test: (options: FilingOptions) => Promise<void>): Promise<void> {
  const runsDir = await Deno.makeTempDir();
  try {
    await test({ runsDir });
  } finally {
    await Deno.remove(runsDir, { recursive: true });
  }
}

Deno.test("rows come back with seed and config hash, provenance beside them", () =>
  withRuns(async (options) => {
    const provenance = await provenanceAt(0);
    const rows = [row, { ...row, method: "cc@10", k: 10 }];
    const path = await writeResults(rows, provenance, options);
    const files = filesOf("example", config, options);
    assert.equal(path, files.rows);
    const back = await readResults(path);
    assert.deepEqual(back[0], { ...row, seed: 3, configHash: provenance.configHash });
    assert.equal(back[1].k, 10);
    const run = JSON.parse(await Deno.readTextFile(files.provenance));
    assert.deepEqual(run.config, config);
    assert.equal(run.started, "1970-01-01T00:00:00.000Z");
    assert.deepEqual(run.seconds, { extract: 1.5 });
  }));

Deno.test("rows that are there already keep the provenance of who measured them first", () =>
  withRuns(async (options) => {
    const { provenance } = filesOf("example", config, options);
    const startedAfter = async (rows: ResultRow[], time: number) => {
      await writeResults(rows, await provenanceAt(time), options);
      return Date.parse(JSON.parse(await Deno.readTextFile(provenance)).started);
    };
    assert.equal(await startedAfter([row], 1000), 1000);
    assert.equal(await startedAfter([row], 2000), 1000);
    assert.equal(await startedAfter([{ ...row, value: 0.3 }], 3000), 3000);
    await Deno.remove(provenance);
    assert.equal(await startedAfter([{ ...row, value: 0.3 }], 4000), 4000);
  }));

Deno.test("pairs lie beside the rows, also where the rows were there before", () =>
  withRuns(async (options) => {
    const { pairs: path, provenance } = filesOf("example", config, options);
    const startOf = async () => JSON.parse(await Deno.readTextFile(provenance)).started;
    await writeResults([row], await provenanceAt(1000), options);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound); // none were made
    const bounds = { value: 0.1, low: 0, high: 0.2 };
    const pairs = [{ subset: "all", method: "cc@10", over: "full image", ...bounds }];
    await writeResults([row], await provenanceAt(2000), options, pairs);
    assert.deepEqual(await readResults<PairRow>(path), pairs);
    assert.equal(await startOf(), new Date(1000).toISOString()); // the rows are those measured then
  }));
