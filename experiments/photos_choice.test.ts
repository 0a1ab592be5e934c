import assert from "node:assert/strict";
import { createRandom, recallAtK, type RetrievalRun } from "detailclip";
import { choiceRows, choiceTable, crossValidated } from "./photos_choice.ts";

const Q = 6, N = 60;
const options = { rounds: 20, seed: 7 };
const random = createRandom("choice");
const relevance = {
  ...{ queries: Q, images: N },
  relevant: Uint8Array.from({ length: Q * N }, () => random.uniform(0, 1) < 0.15 ? 1 : 0),
};
/** Scores that follow the right answers, more or less. */
const way = (method: string, signal: number) => ({
  method,
  scores: {
    ...{ queries: Q, images: N },
    scores: Float32Array.from(relevance.relevant, (right) => signal * right + random.uniform(0, 1)),
  },
});
const recallOf = ({ scores }: ReturnType<typeof way>) =>
  recallAtK(scores, relevance, [1]).recall[0];

Deno.test("where there is no choice, recall is that of the way itself", () => {
  const only = way("only", 0.4),
    { recall, samples } = crossValidated([only], relevance, options)
      .resampled;
  assert.deepEqual(recall, recallAtK(only.scores, relevance).recall);
  assert.equal(samples.length, options.rounds);
});

Deno.test("a way that is best everywhere is always chosen, and another scale of scores changes nothing", () => {
  const good = way("good", 2), bad = way("bad", 0);
  bad.scores.scores.forEach((score, i) => bad.scores.scores[i] = 100 * score + 5);
  const { chosen, resampled } = crossValidated([bad, good], relevance, options);
  assert.deepEqual(chosen, { good: 50 });
  assert.ok(Math.abs(resampled.recall[0] - recallOf(good)) < 1e-12);
});

Deno.test("what is chosen among ways that know nothing is no better than chance", () => {
  const [chance] = recallAtK(way("any", 0).scores, relevance, [1]).chance, draws = 20;
  let looks = 0, is = 0;
  for (let seed = 0; seed < draws; seed++) {
    const ways = Array.from({ length: 20 }, (_, i) => way(`way ${i}`, 0));
    looks += Math.max(...ways.map(recallOf)) / draws; // the best of what was seen
    is += crossValidated(ways, relevance, { rounds: 1, seed }).resampled.recall[0] / draws;
  }
  assert.ok(looks > 1.4 * chance, `${looks} against ${chance}`);
  assert.ok(is < 1.1 * chance, `${is} against ${chance}`);
});

Deno.test("choices of a run: a row each, with its gain over the full image", () => {
  const names = ["cc@5", "cc@10"].flatMap((cover) => [
    ...[cover, `mean ${cover}`],
    ...["full+patches", "levels", "best-5", "z-scores", "calibrated", "penalty"]
      .map((scorer) => `${scorer} ${cover}`),
  ]);
  const vectors = [
    ...["class-wise maximum", "full + class-wise maximum", "class-wise levels"],
    ...["class-wise maximum, nouns", "class-wise levels, nouns"],
  ];
  const run = {
    config: { recallAt: [1, 3, 5], bootstrap: { resamples: 20, confidence: 0.95 }, seed: 7 },
    methods: [way("full image", 0.3), ...[...names, ...vectors].map((name) => way(name, 0.6))],
    relevance,
  } as unknown as RetrievalRun;
  const rows = choiceRows(run);
  for (const { recall, gain } of rows) {
    assert.ok(
      recall.length === 3 && gain.every(({ value, low, high }) => low <= value && value <= high),
    );
  }
  const [alone] = rows, among = rows.at(-1)!;
  assert.match(Object.keys(among.chosen)[0], /^(0|25|50|75|100) %$/);
  assert.deepEqual([alone.among, alone.chosen], ["full+patches cc@5", {}]);
  assert.equal(Object.values(among.chosen).reduce((a, b) => a + b), 50);
  const table = choiceTable(rows).split("\n");
  assert.equal(table.length, rows.length + 2);
  assert.match(table[2], /^\| full\+patches cc@5 +\| +\d+\.\d \(\d+\.\d–\d+\.\d\) \|/);
  assert.throws(
    () => choiceRows({ ...run, methods: run.methods.slice(0, 3) }),
    /Cannot choose how to score photographs: full\+patches cc@5 was not measured/,
  );
});
