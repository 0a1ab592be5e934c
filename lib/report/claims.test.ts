import assert from "node:assert/strict";
import {
  changedKeys,
  type Claim,
  claimsFrame,
  judgeClaims,
  type MeasuredRun,
  NotMeasured,
  recallOf,
  storedRuns,
} from "./claims.ts";
import type { ResultRow } from "./results.ts";

function row(method: string, value: number, subset = "all"): ResultRow {
  const interval = { low: value - 0.01, high: value + 0.01 };
  const labels = { method, cover: "full", metric: "recall@1", subset };
  return { ...labels, value, ...interval, vectors: 1, images: 10, classes: 3 };
}

/** What is run unless changed. */
const own = {
  ...{ name: "main", scale: "quick", seed: 7, covers: ["full", "cc@10"] },
  dataset: { source: "clevr-ds", variant: "mixed", images: 1500 },
  bootstrap: { resamples: 1000 },
};

const claim: Claim = {
  notebook: "05_main_result",
  where: "Table 2",
  claim: "Patches find more than the full image",
  measure: "Recall@1 of cc@10 minus full image, points",
  paper: "11.95",
  needs: { main: (scale) => ({ ...own, scale }) },
  judge(rowsOf) {
    const rows = rowsOf("main");
    const gain = recallOf(rows, "cc@10").value - recallOf(rows, "full image").value;
    return { ours: (100 * gain).toFixed(1), holds: gain > 0 ? "yes" : "no" };
  },
};

Deno.test("a claim is judged by the rows, whichever way they go", () => {
  const judge = (value: number) =>
    judgeClaims([claim], [{ config: own, rows: [row("full image", 0.3), row("cc@10", value)] }])[0];
  assert.deepEqual(judge(0.9), {
    notebook: "05_main_result",
    where: "Table 2",
    claim: "Patches find more than the full image",
    measure: "Recall@1 of cc@10 minus full image, points",
    paper: "11.95",
    ours: "60.0",
    holds: "yes",
  });
  assert.equal(judge(0.2).holds, "no");
});

Deno.test("what was not run, or not measured, is said, and nothing is guessed", () => {
  const verdict = (runs: MeasuredRun[]) => judgeClaims([claim], runs)[0];
  const { ours, holds, paper } = verdict([]);
  assert.deepEqual([ours, holds, paper], ["main was not run", "not measured", "11.95"]);
  const config = { ...own, covers: ["full", "cc@4"] };
  const changed = verdict([{ config, rows: [row("full image", 0.3)] }]);
  assert.deepEqual([changed.ours, changed.holds, changed.configuration, changed.paper], [
    "no recall@1 of cc@10",
    "not measured",
    "your configuration (covers)",
    "11.95",
  ]);
  const slip = { ...claim, judge: () => (undefined as unknown as Claim).judge(() => [], []) };
  assert.throws(() => judgeClaims([slip], []), TypeError); // a mistake is no verdict
  const twice = [{ config: own, rows: [] }, { config: own, rows: [] }];
  assert.throws(() => judgeClaims([claim], twice), /two runs are of main/);
});

Deno.test("another experiment than the paper's is said to be yours, other images are not", () => {
  const rows = [row("full image", 0.3), row("cc@10", 0.9)];
  const configuration = (change: object, scale = "quick") =>
    judgeClaims([claim], [{ config: { ...own, scale, ...change }, rows }])[0].configuration;
  const others = { seed: 8, bootstrap: { resamples: 10 }, learn: { train: 5 } };
  assert.equal(configuration(others), undefined);
  assert.equal(configuration({ dataset: { ...own.dataset, images: 60, limit: 9 } }), undefined);
  assert.equal(configuration({}, "smoke"), undefined); // compared with its own scale
  const counted = { ...claim, independentOf: ["covers"] };
  const covers = { config: { ...own, covers: [] } as typeof own, rows };
  assert.equal(judgeClaims([counted], [covers])[0].configuration, undefined);
  const other = { covers: ["cc@10"], hiddenWords: 3, dataset: { ...own.dataset, variant: "S" } };
  assert.equal(configuration(other), "your configuration (covers, dataset, hiddenWords)");
});

Deno.test("changed keys are found on both sides, in any order of keys", () => {
  const { covers: _, ...less } = own;
  assert.deepEqual(changedKeys(less, own), ["covers"]);
  assert.deepEqual(changedKeys(own, less), ["covers"]);
  assert.deepEqual(
    changedKeys(Object.fromEntries(Object.entries(own).reverse()) as typeof own, own),
    [],
  );
});

Deno.test("rows that are missing, or there twice, are named", async () => {
  assert.throws(() => recallOf([], "a", { subset: "small" }), NotMeasured);
  assert.throws(
    () => recallOf([row("a", 0.1), row("a", 0.2), row("a", 0.3, "small")], "a"),
    /Cannot read recall@1 of a \(all\): 2 rows have it/,
  );
  assert.equal(
    recallOf([row("a", 0.1), row("a", 0.3, "small")], "a", { subset: "small" }).value,
    0.3,
  );
  const nowhere = await Deno.makeTempDir();
  await assert.rejects(storedRuns([claim], "quick", nowhere), /main\.quick\.jsonl/);
  await Deno.remove(nowhere);
});

Deno.test("a notebook shows our number beside the paper's", () => {
  const judged = judgeClaims([claim], [
    { config: own, rows: [row("full image", 0.3), row("cc@10", 0.9)] },
  ]);
  assert.deepEqual(claimsFrame(judged).toRecords(), [{
    where: "Table 2",
    claim: "Patches find more than the full image",
    "what is measured": "Recall@1 of cc@10 minus full image, points",
    here: "60.0",
    "the paper": "11.95",
    "holds here": "yes",
  }]);
});
