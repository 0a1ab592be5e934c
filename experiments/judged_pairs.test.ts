import assert from "node:assert/strict";
import { join } from "node:path";
import { type Dataset, type DatasetImage, readResults, type RetrievalRun } from "detailclip";
import { createRandom } from "detailclip/numeric";
import { embeddedConfig } from "./encoders_pairs.ts";
import {
  federated,
  judgedConfig,
  type JudgedRow,
  runJudgedPairs,
  tableOfJudgings,
} from "./judged_pairs.ts";

const CLASSES = 20, IMAGES = 400;

/** A data set by chance, with an object or two of a third of the classes in each image. */
function anyDataset(folder: string): Dataset {
  const random = createRandom("judged");
  const box = { left: 1, top: 2, width: 3, height: 4 };
  const images = Array.from({ length: IMAGES }, (_, i): DatasetImage => ({
    ...{ id: `a/${i}.jpg`, path: join(folder, `a/${i}.jpg`), width: 9, height: 9 },
    objects: Array.from({ length: CLASSES }, (_, category) => category)
      .filter(() => random.next() < 1 / 3)
      .flatMap((category) => Array(random.integer(1, 2)).fill({ category, box })),
  }));
  const categories = Array.from({ length: CLASSES }, (_, c) => `class ${c}`);
  return { name: "any", categories, images } as Dataset;
}

Deno.test("of judged pairs objects are annotated or absent, of others nothing is said", () => {
  const dataset = anyDataset("/x"), images = federated(dataset, 0.25, 7);
  let judged = 0, open = 0;
  images.forEach(({ objects, absent = [], notExhaustive = [] }, i) => {
    const shown = new Set(dataset.images[i].objects.map(({ category }) => category));
    const left = new Set(objects.map(({ category }) => category));
    judged += left.size + absent.length;
    open += notExhaustive.length;
    assert.ok(absent.every((category) => !shown.has(category)));
    for (const category of left) {
      const count = (list: DatasetImage["objects"]) =>
        list.filter((object) => object.category === category).length;
      const all = count(dataset.images[i].objects);
      assert.equal(count(objects), notExhaustive.includes(category) ? 1 : all);
    }
    assert.ok(notExhaustive.every((category) => left.has(category)));
  });
  const share = judged / (CLASSES * IMAGES);
  assert.ok(Math.abs(share - 0.25) < 0.02, `${share} judged`);
  assert.ok(open > 20);
});

Deno.test("judged pairs measure what all annotations do; taking all others for wrong does not", async () => {
  const folder = await Deno.makeTempDir(), runsDir = join(folder, "runs");
  try {
    const dataset = anyDataset(folder), random = createRandom("scores");
    await Deno.mkdir(join(folder, "a"));
    for (const { path } of dataset.images) await Deno.writeFile(path, new Uint8Array());
    const shows = (category: number, image: DatasetImage) =>
      image.objects.some((object) => object.category === category);
    const scores = Float32Array.from(
      { length: CLASSES * IMAGES },
      (_, at) =>
        random.normal() +
        (shows(Math.floor(at / IMAGES), dataset.images[at % IMAGES]) ? 1.5 : 0),
    );
    const matrix = { queries: CLASSES, images: IMAGES, scores };
    const run = {
      dataset,
      imageIds: dataset.images.map(({ id }) => id),
      methods: [
        { method: "full image", cover: "full", scores: matrix },
        { method: "Patch-obj", cover: "objects", scores: matrix },
      ],
      provenance: { encoder: "none" },
    } as unknown as RetrievalRun;
    const config = judgedConfig(embeddedConfig("smoke"));
    const rows = await runJudgedPairs(run, config, { runsDir, keep: false });
    const [all, judged, taken] = rows;
    assert.deepEqual(rows.map(({ method, judging }) => [method, judging]), [
      ["full image", "all annotated"],
      ["full image", "judged pairs"],
      ["full image", "all pairs"],
    ]);
    assert.ok(Math.abs(all.value - judged.value) < 0.06, `${all.value}, ${judged.value}`);
    assert.ok(Math.abs(all.chance - judged.chance) < 0.03);
    assert.ok(taken.value < all.value - 0.2 && taken.chance < all.chance / 2, `${taken.value}`);
    assert.equal(all.pairs, CLASSES * IMAGES);
    assert.equal(taken.pairs, all.pairs);
    assert.equal(taken.relevant, judged.relevant);
    assert.ok(Math.abs(judged.pairs / all.pairs - 0.25) < 0.02);
    const [found] = [...Deno.readDirSync(join(runsDir, "judged_pairs", "clevr-ds-mixed"))];
    const path = join(runsDir, "judged_pairs", "clevr-ds-mixed", found.name, "rows.jsonl");
    assert.equal((await readResults<JudgedRow>(path)).length, 3);
    const [, chance, pairs] = tableOfJudgings(rows);
    assert.deepEqual([chance.method, pairs["all pairs, %"]], ["chance", `${all.pairs}`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assert.throws(() => judgedConfig(embeddedConfig("smoke"), 0), /Cannot set judged/);
});
