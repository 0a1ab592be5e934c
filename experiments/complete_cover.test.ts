import assert from "node:assert/strict";
import { configure, filesOf, judgeClaims, readResults } from "detailclip";
import {
  claims,
  completeCoverConfig,
  completeCoverExperiment,
  coverages,
  runCompleteCover,
} from "./complete_cover.ts";
import {
  type CompleteCoverRow,
  completeFrom,
  coverageCurves,
  coverageTable,
  fitGrowth,
  OBJECTS,
  rowsAbout,
  tableSeven,
  tableThirteen,
} from "./complete_cover_rows.ts";
import { judgedBy } from "./testing.ts";

Deno.test("the run writes its rows, and its claims are judged from the file", async () => {
  const runsDir = await Deno.makeTempDir();
  try {
    const config = configure(completeCoverExperiment, "smoke");
    const rows = await runCompleteCover(config, { runsDir });
    const { rows: path } = filesOf("complete_cover", config, { runsDir });
    const read = await readResults<CompleteCoverRow>(path);
    assert.equal(read.length, rows.length);

    const lines = tableThirteen(read);
    assert.equal(lines.length, 15);
    assert.ok(lines.every(({ agree, ours, paper }) => agree && ours === paper));
    const table = coverageTable(read);
    assert.deepEqual(table.map(({ cover }) => cover), [
      "cc@10",
      "verified ≥ 5 %",
      "verified ≥ 2 %",
      "verified ≥ 1.25 %",
    ]);
    assert.equal(table[2]["covered at 2 %"], "100.0 %");
    for (const row of rowsAbout(read, "coverage").filter((row) => row.cover === "verified ≥ 2 %")) {
      if (row.side >= 0.02) assert.equal(row.coverage, 1, `at ${row.side}`);
    }

    const [counts, complete, growth] = judgedBy(claims, { complete_cover: read });
    assert.deepEqual([counts.ours, counts.paper, counts.holds], ["15", "15", "yes"]);
    assert.match(complete.ours, /^6\d\.\d, /); // cc@10 misses a third of the positions at 2 %
    assert.equal(complete.holds, "no");
    assert.equal(growth.holds, "partly");
  } finally {
    await Deno.remove(runsDir, { recursive: true });
  }
});

Deno.test("a cover misses nothing from the side on after which it has no gap", () => {
  const at = (cover: string, side: number, coverage: number): CompleteCoverRow => ({
    ...{ what: "coverage", cover, k: 10, patches: 166 },
    ...{ side, coverage },
  });
  const rows = [
    ...[at("cc@10", 0.5, 1), at("cc@10", 0.05, 1), at("cc@10", 0.1, 0.9), at("cc@10", 0.2, 1)],
    ...[at("grid@10", 0.1, 0.5), at("grid@10", 0.2, 0.99)],
  ];
  assert.deepEqual(completeFrom(rows), [
    { cover: "cc@10", panel: "cc@10, 166 patches", from: 20 },
    { cover: "grid@10", panel: "grid@10, 166 patches" },
  ]);
  assert.deepEqual(coverageCurves(rows).map(({ side }) => side), [5, 10, 10, 20, 20, 50]);
});

Deno.test("Table 7's formula, rounded up, gives every level of Table 13", () => {
  for (let k = 1; k <= 15; k++) {
    for (const line of tableSeven(k)) assert.equal(line["Table 7"], line.ours, `cc@${k}`);
  }
  const levels = tableSeven(10).map((line) => [line.level, line["window, %"]]);
  assert.deepEqual(levels, [[1, 100], [5, 60], [7, 40], [8, 30], [9, 20], [10, 10]]);
});

Deno.test("coverage is of shares of the image, also where it is padded to a multiple of k", () => {
  const rows = coverages(completeCoverConfig("smoke", { k: 3 })); // 1002 px
  const [table] = coverageTable(rows);
  assert.equal(Object.keys(table).length, 2 + OBJECTS.length);
  assert.deepEqual(rows.filter(({ side }) => side > 1), []);
});

Deno.test("the fit finds the coefficient of a parabola, and how good it is", () => {
  const rows = (count: (side: number) => number) =>
    [3, 6, 9, 12].map((side) => ({ what: "growth" as const, side, patches: count(side) }));
  const square = fitGrowth(rows((side) => 0.25 * side ** 2));
  assert.ok(Math.abs(square.coefficient - 0.25) < 1e-12 && square.r2 > 0.9999);
  assert.ok(fitGrowth(rows((side) => side)).r2 < 0.99);
});

Deno.test("another k is measured beside the experiment's own, and judged by what does not depend on k", async () => {
  const runsDir = await Deno.makeTempDir();
  try {
    const own = completeCoverConfig("smoke"), config = completeCoverConfig("smoke", { k: 4 });
    await runCompleteCover(own, { runsDir });
    const rows = await runCompleteCover(config, { runsDir });
    const [there, here] = [own, config].map((c) => filesOf("complete_cover", c, { runsDir }).rows);
    assert.equal((await readResults(here)).length, rows.length);
    assert.notDeepEqual(await readResults(there), await readResults(here));
    const [counts, complete] = judgeClaims(claims, [{ config, rows }]);
    assert.deepEqual([counts.ours, counts.paper, counts.holds], ["15", "15", "yes"]);
    assert.deepEqual([complete.ours, complete.holds], ["no coverage of cc@10", "not measured"]);
    assert.equal(complete.configuration, "your configuration (covers)");
    assert.ok(Object.keys(coverageTable(rows)[0]).length === 2 + OBJECTS.length);
  } finally {
    await Deno.remove(runsDir, { recursive: true });
  }
});
