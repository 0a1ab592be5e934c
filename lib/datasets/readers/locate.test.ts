import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { loadDataset } from "./load.ts";
import { isAbsoluteName, locateDataset } from "./locate.ts";
import type { LocatedDataset } from "./place.ts";
import { sampleFolder, SAMPLES, withCopy } from "./testing.ts";

const sample = (folder: string) => SAMPLES.find((one) => one.folder === folder)!;

/** Runs a test with an empty folder. */
async function withFolder(
  test: (put: (path: string, text?: string) => Promise<string>) => Promise<void>,
) {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await test(async (path, text = "") => {
      const file = join(folder, path);
      await Deno.mkdir(dirname(file), { recursive: true });
      await Deno.writeTextFile(file, text);
      return folder;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const { folder, source } of SAMPLES) {
  Deno.test(`the format of a bare folder is recognised: ${folder} is ${source.source}`, async () => {
    const path = sampleFolder(folder).replace(/\/$/, "");
    const found = locateDataset(path) as LocatedDataset;
    assert.equal(found.source, source.source);
    assert.equal(found.annotations, join(path, source.annotations));
    assert.equal(found.root, join(path, source.root));
    assert.deepEqual(locateDataset(`${source.source}:${path}`), found);
    const { train: _, val: _v, ...searched } = found;
    assert.ok((await loadDataset(searched)).report.objects > 0);
  });
}

Deno.test("test is searched, or else val; without val one training image in eight is drawn to choose by", () => {
  const of = (folder: string) => locateDataset(sampleFolder(folder)) as LocatedDataset;
  const voc = of("voc");
  assert.deepEqual([voc.part, voc.train?.part, voc.val?.part], ["test", "train", "val"]);
  const dota = of("dota"); // labels of test are not public
  assert.deepEqual([dota.part, dota.train?.part, dota.val?.part], ["val", "train", "train"]);
  assert.deepEqual([dota.train?.draw, dota.val?.draw], [
    { size: 1 / 8, take: "rest" },
    { size: 1 / 8, take: "drawn" },
  ]);
  assert.equal(of("visdrone").part, "val");
  assert.equal(of("yolo").part, "val"); // its test is empty
  const solo = of("solo");
  assert.deepEqual([solo.part, solo.train], [undefined, undefined]); // too few sequences for parts
  const xview = of("xview");
  assert.deepEqual([xview.part, xview.train], [undefined, undefined]);
});

Deno.test("a folder that may be in several formats is refused, with the names that would say which", async () => {
  await withCopy(sample("dota"), async (folder) => {
    await Deno.writeTextFile(join(folder, "data.yaml"), "names: [plane]\nval: val/images\n");
    assert.throws(
      () => locateDataset(folder),
      new RegExp(
        `it could be yolo:${folder} or dota:${folder}; name it so|it could be dota:${folder} or yolo:`,
      ),
    );
    assert.equal(locateDataset(`dota:${folder}`).source, "dota");
    assert.equal((locateDataset(`yolo:${folder}`) as LocatedDataset).part, "val");
  });
});

Deno.test("names say what is wrong with them", () =>
  withFolder(async (put) => {
    const folder = await put("photo.jpg");
    assert.deepEqual(locateDataset(folder), { source: "folder", root: folder });
    assert.deepEqual(locateDataset(`folder:${folder}`), { source: "folder", root: folder });
    for (
      const [name, why] of [
        [`dotta:${folder}`, /there is no format dotta; did you mean dota\?/],
        [`kitti:${folder}`, /there is no format kitti \(there are: coco, .*, solo, folder\)/],
        [`dota:${folder}/none`, /there is nothing at .*\/none/],
        [`coco:${folder}/photo.jpg:${folder}/none`, /none is not a folder/],
        [`yolo:${folder}`, /there is none/],
        [`${folder}/photo.jpg`, /photo\.jpg is no file of annotations/],
        [`dota:${folder}/photo.jpg`, /is not a folder/],
      ] as const
    ) assert.throws(() => locateDataset(name), why, name);
    assert.ok(isAbsoluteName(folder) && isAbsoluteName(`dota:${folder}`));
    assert.ok(
      !isAbsoluteName("photos") && !isAbsoluteName("dota:photos") &&
        !isAbsoluteName("coco:a.json:b"),
    );
  }));

Deno.test("annotations and images are two paths, also where a colon is part of one", () =>
  withFolder(async (put) => {
    await put("a:b/labels.json", "{}");
    const folder = await put("a:b/photos/1.jpg");
    const annotations = join(folder, "a:b/labels.json"), root = join(folder, "a:b/photos");
    assert.deepEqual(locateDataset(`coco:${annotations}:${root}`), {
      source: "coco",
      annotations,
      root,
    });
    assert.deepEqual(locateDataset(`${annotations}:${root}`), {
      source: "coco",
      annotations,
      root,
    });
  }));

Deno.test("COCO's own layout: val2017 is searched, 5,000 images of train2017 are drawn to choose by", () =>
  withFolder(async (put) => {
    const coco = (name: string) =>
      JSON.stringify({ images: [{ file_name: name }], categories: [] });
    for (const part of ["train", "val"]) {
      await put(`annotations/instances_${part}2017.json`, coco("1.jpg"));
      await put(`annotations/captions_${part}2017.json`, coco("1.jpg"));
      await put(`${part}2017/1.jpg`);
    }
    const folder = await put("annotations/person_keypoints_val2017.json", coco("1.jpg"));
    const place = {
      annotations: join(folder, "annotations/instances_train2017.json"),
      root: join(folder, "train2017"),
    };
    const expected = {
      source: "coco",
      annotations: join(folder, "annotations/instances_val2017.json"),
      root: join(folder, "val2017"),
      train: { ...place, draw: { size: 5000, take: "rest" } },
      val: { ...place, draw: { size: 5000, take: "drawn" } },
    };
    assert.deepEqual(locateDataset(folder), expected);
    assert.deepEqual(locateDataset(`coco:${expected.annotations}`), expected);
    await Deno.remove(place.annotations); // without it nothing can be learned
    assert.deepEqual(Object.keys(locateDataset(folder)), ["source", "annotations", "root"]);
  }));

Deno.test("LVIS: its images lie in COCO's folders, the annotations beside them or above", () =>
  withFolder(async (put) => {
    for (const part of ["train", "val"]) {
      await put(
        `annotations/lvis_v1_${part}.json`,
        '{"images":[{"coco_url":"x"}],"categories":[]}',
      );
      await put(`${part}2017/1.jpg`);
    }
    const folder = await put("train2017/2.jpg");
    const { annotations, root, train } = locateDataset(folder) as LocatedDataset;
    assert.deepEqual([annotations, root], [join(folder, "annotations/lvis_v1_val.json"), folder]);
    assert.deepEqual(train, {
      annotations: join(folder, "annotations/lvis_v1_train.json"),
      ...{ root: folder, draw: { size: 5000, take: "rest" } },
    });
    const paper = locateDataset(`val2017:${folder}`) as LocatedDataset; // the paper's split
    assert.deepEqual(paper, { ...locateDataset(folder), part: "val2017" });
    assert.ok(isAbsoluteName(`val2017:coco:${annotations}:${folder}`));
    await put("labelTxt/a.txt");
    assert.throws(
      () => locateDataset(`val2017:dota:${folder}`),
      /has no part val2017: it is not in COCO's format/,
    );
  }));

Deno.test("of a list with images of several folders one folder's are read", () =>
  withFolder(async (put) => {
    const images = ["val2017/1.jpg", "train2017/2.jpg", "val2017/3.jpg"].map((name, id) => ({
      ...{ id, coco_url: `http://images.cocodataset.org/${name}` },
    }));
    const lists = { images, annotations: [], categories: [{ id: 1, name: "yak" }] };
    const folder = await put("lvis_v1_val.json", JSON.stringify(lists));
    for (const name of ["val2017/1.jpg", "val2017/3.jpg", "train2017/2.jpg"]) await put(name);
    const read = (part?: string) =>
      loadDataset({
        ...{ source: "coco", annotations: join(folder, "lvis_v1_val.json"), root: folder, part },
      });
    assert.deepEqual((await read("val2017")).images.map(({ id }) => id), [
      ...["val2017/1.jpg", "val2017/3.jpg"],
    ]);
    assert.equal((await read()).images.length, 3);
    await assert.rejects(read("test2017"), /of its 3 images none lies in a folder test2017/);
  }));

Deno.test("half: searches one half of a data set without parts, and learns from the other", () =>
  withFolder(async (put) => {
    await put("own.json", '{"images":[{"file_name":"1.jpg"}],"categories":[]}');
    const folder = await put("images/1.jpg");
    const place = { annotations: join(folder, "own.json"), root: join(folder, "images") };
    const halves = {
      ...{ source: "coco", ...place, draw: { size: 1 / 2, take: "rest" } },
      train: { ...place, draw: { size: 1 / 2, take: "drawn", after: 1 / 8 } },
      val: { ...place, draw: { size: 1 / 8, take: "drawn" } },
    };
    const name = `coco:${place.annotations}:${place.root}`;
    assert.deepEqual(locateDataset(`half:${name}`), halves);
    assert.deepEqual(locateDataset(`half:${folder}`), halves);
    assert.ok(isAbsoluteName(`half:${name}`) && !isAbsoluteName("half:coco:photos"));
    assert.throws(() => locateDataset(`half:folder:${folder}`), /images without annotations/);
    for (const split of ["test", "train", "val"]) await put(`${split}.json`, "{}");
    assert.throws(() => locateDataset(`half:${folder}`), /has images to learn from without half:/);
  }));

Deno.test("of several folders the one with the first image of the annotations has the images", () =>
  withFolder(async (put) => {
    await put("own.json", '{"images":[{"file_name":"images/1.jpg"}]}');
    const folder = await put("images/1.jpg"), annotations = join(folder, "own.json");
    assert.equal(locateDataset(annotations).root, folder);
    await put("own.json", '{"images":[{"file_name":"1.jpg"}]}');
    assert.equal(locateDataset(annotations).root, join(folder, "images"));
  }));

Deno.test("an archive, or a folder of shards, is to be unpacked", () =>
  withFolder(async (put) => {
    await put("shard-001.TAR");
    const folder = await put("shard-000.tar");
    assert.throws(() => locateDataset(folder), /nor images; unpack shard-000\.tar and 1 more$/);
    assert.throws(() => locateDataset(join(folder, "shard-000.tar")), /an archive: unpack it$/);
  }));

Deno.test("JSON that is no annotations does not make a folder of photographs a data set", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "photo.jpg"), "");
    await Deno.writeTextFile(join(folder, "settings.json"), '{"sort": "date"}');
    assert.equal(locateDataset(folder).source, "folder");
    await Deno.writeTextFile(join(folder, "own.json"), '{"images": [], "annotations": []}');
    const found = locateDataset(folder);
    assert.equal("annotations" in found && found.annotations, join(folder, "own.json"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
