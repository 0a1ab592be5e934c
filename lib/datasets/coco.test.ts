import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../images/mod.ts";
import { scene } from "../images/testdata/hostile.ts";
import { loadCoco } from "./coco.ts";
import { type Dataset, filterImages, firstImages } from "./dataset.ts";
import { describeDataset } from "./report.ts";
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
    "\\\\server\\secret.jpg",
    "sub\\..\\..\\secret.jpg",
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
    images: [
      ...[image(1, "a.jpg"), image(2, "gone.jpg"), image(4, "a.jpg")],
      ...[image(5, "sub/b.jpg"), image(5, "absent.jpg")],
    ],
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
      listed: 5,
      images: 1,
      objects: 3,
      missingImages: 1,
      unsafePaths: 0,
      duplicateImages: 1,
      conflictingImages: 2,
      unusableIds: 0,
      sizesRead: 0,
      turnedImages: 0,
      unknownFrames: 0,
      scaledImages: 0,
      refusedBoxes: 0,
      mergedCategories: 0,
      conflictingCategories: 0,
      imagesWithoutObjects: 0,
      unknownImages: 1,
      unknownCategories: 1,
      mixedIds: 0,
      crowd: 1,
      markedIgnored: 0,
      empty: 4,
      notFinite: 0,
      withoutBox: 1,
      boxesFromMasks: 0,
      outside: 2,
      clipped: 1,
      unusableJudgements: 0,
      unjudgedPairs: 0,
      classesWithoutNegatives: 0,
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

/** What an image shows, in words. */
function shown({ categories, images }: Dataset): Record<string, string[]> {
  return Object.fromEntries(
    images.map(({ id, objects }) => [id, objects.map(({ category }) => categories[category])]),
  );
}

/** The counts that are not zero, less those of what is there. */
function told({ report: { listed: _, images: _i, objects: _o, examples: _e, ...rest } }: Dataset) {
  return Object.fromEntries(Object.entries(rest).filter(([, count]) => Number(count) > 0));
}

const BIG = "9007199254740992", NEXT = "9007199254740993"; // as numbers they are the same

Deno.test("ids beyond 2^53 stay apart: of images, of categories, in annotations", () =>
  withFiles(
    `{"images": [{"id": ${BIG}, "file_name": "a.jpg"}, {"id":${NEXT}, "file_name": "sub/b.jpg"}],
      "categories": [{"id": ${BIG}, "name": "boat"}, {"id": ${NEXT}, "name": "fox"}],
      "annotations": [
        {"id": 1, "image_id" : ${NEXT}, "category_id":${BIG}, "bbox": [1, 2, 3, 4]},
        {"id": 2, "image_id": ${BIG}, "category_id": ${NEXT}, "bbox": [1, 2, 3, 4]}]}`,
    async ({ root, annotations }) => {
      const dataset = await loadCoco(annotations, root);
      assert.deepEqual(shown(dataset), { "a.jpg": ["fox"], "sub/b.jpg": ["boat"] });
      assert.deepEqual(told(dataset), {});
    },
  ));

Deno.test("an id that is not there, is rounded or is no id at all is nobody's", () =>
  withFiles(
    `{"images": [{"id": 1, "file_name": "a.jpg"}, {"file_name": "sub/b.jpg"},
        {"id": ${NEXT}.0, "file_name": "inner.jpg"}],
      "categories": [{"id": 1, "name": "boat"}, {"name": "fox"}],
      "annotations": [
        {"id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]},
        {"id": 2, "image_id": ${NEXT}.0, "category_id": 1, "bbox": [1, 2, 3, 4]},
        {"id": 3, "image_id": NaN, "category_id": 1, "bbox": [1, 2, 3, 4]},
        {"id": 4, "image_id": 1, "bbox": [1, 2, 3, 4]}]}`,
    async ({ root, annotations }) => {
      const dataset = await loadCoco(annotations, root);
      assert.deepEqual(shown(dataset), { "a.jpg": [] });
      assert.deepEqual(told(dataset), {
        unusableIds: 3,
        imagesWithoutObjects: 1,
        unknownImages: 3,
        unknownCategories: 1,
      });
      assert.ok(dataset.report.examples.some((example) => /, which is no id$/.test(example)));
    },
  ));

Deno.test("ids as text match the numbers that they are, where only one can be meant", () =>
  withFiles({
    images: [{ ...image(1, "a.jpg"), id: "1" }, image(2, "sub/b.jpg")],
    categories,
    annotations: [box(1, [0, 0, 9, 9], { category_id: "007" }), {
      ...box(0, [0, 0, 9, 9]),
      image_id: "2.0",
    }],
  }, async ({ root, annotations }) => {
    const dataset = await loadCoco(annotations, root);
    assert.deepEqual(shown(dataset), { "a.jpg": ["boat"], "sub/b.jpg": ["boat"] });
    assert.deepEqual(told(dataset), { mixedIds: 2 });
  }));

