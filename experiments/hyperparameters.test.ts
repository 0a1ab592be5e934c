import assert from "node:assert/strict";
import type { TrialRow } from "detailclip";
import { gridPoints, PAPER_GRID } from "detailclip";
import { chosenBeside, ranked, stripsOf, tuningAt, tuningConfig } from "./hyperparameters.ts";
import { trialPoints, valueMedians, valueText } from "./hyperparameters_rows.ts";

const rowsOf = (recall: (row: Omit<TrialRow, "recall">) => number | undefined): TrialRow[] =>
  gridPoints(PAPER_GRID, { draws: 10, seed: 7 }).map((point, i) => {
    const row = { ...point, trial: i + 1, seconds: 1, epoch: 1, loss: 0.1, steps: 10 };
    return { ...row, recall: recall(row) };
  });

Deno.test("the best trial comes first", () => {
  const rows = rowsOf(({ learningRate }) => 0.5 - 30 * learningRate);
  assert.equal(ranked(rows)[0].learningRate, 0.001);
  const points = trialPoints(rows, stripsOf()[0]);
  assert.deepEqual(points.map(({ best }) => best), [true, ...Array(rows.length - 1).fill(false)]);
  assert.equal(points[0].value, "0.001");
});

Deno.test("trials that failed are left out", () => {
  assert.equal(ranked(rowsOf(({ trial }) => trial < 3 ? undefined : 0.1)).length, 8);
});

Deno.test("how many points are tried is checked, and part of the configuration", () => {
  assert.equal(tuningConfig(tuningAt("quick", { draws: 3 })).search!.draws, 3);
  assert.equal(tuningConfig(tuningAt("paper")).search!.draws, 360);
  assert.deepEqual(tuningConfig(tuningAt("full")).search, { draws: 12, epochs: 40 });
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
