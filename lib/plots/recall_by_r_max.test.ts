import assert from "node:assert/strict";
import { recallByRMax, type RMaxRow } from "./recall_by_r_max.ts";

const row = (line: string, rMax: number, value: number, panel = "ours"): RMaxRow => ({
  ...{ method: line.startsWith("Recall") ? "full image" : line, cover: "full", line, panel },
  ...{ metric: "recall@1", rMax, value, low: value - 0.03, high: value + 0.02 },
});
const rows = [
  ...[0.1, 0.15, 1].flatMap((rMax, i) => [
    row("full image", rMax, 0.3 - 0.02 * i),
    row("cc@10", rMax, 0.9),
  ]),
  ...[0.01, 0.1, 1].flatMap((rMax, i) => [
    row("Recall@1", rMax, 0.04 + 0.02 * i, "paper"),
    row("Recall@3", rMax, 0.08 + 0.03 * i, "paper"),
  ]),
];

Deno.test("recall_by_r_max looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  const path = new URL("./testdata/recall_by_r_max.svg.txt", import.meta.url);
  const now = recallByRMax(rows).svg
    .replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number)) || 0))
    .replaceAll("><", ">\n<") + "\n";
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, now);
  assert.equal(now, await Deno.readTextFile(path));
});

Deno.test("lines are told from the smallest to the largest threshold, whatever the order of rows", () => {
  const { alt } = recallByRMax(rows.toReversed());
  assert.match(alt, /ours, .*full image 30\.0 to 26\.0 %/);
  assert.match(alt, /paper, .*Recall@1 4\.0 to 8\.0 %/);
});

Deno.test("lines of one method differ in their dashes", () => {
  assert.match(recallByRMax(rows).svg, /stroke-dasharray="7 4"/);
});

Deno.test("no rows, doubles and thresholds off the axis are refused; one point is drawn", () => {
  assert.throws(() => recallByRMax([]), /Cannot draw recall against r_max: there are no rows/);
  assert.throws(() => recallByRMax([rows[0], rows[0]]), /two rows are for ours full image at 0.1/);
  for (const rMax of [0, -1, 1.5, NaN]) {
    assert.throws(() => recallByRMax([row("cc@10", rMax, 0.5)]), /must be above 0 and at most 1/);
  }
  assert.doesNotMatch(recallByRMax([row("cc@10", 1, 0.5)]).svg, /NaN|undefined|Infinity/);
});

Deno.test("the axis ends at 100 %", () => {
  const { svg } = recallByRMax([row("cc@10", 1, 0.99)]); // its interval: up to 101 %
  assert.doesNotMatch(svg, />125</);
  assert.match(svg, />80</);
});
