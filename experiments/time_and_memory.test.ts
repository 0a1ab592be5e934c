import assert from "node:assert/strict";
import { type ResultRow } from "detailclip";
import { claims, timeAndMemoryConfig } from "./time_and_memory.ts";
import {
  type CostRow,
  largest,
  makingTable,
  savings,
  type SearchRow,
  tableSix,
} from "./time_and_memory_rows.ts";
import { judgedBy } from "./testing.ts";

/** All patches, a few vectors, one. */
const VECTORS = [166, 8, 1];

/** A search of a million vectors takes as many ms as is told, beside what it takes whatever is searched. */
const search = (images: number, vectors: number, { perMillion = 100, always = 0 }): SearchRow => ({
  ...{ what: "search", features: "random", images, vectors, rounds: [] },
  ms: always + images * vectors * perMillion / 1e6,
});

const costs = (speed: { perMillion?: number; always?: number } = {}): CostRow[] => [
  ...[1000, 10_000].flatMap((images) => VECTORS.map((vectors) => search(images, vectors, speed))),
  { ...search(300, 166, speed), features: "real", images: 20_000 },
  { what: "make", step: "cut and encode cc@10", patches: 166, ms: 123.4 },
  ...VECTORS.map((vectors): CostRow => ({
    ...{ what: "memory", vectors, dim: 256, bytes: vectors * 1024 },
  })),
];

Deno.test("savings are ratios at the largest random collection", () => {
  assert.deepEqual(largest(costs()).map(({ images }) => images), [10_000, 10_000, 10_000]);
  const { time, memory } = savings(costs(), 166, 1);
  assert.ok(Math.abs(time - 166) < 1e-9 && memory === 166);
  assert.equal(savings(costs(), 166, 8).memory, 166 / 8);
  assert.ok(savings(costs({ always: 166 }), 166, 1).time < 3); // what no vector saves
});

Deno.test("Table 6 has our numbers and the paper's, where it has any", () => {
  const recall = (method: string, value: number) =>
    ({ method, value, metric: "recall@1", subset: "all" }) as ResultRow;
  const run = { rows: [recall("cc@10", 0.9216), recall("DetailCLIP, our training", 0.727)] };
  const table = tableSix({ run, rows: costs() });
  assert.deepEqual(table.map(({ method }) => method), [
    "cc@10",
    "k-means (m = 8)",
    "DetailCLIP, our training",
  ]);
  assert.deepEqual(table.map((line) => line["ms a query, 10,000 images"]), ["166", "8.00", "1.00"]);
  assert.deepEqual(table.map((line) => line["kB an image"]), ["170.0", "8.2", "1.0"]);
  assert.deepEqual(table.map((line) => line["Recall@1, %"]), ["92.2", "", "72.7"]);
  assert.deepEqual(table.map((line) => line["paper: memory, KB"]), ["333", "", "2.2"]);
  assert.deepEqual(makingTable(costs()), [
    { "step, for one image": "cut and encode cc@10", patches: "166", ms: "123" },
  ]);
});

Deno.test("with other patches than the paper's 166 its numbers stand beside nothing, and nothing is claimed", () => {
  const rows = costs().map((row) => ({
    ...row,
    ...("vectors" in row && row.vectors === 166 && { vectors: 39 }),
  }));
  const run = {
    rows: [{ method: "cc@5", metric: "recall@1", subset: "all", value: 0.8 } as ResultRow],
  };
  const [all] = tableSix({ run, rows });
  const untrained = tableSix({ run: { rows: [] }, rows: costs() }); // of data without images to learn from
  assert.equal(untrained.at(-1)!.method, "one vector");
  assert.deepEqual([all.method, all.vectors, all["paper: memory, KB"]], ["cc@5", "39", ""]);
  const [time] = judgedBy(claims, { time_and_memory: rows });
  assert.deepEqual([time.ours, time.holds], [
    "no search of 166 vectors an image",
    "not measured",
  ]);
});

Deno.test("vectors between one and all patches can be chosen", () => {
  assert.throws(
    () => timeAndMemoryConfig("smoke", { k: 2, vectors: 5 }),
    /vectors: .* from 2 to 4/,
  );
  const [, { fuser }] = timeAndMemoryConfig("smoke", { k: 2, vectors: 4 }).fusion!;
  assert.deepEqual(fuser, { kind: "k-means", vectors: 4 });
});

Deno.test("the claims on Table 6 follow the rows", () => {
  const judge = (speed = {}) => judgedBy(claims, { time_and_memory: costs(speed) });
  assert.deepEqual(judge().map(({ ours, holds }) => [ours, holds]), [["166", "yes"], [
    "99.4",
    "yes",
  ]]);
  assert.deepEqual(judge({ always: 1e6 }).map(({ holds }) => holds), ["no", "yes"]);
});
