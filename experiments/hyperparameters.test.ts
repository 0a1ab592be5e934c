import assert from "node:assert/strict";
import type { TrialRow } from "detailclip";
import { gridPoints, judgeClaims, PAPER_GRID } from "detailclip";
import {
  chosenBeside,
  claims,
  ranked,
  stripsOf,
  summary,
  tuningAt,
  tuningConfig,
} from "./hyperparameters.ts";
import { trialPoints, valueMedians, valueText } from "./hyperparameters_rows.ts";

const rowsOf = (recall: (row: Omit<TrialRow, "recall">) => number | undefined): TrialRow[] =>
  gridPoints(PAPER_GRID, { draws: 10, seed: 7 }).map((point, i) => {
    const row = { ...point, trial: i + 1, seconds: 1, epoch: 1, loss: 0.1, steps: 10 };
    return { ...row, recall: recall(row) };
  });

Deno.test("the best trial comes first", () => {
  const rows = rowsOf(({ learningRate }) => 0.5 - 30 * learningRate);
  assert.equal(ranked(rows)[0].learningRate, 0.001);
  assert.ok(Math.abs(summary(rows).best - 0.47) < 1e-9);
  const points = trialPoints(rows, stripsOf()[0]);
  assert.deepEqual(points.map(({ best }) => best), [true, ...Array(rows.length - 1).fill(false)]);
  assert.equal(points[0].value, "0.001");
});

/** Verdicts on as many searches, each of a seed of its own. */
const judged = (searches: number, recall: Parameters<typeof rowsOf>[0], trials = 10) =>
  judgeClaims(
    claims,
    Array.from({ length: searches }, (_, i) => ({
      config: { ...tuningConfig(tuningAt("quick")), seed: 7 + i },
      rows: rowsOf(recall).slice(0, trials),
    })),
  );

Deno.test("the claims on the search follow the numbers of five trainings a side; failed trials are left out", () => {
  const holds = (recall: Parameters<typeof rowsOf>[0]) =>
    judged(5, recall).map(({ holds }) => holds);
  assert.deepEqual(holds(() => 0.2), ["no", "yes"]);
  assert.deepEqual(holds(({ gradientClip }) => gradientClip === 1e-4 ? 0.3 : 0.1)[1], "no");
  assert.deepEqual(holds(({ trial }) => trial === 1 ? 0.5 : 0.1)[0], "yes");
  assert.equal(holds(({ trial }) => trial === 1 ? undefined : 0.1)[0], "no");
  assert.deepEqual(holds(({ trial }) => trial / 20), ["yes", "undecided"]); // they differ too much
  assert.equal(ranked(rowsOf(({ trial }) => trial < 3 ? undefined : 0.1)).length, 8);
});

Deno.test("fewer trainings have numbers and no verdict", () => {
  const [search, clip] = judged(1, ({ trial }) => trial === 1 ? 0.5 : 0.1, 6);
  assert.deepEqual([search.ours, search.holds], [
    "+40.0 (best 50.0, median 10.0, least 10.0 % of 6 trials); 1 of 5 trainings a side",
    "not measured",
  ]);
  assert.match(clip.ours, /^[+−]\d+\.\d \(\d and \d trials\); \d of 5 trainings a side$/);
  assert.equal(clip.holds, "not measured");
});

Deno.test("what too few trials leave open is not measured", () => {
  const reasons = (recall: Parameters<typeof rowsOf>[0]) =>
    judged(5, recall).map(({ ours, holds }) => holds === "not measured" ? ours : holds);
  assert.deepEqual(reasons(() => undefined), [
    "fewer than two trials ended",
    "only one of the two was drawn",
  ]);
  assert.deepEqual(reasons(({ gradientClip }) => gradientClip === 1e-4 ? 0.2 : undefined), [
    "no",
    "only one of the two was drawn",
  ]);
});

Deno.test("more or fewer points are another search than the experiment's", () => {
  const search = tuningAt("quick", { draws: 3 }), rows = rowsOf(() => 0.2).slice(0, 3);
  const [judged] = judgeClaims(claims, [{ config: tuningConfig(search), rows }]);
  assert.equal(judged.configuration, "your configuration (search)");
  assert.equal(tuningConfig(tuningAt("paper")).search!.draws, 360);
  assert.throws(() => tuningAt("quick", { draws: 1 }), /Cannot set draws: .* from 2 to 360/);
});

Deno.test("the grid has a line for each hyper-parameter, with its candidates", () => {
  const [best] = rowsOf(() => 0.1);
  const table = chosenBeside(best);
  assert.equal(table.length, stripsOf().length);
  for (const [i, line] of table.entries()) {
    const candidates: number[] = line["the paper's candidates"].split(", ").map(Number);
    assert.deepEqual(candidates, Array.from<number>(PAPER_GRID[stripsOf()[i].key]));
    assert.ok(candidates.includes(Number(line["chosen here"])));
  }
  assert.equal(tuningAt("paper").draws, 360); // all points
});

Deno.test("a value has a median from three trials on; trials that failed are no points", () => {
  const rows = rowsOf(({ trial }) => trial === 1 ? undefined : trial / 100);
  for (const strip of stripsOf()) {
    const points = trialPoints(rows, strip);
    assert.equal(points.length, rows.length - 1);
    assert.ok(points.every(({ value }) => strip.values.map(valueText).includes(value)));
    const counted = Map.groupBy(points, ({ value }) => value);
    const medians = valueMedians(points);
    assert.equal(medians.length, [...counted.values()].filter(({ length }) => length > 2).length);
  }
  const point = (recall: number) => ({ trial: recall, value: "1e-4", recall, best: false });
  assert.deepEqual(valueMedians([5, 1, 3].map(point)), [{ value: "1e-4", recall: 3 }]);
  assert.deepEqual(valueMedians([5, 1].map(point)), []);
  assert.deepEqual([1e-4, 0.001, 0, 60].map(valueText), ["1e-4", "0.001", "0", "60"]);
});
