import assert from "node:assert/strict";
import type { TrialRow } from "detailclip";
import { gridPoints, judgeClaims, medianOf, PAPER_GRID, searchStrips } from "detailclip";
import {
  chosenBeside,
  claims,
  decays,
  medianRanges,
  ranked,
  searchAt,
  strips,
  summary,
} from "./hyperparameters.ts";

const rowsOf = (recall: (row: Omit<TrialRow, "recall">) => number | undefined): TrialRow[] =>
  gridPoints(PAPER_GRID, { draws: 10, seed: 7 }).map((point, i) => {
    const row = { ...point, trial: i + 1, seconds: 1, epoch: 1, loss: 0.1, steps: 10 };
    return { ...row, recall: recall(row) };
  });

Deno.test("what matters is found, and the best trial comes first", () => {
  const rows = rowsOf(({ learningRate }) => 0.5 - 30 * learningRate);
  const [first, second] = medianRanges(rows);
  assert.deepEqual([first.key, first.best], ["learningRate", 0.001]);
  assert.ok(Math.abs(first.range - 0.27) < 1e-9 && second.range < first.range);
  assert.equal(ranked(rows)[0].learningRate, 0.001);
  assert.ok(Math.abs(summary(rows).best - 0.47) < 1e-9);
  assert.ok(searchStrips(rows, strips).alt.includes("learning rate 0.001"));
});

Deno.test("the claims on the search follow the numbers; trials that failed are left out", () => {
  const holds = (recall: Parameters<typeof rowsOf>[0]) =>
    judgeClaims(claims, { hyperparameters: rowsOf(recall) }).map(({ holds }) => holds);
  assert.deepEqual(holds(() => 0.2), ["no", "yes"]);
  assert.deepEqual(holds(({ gradientClip }) => gradientClip === 1e-4 ? 0.3 : 0.1)[1], "no");
  assert.deepEqual(holds(({ trial }) => trial === 1 ? 0.5 : 0.1)[0], "yes");
  assert.equal(holds(({ trial }) => trial === 1 ? undefined : 0.1)[0], "no");
  assert.equal(ranked(rowsOf(({ trial }) => trial < 3 ? undefined : 0.1)).length, 8);
});

Deno.test("medians and decays are what they are", () => {
  assert.equal(medianOf([3, 1, 2]), 2);
  assert.equal(medianOf([4, 1, 2, 3]), 2.5);
  assert.deepEqual([decays(60, 60), decays(61, 60), decays(2340, 60)], [0, 1, 38]);
});

Deno.test("the grid has a line for each hyper-parameter, with its candidates", () => {
  const [best] = rowsOf(() => 0.1);
  const table = chosenBeside(best);
  assert.equal(table.length, strips.length);
  for (const [i, line] of table.entries()) {
    const candidates: number[] = line["the paper's candidates"].split(", ").map(Number);
    assert.deepEqual(candidates, Array.from<number>(PAPER_GRID[strips[i].key]));
    assert.ok(candidates.includes(Number(line["chosen here"])));
  }
  assert.equal(searchAt("paper").draws, undefined); // all points
});
