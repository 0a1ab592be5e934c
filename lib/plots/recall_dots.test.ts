import assert from "node:assert/strict";
import { recallDots } from "./recall_dots.ts";
import { assertSnapshot, textsOf, withoutFont } from "./testing.ts";

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
  await assertSnapshot("recall_dots", recallDots([...here, ...paper]));
});

Deno.test("dots say which block they are of; without an interval there is no whisker", () => {
  const figure = recallDots(paper), { alt } = figure, svg = withoutFont(figure);
  assert.match(alt, /The paper, CLEVR-DS: full image 10\.6 %/);
  assert.doesNotMatch(svg, /Whiskers|NaN|undefined|Infinity/);
  assert.match(recallDots(here).svg, /Whiskers/);
});

Deno.test("no rows and two for one dot are refused; names are escaped", () => {
  assert.throws(() => recallDots([]), /Cannot draw recall dots: there are no rows/);
  assert.throws(() => recallDots([paper[0], paper[0]]), /two rows are for full image, CLEVR-DS/);
  assert.doesNotMatch(recallDots([{ ...paper[0], method: "<b>" }]).svg, /<b>/);
});

Deno.test("a method without a value where its block has some says so", () => {
  const gap = here.filter(({ method, panel }) => method !== "cc@10" || panel !== "CLEVR-DS-S");
  const notRun = (rows: typeof here) =>
    textsOf(recallDots(rows)).filter((text) => text === "not run");
  assert.deepEqual([notRun(here).length, notRun(gap).length], [0, 1]);
});

Deno.test("on a narrow card data sets stand below each other, and no value leaves it", () => {
  const figure = recallDots(here, { width: 390 });
  assert.ok(figure.height > recallDots(here).height + 200);
  assert.equal(textsOf(figure).filter((text) => text === "CLEVR-DS-S").length, 1);
});
