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
    ["80.0 and 10.0", "yes"],
    ["20.8 (70.8 against 50.0)", "yes"],
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
