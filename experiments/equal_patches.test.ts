import assert from "node:assert/strict";
import { configure, recallLines, type ResultRow } from "detailclip";
import {
  claims,
  coverageLines,
  equalPairs,
  equalPatches,
  patchesRows,
  smallest,
} from "./equal_patches.ts";
import { judgedBy } from "./testing.ts";

function row(method: string, vectors: number, value: number, subset = "all"): ResultRow {
  const range = { low: value - 0.02, high: value + 0.02, metric: "recall@1" };
  return { method, cover: method, value, vectors, subset, images: 9, classes: 9, ...range };
}

const rows = ["all", "size 5–10 %"].flatMap((subset) => [
  row("full image", 1, 0.2, subset),
  row("cc@5", 39, 0.6, subset),
  row("cc@8", 103, 0.7, subset),
  row("mean cc@8", 1, 0.3, subset),
  row("grid@5", 25, 0.5, subset),
  row("vc@4", 86, subset === "all" ? 0.65 : 0.8, subset),
  row("vc@5", 43, subset === "all" ? 0.61 : 0.7, subset),
]);

Deno.test("a verified cover is paired with the published one nearest in patches", () => {
  const names = equalPairs(rows).map(({ verified, published }) => [
    verified.method,
    published.method,
  ]);
  assert.deepEqual(names, [["vc@5", "cc@5"], ["vc@4", "cc@8"]]);
});

Deno.test("claims follow the rows: small objects gain, all together do only in part", () => {
  assert.equal(smallest(rows), "size 5–10 %");
  const few = { ...rows[0], subset: "size < 5 %", classes: 4 };
  const many = { ...rows[0], subset: "size 10–20 %", classes: 40 };
  assert.equal(smallest([few, many]), "size 10–20 %"); // four classes say little
  assert.equal(smallest([]), "all");
  const [small, all] = judgedBy(claims, { [equalPatches.name]: rows });
  assert.deepEqual([small.holds, all.holds], ["yes", "partly"]);
  assert.match(
    small.ours,
    /^\+10\.0 \[9\.0, 11\.0\] \(vc@5 with 43, cc@5 with 39 patches\), \+10\.0/,
  );
});

Deno.test("without published covers nothing is compared", () => {
  const none = rows.filter(({ method }) => !method.startsWith("cc@"));
  assert.deepEqual(equalPairs(none), []);
  const fewer = [...none, row("cc@7", 68, 0.6, "all")]; // 86 are over a quarter more
  assert.deepEqual(equalPairs(fewer), []);
  const verdicts = judgedBy(claims, { [equalPatches.name]: none });
  assert.ok(verdicts.every(({ holds }) => holds === "not measured"));
});

Deno.test("a panel for each part of the data that has rows, and no means", () => {
  const panels = [{ subset: "all", title: "all" }, { subset: "size < 5 %", title: "tiny" }];
  const few = { ...rows[1], subset: "size < 5 %", classes: 4 }; // too few to be drawn
  const drawn = patchesRows([...rows, few], panels);
  const photos = row("vc@6", 33.7917, 0.6); // of several shapes
  assert.equal(patchesRows([photos], panels)[0].patches, 33.8);
  assert.deepEqual([...new Set(drawn.map(({ panel }) => panel))], ["all"]);
  assert.deepEqual(drawn.map(({ point }) => point), ["5", "8", "5", "4", "5"]);
  assert.match(
    recallLines(drawn, ({ patches }) => patches, { label: "patches" }).alt,
    /verified: 61.0 % at 43 to 65.0 % at 86/,
  );
});

Deno.test("verified covers hold what they promise, and are near published ones in patches", () => {
  const lines = coverageLines(configure(equalPatches, "quick").covers, {
    k: 4,
    sides: [0.05, 0.1],
  });
  const patches = Object.fromEntries(lines.map(({ cover, patches }) => [cover, patches]));
  for (const k of [3, 4]) { // more than 1/3 is more than 1/4 too
    const { covered } = lines.find(({ cover }) => cover === `vc@${k}`)!;
    assert.deepEqual(covered, { "5 %": 1, "10 %": 1 });
  }
  assert.ok(lines.find(({ cover }) => cover === "cc@10")!.covered["5 %"] < 1);
  const pairs = [["vc@3", "cc@12"], ["vc@4", "cc@8"], ["vc@5", "cc@5"], ["vc@6", "cc@4"]];
  for (const [a, b] of pairs) {
    assert.ok(Math.abs(Math.log(patches[a] / patches[b])) < 0.2, `${a}: ${patches[a]}`);
  }
});
