import assert from "node:assert/strict";
import { configure, coverName, type ResultRow, SCALES } from "detailclip";
import { byK, choosingK, claims, kRows, MEMBERS, onFull, onReduced } from "./choosing_k.ts";
import { judgedBy } from "./testing.ts";

function row(method: string, value: number, metric = "recall@1"): ResultRow {
  const cover = /[a-z]+@\d+$/.exec(method)?.[0] ?? "full";
  const range = { low: value - 0.02, high: value + 0.02 };
  return {
    method,
    cover,
    metric,
    value,
    ...range,
    subset: "all",
    vectors: 1,
    images: 9,
    classes: 9,
  };
}

const curve = (values: Record<string, number>) =>
  Object.entries(values).map(([method, value]) => row(method, value));
const rows = curve({
  "full image": 0.3,
  "cc@2": 0.5,
  "mean cc@2": 0.9,
  "cc@4": 0.8,
  "cc@9": 0.895,
  "cc@15": 0.9,
  "grid@2": 0.55,
  "grid@4": 0.7,
  "DetailCLIP, cc@2": 0.48,
  "DetailCLIP, cc@4": 0.6,
});

Deno.test("each k of a method is found, and no other method", () => {
  assert.deepEqual([...byK(rows, "cc@").keys()], [2, 4, 9, 15]);
  assert.deepEqual([...byK(rows, "DetailCLIP, cc@").keys()], [2, 4]);
});

Deno.test("rows of the figure begin at the full image, which is the cover of k = 1", () => {
  const drawn = kRows(rows.map((row) => ({ ...row, member: "reduced" })), "recall@1");
  const line = (series: string) => drawn.filter((row) => row.series === series).map((row) => row.k);
  assert.deepEqual(line("cc@k"), [1, 2, 4, 9, 15]);
  assert.deepEqual(line("grid@k"), [1, 2, 4]);
  assert.deepEqual(line("DetailCLIP"), [2, 4]);
  assert.deepEqual(drawn.filter((row) => row.k === 1).map((row) => row.value), [0.3, 0.3]);
});

Deno.test("claims follow the rows", () => {
  const holds = (reduced: ResultRow[], full = rows) =>
    judgedBy(claims, { [onReduced.name]: reduced, [onFull.name]: full }).map(({ holds }) => holds);
  assert.deepEqual(holds(rows), ["undecided", "yes", "yes"]);
  const late = curve({
    ...{ "full image": 0.3, "cc@2": 0.4, "cc@9": 0.7, "cc@15": 0.9, "grid@9": 0.695 },
    ...{ "DetailCLIP, cc@2": 0.41, "DetailCLIP, cc@9": 0.6 },
  });
  assert.deepEqual(holds(rows, late), ["undecided", "yes", "yes"]); // the paper's set decides
  assert.deepEqual(holds(late), ["partly", "partly", "no"]); // level with the grid is ahead nowhere
  const behind = curve({
    ...{ "full image": 0.4, "cc@2": 0.3, "cc@9": 0.7, "cc@15": 0.9, "grid@9": 0.8 },
    ...{ "DetailCLIP, cc@2": 0.285 },
  });
  assert.deepEqual(holds(behind), ["undecided", "no", "no"]);
});

Deno.test("our numbers say which k they are of, the least and the greatest where there are many", () => {
  const [par, flat, grid] = judgedBy(claims, { [onReduced.name]: rows, [onFull.name]: rows });
  assert.equal(par.ours, "−2.0 [−3.0, −1.0] (k = 2), −20.0 [−21.0, −19.0] (k = 4)");
  const curve = "+20.0 [19.0, 21.0] (k = 2 less full image), +0.5 [−0.5, 1.5] (k = 15 less 9) on";
  assert.equal(flat.ours, `${curve} the reduced set; ${curve} the full set`);
  assert.match(grid.ours, /^\+10\.0 \[9\.0, 11\.0\] \(k = 4\) on the reduced set; /);
});

Deno.test("claims are not measured where one k, or none that is meant, was measured", () => {
  const verdicts = (rows: ResultRow[]) =>
    judgedBy(claims, { [onReduced.name]: rows, [onFull.name]: rows }).map(({ ours, holds }) => {
      assert.equal(holds, "not measured");
      return ours;
    });
  assert.deepEqual(verdicts(curve({ "full image": 0.3, "cc@3": 0.5, "grid@3": 0.4 })), [
    "no k has both DetailCLIP, cc@k and cc@k",
    "no recall@1 of cc@2",
    "no k ≥ 4 has both cc@k and grid@k",
  ]);
  const coarse = curve({ "full image": 0.3, "cc@2": 0.5, "cc@9": 0.6 });
  assert.equal(verdicts(coarse)[1], "no k beyond 9 was measured"); // flat from 9 on cannot be seen
});

Deno.test("of the k that are set, those of the scale are fused unless told", () => {
  const fused = (...given: Parameters<typeof choosingK>) =>
    choosingK(...given).map(({ config: { fusion } }) =>
      fusion?.filter(({ fuser }) => fuser.kind === "trained").map(({ cover }) => coverName(cover))
    );
  assert.deepEqual(fused("quick", { ks: [8, 11, 2] }), [["cc@2", "cc@8"], undefined]);
  assert.deepEqual(fused("quick", { ks: [11] }), [[], undefined]);
  assert.deepEqual(fused("quick", { ks: [11], fused: [11] }), [["cc@11"], undefined]);
  assert.deepEqual(fused("quick", { fused: [] }), [[], undefined]);
});

Deno.test("at every scale the covers that DetailCLIP fuses are searched too, and no cover is k = 1", () => {
  for (const { definition } of MEMBERS) {
    for (const scale of SCALES) {
      const { covers, fusion = [] } = configure(definition, scale);
      const names = covers.map(coverName);
      assert.ok(fusion.every(({ cover }) => names.includes(coverName(cover))));
      assert.ok(!names.includes("cc@1") && !names.includes("grid@1"));
    }
  }
});
