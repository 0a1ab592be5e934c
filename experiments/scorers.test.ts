import assert from "node:assert/strict";
import type { PairRow, ResultRow } from "detailclip";
import { SCORERS, scorersConfig, scorerTable, VECTORS } from "./scorers.ts";

Deno.test("scorers and vectors are those that were chosen; vectors are made of the smallest cover", () => {
  const own = scorersConfig("quick");
  assert.deepEqual(own.scorers, SCORERS);
  assert.deepEqual(own.fusion!.map(({ method }) => method), VECTORS);
  assert.ok(own.fusion!.every(({ cover }) => "k" in cover && cover.k === 5));
  const chosen = { ks: [8, 3], ways: ["levels"], vectors: ["closed form"] };
  const { covers, scorers, fusion } = scorersConfig("quick", chosen);
  assert.deepEqual(covers.map((cover) => "k" in cover ? cover.k : cover.scheme), [
    ...["full", 3, 8, "objects"],
  ]);
  assert.deepEqual(scorers, ["levels"]);
  assert.deepEqual(fusion!.map(({ cover }) => cover), [{ scheme: "complete", k: 3 }]);
  assert.throws(() => scorersConfig("quick", { ways: ["level"] }), /did you mean levels\?/);
  assert.throws(() => scorersConfig("quick", { vectors: ["mean"] }), /Cannot set vectors/);
  assert.throws(() => scorersConfig("quick", { ks: [1] }), /Cannot set each of ks/);
});

Deno.test("the table has a line a method: what is kept, recall, and the gain over the full image", () => {
  const row = (method: string, vectors: number, values: number[]) =>
    values.map((value, i) => ({
      ...{ method, cover: "cc@5", vectors, value, low: value, high: value, subset: "all" },
      ...{ metric: `recall@${[1, 3, 5][i]}`, images: 9, classes: 9 },
    })) as ResultRow[];
  const pair: PairRow = {
    ...{ subset: "all", method: "levels cc@5", over: "full image" },
    ...{ value: 0.05, low: 0.01, high: 0.093 },
  };
  const rows = [
    ...row("chance", 0, [0.04, 0.1, 0.2]),
    ...row("full image", 1, [0.4, 0.6, 0.7]),
    ...row("levels cc@5", 39, [0.45, 0.7, 0.8]),
    ...row("Patch-obj", 7.3, [0.5, 0.7, 0.8]),
  ];
  const text = scorerTable(rows, [{ ...pair, subset: "seen words", value: 9 }, pair])
    .map(({ kept, method, recall, gain }) => [kept, method, recall, gain].join(" | "));
  assert.deepEqual(text, [
    " | chance | 4.0 / 10.0 / 20.0 | ",
    "one vector | full image | 40.0 / 60.0 / 70.0 | ",
    "patches | levels cc@5 | 45.0 / 70.0 / 80.0 | 5.0 (1.0 to 9.3)",
    "crops | Patch-obj | 50.0 / 70.0 / 80.0 | ",
  ]);
});
