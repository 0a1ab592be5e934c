import assert from "node:assert/strict";
import { join } from "node:path";
import { type Dataset, type DatasetImage, filesOf, readResults } from "detailclip";
import { claims, dataSetsConfig, runDataSets } from "./data_sets.ts";
import {
  countsOf,
  type DataSetCounts,
  mostObjects,
  objectBars,
  perImageTable,
  SIDE_EDGES_LOG,
  sideBars,
  sizesTable,
  smallText,
} from "./data_sets_rows.ts";
import { judgedBy } from "./testing.ts";

type Size = "small" | "large";

/** An image of 100 px with square objects. */
function image(...objects: [category: number, side: number, size?: Size][]): DatasetImage {
  return {
    ...{ id: crypto.randomUUID(), path: "", width: 100, height: 100 },
    objects: objects.map(([category, side, size]) => ({
      ...{ category, box: { left: 0, top: 0, width: side, height: side } },
      ...(size && { size }),
    })),
  };
}

const dataset = (...images: DatasetImage[]) =>
  ({ name: "x", categories: ["a", "b", "c"], images, annotated: true }) as Dataset;
const small = Array.from({ length: 11 }, (): [number, number, Size] => [0, 8, "small"]);

Deno.test("objects are counted by image, class and side", () => {
  const counts = countsOf("COCO", dataset(image([0, 10], [0, 30]), image([1, 0.1]), image()), 9);
  assert.deepEqual(counts.instancesPerImage, { mean: 1.5, min: 1, max: 2 });
  assert.deepEqual(counts.classesPerImage, { mean: 1, min: 1, max: 1 });
  assert.deepEqual(counts.counts, [0, 1, 1]);
  assert.deepEqual([counts.images, counts.whole, counts.classesPresent], [3, 9, 2]);
  assert.equal(counts.repeating, 1);
  assert.equal(counts.paperMean, 7.33);
  assert.equal(counts.asInFigure10, undefined); // no size groups, no statement
  const at = (side: number) => counts.sides[SIDE_EDGES_LOG.findLastIndex((edge) => side >= edge)];
  assert.deepEqual([at(0.1), at(0.3), counts.sides[0]], [1, 1, 1]); // below the first edge: the first
});

Deno.test("bars have every image and every object of known size, the highest at full height", () => {
  const scenes = dataset(image([0, 10], [0, 30]), image([1, 8]), image([2, 8]));
  const rows = [countsOf("COCO", scenes, 3), countsOf("x", dataset(image([0, 50])), 1)];
  for (const bars of [objectBars(rows), sideBars(rows)]) {
    for (const [, own] of Map.groupBy(bars, ({ dataset }) => dataset)) {
      const all = own.reduce((sum, { percent }) => sum + percent, 0);
      assert.ok(Math.abs(all - 100) < 1e-9);
      assert.equal(Math.max(...own.map(({ height }) => height)), 1);
    }
  }
  const sizes = sideBars(rows).map(({ dataset, size }) => `${dataset} ${size}`);
  assert.deepEqual(sizes, ["COCO small", "COCO small", "COCO large", "x large"]);
  assert.deepEqual(rows.map(smallText), ["75 % small", "0 % small"]);
  assert.equal(smallText({ ...rows[0], sides: SIDE_EDGES_LOG.map(() => 0) }), "sides unknown");
});

Deno.test("an axis of objects holds 99 % of the images of each data set, and ten at least", () => {
  const counts = (counts: number[]) => ({ counts }) as unknown as DataSetCounts;
  assert.equal(mostObjects([counts([0, 5, 3])]), 10);
  assert.equal(mostObjects([counts([0, 5]), counts([...Array(40).fill(5), 1, 1])]), 39);
});

Deno.test("Figure 10's scenes have 1 to 3 large objects and more than 10 small ones", () => {
  const like = image(...small, [1, 30, "large"]);
  const few = image([0, 8, "small"], [1, 30, "large"]);
  const many = image(...small, ...Array(4).fill([1, 30, "large"]));
  assert.equal(countsOf("x", dataset(like, few, many, image(...small)), 4).asInFigure10, 1);
});

Deno.test("claims follow the rows", () => {
  const judged = (change: Partial<DataSetCounts>) => {
    const row = { ...countsOf("CLEVR-DS", dataset(image([0, 10])), 1), ...change };
    return judgedBy(claims, { data_sets: [row] }).map(({ holds }) => holds);
  };
  assert.deepEqual(judged({ mean: 13.5, repeating: 0, asInFigure10: 1 }), ["yes", "yes", "yes"]);
  assert.deepEqual(judged({ mean: 12.5, images: 4, repeating: 1, asInFigure10: 1 }), [
    ...["partly", "partly", "partly"],
  ]);
  assert.deepEqual(judged({ mean: 2, repeating: 1, asInFigure10: 0 }), ["no", "no", "no"]);
});

