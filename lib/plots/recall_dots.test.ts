import assert from "node:assert/strict";
import { recallDots } from "./recall_dots.ts";

const metric = "recall@1";
const here = ["CLEVR-DS", "CLEVR-DS-S", "CLEVR-DS, unseen renderings"].flatMap((panel, p) =>
  ["full image", "grid@10", "cc@10", "DetailCLIP, our training"].map((method, m) => {
    const value = 0.1 + 0.22 * m + 0.05 * p;
    const interval = { low: value - 0.04, high: Math.min(1, value + 0.04), chance: 0.08 };
    return { method, metric, panel, value, ...interval, block: "Here" };
  })
);
const paper = [{
  ...{ method: "full image", metric, panel: "CLEVR-DS", value: 0.1061 },
  block: "The paper",
}];

Deno.test("recall_dots looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  const path = new URL("./testdata/recall_dots.svg.txt", import.meta.url);
  const now = recallDots([...here, ...paper]).svg
    .replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number)) || 0))
    .replaceAll("><", ">\n<") + "\n";
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, now);
  assert.equal(now, await Deno.readTextFile(path));
});

Deno.test("dots say which block they are of; without an interval there is no whisker", () => {
  const { alt, svg } = recallDots(paper);
  assert.match(alt, /The paper, CLEVR-DS: full image 10\.6 %/);
  assert.doesNotMatch(svg, /Whiskers|NaN|undefined|Infinity/);
  assert.match(recallDots(here).svg, /Whiskers/);
});

Deno.test("no rows and two for one dot are refused; names are escaped", () => {
  assert.throws(() => recallDots([]), /Cannot draw recall dots: there are no rows/);
  assert.throws(() => recallDots([paper[0], paper[0]]), /two rows are for full image, CLEVR-DS/);
  assert.doesNotMatch(recallDots([{ ...paper[0], method: "<b>" }]).svg, /<b>/);
});
