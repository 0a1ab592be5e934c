import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { cocoCopy, leftText, loadDataset, locateDataset, pickPhotos } from "./mod.ts";
import type { LocatedDataset } from "./mod.ts";

const LIST = {
  name: "three",
  images: ["000000000003.jpg", "000000000001.jpg", "000000000009.jpg"],
};
const CATEGORIES = [{ id: 1, name: "dog" }, { id: 3, name: "yak" }];
const box = { bbox: [0, 0, 4, 4], area: 16, iscrowd: 0, segmentation: [[0, 0, 4, 0, 4, 4]] };
const JPEG = await Deno.readFile(new URL("../../data/photos/flower.jpg", import.meta.url));

/** Annotations of images by their ids, each with an object of a class and a crowd. */
const annotationsOf = (ids: readonly number[], categories: object[] = CATEGORIES) =>
  JSON.stringify({
    images: ids.map((id) => ({
      ...{ id, file_name: `${String(id).padStart(12, "0")}.jpg`, width: 640, height: 427 },
    })),
    annotations: ids.flatMap((image_id) => [
      { id: 10 * image_id, image_id, category_id: image_id % 2 ? 1 : 3, ...box },
      { id: 10 * image_id + 1, image_id, category_id: 3, ...box, iscrowd: 1 },
    ]),
    categories,
  });

type Put = (path: string, content: string | Uint8Array) => Promise<void>;