Deno.test("an id as text that could be several is refused, and says so", () =>
  withFiles({
    images: [image(1, "a.jpg"), { ...image(1, "sub/b.jpg"), id: "1" }],
    categories,
    annotations: [
      box(1, [0, 0, 9, 9]),
      { ...box(0, [0, 0, 9, 9]), image_id: "01" },
      { ...box(0, [0, 0, 9, 9]), image_id: "x" },
    ],
  }, async ({ root, annotations }) => {
    const dataset = await loadCoco(annotations, root);
    assert.deepEqual(shown(dataset), { "a.jpg": ["boat"], "sub/b.jpg": [] });
    assert.deepEqual(told(dataset), { imagesWithoutObjects: 1, unknownImages: 2 });
    assert.deepEqual(dataset.report.examples, [
      'unknownImages: annotation 1 of image "01", which could be several that are listed',
      'unknownImages: annotation 1 of image "x"',
    ]);
  }));

Deno.test("categories of one name are one query, with the objects of all", () =>
  withFiles({
    images: [image(1, "a.jpg")],
    categories: [
      { id: 1, name: "Traffic_light" },
      { id: 2, name: "boat" },
      { id: 3, name: " traffic  light\n" },
      { id: 4, name: "traffic-light" },
      { id: 2, name: "Boat" },
      { id: 2, name: "ship" },
      { id: 5, name: "-1" },
      { id: 6, name: "1" },
    ],
    annotations: [1, 2, 3, 4, 5, 6].map((category_id) => box(1, [0, 0, 9, 9], { category_id })),
  }, async ({ root, annotations }) => {
    const dataset = await loadCoco(annotations, root);
    assert.deepEqual(dataset.categories, ["Traffic light", "boat", "ship", "-1", "1"]);
    assert.deepEqual(dataset.images[0].objects.map(({ category }) => category), [0, 0, 0, 3, 4]);
    // a boat or a ship: no wrong answer for either
    assert.deepEqual(dataset.images[0].notExhaustive, [1, 2]);
    assert.deepEqual(told(dataset), {
      mergedCategories: 3,
      conflictingCategories: 1,
      unknownCategories: 1,
      unjudgedPairs: 2,
      classesWithoutNegatives: 3, // there is one image
    });
    assert.match(dataset.report.examples.at(-1)!, /category 2, which could be several/);
  }));

Deno.test("of files under one id none is used, as it cannot be told whose the annotations are", () =>
  withFiles({
    images: [
      ...[image(1, "a.jpg"), image(1, "sub/b.jpg"), image(1, "c.jpg"), image(2, "c.jpg")],
      ...[image(3, "d.jpg"), image(3, "./d.jpg")],
    ],
    categories,
    annotations: [1, 1, 2, 3].map((id, i) => box(id, [0, 0, 9 + i, 9])),
  }, async ({ root, annotations }) => {
    for (const name of ["c.jpg", "d.jpg"]) await Deno.writeTextFile(join(root, name), "bytes");
    const dataset = await loadCoco(annotations, root);
    assert.deepEqual(shown(dataset), { "d.jpg": ["boat"] });
    assert.deepEqual(told(dataset), { conflictingImages: 3, duplicateImages: 1 });
  }));

Deno.test("a link is another spelling of its file", () =>
  withFiles({
    images: [
      image(1, "inner.jpg"),
      image(2, "a.jpg"),
      image(3, "here/b.jpg"),
      image(4, "sub/b.jpg"),
    ],
    categories,
    annotations: [1, 2, 3, 4].map((id) => box(id, [0, 0, 9, 9], { category_id: id % 2 ? 3 : 7 })),
  }, async ({ root, annotations }) => {
    await Deno.symlink("sub", join(root, "here"));
    const dataset = await loadCoco(annotations, root), both = ["tennis racket", "boat"];
    assert.deepEqual(shown(dataset), { "inner.jpg": both, "here/b.jpg": both });
    assert.deepEqual(told(dataset), { duplicateImages: 2 });
  }));

