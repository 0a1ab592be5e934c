import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type DatasetConfig,
  datasetNamed,
  describeSource,
  type GeneratedConfig,
  missingPart,
  openDataset,
} from "./mod.ts";

const sample = (name: string) =>
  fileURLToPath(new URL(`../datasets/readers/testdata/${name}`, import.meta.url));

/** The data set of a name, which is no folder of images. */
const named = (name: string) => datasetNamed(name) as DatasetConfig;

Deno.test("clevr-ds… names a generated set, its variant, renderings and number of images", () => {
  const whole = named("clevr-ds");
  assert.deepEqual(whole, {
    ...{ source: "clevr-ds", variant: "mixed", family: "fluent-3d" },
    ...{ images: 1500, split: "test", size: 480 },
  });
  assert.deepEqual(named("CLEVR-DS-s:400"), { ...whole, variant: "S", images: 400 });
  assert.deepEqual(named("clevr-ds-noto"), { ...whole, family: "noto" });
  assert.deepEqual(named("clevr-ds-reduced-noto:9"), {
    ...whole,
    ...{ variant: "reduced", family: "noto", images: 9 },
  });
  for (const wrong of ["clevr-ds-XL", "clevr-ds:0", "clevr-ds:1e3", "clevr-ds-S-400"]) {
    assert.throws(
      () => named(wrong),
      /Cannot find data set .*generated ones are called clevr-ds, /,
      wrong,
    );
  }
});

Deno.test("retail names generated scenes, whose other settings are those of the data set in whose place they are", () => {
  const whole = { source: "retail", family: "fluent-3d", images: 1000, split: "test", size: 480 };
  assert.deepEqual(named("retail"), whole);
  assert.deepEqual(named("Retail-noto:400"), { ...whole, family: "noto", images: 400 });
  const own = { ...named("clevr-ds-S:60"), limit: 9, size: 320 } as GeneratedConfig;
  assert.deepEqual(datasetNamed("retail", own), { ...whole, images: 60, size: 320 });
  for (const wrong of ["retail-S", "retail:0", "retail:"]) {
    assert.throws(() => named(wrong), /generated retail scenes are called retail, /, wrong);
  }
  assert.throws(() => named("retailers"), /there is nothing at .*retailers/); // a path
  assert.equal(
    describeSource(named("retail")),
    "generated: retail scenes, fluent-3d; 1,000 in all, split 7:1:2",
  );
});

