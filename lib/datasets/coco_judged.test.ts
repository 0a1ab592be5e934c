import assert from "node:assert/strict";
import { join } from "node:path";
import { canonicalJson, sha256 } from "../runtime/files.ts";
import { loadCoco } from "./coco.ts";
import { type Dataset, firstImages } from "./dataset.ts";
import { describeDataset } from "./report.ts";

const categories = [{ id: 5, name: "fork" }, { id: 2, name: "boat" }, { id: 9, name: "fox" }];
const lvis = (id: number, neg: unknown, open: unknown = []) => ({
  ...{ id, width: 100, height: 50, coco_url: `http://images.cocodataset.org/val2017/${id}.jpg` },
  ...{ neg_category_ids: neg, not_exhaustive_category_ids: open },
});
const shows = (image_id: number, category_id: number, more: object = {}) => ({
  ...{ id: 1, image_id, category_id, bbox: [1, 2, 3, 4], ...more },
});

/** Loads annotations of files that lie at these places below the image root. */
async function load(json: object | string, files: readonly string[]): Promise<Dataset> {
  const directory = await Deno.makeTempDir();
  try {
    for (const file of files) {
      await Deno.mkdir(join(directory, file, ".."), { recursive: true });
      await Deno.writeTextFile(join(directory, file), "bytes");
    }
    const path = join(directory, "lvis.json");
    const text = typeof json === "string" ? json : JSON.stringify({ categories, ...json });
    await Deno.writeTextFile(path, text);
    return await loadCoco(path, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const judged = ({ images }: Dataset) =>
  images.map(({ absent, notExhaustive }) => [absent, notExhaustive]);

Deno.test("lists of classes that were looked for become places of categories, and pairs are counted", async () => {
  const files = [1, 2, 3, 4].map((id) => `val2017/${id}.jpg`);
  const dataset = await load({
    images: [
      lvis(1, [9, 5]),
      lvis(2, [], [2]),
      lvis(3, ["5"], null),
      { id: 4, width: 9, height: 9, file_name: "4.jpg", coco_url: "https://host/val2017/4.jpg" },
    ],
    annotations: [shows(1, 2), shows(2, 2), shows(3, 9), shows(3, 2)],
  }, files);
  assert.deepEqual(dataset.images.map(({ id }) => id), files);
  assert.deepEqual(judged(dataset), [
    [[0, 2], undefined],
    [[], [1]],
    [[0], undefined],
    [undefined, undefined], // searched for all classes, as COCO's images are
  ]);
  // 2 was not searched for forks and foxes
  assert.equal(dataset.report.unjudgedPairs, 2);
  assert.equal(dataset.report.classesWithoutNegatives, 0);
  assert.match(describeDataset(dataset), /; 2 pairs of class and image not judged: in no ranking/);
  const both = firstImages(dataset, 2); // both show boats
  assert.deepEqual([both.report.unjudgedPairs, both.report.classesWithoutNegatives], [2, 1]);
  assert.equal(firstImages(dataset, 1).report.unjudgedPairs, 0);
});

Deno.test("an annotation without a box that can be used leaves its pair open", async () => {
  const images = [{ id: 1, file_name: "1.jpg", width: 100, height: 50 }];
  const dataset = await load({
    images,
    annotations: [
      shows(1, 5, { iscrowd: 1 }),
      shows(1, 2, { bbox: [0, 0, 0, 0] }),
      shows(1, 2, { iscrowd: 1 }),
      shows(1, 2),
    ],
  }, ["1.jpg"]);
  assert.deepEqual(judged(dataset), [[undefined, [0, 1]]]);
  assert.equal(dataset.report.unjudgedPairs, 1); // of forks there is only a crowd
});

Deno.test("lists that name no category are counted, and nothing is taken for absent by them", async () => {
  const dataset = await load({
    images: [lvis(1, [77, 5, null]), lvis(2, 5)],
    annotations: [shows(1, 2)],
  }, ["1.jpg", "2.jpg"]);
  assert.deepEqual(judged(dataset), [[[0], undefined], [[], undefined]]);
  assert.equal(dataset.report.unusableJudgements, 3);
  assert.match(dataset.report.examples[0], /neg_category_ids of image 1: there is no category 77/);
  assert.match(dataset.report.examples[2], /neg_category_ids of image 2: it is no list/);
});

Deno.test("lists of one file listed twice are joined; of files with one id there are none", async () => {
  const dataset = await load({
    images: [
      ...[lvis(1, [5]), { ...lvis(1, [9], [2]), id: 7 }],
      ...[lvis(2, [2]), { ...lvis(3, [5]), id: 2 }],
    ],
    annotations: [],
  }, [1, 2, 3].map((id) => `val2017/${id}.jpg`));
  assert.deepEqual(judged(dataset), [[[0, 2], [1]]]);
  assert.deepEqual([dataset.report.duplicateImages, dataset.report.conflictingImages], [1, 2]);
});

Deno.test("ids beyond 2^53 name classes that were looked for, too", async () => {
  const dataset = await load(
    `{"categories": [{"id": 9007199254740992, "name": "fork"}, {"id": 9007199254740993, "name": "boat"}],
      "images": [{"id": 1, "file_name": "1.jpg", "neg_category_ids" : [3, 9007199254740993],
        "not_exhaustive_category_ids":[ 9007199254740992 ]}], "annotations": []}`,
    ["1.jpg"],
  );
  assert.deepEqual(judged(dataset), [[[1], [0]]]);
  assert.equal(dataset.report.unusableJudgements, 1);
});

Deno.test("photos of two folders are found below one root by their URL, and in a root without folders", async () => {
  const url = (folder: string) => ({ coco_url: `http://images.cocodataset.org/${folder}/9.jpg` });
  const images = [
    { id: 1, ...url("train2017") },
    { id: 2, ...url("val2017") },
    { id: 3, file_name: "9.jpg", ...url("test2017") },
    { id: 4, coco_url: "http://host/8.jpg" },
  ];
  const ids = async (files: string[]) =>
    (await load({ images, annotations: [] }, files)).images.map(({ id }) => id);
  const folders = ["train2017/9.jpg", "val2017/9.jpg", "test2017/9.jpg"];
  assert.deepEqual(await ids([...folders, "8.jpg"]), [...folders, "8.jpg"]);
  assert.deepEqual(await ids(["9.jpg", "host/8.jpg"]), ["9.jpg"]);
  assert.deepEqual(await ids([...folders, "9.jpg"]), ["train2017/9.jpg", "val2017/9.jpg", "9.jpg"]);
  const climbing = [{ id: 1, coco_url: "http://host/../x.jpg" }];
  const { report } = await load({ images: climbing, annotations: [] }, []);
  assert.equal(report.unsafePaths, 1);
});

Deno.test("a data set without such lists has the fingerprint of its images and objects alone", async () => {
  const images = [{ id: 1, file_name: "1.jpg", width: 100, height: 50 }];
  const annotations = [shows(1, 2)];
  const plain = await load({ images, annotations }, ["1.jpg"]);
  const content = [{ id: "1.jpg", width: 100, height: 50, objects: plain.images[0].objects }];
  assert.equal(plain.fingerprint, sha256(canonicalJson([["fork", "boat", "fox"], content])));
  const federated = await load({
    images: [{ ...images[0], neg_category_ids: [] }],
    annotations,
  }, ["1.jpg"]);
  assert.notEqual(federated.fingerprint, plain.fingerprint);
});
