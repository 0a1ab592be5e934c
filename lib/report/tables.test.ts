import assert from "node:assert/strict";
import pl from "nodejs-polars";
import type { ResultRow } from "./results.ts";
import {
  differenceText,
  percentBetween,
  recallMarkdown,
  recallText,
  signedBetween,
  toDataFrame,
} from "./tables.ts";

const row = (method: string, metric: string, value: number, subset = "all"): ResultRow => ({
  method,
  metric,
  value,
  low: value - 0.02,
  high: value + 0.02,
  subset,
  cover: "full",
  vectors: method === "cc@10" ? 166 : 1,
  images: 400,
  classes: 138,
});

const rows = [
  row("full image", "recall@1", 0.2154),
  row("full image", "recall@3", 0.43),
  row("full image", "recall@1", 0.9, "large"),
  row("cc@10", "recall@1", 0.84),
];

Deno.test("a table has a line a method, a cell a metric and the paper's number last", () => {
  const table = recallMarkdown(rows, {
    metrics: ["recall@1", "recall@3"],
    paper: { heading: "paper", values: { "full image": 10.61 } },
  });
  assert.equal(
    table,
    [
      "| method     | vectors |         Recall@1 | Recall@3 | paper |",
      "| ---------- | ------: | ---------------: | -------: | ----: |",
      "| full image |       1 | 21.5 (19.5–23.5) |     43.0 | 10.61 |",
      "| cc@10      |     166 | 84.0 (82.0–86.0) |          |       |",
    ].join("\n"),
  );
});

Deno.test("numbers show their intervals", () => {
  assert.equal(percentBetween({ value: 0.727, low: 0.714, high: 0.74 }), "72.7 [71.4, 74.0]");
  const differences = [[0.468, 0.454, 0.483], [-0.1, -0.121, 0.08]].map(([value, low, high]) =>
    signedBetween({ value, low, high })
  );
  assert.deepEqual(differences, ["+46.8 [45.4, 48.3]", "−10.0 [−12.1, 8.0]"]);
});

Deno.test("a subset shows only its own rows", () => {
  const lines = (subset: string) => recallMarkdown(rows, { subset }).split("\n").slice(2);
  assert.deepEqual(lines("large").map((line) => /^\| full image .* 90\.0 /.test(line)), [true]);
  assert.deepEqual(lines("none"), []);
});

Deno.test("a data frame keeps rows and columns", () => {
  const frame = toDataFrame(rows);
  assert.equal(frame.height, rows.length);
  assert.deepEqual(frame.getColumn("method").toArray(), rows.map((r) => r.method));
});

Deno.test("a data frame has every key of any row, however late, and null where a row lacks it", () => {
  const early = Array.from({ length: 150 }, (_, i) => ({ i, value: null, unset: undefined }));
  const frame = toDataFrame([...early, { i: 150, value: 1.5, sizes: [1, 2], name: "late" }]);
  assert.deepEqual(frame.columns, ["i", "value", "unset", "sizes", "name"]);
  assert.deepEqual(frame.getColumn("i").toArray(), Array.from({ length: 151 }, (_, i) => i));
  const shown = frame.toRecords();
  assert.deepEqual(shown[0], { i: 0, value: null, unset: null, sizes: null, name: null });
  assert.deepEqual(shown[150], { i: 150, value: 1.5, unset: null, sizes: [1, 2], name: "late" });
});

Deno.test("a data frame of no rows is empty and can be shown", () => {
  const frame = toDataFrame([]);
  assert.deepEqual([frame.height, frame.columns], [0, []]);
  assert.match(frame.toHTML(), /<table>/);
});

Deno.test("a data frame is polars' own: it is filtered and pivoted without a cast", () => {
  const table = toDataFrame(rows)
    .filter(pl.col("subset").eq(pl.lit("all")))
    .pivot("value", { index: "method", on: "metric" });
  assert.deepEqual(table.toRecords(), [
    { method: "full image", "recall@1": 0.2154, "recall@3": 0.43 },
    { method: "cc@10", "recall@1": 0.84, "recall@3": null },
  ]);
});

Deno.test("recalls and differences are written with their intervals, in per cent and in points", () => {
  const frame = toDataFrame([...rows.slice(0, 1), {
    ...rows[0],
    value: -0.05,
    low: -0.061,
    high: 0,
  }])
    .select("method", recallText(), differenceText());
  const { recall, points } = {
    recall: frame.getColumn("recall, %"),
    points: frame.getColumn("points"),
  };
  assert.equal(recall.toArray()[0], "21.5 (19.5–23.5)");
  assert.equal(points.toArray()[1], "-5.0 (-6.1 to 0.0)");
});

Deno.test("a trained method says on how much, and chance has neither vectors nor an interval", () => {
  const chance = { ...row("chance", "recall@1", 0.1), low: 0.1, high: 0.1, vectors: 0 };
  const trained = { images: 1050, epochs: 40 };
  const table = recallMarkdown([chance, { ...row("DetailCLIP", "recall@1", 0.5), trained }]);
  const cells = table.split("\n").slice(2).map((line) =>
    line.split("|").map((cell) => cell.trim())
  );
  assert.deepEqual(cells.map((line) => line.slice(1, 4)), [
    ["chance", "", "10.0"],
    ["DetailCLIP (1,050 images, 40 epochs)", "1", "50.0 (48.0–52.0)"],
  ]);
});
