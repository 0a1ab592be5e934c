import assert from "node:assert/strict";
import { completeCover } from "../covers/mod.ts";
import {
  PAPER_SOURCE,
  PAPER_TABLES,
  paperAdapters,
  paperRecalls,
  paperTable,
  paperValue,
} from "./paper.ts";

Deno.test("all tables of numbers are there, each with a title, a place and lines of one shape", () => {
  const numbers = PAPER_TABLES.filter((name) => name.startsWith("table "))
    .map((name) => Number(name.slice(6)));
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14]); // 7 holds formulas
  for (const name of PAPER_TABLES) {
    const { title, where, rows } = paperTable(name);
    assert.ok(title && where && rows.length > 0, name);
    for (const row of rows) assert.deepEqual(Object.keys(row), Object.keys(rows[0]), name);
  }
  assert.match(PAPER_SOURCE, /DetailCLIP/);
});

Deno.test("the differences that the text quotes come out of the table", () => {
  const gain = (dataset: string) =>
    paperValue("table 2", { dataset, method: "DetailCLIP" }, "recall@1") -
    paperValue("table 2", { dataset, input: "Full Image" }, "recall@1");
  assert.equal(gain("CLEVR-DS-S").toFixed(2), "10.23"); // section 5.2.1
  assert.equal(gain("CLEVR-DS-L").toFixed(2), "2.76");
});

Deno.test("numbers that stand in two tables agree where the notes do not say otherwise", () => {
  const where = { dataset: "CLEVR-DS", method: "DetailCLIP" };
  const main = paperValue("table 2", where, "recall@1");
  assert.equal(paperValue("table 4", { transformer: true, patchCc: true }, "recall@1"), main);
  assert.equal(paperValue("figure 6", { method: "DetailCLIP" }, "recall@1"), main);
  assert.equal(
    paperValue("table 4", { transformer: false, mlpLayers: 0 }, "recall@1"),
    paperValue("table 2", { dataset: "CLEVR-DS", input: "Full Image" }, "recall@1"),
  );
});

Deno.test("table 13 is what the cover gives", () => {
  for (const { k, patches, levels } of paperTable("table 13").rows) {
    const counts = completeCover(1000, 1000, Number(k)).levels.map((boxes) => boxes.length);
    assert.deepEqual(counts, levels);
    assert.equal(counts.reduce((sum, count) => sum + count), patches);
  }
});

Deno.test("paperValue refuses a line that is not there or not unique", () => {
  assert.throws(() => paperTable("table 7"), /Cannot read the paper's table 7: there is only/);
  assert.throws(
    () => paperValue("table 2", { dataset: "CLEVR-DS" }, "recall@1"),
    /3 lines have \{"dataset":"CLEVR-DS"\}/,
  );
  assert.throws(() => paperValue("table 2", { dataset: "MNIST" }, "recall@1"), /0 lines/);
  assert.throws(
    () => paperValue("table 6", { method: "CC" }, "recall@9"),
    /column "recall@9" holds undefined, not a number/,
  );
});

Deno.test("the paper's recalls stand under our names, Patch-obj only where the text gives it", () => {
  assert.deepEqual(paperRecalls("recall@1"), {
    "full image": 10.61,
    "cc@10": 22.56,
    "DetailCLIP, as published": 22.54,
    "DetailCLIP, our training": 22.54,
    "Patch-obj": 32.44,
  });
  assert.equal(paperRecalls("recall@5")["cc@10"], 64.91);
  assert.ok(!("Patch-obj" in paperRecalls("recall@5")));
  assert.deepEqual(Object.values(paperAdapters()), [
    10.61,
    15.91,
    14.7,
    13.96,
    15.9,
    17.51,
    17.21,
    22.54,
    22.54,
  ]);
});