Deno.test("a file listed in two sizes has all boxes in its own, and those of another shape are refused", () =>
  withFiles({
    images: [
      { id: 1, file_name: "c.png", width: "64", height: 48 }, // text, as some tools write it
      { id: 2, file_name: "./c.png", width: 128, height: 96 },
      { id: 3, file_name: "c.png", width: 50, height: 50 },
    ],
    categories,
    annotations: [
      box(1, [1, 2, 3, 4]),
      box(2, [20, 40, 60, 50], { category_id: 3 }),
      box(3, [0, 0, 9, 9], { category_id: 3 }),
    ],
  }, async ({ root, annotations }) => {
    await Deno.writeFile(join(root, "c.png"), await scene().png().toBuffer()); // 64 x 48
    const dataset = await loadCoco(annotations, root), [{ objects, width }] = dataset.images;
    assert.deepEqual(objects.map(({ category, box }) => [category, ...Object.values(box)]), [
      [1, 1, 2, 3, 4],
      [0, 10, 20, 30, 25],
    ]);
    assert.equal(width, 64);
    assert.deepEqual(told(dataset), {
      duplicateImages: 2,
      scaledImages: 1,
      refusedBoxes: 1,
      conflictingImages: 1,
    });
    assert.match(
      describeDataset(dataset),
      /^\S+: \d images, .*; 1 conflicts left out: .*, boxes for a size/,
    );
  }));

for (const name of [undefined, "", " \n", "__", null, 7, { deep: [] }]) {
  Deno.test(`a category called ${JSON.stringify(name)} is refused with its place`, () =>
    withFiles(
      { images: [], categories: [...categories, { id: 9, name }], annotations: [] },
      ({ root, annotations }) =>
        assert.rejects(
          loadCoco(annotations, root),
          /^Error: Cannot load data set .*: categories\[2\], category 9 .*, has no name/,
        ),
    ));
}

Deno.test("a file is one image however it is spelled, with the boxes of all its ids", () =>
  withFiles({
    images: [
      { id: 1, file_name: "sub/b.jpg" },
      image(2, "./sub//b.jpg"),
      image(3, "sub\\b.jpg"),
      image(4, "sub/../sub/b.jpg"),
      { ...image(5, "sub/b.jpg"), width: 200 }, // boxes in other pixels
      image(6, ".\\a.jpg"),
    ],
    categories,
    annotations: [1, 2, 3, 4, 5, 6].map((id) => box(id, [90, 10, 20 + id, 10])),
  }, async ({ root, annotations }) => {
    const dataset = await loadCoco(annotations, root);
    assert.deepEqual(
      dataset.images.map(({ id, path, width, height, objects }) => [
        ...[id, path, width, height],
        objects.map(({ box }) => box.width),
      ]),
      [
        ["sub/b.jpg", join(root, "sub/b.jpg"), 100, 50, [10, 10, 10, 10]],
        ["a.jpg", join(root, "a.jpg"), 100, 50, [10]],
      ],
    );
    assert.deepEqual(told(dataset), { duplicateImages: 4, conflictingImages: 1, clipped: 5 });
  }));

Deno.test("a byte order mark and Python's NaN are no error where nobody reads them", () =>
  withFiles(
    `\ufeff{"images": [{"id": 1, "file_name": "a.jpg", "width": NaN, "height": 50}],
      "categories": [{"id": 7, "name": "not NaN, \\"Infinity"}],
      "annotations": [
        {"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4], "area": NaN},
        {"id": 2, "image_id": 1, "category_id": 7, "bbox": [1, 2, -Infinity, 4], "iscrowd": NaN},
        {"id": 3, "image_id": 1, "category_id": 7, "bbox": NaN, "segmentation": [[1, 2, 3, 4, 5, 6]]}]}`,
    async ({ root, annotations }) => {
      const dataset = await loadCoco(annotations, root);
      assert.deepEqual(shown(dataset), { "a.jpg": ['not NaN, "Infinity'] });
      assert.deepEqual(told(dataset), { notFinite: 2 });
      assert.match(dataset.report.examples[0], /annotation 2 of image 1: its box holds NaN/);
    },
  ));

Deno.test("an annotation without a box has that of its polygons or mask", () =>
  withFiles({
    images: [image(1, "a.jpg")],
    categories,
    annotations: [
      box(1, undefined, { segmentation: [[1, 2, 4, 2, 4, 6], [90, 40, 120, 40, 120, 45]] }),
      box(1, [], { segmentation: { size: [50, 100], counts: [100, 50, 4850] } }),
      box(1, null, { segmentation: [] }),
      box(1, undefined, { segmentation: { size: [100, 50], counts: [100, 50, 4850] } }), // transposed
      box(1, [5, 5, 5, 5], { segmentation: "whatever" }),
    ],
  }, async ({ root, annotations }) => {
    const dataset = await loadCoco(annotations, root);
    assert.deepEqual(dataset.images[0].objects.map(({ box }) => Object.values(box)), [
      [1, 2, 99, 43],
      [2, 0, 1, 50],
      [5, 5, 5, 5],
    ]);
    assert.deepEqual(told(dataset), { boxesFromMasks: 2, withoutBox: 2, clipped: 1 });
    assert.match(dataset.report.examples[2], /its mask is of 50 x 100 px, its image of 100 x 50$/);
  }));