/** Runs a test with a copy of COCO in its own layout: photographs 1 and 2 are of train, 3 and 4 of val. */
async function withCopy(test: (coco: string, put: Put, out: string) => Promise<void>) {
  const folder = await Deno.realPath(await Deno.makeTempDir()), coco = join(folder, "coco");
  const put: Put = async (path, content) => {
    await Deno.mkdir(dirname(join(coco, path)), { recursive: true });
    await Deno.writeFile(
      join(coco, path),
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  };
  try {
    await put("annotations/instances_train2017.json", annotationsOf([1, 2]));
    await put("annotations/instances_val2017.json", annotationsOf([3, 4]));
    await put("annotations/captions_val2017.json", "no JSON");
    for (const name of ["train2017/000000000001.jpg", "val2017/000000000003.jpg"]) {
      await put(name, JPEG);
    }
    await test(coco, put, join(folder, "out"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("photographs of a list are picked out of COCO's layout; what is not there is named", () =>
  withCopy(async (coco, _put, out) => {
    const { annotations, images, ...picked } = await pickPhotos(LIST, await cocoCopy(coco), out);
    assert.deepEqual(picked, {
      ...{ photos: 2, objects: 2, classes: 1, crowds: 2 },
      ...{ unlisted: ["000000000009.jpg"], missing: [], unreadable: [] },
    });
    assert.equal(leftText(picked), "1 that no annotations list (000000000009.jpg)");
    const name = `coco:${annotations}:${images}`;
    const dataset = await loadDataset(locateDataset(name) as LocatedDataset);
    assert.deepEqual(dataset.images.map(({ id }) => id), LIST.images.slice(0, 2)); // in its order
    assert.deepEqual(dataset.categories, ["dog", "yak"]);
    assert.deepEqual(dataset.images.map(({ objects }) => objects.length), [1, 1]);
    assert.deepEqual(dataset.images.map(({ notExhaustive }) => notExhaustive), [[1], [1]]); // the crowds
    assert.ok(!(await Deno.readTextFile(annotations)).includes("segmentation"));
    assert.deepEqual(await Deno.readFile(join(images, "000000000001.jpg")), JPEG);
  }));

Deno.test("a part of a copy gives what it has, and a later call adds the rest", () =>
  withCopy(async (coco, put, out) => {
    const train = join(coco, "annotations/instances_train2017.json");
    const text = await Deno.readTextFile(train);
    await Deno.remove(train);
    await put("val2017/000000000003.jpg", "");
    await assert.rejects(
      pickPhotos(LIST, await cocoCopy(coco), out),
      /2 that no annotations list \(000000000001\.jpg, 000000000009\.jpg\); 1 whose files are empty/,
    );
    await assert.rejects(Deno.stat(join(out, "instances.json")));
    await put("annotations/instances_train2017.json", text);
    const first = await pickPhotos(LIST, await cocoCopy(coco), out);
    assert.deepEqual([first.photos, first.unreadable], [1, ["000000000003.jpg"]]);
    await Deno.remove(join(coco, "val2017"), { recursive: true });
    const second = await pickPhotos(LIST, await cocoCopy(coco), out);
    assert.deepEqual([second.photos, second.missing], [1, ["000000000003.jpg"]]);
    await put("val2017/000000000003.jpg", JPEG);
    assert.equal((await pickPhotos(LIST, await cocoCopy(coco), out)).photos, 2);
    // what was copied is found without the copy's folders
    await Deno.remove(join(coco, "val2017"), { recursive: true });
    assert.equal((await pickPhotos(LIST, await cocoCopy(coco), out)).photos, 2);
  }));

Deno.test("what another copy lacks is kept from an earlier call", () =>
  withCopy(async (coco, _put, out) => {
    const whole = await cocoCopy(coco);
    const part = (of: string) => ({
      ...whole,
      annotations: whole.annotations.filter((path) => path.includes(of)),
    });
    assert.equal((await pickPhotos(LIST, part("train"), out)).photos, 1);
    const { photos, annotations, unlisted } = await pickPhotos(LIST, part("val"), out);
    assert.deepEqual([photos, unlisted], [2, ["000000000009.jpg"]]);
    const { images } = JSON.parse(await Deno.readTextFile(annotations));
    assert.deepEqual(images.map(({ id }: { id: number }) => id), [3, 1]);
  }));

Deno.test("what is no copy, damaged annotations and others' files are refused by name", () =>
  withCopy(async (coco, put, out) => {
    await assert.rejects(cocoCopy(out), /out/); // there is no such folder
    await assert.rejects(cocoCopy(join(coco, "val2017")), /it has no annotations\/instances_train/);
    await put("annotations/instances_val2017.json", annotationsOf([3], [{ id: 1, name: "cat" }]));
    await assert.rejects(
      pickPhotos(LIST, await cocoCopy(coco), out),
      /instances_val2017\.json: its categories are not those of the file before it/,
    );
    await put("annotations/instances_val2017.json", '{"images": [');
    await assert.rejects(
      pickPhotos(LIST, await cocoCopy(coco), out),
      /Cannot pick photographs out of .*instances_val2017\.json: /,
    );
    await put("annotations/instances_val2017.json", annotationsOf([3]));
    await Deno.mkdir(join(out, "images"), { recursive: true });
    await Deno.writeTextFile(join(out, "images/000000000003.jpg"), "mine");
    await assert.rejects(
      pickPhotos(LIST, await cocoCopy(coco), out),
      /000000000003\.jpg is there already and is another file/,
    );
    assert.equal(await Deno.readTextFile(join(out, "images/000000000003.jpg")), "mine");
    // nor is one of the same size taken for the photograph
    await Deno.writeFile(join(out, "images/000000000003.jpg"), new Uint8Array(JPEG.length));
    await assert.rejects(
      pickPhotos(LIST, await cocoCopy(coco), out),
      /000000000003\.jpg is there already and is another file/,
    );
    await Deno.remove(join(out, "images"), { recursive: true });
    await Deno.writeTextFile(join(out, "instances.json"), '{"images": []}');
    await assert.rejects(
      pickPhotos(LIST, await cocoCopy(coco), out),
      /instances\.json is there already and is another list/,
    );
    assert.equal(await Deno.readTextFile(join(out, "instances.json")), '{"images": []}');
  }));

Deno.test("a crowd is what loaders take for one: a flag of text that says no is none", () =>
  withCopy(async (coco, put, out) => {
    const text = annotationsOf([1, 2]).replaceAll('"iscrowd":0', '"iscrowd":"0"')
      .replaceAll('"iscrowd":1', '"is_crowd":"true"');
    await put("annotations/instances_train2017.json", text);
    const { photos, objects, crowds } = await pickPhotos(LIST, await cocoCopy(coco), out);
    assert.deepEqual({ photos, objects, crowds }, { photos: 2, objects: 2, crowds: 2 });
  }));
