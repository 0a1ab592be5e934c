import assert from "node:assert/strict";
import { dataSetFigure, type DataSetRow, SIDE_EDGES_LOG } from "./data_set_figure.ts";

const sides = (from: number, to: number): number[] =>
  SIDE_EDGES_LOG.slice(1).map((edge) => edge > from && edge <= to ? 60 : 0); // no fewer than objects
const rows: DataSetRow[] = [
  {
    dataset: "CLEVR-DS",
    images: 20,
    mean: 5.5,
    paperMean: 13.78,
    counts: Array.from({ length: 31 }, (_, n) => n % 3),
    sides: sides(0.05, 0.4),
  },
  { dataset: "small ones", images: 4, mean: 2, counts: [0, 1, 2, 1], sides: sides(0.05, 0.12) },
];
const textOf = (svg: string) => svg.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");

Deno.test("data_sets looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  const path = new URL("./testdata/data_sets.svg.txt", import.meta.url);
  const now = dataSetFigure(rows).svg
    .replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number)) || 0))
    .replaceAll("><", ">\n<") + "\n";
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, now);
  assert.equal(now, await Deno.readTextFile(path));
});

Deno.test("objects on both sides of the bound are counted", () => {
  const [below, above] = [sides(0.05, 0.2), sides(0.2, 0.4)].map((counts) =>
    counts.reduce((a, b) => a + b)
  );
  const small = Math.round(100 * below / (below + above));
  assert.match(
    textOf(dataSetFigure(rows).svg),
    new RegExp(`small ${small} % large ${100 - small} %`),
  );
  assert.match(textOf(dataSetFigure(rows.slice(1)).svg), /small 100 % large 0 %/);
});

Deno.test("objects without a side are neither small nor large, and are told", () => {
  const none = sides(2, 3);
  const unknown = textOf(dataSetFigure([{ ...rows[1], sides: none }]).svg);
  assert.match(unknown, /sides unknown/);
  assert.match(unknown, /Without a side, .*: 100\.0 % of small ones\./);
  assert.doesNotMatch(unknown, /large \d/);
  const some = textOf(dataSetFigure([{ ...rows[1], sides: none.with(3, 2) }]).svg);
  assert.match(some, /75\.0 % of small ones/);
  assert.doesNotMatch(textOf(dataSetFigure(rows).svg), /Without a side/);
});

Deno.test("the paper's mean is spoken of where there is one; what is cut off is said", () => {
  assert.match(textOf(dataSetFigure(rows).svg), /open diamond/);
  assert.doesNotMatch(textOf(dataSetFigure(rows.slice(1)).svg), /diamond/);
  const counts = new Array(295).fill(0);
  counts[10] = 1000;
  counts[294] = 1;
  const crowded = { ...rows[1], dataset: "LVIS", counts, mean: 10.3 };
  assert.match(textOf(dataSetFigure([crowded]).svg), /Not drawn: LVIS has images with up to 294/);
});

Deno.test("no rows, doubles and other edges are refused; empty data sets are drawn", () => {
  assert.throws(() => dataSetFigure([]), /Cannot draw data sets: there are no rows/);
  assert.throws(() => dataSetFigure([rows[0], rows[0]]), /two rows are for CLEVR-DS/);
  assert.throws(() => dataSetFigure([{ ...rows[0], sides: [1, 2] }]), /has 2 ranges of sides/);
  const empty = { ...rows[1], mean: 0, counts: [0], sides: sides(1, 0) };
  assert.doesNotMatch(dataSetFigure([empty]).svg, /NaN|undefined|Infinity/);
});