Deno.test("crowds are left out and what is difficult is used, however it is flagged", () => {
  const flag = (key: string, value: unknown) => box(1, [0, 0, 9, 9], { [key]: value });
  return withFiles({
    images: [image(1, "a.jpg")],
    categories,
    annotations: [
      ...[["iscrowd", 1], ["isCrowd", true], ["is_crowd", "1"], ["IsCrowd", "True"]],
      ...[["ignore", 1], ["ignored", "true"], ["difficult", true], ["is_difficult", "1"]],
      ...[["iscrowd", 0], ["isCrowd", false], ["iscrowd", "0"], ["iscrowd", "false"]],
      ...[["ignore", "0"], ["difficult", null], ["ignore", [1]], ["crowdsourced", 1]],
      ...[["IsGroupOf", 1], ["is_group_of", "true"], ["isgroupof", 0]],
    ].map(([key, value]) => flag(key as string, value)),
  }, async ({ root, annotations }) => {
    const dataset = await loadCoco(annotations, root);
    assert.equal(dataset.report.objects, 13);
    assert.deepEqual(told(dataset), { crowd: 6, markedIgnored: 4 });
  });
});

Deno.test("a size that is not given stands in the file, upright; that of a broken file stays unknown", () =>
  withFiles({
    images: [
      { id: 1, file_name: "turned.jpg" },
      { id: 2, file_name: "a.jpg", width: "9", height: -1 },
      image(3, "sub/b.jpg"),
    ],
    categories,
    annotations: [box(1, [30, 20, 100, 100]), box(2, [30, 20, 100, 100])],
  }, async ({ root, annotations }) => {
    const file = await scene().rotate(270).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    await Deno.writeFile(join(root, "turned.jpg"), file);
    const { width, height } = await decodeImage(join(root, "turned.jpg"));
    const dataset = await loadCoco(annotations, root);
    assert.deepEqual(dataset.images.map(({ width, height }) => [width, height]), [
      [width, height],
      [undefined, undefined],
      [100, 50],
    ]);
    assert.deepEqual(
      dataset.images.slice(0, 2).map(({ objects: [{ box }] }) => [box.width, box.height]),
      [[width - 30, height - 20], [100, 100]],
    );
    const counts = { sizesRead: 1, unknownFrames: 1, clipped: 1, imagesWithoutObjects: 1 };
    assert.deepEqual(told(dataset), counts);
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

Deno.test("boxes in shares of the image's sides are not taken for px of its corner", () =>
  withFiles({
    images: [image(1, "a.jpg"), image(2, "sub/b.jpg")],
    categories,
    annotations: [
      ...[[0.1, 0.2, 0.5, 0.25], [0, 0, 1, 0.5]].map((bbox) => box(1, bbox)),
      box(2, [0, 0, 1, 1]), // a pixel
    ],
  }, async ({ root, annotations }) => {
    const dataset = await loadCoco(annotations, root);
    const open = { unjudgedPairs: 1, classesWithoutNegatives: 1 };
    assert.deepEqual(told(dataset), { fractions: 2, imagesWithoutObjects: 1, ...open });
    assert.deepEqual(dataset.images.map(({ notExhaustive }) => notExhaustive), [[1], undefined]);
    assert.match(describeDataset(dataset), /2 annotations left out: their box is in shares/);
  }));

Deno.test("boxes written as two corners are refused where they are many, and told where they are few", async () => {
  const files = (corners: number, sizes: number) => ({
    images: [{ id: 1, file_name: "a.jpg", width: 40, height: 30 }],
    categories,
    annotations: [
      ...Array.from({ length: corners }, (_, i) => box(1, [10 + i, 12, 35, 28])), // 25 - i by 16 px
      ...Array.from({ length: sizes }, (_, i) => box(1, [i % 30, 12, 10, 16])),
    ],
  });
  await withFiles(files(10, 40), ({ root, annotations }) =>
    assert.rejects(
      loadCoco(annotations, root),
      /10 of its 50 boxes stand out of their image .* would fit as \[x1, y1, x2, y2\]/,
    ));
  for (const [corners, sizes] of [[9, 0], [10, 41]]) {
    await withFiles(files(corners, sizes), async ({ root, annotations }) => {
      const dataset = await loadCoco(annotations, root);
      assert.equal(dataset.report.fitCorners, corners);
      assert.match(describeDataset(dataset), /of these would fit as two corners/);
    });
  }
});

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
