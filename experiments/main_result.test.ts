import assert from "node:assert/strict";
import { coverName, judgeClaims, type ResultRow } from "detailclip";
import { claims, mainResultOn, MEMBERS, paperDots, paperTable2 } from "./main_result.ts";
import { judgedBy, pairsFrom } from "./testing.ts";

const OURS = "DetailCLIP, our training";

/** Rows of full image, patches and fused vector with these recalls, each ± 0.01. */
const rows = (full: number, patches: number, fused: number) =>
  ([["full image", "full", full], ["cc@5", "cc@5", patches], [OURS, "cc@5", fused]] as const)
    .map(([method, cover, value]) => ({
      ...{ method, cover, value, metric: "recall@1", subset: "all", vectors: 1 },
      ...{ low: value - 0.01, high: value + 0.01 },
    })) as ResultRow[];

const judged = (...[mixed, small, large]: ResultRow[][]) =>
  judgedBy(claims, {
    ...{ main_result: mixed, main_result_S: small, main_result_L: large },
  }).map(({ ours, holds }) => `${ours}: ${holds}`);

Deno.test("claims hold as in the paper, whose numbers come from Table 2", () => {
  assert.deepEqual(
    judged(rows(0.2, 0.6, 0.6), rows(0.1, 0.5, 0.5), rows(0.5, 0.6, 0.6)),
    [
      "+40.0 [39.0, 41.0]: yes",
      "+0.0 [−1.0, 1.0] (cc@5): yes",
      "+30.0 [28.6, 31.4] (+40.0 [39.0, 41.0] and +10.0 [9.0, 11.0]): yes",
    ],
  );
  assert.deepEqual(claims.map(({ paper }) => paper), ["+11.93", "−0.02", "+10.23, +2.76"]);
});

Deno.test("claims do not hold, or nothing can be said", () => {
  const verdicts = (...all: ResultRow[][]) => judged(...all).map((text) => text.split(": ")[1]);
  assert.deepEqual(
    verdicts(rows(0.2, 0.6, 0.1), rows(0.5, 0.6, 0.5), rows(0.1, 0.6, 0.5)),
    ["no", "no", "no"],
  );
  assert.deepEqual(
    verdicts(rows(0.2, 0.225, 0.205), rows(0.1, 0.1, 0.22), rows(0.1, 0.6, 0.21)),
    ["no", "undecided", "undecided"], // within the margin; about two points behind; about level
  );
});

Deno.test("a model that one seed trained has numbers and no verdict", () => {
  const [first] = judgeClaims(claims, [{
    config: mainResultOn("quick")[0].config,
    rows: rows(0.2, 0.6, 0.6),
    pairs: pairsFrom(rows(0.2, 0.6, 0.6)),
  }]);
  assert.deepEqual([first.ours, first.holds], [
    "+40.0 [39.0, 41.0]; 1 of 3 seeds",
    "not measured",
  ]);
});

Deno.test("what a fused vector is made of must have been searched, and both data sets run", () => {
  const main_result = rows(0.2, 0.6, 0.5).filter(({ method }) => method !== "cc@5");
  const judged = judgedBy(claims, { main_result, main_result_S: rows(0.1, 0.2, 0.3) });
  assert.deepEqual(judged.map(({ ours, holds }) => [ours, holds]), [
    ["+30.0 [29.0, 31.0]", "yes"],
    ["no recall@1 of cc@5", "not measured"],
    ["main_result_L was not run", "not measured"],
  ]);
});

Deno.test("another k is fused, and searched once beside the others", () => {
  const covers = (k?: number) => mainResultOn("quick", { k })[1].config.covers.map(coverName);
  assert.deepEqual(covers(), ["full", "cc@5", "cc@10", "objects"]);
  assert.deepEqual(covers(7), ["full", "cc@5", "cc@7", "cc@10", "objects"]);
  assert.deepEqual(covers(10), covers());
  for (const { config } of mainResultOn("quick", { k: 7 })) {
    assert.ok(config.fusion!.every(({ cover }) => coverName(cover) === "cc@7"));
  }
});

Deno.test("Table 2's DetailCLIP stands beside both of ours, its patches beside those of cc@10", () => {
  const of = (method: string) =>
    paperTable2().filter((row) => row["data set"] === "CLEVR-DS-S" && row.method === method)
      .map(({ paper }) => paper);
  assert.equal(of("full image")[0], "4.43");
  assert.equal(of("DetailCLIP, our training")[2], "32.78");
  assert.deepEqual(of("DetailCLIP, as published"), of("DetailCLIP, our training"));
  assert.deepEqual([of("cc@5").length, of("cc@10").length], [0, 3]);
});

Deno.test("the paper's dots cover the data sets of the series", () => {
  const dots = paperDots("recall@3");
  const panels = [...new Set(dots.map(({ panel }) => panel))];
  assert.deepEqual(panels, MEMBERS.map(({ label }) => label));
  assert.equal(dots.length, 9);
});
