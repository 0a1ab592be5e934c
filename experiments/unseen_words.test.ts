import assert from "node:assert/strict";
import type { ResultRow } from "detailclip";
import { judgedBy } from "./testing.ts";
import { claims, unseenWordsConfig } from "./unseen_words.ts";

function row(method: string, vectors: number, value: number, subset = "unseen words"): ResultRow {
  const range = { low: value - 0.02, high: value + 0.02, metric: "recall@1" };
  return { method, cover: "cc@10", value, vectors, subset, images: 9, classes: 9, ...range };
}

const rows = [
  row("DetailCLIP+", 1, 0.8, "seen words"),
  row("DetailCLIP+", 1, 0.1),
  row("mean cc@10", 1, 0.4),
  ...[2, 8, 32].flatMap((m) => [
    row(`visual words (m = ${m})`, m, 0.7 + m / 1000),
    row(`k-means (m = ${m})`, m, 0.5),
  ]),
];

const judged = (of: ResultRow[]) =>
  judgedBy(claims, { unseen_words: of }).map(({ ours, holds }) => [ours, holds]);

Deno.test("claims on hidden words follow the rows", () => {
  assert.deepEqual(judged(rows), [
    [
      "+70.0 [67.2, 72.8] (80.0 [78.0, 82.0] against 10.0 [8.0, 12.0]), " +
      "+30.0 [29.0, 31.0] (the mean patch less DetailCLIP+)",
      "yes",
    ],
    ["+20.8 [19.8, 21.8] (70.8 [68.8, 72.8] against 50.0 [48.0, 52.0])", "yes"],
  ]);
});

Deno.test("where no hidden word is shown nothing is said", () => {
  assert.deepEqual(judged(rows.filter(({ subset }) => subset === "seen words")), [
    ["no recall@1 of DetailCLIP+, unseen words", "not measured"],
    ["no recall@1 of visual words (m = 8), unseen words", "not measured"],
  ]);
});

Deno.test("as many words are hidden as are set", () => {
  assert.equal(unseenWordsConfig("smoke", { hidden: 5 }).hiddenWords, 5);
  assert.equal(unseenWordsConfig("smoke").hiddenWords, 38);
});
