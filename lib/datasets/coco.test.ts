import assert from "node:assert/strict";
import { join } from "node:path";
import { loadCoco } from "./coco.ts";
import { describeDataset, filterImages, firstImages } from "./dataset.ts";
import { loadFolder } from "./folder.ts";

interface Files {
  directory: string;
  root: string;
  annotations: string;
}

/** A folder with an image root, an annotation file beside it and a secret outside of the root. */
async function withFiles(json: unknown, test: (files: Files) => Promise<void>): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir());
  const root = join(directory, "images"), annotations = join(directory, "instances.json");
  try {
    await Deno.mkdir(join(root, "sub"), { recursive: true });
    for (const name of ["a.jpg", "sub/b.jpg", "../secret.jpg"]) {
      await Deno.writeTextFile(join(root, name), "bytes");
    }
    await Deno.symlink(join(directory, "secret.jpg"), join(root, "link.jpg"));
    await Deno.symlink(join(root, "a.jpg"), join(root, "inner.jpg"));
    await Deno.writeTextFile(annotations, typeof json === "string" ? json : JSON.stringify(json));
    await test({ directory, root, annotations });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const categories = [{ id: 3, name: "tennis_racket" }, { id: 7, name: "boat" }];
const image = (id: number, file_name: unknown) => ({ id, file_name, width: 100, height: 50 });
const box = (image_id: number, bbox: unknown, more: object = {}) => ({
  id: 1,
  image_id,
  category_id: 7,
  bbox,
  ...more,
});

Deno.test("images, categories and boxes come out in order, categories as words", () =>
  withFiles({
    images: [image(10, "a.jpg"), image(11, "sub/b.jpg")],
    categories,
    annotations: [
      box(11, [10, 20, 30, 20]),
      box(10, [0, 0, 5, 5], { category_id: 3, size: "small" }),
    ],
  }, async ({ root, annotations }) => {
    const dataset = await loadCoco(annotations, root);
    assert.equal(dataset.name, "instances");
    assert.deepEqual(dataset.categories, ["tennis racket", "boat"]);
    assert.deepEqual(dataset.images.map(({ id, path }) => [id, path]), [
      ["a.jpg", join(root, "a.jpg")],
      ["sub/b.jpg", join(root, "sub/b.jpg")],
    ]);
    assert.deepEqual(dataset.images[0].objects, [
      { category: 0, box: { left: 0, top: 0, width: 5, height: 5 }, size: "small" },
    ]);
    assert.deepEqual(dataset.images[1].objects, [
      { category: 1, box: { left: 10, top: 20, width: 30, height: 20 } },
    ]);
    assert.equal(describeDataset(dataset), "instances: 2 images, 2 objects");
  }));

Deno.test("a file name that leaves the image root is refused and counted, whatever it looks like", () => {
  const names = (directory: string) => [
    "../secret.jpg",
    "sub/../../secret.jpg",
    join(directory, "secret.jpg"),
    "link.jpg",
    "..\\secret.jpg",
    "C:\\secret.jpg",
    "a.jpg\0.png",
    "",
    ".",
    null,
    17,
    { toString: "a.jpg" },
  ];
  return withFiles({}, async ({ directory, root, annotations }) => {
    const hostile = names(directory);
    const images = [...hostile.map((name, i) => image(i, name)), image(99, "inner.jpg")];
    const json = { images, categories, annotations: [box(0, [0, 0, 9, 9]), box(99, [0, 0, 9, 9])] };
    await Deno.writeTextFile(annotations, JSON.stringify(json));
    const dataset = await loadCoco(annotations, root);
    assert.deepEqual(dataset.images.map(({ id }) => id), ["inner.jpg"]); // a link that stays inside
    assert.equal(dataset.report.unsafePaths, hostile.length);
    assert.equal(dataset.report.objects, 1);
    assert.equal(dataset.report.unknownImages, 0);
    assert.match(dataset.report.examples[0], /image 0 .*secret/);
  });
});

Deno.test("everything unusable is counted under its own name, and nothing else is lost", () =>
  withFiles({
    images: [image(1, "a.jpg"), image(2, "gone.jpg"), image(1, "sub/b.jpg"), image(4, "a.jpg")],
    categories,
    annotations: [
      box(1, [10, 10, 20, 20]),
      box(1, [90, 40, 20, 20]), // clipped to 10 x 10
      box(1, [99.995, 0, 0.01, 5]), // a rounding error outside: kept, not counted
      box(1, [-30, 0, 20, 20]), // outside
      box(1, [100, 0, 20, 20]), // outside, touching
      box(1, [0, 0, 0, 20]),
      box(1, [0, 0, -4, 20]),
      box(1, [0, 0, 4]),
      box(1, [0, 0, null, 4]),
      box(1, undefined),
      box(1, [0, 0, 9, 9], { iscrowd: 1 }),
      box(1, [0, 0, 9, 9], { category_id: 4 }),
      box(2, [0, 0, 9, 9]), // of the missing image
      box(77, [0, 0, 9, 9]),
    ],
  }, async ({ root, annotations }) => {
    const { images, report } = await loadCoco(annotations, root);
    assert.deepEqual(images.map(({ id }) => id), ["a.jpg"]);
    assert.deepEqual(images[0].objects.map((object) => object.box), [
      { left: 10, top: 10, width: 20, height: 20 },
      { left: 90, top: 40, width: 10, height: 10 },
      { left: 99.995, top: 0, width: 100 - 99.995, height: 5 },
    ]);
    const { examples, ...counts } = report;
    assert.deepEqual(counts, {
      listed: 4,
      images: 1,
      objects: 3,
      missingImages: 1,
      unsafePaths: 0,
      duplicateImages: 2,
      imagesWithoutObjects: 0,
      unknownImages: 1,
      unknownCategories: 1,
      crowd: 1,
      empty: 5,
      outside: 2,
      clipped: 1,
    });
    assert.equal(examples.length, 10);
  }));

Deno.test("missing images stay when asked for, so that they can end in a ledger", () =>
  withFiles(
    { images: [image(2, "gone.jpg")], categories, annotations: [box(2, [0, 0, 9, 9])] },
    async ({ root, annotations }) => {
      const { images, report } = await loadCoco(annotations, root, { keepMissing: true });
      assert.deepEqual(images.map(({ id, objects }) => [id, objects.length]), [["gone.jpg", 1]]);
      assert.equal(report.missingImages, 1);
    },
  ));

Deno.test("LVIS images are named by their URL", () =>
  withFiles({
    images: [{ id: 1, coco_url: "http://images.example/train2017/a.jpg", width: 9, height: 9 }],
    categories: [{ id: 1, name: "baby_buggy", synset: "baby_buggy.n.01" }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 2, 2] }],
  }, async ({ root, annotations }) => {
    const { images, categories } = await loadCoco(annotations, root);
    assert.deepEqual(images.map(({ id, objects }) => [id, objects.length]), [["a.jpg", 1]]);
    assert.deepEqual(categories, ["baby buggy"]);
  }));