Deno.test("retail scenes are drawn once, split by split, and opened as what the workspace drew", async () => {
  const cacheDir = await Deno.makeTempDir();
  try {
    const config = { ...named("retail:20"), size: 160 } as GeneratedConfig;
    const options = { cacheDir, output: "silent" } as const;
    const test = await openDataset(config, 7, options);
    const val = await openDataset({ ...config, limit: 1 }, 7, { ...options, split: "val" });
    assert.deepEqual([test.images.length, val.images.length], [4, 2]); // the limit is of the search
    assert.deepEqual([test.name, test.drawn], ["retail-fluent-3d-160px-20-seed7-test", true]);
    assert.deepEqual(test.categories, val.categories);
    assert.equal((await openDataset({ ...config, limit: 1 }, 7, options)).images.length, 1);
    const again = await openDataset(config, 7, options);
    assert.equal(again.fingerprint, test.fingerprint);
    const other = await openDataset(config, 8, options);
    assert.notEqual(other.fingerprint, test.fingerprint);
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
});

for (const prefix of ["instances", "lvis_v1"]) {
  Deno.test(`of ${prefix}'s training images 5,000 are drawn by the seed, the official val is searched`, async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir());
    try {
      const write = (part: string, year: string, count: number) => {
        const images = Array.from({ length: count }, (_, id) => ({
          ...{ id, file_name: `${part}${id}.jpg`, width: 9, height: 9 },
          ...(prefix === "lvis_v1" && { neg_category_ids: [1] }),
        }));
        const path = join(folder, "annotations", `${prefix}_${part}${year}.json`);
        const text = { images, categories: [{ id: 1, name: "fox" }], annotations: [] };
        return Deno.writeTextFile(path, JSON.stringify(text));
      };
      const year = prefix === "instances" ? "2017" : "";
      for (const name of ["annotations", "train2017", "val2017"]) {
        await Deno.mkdir(join(folder, name));
      }
      await write("val", year, 4);
      await write("train", year, 5003);
      const config = named(folder), options = { keepMissing: true, output: "silent" } as const;
      const open = async (seed: number, split?: "train" | "val") =>
        (await openDataset(config, seed, { ...options, split })).images.map(({ id }) => id);
      assert.deepEqual(await open(7), [0, 1, 2, 3].map((i) => `val${i}.jpg`));
      const [train, val] = [await open(7, "train"), await open(7, "val")];
      assert.deepEqual([train.length, val.length], [3, 5000]);
      assert.equal(new Set([...train, ...val]).size, 5003);
      assert.equal((await open(7, "val")).join(), val.join());
      assert.notEqual((await open(8, "train")).join(), train.join());
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("a name opens what it was taken for, split by split, and a line says so", async () => {
  const dota = named(`dota:${sample("dota")}`);
  assert.equal(
    describeSource(dota),
    `data set in dota format: ${
      sample("dota")
    }; val is searched; learned from: the rest of train; ` +
      "the best epoch is chosen by: one in 8 drawn from train",
  );
  const searched = await openDataset(dota, 7);
  assert.deepEqual([searched.name, searched.images.length], ["dota-val", 1]);
  const half = { size: 1 / 2, take: "rest" } as const;
  assert.ok(dota.source === "dota" && dota.train && dota.val);
  const halved: DatasetConfig = {
    ...dota,
    train: { ...dota.train, draw: half },
    val: { ...dota.val, draw: { ...half, take: "drawn" } },
  };
  const drawn = new Set<string>();
  for (const seed of [1, 2, 3, 4, 5, 6, 7]) {
    const train = await openDataset(halved, seed, { split: "train" });
    const val = await openDataset(halved, seed, { split: "val" });
    assert.deepEqual([train.images.length, val.images.length], [1, 1]);
    assert.notEqual(train.images[0].id, val.images[0].id);
    assert.deepEqual(train.categories, searched.categories);
    drawn.add(val.images[0].id);
  }
  assert.equal(drawn.size, 2); // the seed decides
  await assert.rejects(openDataset(dota, 7, { split: "val" }), /of its 2 images 0 are to be drawn/);
});

Deno.test("half: parts all images into searched ones, learned ones and those to choose by", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const images = Array.from({ length: 16 }, (_, i) => ({ id: i, file_name: `${i}.jpg` }));
    const annotations = `${folder}/photos.json`;
    await Deno.writeTextFile(
      annotations,
      JSON.stringify({ images, annotations: [], categories: [{ id: 1, name: "dog" }] }),
    );
    const half = named(`half:coco:${annotations}:${folder}`);
    assert.equal(
      describeSource(half),
      `data set in coco format: ${annotations} with the images of ${folder}; the rest of ${annotations} is ` +
        `searched; learned from: one in 2 drawn from ${annotations}, but for one in 8; the best epoch is ` +
        `chosen by: one in 8 drawn from ${annotations}`,
    );
    const open = async (split?: "train" | "val") =>
      (await openDataset(half, 7, { split, keepMissing: true })).images.map(({ id }) => id);
    const parts = [await open(), await open("train"), await open("val")];
    assert.deepEqual(parts.map(({ length }) => length), [8, 6, 2]);
    assert.equal(new Set(parts.flat()).size, 16);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a small copy of COCO in its own layout: one training image in eight is drawn to choose by", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const lists = (ids: readonly number[]) => ({
      images: ids.map((id) => ({ id, file_name: `${id}.jpg`, width: 9, height: 9 })),
      annotations: ids.map((id) => ({ id, image_id: id, category_id: 1, bbox: [0, 0, 3, 3] })),
      categories: [{ id: 1, name: "dog" }],
    });
    const train = Array.from({ length: 16 }, (_, id) => id), val = [20, 21];
    for (const [part, ids] of [["train", train], ["val", val]] as const) {
      await Deno.mkdir(`${folder}/${part}2017`, { recursive: true });
      for (const id of ids) await Deno.writeTextFile(`${folder}/${part}2017/${id}.jpg`, "");
      await Deno.mkdir(`${folder}/annotations`, { recursive: true });
      const path = `${folder}/annotations/instances_${part}2017.json`;
      await Deno.writeTextFile(path, JSON.stringify(lists(ids)));
    }
    const coco = named(folder);
    const open = async (split?: "train" | "val") =>
      (await openDataset(coco, 7, { split })).images.map(({ id }) => id);
    assert.deepEqual(await open(), ["20.jpg", "21.jpg"]);
    const [learned, chosen] = [await open("train"), await open("val")];
    assert.deepEqual([learned.length, chosen.length], [14, 2]);
    assert.equal(new Set([...learned, ...chosen]).size, 16);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what a name of any format needs is looked for before it is opened", async () => {
  const encoder = { id: "tiny-clip", dtype: "fp32" } as const;
  for (const name of ["voc", "yolo", "yolo_obb", "dota", "visdrone", "xview", "solo"]) {
    const dataset = named(sample(name));
    assert.equal(await missingPart({ dataset, encoder }), undefined, name);
    const gone = { ...dataset, annotations: "/nowhere/data.yaml" } as DatasetConfig;
    assert.match(
      (await missingPart({ dataset: gone, encoder }))!,
      /no (file|folder) \/nowhere/,
      name,
    );
  }
});
