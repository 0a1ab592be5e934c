import assert from "node:assert/strict";
import { chanceOf, coverName, type ResultRow, type RetrievalRun, signed } from "detailclip";
import { claims, MEMBERS, patchSchemes } from "./patch_schemes.ts";
import { judgedBy } from "./testing.ts";

const METHODS = ["full image", "grid@5", "grid@10", "cc@5", "cc@10", "Patch-obj"];

/** Rows of a run whose methods have these recalls, each ± 0.01. */
const rows = (recalls: number[]) =>
  METHODS.map((method, i) => ({
    ...{ method, metric: "recall@1", subset: "all" },
    ...{ value: recalls[i], low: recalls[i] - 0.01, high: recalls[i] + 0.01 },
  })) as ResultRow[];

const judged = (...recalls: number[][]) =>
  judgedBy(
    claims,
    Object.fromEntries(MEMBERS.map(({ definition }, i) => [definition.name, rows(recalls[i])])),
  );

const ahead = [0.1, 0.2, 0.3, 0.4, 0.5, 0.9], behind = [0.1, 0.2, 0.5, 0.4, 0.3, 0.9];

Deno.test("the cover is ahead but for small objects: as in the paper", () => {
  const [grid, bound] = judged(ahead, behind, ahead, ahead);
  assert.deepEqual([grid.ours, grid.holds], [
    "+20.0 [19.0, 21.0], −20.0 [−21.0, −19.0], +20.0 [19.0, 21.0]; k = 5: " +
    "+20.0 [19.0, 21.0], +20.0 [19.0, 21.0], +20.0 [19.0, 21.0]",
    "yes",
  ]);
  assert.match(
    bound.ours,
    /^\+40\.0 \[39\.0, 41\.0\] \(cc@10, CLEVR-DS\), \+40\.0 .*grid@10, CLEVR-DS-S/,
  );
  assert.equal(bound.holds, "yes");
});

Deno.test("claims fail where the numbers say so", () => {
  assert.equal(judged(ahead, ahead, ahead, ahead)[0].holds, "partly");
  assert.equal(judged(behind, ahead, behind, ahead)[0].holds, "no");
  const low = [0.1, 0.2, 0.3, 0.4, 0.5, 0.45];
  assert.equal(judged(ahead, ahead, low, ahead)[1].holds, "partly");
  assert.equal(judged(low, low, low, low)[1].holds, "no");
});

/** Rows of a run with full image, grid@4, cc@4 and object crops. */
const ofFour = (recalls: number[]) =>
  rows(recalls).filter(({ method }) => !/@5$/.test(method))
    .map((row) => ({ ...row, method: row.method.replace("@10", "@4") }));
const four = Object.fromEntries(
  MEMBERS.map(({ definition }) => [definition.name, ofFour(ahead)]),
);

Deno.test("with other k the grid is not judged, and the bound by what was measured", () => {
  const [grid, bound] = judgedBy(claims, four, (own) => ({ ...own, covers: [] }) as typeof own);
  assert.deepEqual([grid.ours, grid.holds], ["no recall@1 of cc@10", "not measured"]);
  assert.match(bound.ours, /^\+40\.0 .*\(cc@4, CLEVR-DS\)/);
  assert.equal(bound.holds, "yes");
  assert.ok(
    [grid, bound].every(({ configuration }) => configuration === "your configuration (covers)"),
  );
});

Deno.test("one data set says nothing of the others", () => {
  const only = { [MEMBERS[0].definition.name]: rows(ahead) };
  assert.deepEqual(judgedBy(claims, only).map(({ ours, holds }) => [ours, holds]), [
    ["patch_schemes_S was not run", "not measured"],
    ["patch_schemes_S was not run", "not measured"],
  ]);
});

Deno.test("the full image is always there, and a k outside is refused", () => {
  const [{ config }] = patchSchemes("smoke", { seed: 3, covers: ["grid@2", "cc@4"] });
  assert.deepEqual(config.covers.map(coverName), ["full", "grid@2", "cc@4"]);
  assert.throws(
    () => patchSchemes("smoke", { covers: ["cc@1"] }),
    /Cannot set k of cc@1 in covers/,
  );
});

Deno.test("chance is the mean share of images over the classes that appear", () => {
  const relevant = Uint8Array.from([1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
  const sizes = { queries: 3, images: 4 };
  const methods = [{ scores: { ...sizes, scores: new Float32Array(12) } }];
  const run = { methods, relevance: { ...sizes, relevant } } as unknown as RetrievalRun;
  assert.equal(chanceOf(run), 0.375);
  assert.deepEqual([signed(-0.44), signed(2)], ["−0.4", "+2.0"]);
});