for (
  const [what, json, message] of [
    ["no JSON", "{", /instances\.json: it is not JSON/],
    ["another JSON", "[1]", /it holds no object/],
    ["no images", { categories, annotations: [] }, /it has no list "images"/],
    [
      "annotations that are no objects",
      { images: [], categories, annotations: [3] },
      /annotations\[0\]/,
    ],
  ] as const
) {
  Deno.test(`an annotation file with ${what} is refused with a reason`, () =>
    withFiles(
      json,
      ({ root, annotations }) => assert.rejects(loadCoco(annotations, root), message),
    ));
}

Deno.test("a category without a name is no query, of two with one id the first counts", () =>
  withFiles({
    images: [image(1, "a.jpg")],
    categories: [{ id: 1 }, { id: 2, name: { deep: [] } }, { id: 4, name: " " }, ...categories, {
      id: 7,
      name: "ship",
    }],
    annotations: [1, 2, 4, 7].map((category_id) => box(1, [0, 0, 9, 9], { category_id })),
  }, async ({ root, annotations }) => {
    const dataset = await loadCoco(annotations, root);
    assert.deepEqual(dataset.categories, ["tennis racket", "boat"]);
    assert.equal(dataset.report.unknownCategories, 3);
    assert.deepEqual(dataset.images[0].objects.map(({ category }) => category), [1]);
  }));

Deno.test("a box without end is no box, whether or not the image's size is known", () =>
  withFiles({
    images: [{ id: 1, file_name: "a.jpg" }],
    categories,
    annotations: [box(1, [1e308, 0, 1e308, 5]), box(1, [-1e308, 0, 1e308, 5])],
  }, async ({ root, annotations }) => {
    const { report } = await loadCoco(annotations, root);
    assert.deepEqual([report.objects, report.outside], [0, 2]);
  }));

Deno.test("an aborted signal stops the reading with its reason", () =>
  withFiles(
    { images: [image(1, "a.jpg")], categories, annotations: [] },
    async ({ root, annotations }) => {
      const signal = AbortSignal.abort(new Error("enough"));
      await assert.rejects(loadCoco(annotations, root, { signal }), /^Error: enough$/);
      await assert.rejects(loadFolder(root, { signal }), /^Error: enough$/);
    },
  ));

Deno.test("a missing annotation file or image root is named", () =>
  withFiles(
    { images: [], categories, annotations: [] },
    async ({ directory, root, annotations }) => {
      await assert.rejects(
        loadCoco(join(directory, "no.json"), root),
        /Cannot load data set .*no\.json/,
      );
      await assert.rejects(loadCoco(annotations, join(directory, "no")), /image folder .*no/);
    },
  ));

Deno.test("the fingerprint follows content, not place", async () => {
  const json = { images: [image(1, "a.jpg")], categories, annotations: [box(1, [0, 0, 9, 9])] };
  const prints: string[] = [];
  for (const bbox of [[0, 0, 9, 9], [0, 0, 9, 9], [0, 0, 9, 8]]) {
    await withFiles({ ...json, annotations: [box(1, bbox)] }, async ({ root, annotations }) => {
      prints.push((await loadCoco(annotations, root)).fingerprint);
    });
  }
  assert.equal(prints[0], prints[1]);
  assert.notEqual(prints[0], prints[2]);
});

Deno.test("parts of a data set keep its order and have their own counts and fingerprint", () =>
  withFiles({
    images: [image(1, "a.jpg"), image(2, "sub/b.jpg")],
    categories,
    annotations: [box(2, [0, 0, 9, 9])],
  }, async ({ root, annotations }) => {
    const whole = await loadCoco(annotations, root);
    const first = firstImages(whole, 1), filled = filterImages(whole, (i) => i.objects.length > 0);
    assert.deepEqual(first.images.map(({ id }) => id), ["a.jpg"]);
    assert.deepEqual(filled.images.map(({ id }) => id), ["sub/b.jpg"]);
    assert.deepEqual([first.report.objects, filled.report.objects, whole.report.objects], [
      0,
      1,
      1,
    ]);
    assert.equal(new Set([whole, first, filled].map(({ fingerprint }) => fingerprint)).size, 3);
    assert.throws(() => firstImages(whole, 0), /the count must be a positive integer, got 0/);
  }));
