import assert from "node:assert/strict";
import { configure, filesOf, readResults } from "detailclip";
import { withFolders } from "../lib/runner/testing.ts";
import { claims, runScaleSensitivity, scaleSensitivity } from "./scale_sensitivity.ts";
import {
  bySize,
  enough,
  factsOf,
  fullImage,
  rMaxPoints,
  type ScaleRow,
  sidesOf,
  sizePoints,
  sizeTable,
  tableOne,
} from "./scale_sensitivity_rows.ts";
import { judgedBy } from "./testing.ts";
import { MIXED } from "./variants.ts";

function row(method: string, part: Partial<ScaleRow>): ScaleRow {
  const value = part.value ?? 0.3;
  return {
    ...{ method, cover: method, metric: "recall@1", value, low: value - 0.02, high: value + 0.02 },
    ...{ subset: "", kind: "r_max", vectors: 1, images: 100, classes: 50, pairs: 90 },
    ...{ side: 0.08, chance: 0.1 },
    ...part,
  };
}

const size = (bin: string) => ({ kind: "size", subset: `size ${bin}` }) as const;

/** Rows on which recall is as told: of the full image by r_max, and of both methods from large objects to small ones. */
const rowsWith = (
  { least = 0.29, full = [0.6, 0.4, 0.1], cover = [0.95, 0.94, 0.96] } = {},
) => [
  row("full image", { rMax: 1, value: 0.3 }),
  row("cc@10", { rMax: 1, value: 0.9 }),
  row("full image", { rMax: 0.1, images: 40, value: least }),
  row("full image", { rMax: 10 ** -1.5, images: 3, value: 0 }),
  ...["5–10 %", "10–20 %", "20–40 %"].flatMap((bin, i) => [
    exact(row("full image", { ...size(bin), value: full[2 - i] })),
    exact(row("cc@10", { ...size(bin), value: cover[2 - i] })),
  ]),
  row("full image", { ...size("≥ 40 %"), classes: 4, value: 0.1 }), // few classes: not judged
];

/** A row of very many images. */
const exact = (row: ScaleRow) => ({ ...row, low: row.value - 0.001, high: row.value + 0.001 });

const holds = (rows: ScaleRow[]) =>
  judgedBy(claims, { scale_sensitivity: rows }).map(({ holds }) => holds);

Deno.test("claims follow the rows", () => {
  assert.deepEqual(holds(rowsWith()), ["undecided", "yes", "yes"]);
  assert.deepEqual(holds(rowsWith({ least: 0.1, full: [0.6, 0.1, 0.2], cover: [0.9, 0.9, 0.8] })), [
    ...["yes", "partly", "partly"],
  ]);
  assert.deepEqual(holds(rowsWith({ least: 0.5, full: [0.3, 0.4, 0.5], cover: [0.9, 0.8, 0.7] })), [
    ...["no", "no", "no"],
  ]);
});

Deno.test("every size that has enough classes is shown, also between the ends", () => {
  const [, { ours }] = judgedBy(claims, { scale_sensitivity: rowsWith() });
  assert.equal(
    ours,
    "60.0 [59.9, 60.1] (20–40 %) → 40.0 [39.9, 40.1] (10–20 %) → 10.0 [9.9, 10.1] (5–10 %)",
  );
});

Deno.test("objects of one size, and one threshold, are not judged", () => {
  const rows = rowsWith().slice(0, 2);
  assert.deepEqual(
    judgedBy(claims, { scale_sensitivity: rows }).map(({ ours, holds }) => [ours, holds]),
    [
      ["too few images at any smaller r_max", "not measured"],
      ["too few objects of different sizes", "not measured"],
      ["too few objects of different sizes", "not measured"],
    ],
  );
});

Deno.test("thresholds that leave few images, and sizes that few classes have, decide nothing", () => {
  const rows = rowsWith();
  assert.deepEqual(enough(rows).filter(fullImage).map(({ rMax }) => rMax), [1, 0.1]);
  assert.equal(bySize(rows).filter(fullImage).length, 3);
});

Deno.test("chance and the median side come from right answers that are ranked", () => {
  const box = (side: number) => ({ left: 0, top: 0, width: side, height: side });
  const images = [[0, 10], [0, 30], [1, 50]].map(([category, side], n) => ({
    ...{ id: `${n}`, path: "", width: 100, height: 100 },
    objects: [{ category, box: box(side) }],
  }));
  const dataset = { categories: ["a", "b"], images } as unknown as Parameters<typeof sidesOf>[0];
  const sides = sidesOf(dataset, ["0", "1", "2"]);
  assert.deepEqual([...sides].map((side) => Math.round(100 * side)), [10, 30, 0, 0, 0, 50]);
  const relevant = Uint8Array.of(1, 1, 0, 0, 0, 1);
  const all = factsOf({ queries: 2, images: 3, relevant }, sides);
  assert.deepEqual([all.classes, all.pairs], [2, 3]);
  assert.ok(Math.abs(all.chance - (2 / 3 + 1 / 3) / 2) < 1e-9 && Math.abs(all.side - 0.3) < 1e-6);
  const ignored = Uint8Array.of(0, 1, 0, 0, 0, 1);
  const some = factsOf({ queries: 2, images: 3, relevant, ignored }, sides);
  assert.deepEqual([some.classes, some.pairs, some.chance], [1, 1, 0.5]);
});

Deno.test("a path of LVIS that is not absolute is refused before any work", async () => {
  const run = runScaleSensitivity(configure(scaleSensitivity, "smoke"), { lvis: "a.json" });
  await assert.rejects(run, /Cannot set lvis: .* must be an absolute path, got "a\.json"/);
});

Deno.test("a run writes rows by r_max and size, and tells that LVIS is missing", async () => {
  await withFolders(async (options) => {
    const config = configure(scaleSensitivity, "smoke", { dataset: { images: 40 } });
    const { rows, notRun, runs } = await runScaleSensitivity(config, options);
    const own = rows.get(MIXED.label)!;
    assert.deepEqual([...rows.keys()], [MIXED.label]);
    assert.match(notRun[0].missing, /there is no file \/path\/to\/lvis_v1_val\.json/);
    assert.match(notRun[0].command, /--set 'lvis="\/path/);
    const files = filesOf("scale_sensitivity", config, options);
    const written = await readResults<ScaleRow>(files.rows);
    assert.deepEqual(written.map(({ value }) => value), own.map(({ value }) => value));
    // all images have an object, so the largest threshold leaves what the recall run has
    const recall = runs.get(MIXED.label)!.rows
      .filter(({ method, subset }) => method === "full image" && subset === "all");
    const whole = own.filter((row) => fullImage(row) && row.rMax === 1);
    assert.deepEqual(whole.map(({ value }) => value), recall.map(({ value }) => value));
    assert.ok(!own.some(({ method }) => method.startsWith("mean")));
    assert.equal(tableOne(own)[4]["full image, %"], "no image"); // 10^-2
    assert.ok(sizeTable(own).length > 1);
    const points = rMaxPoints(rows);
    assert.equal(points.length, enough(own).length);
    assert.ok(
      points.every(({ share, panel }) => share > 0 && share <= 100 && panel === "CLEVR-DS"),
    );
    assert.equal(sizePoints(own).length, bySize(own).length);
    assert.ok(sizePoints(own).every(({ side, recall }) => /%$/.test(side) && recall <= 100));
    judgedBy(claims, { scale_sensitivity: own });
  });
});