Deno.test("data sets that cannot be meant are refused before anything is drawn", async () => {
  const run = async (datasets: unknown) =>
    await runDataSets(dataSetsConfig("smoke", { datasets: datasets as Record<string, never> }), {
      cacheDir: "/nowhere",
      output: "silent",
    });
  await assert.rejects(
    run({ COCO: { annotations: "a.json" } }),
    /^RangeError: Cannot set datasets: datasets\.COCO must be text, got/,
  );
  await assert.rejects(run({ COCO: "a.json" }), /COCO must be an absolute path, got "a\.json"/);
  for (const nothing of [["COCO"], null, "COCO"]) {
    await assert.rejects(run(nothing), /Cannot set datasets: datasets must be an object, got/);
  }
});

Deno.test("without CLEVR-DS, or its size groups, nothing is claimed of it", () => {
  const own = countsOf("own", dataset(image([0, 10])), 1);
  const verdicts = judgedBy(claims, { data_sets: [own] });
  assert.ok(verdicts.every(({ ours }) => ours === "CLEVR-DS was not counted"));
  const ungrouped = judgedBy(claims, { data_sets: [{ ...own, dataset: "CLEVR-DS" }] });
  assert.equal(ungrouped[2].holds, "not measured");
});

Deno.test("sets are chosen by name, and a configuration of all of them says nothing", () => {
  const all = ["CLEVR-DS", "CLEVR-DS-S", "CLEVR-DS-L", "CLEVR-DS, reduced"];
  const { sets } = dataSetsConfig("smoke", { sets: ["CLEVR-DS-L", "CLEVR-DS"] });
  assert.deepEqual(sets, ["CLEVR-DS", "CLEVR-DS-L"]);
  const whole = dataSetsConfig("smoke", { sets: [...all, "CLEVR-DS, unseen renderings"] });
  assert.deepEqual(whole, dataSetsConfig("smoke"));
  assert.throws(() => dataSetsConfig("smoke", { sets: ["LVIS"] }), /one of CLEVR-DS, .*"LVIS"/);
});

Deno.test("data sets are drawn or read, written as rows, and missing ones are told with a command", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const [annotations, gone] = [join(directory, "own.json"), join(directory, "gone.json")];
    await Deno.writeTextFile(join(directory, "a.jpg"), "never decoded");
    const box = { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 5, 5] };
    await Deno.writeTextFile(
      annotations,
      JSON.stringify({
        images: [{ id: 1, file_name: "a.jpg", width: 10, height: 10 }],
        categories: [{ id: 1, name: "cat" }],
        annotations: [box, { ...box, id: 2 }],
      }),
    );
    const bare = join(directory, "bare.json"); // images, and nothing on them
    await Deno.writeTextFile(
      bare,
      JSON.stringify({ images: [{ id: 1, file_name: "a.jpg" }], categories: [], annotations: [] }),
    );
    const config = dataSetsConfig("smoke", {
      datasets: {
        own: annotations,
        LVIS: gone,
        bare,
      },
    });
    const { rows, notRun } = await runDataSets(config, {
      cacheDir: directory,
      runsDir: directory,
      output: "silent",
    });
    assert.equal(rows.length, 6);
    assert.ok(rows[0].mean > 5 && rows[0].repeating === 0);
    assert.equal(rows[0].images * 5, rows[0].whole); // the test split alone
    assert.deepEqual([rows[5].dataset, rows[5].mean, rows[5].repeating], ["own", 2, 1]);
    assert.deepEqual(notRun.map(({ member }) => member), ["COCO", "LVIS", "Unity-Retail", "bare"]);
    assert.match(notRun[3].missing, /no image of bare shows an object/);
    assert.match(notRun[0].missing, /no annotations of COCO are named/);
    assert.match(notRun[1].missing, /there is no file .*gone\.json/);
    assert.match(notRun[1].command, /--set 'datasets=\{"LVIS":".*gone\.json"/);
    const [files, others] = [config, dataSetsConfig("smoke")].map((c) =>
      filesOf("data_sets", c, { runsDir: directory })
    );
    assert.notEqual(files.folder, others.folder); // what is counted besides decides, too
    const written = await readResults<DataSetCounts>(files.rows);
    assert.deepEqual(written.map(({ mean }) => mean), rows.map(({ mean }) => mean));
    const table = perImageTable(rows, notRun);
    assert.match(table[0]["paper: objects"], /^13\.78, 1 to 50 \(Table 8\)/);
    assert.equal(table[7]["objects an image"], "not run");
    assert.equal(sizesTable(rows, notRun)[7]["paper: classes"], "1,230");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
