import assert from "node:assert/strict";
import {
  configure,
  coverBoxes,
  type CoverSpec,
  makeCover,
  recallLines,
  type ResultRow,
  SCALES,
} from "detailclip";
import { isGenerated } from "detailclip/runner";
import { claims, fusedPairs, MEMBERS, patchesRows } from "./patch_count.ts";
import { judgedBy } from "./testing.ts";

function row(method: string, vectors: number, value: number): ResultRow {
  const cover = /[a-z]+@\d+$/.exec(method)![0];
  const range = { low: value - 0.02, high: value + 0.02, metric: "recall@1", subset: "all" };
  return { method, cover, value, vectors, images: 9, classes: 9, ...range };
}

/** Two covers and a grid; `most` is what one vector keeps of the 14 patches. */
const rows = (most: number) => [
  row("cc@3", 14, 0.8),
  row("cc@2", 5, 0.6),
  row("grid@3", 9, 0.7),
  row("DetailCLIP, cc@3", 1, most),
  row("DetailCLIP, cc@2", 1, 0.6),
  row("DetailCLIP, grid@3", 1, 0.76),
];

Deno.test("fused vectors are paired with their patches, fewest first; a grid is fused with the whole image", () => {
  const pairs = fusedPairs(rows(0.78));
  assert.deepEqual(pairs.map(({ cover, patches }) => [cover, patches]), [
    ["cc@2", 5],
    ["grid@3", 10],
    ["cc@3", 14],
  ]);
  assert.deepEqual(pairs.map(({ fused }) => fused.value), [0.6, 0.76, 0.78]);
  assert.deepEqual(pairs.map(({ patchwise }) => patchwise.value), [0.6, 0.7, 0.8]);
});

Deno.test("grid@2 is fused as cc@2, which has the same patches", () => {
  const boxes = (spec: CoverSpec) => coverBoxes(makeCover(spec, { width: 480, height: 480 }));
  assert.deepEqual(boxes({ scheme: "grid", n: 2 }), boxes({ scheme: "complete", k: 2 }));
  const pairs = fusedPairs([...rows(0.78), row("grid@2", 4, 0.55)]);
  const { fused, patches } = pairs.find(({ cover }) => cover === "grid@2")!;
  assert.deepEqual([fused.value, patches], [0.6, 5]);
  for (const { definition } of MEMBERS) {
    const { fusion = [] } = configure(definition, "quick");
    assert.ok(fusion.every(({ method }) => method !== "DetailCLIP, grid@2"));
  }
});

Deno.test("the figure has a line for each kind of patches, one by one and fused", () => {
  const drawn = patchesRows(rows(0.78).map((row) => ({ ...row, member: "CLEVR-DS" })));
  assert.deepEqual([...new Set(drawn.map(({ series }) => series))].sort(), [
    "DetailCLIP, cc",
    "DetailCLIP, grid",
    "cc@k",
    "grid@k",
  ]);
  assert.ok(drawn.every(({ series, line }) => /^Detail/.test(series) === (line !== "dashed")));
  assert.match(
    recallLines(drawn, ({ patches }) => patches, { label: "patches" }).alt,
    /DetailCLIP, cc: 60.0 % at 5 to 78.0 % at 14/,
  );
});

Deno.test("claims follow the rows", () => {
  const holds = (...values: number[]) =>
    judgedBy(
      claims,
      Object.fromEntries(MEMBERS.map(({ definition }, i) => [definition.name, rows(values[i])])),
    ).map((claim) => claim.holds);
  assert.deepEqual(holds(0.8, 0.8, 0.8), ["yes", "yes", "no"]); // 4 points above the grid's
  assert.deepEqual(holds(0.765, 0.765, 0.765), ["yes", "no", "yes"]);
  assert.deepEqual(holds(0.765, 0.8, 0.5), ["partly", "partly", "partly"]);
  assert.deepEqual(holds(0.5, 0.5, 0.5), ["no", "no", "no"]);
});

Deno.test("one number of patches, or no cover beside a grid, is not judged", () => {
  const verdicts = (rows: ResultRow[]) =>
    judgedBy(
      claims,
      Object.fromEntries(MEMBERS.map(({ definition }) => [definition.name, rows])),
    ).map(({ ours, holds }) => holds === "not measured" ? ours : holds);
  const two = [row("cc@2", 5, 0.6), row("grid@2", 4, 0.55), row("DetailCLIP, cc@2", 1, 0.6)];
  assert.deepEqual(verdicts(two), [
    "only one number of patches was fused",
    "yes",
    "no k with a cover and a grid on CLEVR-DS", // one vector is both
  ]);
  assert.equal(verdicts([row("cc@2", 5, 0.6)])[1], "no fused cover on CLEVR-DS");
});

Deno.test("members write to files of their own at every scale", () => {
  for (const scale of SCALES) {
    const names = MEMBERS.map(({ definition }) => configure(definition, scale).name);
    assert.equal(new Set(names).size, MEMBERS.length);
  }
});

Deno.test("each data set has as many images as are learned from, and searched, at the quick scale", () => {
  for (const { label, definition } of MEMBERS) {
    const { dataset, learn } = configure(definition, "quick");
    assert.ok(isGenerated(dataset), label);
    const { images, limit } = dataset;
    assert.ok(learn!.train! <= 0.7 * images && learn!.val! <= 0.1 * images, label);
    assert.ok(limit! <= 0.2 * images, label);
  }
});
