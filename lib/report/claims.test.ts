import assert from "node:assert/strict";
import { dirname } from "node:path";
import {
  changedKeys,
  type Claim,
  claimsFrame,
  type Evidence,
  judgeClaims,
  type MeasuredRun,
  NotMeasured,
  recallOf,
  storedRuns,
  withKeptSeeds,
} from "./claims.ts";
import { pairsPath, type ResultRow, rowsPath, seedRowsPath } from "./results.ts";
import { asGood } from "./verdicts.ts";
import { signedBetween } from "./tables.ts";
import type { PairRow } from "../retrieval/mod.ts";

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
  about: "data",
  judge({ rowsOf }) {
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
  const slip = { ...claim, judge: () => (undefined as unknown as Claim).judge({} as Evidence) };
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

/** A claim about a model, by the paired difference. */
const model: Claim = {
  ...claim,
  about: "model",
  judge({ differenceOf }) {
    const difference = differenceOf("main", "cc@10", "full image");
    return { ours: signedBetween(difference), holds: asGood(difference) };
  },
};

/** A run of a seed in which cc@10 is ahead by so much, give or take a point. */
function runOf(seed: number, gain: number): MeasuredRun {
  const pair: PairRow = {
    ...{ subset: "all", method: "cc@10", over: "full image" },
    ...{ value: gain, low: gain - 0.01, high: gain + 0.01 },
  };
  const rows = [row("full image", 0.5), row("cc@10", 0.5 + gain)];
  return { config: { ...own, seed }, rows, pairs: [pair] };
}

Deno.test("paired differences are found in either direction, and missed where none was kept", () => {
  const judge = (methods: [string, string], pairs?: PairRow[]) => {
    const compare: Claim = {
      ...claim,
      judge: ({ differenceOf }) => ({
        ours: signedBetween(differenceOf("main", ...methods)),
        holds: "yes",
      }),
    };
    return judgeClaims([compare], [{ ...runOf(7, 0.2), ...(pairs && { pairs }) }])[0].ours;
  };
  assert.equal(judge(["cc@10", "full image"]), "+20.0 [19.0, 21.0]");
  assert.equal(judge(["full image", "cc@10"]), "−20.0 [−21.0, −19.0]");
  assert.equal(judge(["cc@10", "full image"], []), "no paired interval was kept");
  assert.equal(judge(["cc@10", "cc@5"]), "no recall@1 of cc@5");
});

Deno.test("a claim about a model holds as all its seeds do, and needs three", () => {
  const judge = (...gains: number[]) => {
    const [{ ours, holds }] = judgeClaims([model], gains.map((gain, i) => runOf(7 + i, gain)));
    return [ours, holds];
  };
  assert.deepEqual(judge(0.2), ["+20.0 [19.0, 21.0]; 1 of 3 seeds", "not measured"]);
  assert.deepEqual(judge(0.2, 0.3), [
    "+20.0 [19.0, 21.0]; seed 8: +30.0 [29.0, 31.0]; 2 of 3 seeds",
    "not measured",
  ]);
  assert.equal(judge(0.2, 0.3, 0)[1], "yes");
  assert.equal(judge(0.2, 0.3, -0.3)[1], "partly");
  assert.equal(judge(-0.02, -0.3, -0.3)[1], "undecided");
  assert.equal(judge(-0.3, -0.3, -0.3)[1], "no");
});

Deno.test("seeds that lack one of the experiments, or a pair, are no verdict", () => {
  const two: Claim = { ...model, needs: { ...model.needs, other: model.needs.main } };
  const others = [7, 8].map((seed) => ({ ...runOf(seed, 0.2), experiment: "other" }));
  const [judged] = judgeClaims([two], [7, 8, 9].map((seed) => runOf(seed, 0.2)).concat(others));
  assert.match(judged.ours, /; 2 of 3 seeds$/);
  const [unpaired] = judgeClaims([model], [
    ...[7, 8].map((seed) => runOf(seed, 0.2)),
    { ...runOf(9, 0.2), pairs: [] },
  ]);
  assert.equal(unpaired.holds, "not measured");
  assert.match(unpaired.ours, /seed 9: no paired interval was kept$/);
});

Deno.test("a claim about a choice sees the trainings of all seeds, and needs five a side", () => {
  const choice: Claim = {
    ...claim,
    about: "choice",
    judge({ rowsOf }) {
      const seeds = rowsOf<{ seed: number }>("main").map(({ seed }) => seed);
      return { ours: seeds.join(), holds: "yes", trainings: seeds.length / 2 };
    },
  };
  const judge = (seeds: number[]) => judgeClaims([choice], seeds.map((s) => runOf(s, 0)))[0];
  assert.equal(judge([3, 4]).ours, "3,3,4,4; 2 of 5 trainings a side");
  assert.equal(judge([3, 4]).holds, "not measured");
  assert.equal(judge([3, 4, 5, 6, 7]).holds, "yes");
  assert.ok(!("trainings" in judge([3])));
});

/** A folder of kept results, which is removed in the end. */
async function withResults(
  test: (
    directory: string,
    write: (path: string, rows: readonly object[]) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory, async (path, rows) => {
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeTextFile(path, rows.map((row) => JSON.stringify(row)).join("\n"));
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("stored runs are those of all kept seeds, with pairs where there are any", async () => {
  await withResults(async (directory, write) => {
    await write(rowsPath("main", "quick", directory), runOf(7, 0.2).rows);
    assert.equal((await storedRuns([model], "quick", directory))[0].pairs, undefined);
    for (const seed of [11, 8]) {
      const path = seedRowsPath("main", { scale: "quick", seed }, directory),
        run = runOf(seed, 0.1);
      await write(path, run.rows);
      await write(pairsPath(path), run.pairs!);
    }
    await write(seedRowsPath("main_result", { scale: "quick", seed: 9 }, directory), []); // another experiment
    const runs = await storedRuns([model], "quick", directory);
    assert.deepEqual(runs.map(({ config }) => config.seed), [7, 8, 11]);
    assert.deepEqual(runs[1].pairs, runOf(8, 0.1).pairs);
  });
});

Deno.test("a run is judged with the kept ones that differ from it in the seed alone", async () => {
  await withResults(async (directory, write) => {
    const verdictsOf = async (...runs: MeasuredRun[]) => {
      const all = await withKeptSeeds([model], runs, directory);
      assert.deepEqual(all.slice(0, runs.length), runs);
      return judgeClaims([model], all).map(({ ours, holds }) => `${holds}: ${ours}`);
    };
    const [alone] = await verdictsOf(runOf(7, 0.2));
    assert.match(alone, /^not measured: .*1 of 3 seeds$/, "nothing is kept");
    for (const [seed, gain] of [[7, 0.3], [8, 0.1], [9, 0.1]]) {
      const { rows, pairs } = runOf(seed, gain);
      const path = seed === 7
        ? rowsPath("main", "quick", directory)
        : seedRowsPath("main", { scale: "quick", seed }, directory);
      await write(path, rows);
      await write(pairsPath(path), pairs!);
    }
    const [mine] = await verdictsOf(runOf(7, 0.2));
    assert.match(mine, /^yes: \+20\.0.*; seed 8: \+10\.0.*; seed 9: \+10\.0/);
    assert.doesNotMatch(mine, /30\.0/, "the kept run of the same seed is not mine");
    const [another] = await verdictsOf(runOf(5, -0.3));
    assert.match(another, /^partly: −30\.0.*; seed 7: \+30\.0.*; seed 8: .*; seed 9: /);
    const { config, ...measured } = runOf(7, 0.2);
    const [changed] = await verdictsOf({ ...measured, config: { ...config, scale: "smoke" } });
    assert.match(changed, /^not measured: .*1 of 3 seeds$/);
    const resampled = { ...own, bootstrap: { resamples: 10 } };
    const [other] = await verdictsOf({ ...measured, config: resampled });
    assert.match(other, /^not measured: .*1 of 3 seeds$/, "as kept but for more than the seed");
  });
});
