import assert from "node:assert/strict";
import { configure, filesOf, readResults } from "detailclip";
import { withFolders } from "../lib/runner/testing.ts";
import { claims, LABELS, runScaleSensitivity, scaleSensitivity } from "./scale_sensitivity.ts";
import {
  bySize,
  enough,
  factsOf,
  fullImage,
  rMaxPoints,
  type ScaleRow,
  sidesOf,
  sizeEnds,
  sizePoints,
  sizeTable,
  tableOne,
} from "./scale_sensitivity_rows.ts";
import { judgedBy } from "./testing.ts";

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

/** Rows on which the full image finds less at small objects and at small r_max, by as much as told. */
const rowsWith = ({ lost = 0, lostSmall = 0.5, left = 0.05 } = {}) => [
  row("full image", { rMax: 1, value: 0.3 }),
  row("cc@10", { rMax: 1, value: 0.9 }),
  row("full image", { rMax: 0.1, images: 40, value: 0.3 - lost }),
  row("full image", { rMax: 10 ** -1.5, images: 3, value: 0 }),
  ...[["5–10 %", 1], ["20–40 %", 0]].flatMap(([bin, small]) => [
    row("full image", { ...size(`${bin}`), value: 0.6 - lostSmall * Number(small) }),
    row("cc@10", { ...size(`${bin}`), value: 0.95 - left * Number(small) }),
  ]),
  row("full image", { ...size("≥ 40 %"), classes: 6, value: 0.1 }), // few classes: shown, not judged
];

const holds = (rows: ScaleRow[]) =>
  judgedBy(claims, { scale_sensitivity: rows }).map(({ holds }) => holds);

Deno.test("claims follow the rows", () => {
  assert.deepEqual(holds(rowsWith()), ["no", "yes", "yes"]);
  assert.deepEqual(holds(rowsWith({ lost: 0.2, lostSmall: 0.03, left: 0.02 })), [
    ...["yes", "partly", "partly"],
  ]);
  assert.deepEqual(holds(rowsWith({ lost: 0.01, lostSmall: -0.1, left: 0.2 })), [
    ...["no", "no", "no"],
  ]);
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
  const [large, small] = sizeEnds(rows, fullImage)!;
  assert.deepEqual([large.subset, small.subset], ["size 20–40 %", "size 5–10 %"]);
  assert.equal(sizeEnds(rows.slice(0, 4), fullImage), undefined);
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

Deno.test("a mistyped key of LVIS's files is refused before any work", async () => {
  const run = (lvis: unknown) =>
    runScaleSensitivity(configure(scaleSensitivity, "smoke"), { lvis: lvis as undefined });
  await assert.rejects(
    run({ annotations: "a.json", rooot: "." }),
    /Cannot run scale_sensitivity_recall: lvis\.root is missing.*lvis\.rooot is not a setting; did you mean root\?/,
  );
  await assert.rejects(run("a.json"), /lvis must be an object, got "a\.json"/);
});

Deno.test("a run writes rows by r_max and size, and tells that LVIS is missing", async () => {
  await withFolders(async (options) => {
    const config = configure(scaleSensitivity, "smoke", { dataset: { images: 40 } });
    const { rows, notRun, runs } = await runScaleSensitivity(config, options);
    const own = rows.get(LABELS.generated)!;
    assert.deepEqual([...rows.keys()], [LABELS.generated]);
    assert.match(notRun[0].missing, /there is no file \/path\/to\/lvis_v1_val\.json/);
    assert.match(notRun[0].command, /--set 'lvis=\{"annotations"/);
    const files = filesOf("scale_sensitivity", config, options);
    const written = await readResults<ScaleRow>(files.rows);
    assert.deepEqual(written.map(({ value }) => value), own.map(({ value }) => value));
    // all images have an object, so the largest threshold leaves what the recall run has
    const recall = runs.get(LABELS.generated)!.rows
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
