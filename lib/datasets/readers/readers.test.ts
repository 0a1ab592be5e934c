import assert from "node:assert/strict";
import { join } from "node:path";
import { encodePng } from "../../images/mod.ts";
import { sharp } from "../../images/sharp.ts";
import type { Dataset } from "../dataset.ts";
import { describeDataset } from "../report.ts";
import { dotaLine } from "./dota.ts";
import { partOf, textOf } from "./files.ts";
import { remoteScene } from "../remote_scene/generate.ts";
import { dotaLabels } from "../writers/dota.ts";
import { loadDataset } from "./load.ts";
import { locateDataset } from "./locate.ts";
import { sampleFolder, SAMPLES, sourceIn, withCopy } from "./testing.ts";
import { visdroneLine } from "./visdrone.ts";
import { parseVoc } from "./voc.ts";
import { parseYoloConfig, yoloLine } from "./yolo.ts";

const sample = (folder: string) => SAMPLES.find((one) => one.folder === folder)!;

/** A part of a sample. */
const load = (folder: string, part?: string) =>
  loadDataset({ ...sourceIn(sample(folder)), ...(part && { part }) }, { name: folder });

/** What images show: the class, left, top, width, height. */
function shown({ images, categories }: Dataset): Record<string, unknown[][]> {
  return Object.fromEntries(images.map(({ id, objects }) => [
    id,
    objects.map(({ category, box: { left, top, width, height } }) => [
      ...[categories[category], left, top, width, height],
    ]),
  ]));
}

Deno.test("Pascal VOC: corners are 1-based pixels, the last one included; difficult objects are counted", async () => {
  const train = await load("voc", "train");
  assert.deepEqual(shown(train), {
    "JPEGImages/000001.jpg": [["dog", 7, 11, 32, 36], ["person", 0, 0, 64, 48]],
    "JPEGImages/000002.jpg": [["dining table", 4, 5, 1, 1]],
  });
  assert.equal(train.categories.length, 20);
  assert.equal(
    describeDataset(train),
    "voc: 2 images, 3 objects; 1 annotations left out: marked ignored or difficult; " +
      "1 pairs of class and image not judged: in no ranking",
  );
  assert.deepEqual(shown(await load("voc", "test")), {
    "JPEGImages/000003.jpg": [["tv monitor", 9, 19, 21, 21]],
  });
  const all = await load("voc");
  assert.deepEqual([all.images.length, all.report.imagesWithoutObjects], [4, 1]);
  assert.deepEqual(all.categories, train.categories);
  await assert.rejects(
    load("voc", "trainval"),
    /it has no labelled part trainval \(there are: none\)/,
  );
});

Deno.test("YOLO: shares of the image in px, polygons as their boxes, images without labels as background", async () => {
  const train = await load("yolo", "train");
  assert.deepEqual(shown(train), {
    "images/train/a.jpg": [["car", 30, 10, 20, 20], ["bus", 0, 0, 16, 20]],
    "images/train/b.jpg": [],
  });
  assert.match(describeDataset(train), /; 1 images without label file: taken to show no object;/);
  assert.deepEqual(train.categories, ["car", "traffic light", "bus"]);
  assert.deepEqual(shown(await load("yolo", "val")), {
    "images/val/c.png": [["traffic light", 0, 0, 20, 20], ["car", 10, 40, 20, 20]],
  });
  await assert.rejects(load("yolo", "test"), /it has no part test \(there are: train, val\)/);
});

Deno.test("YOLO-OBB: oriented boxes keep their corners in px, and have the box around them", async () => {
  const { images: [{ objects: [plane, ship] }] } = await load("yolo_obb", "val");
  assert.deepEqual(plane.box, { left: 10, top: 5, width: 50, height: 30 });
  assert.deepEqual(plane.corners, [[20, 5], [60, 15], [50, 35], [10, 25]]);
  assert.deepEqual(ship.box, { left: 90, top: 45, width: 8, height: 4 });
});

Deno.test("DOTA v1 and v2: with headers or without, the same 18 classes in all parts", async () => {
  const train = await load("dota", "train"), val = await load("dota", "val");
  assert.deepEqual(shown(train), {
    "train/images/P0000.png": [["large vehicle", 15, 10, 25, 20]],
    "train/images/P0001.png": [["storage tank", 1, 1, 8, 8]],
  });
  assert.deepEqual(shown(val), {
    "val/images/P0003.png": [["ship", 24, 2, 34, 28], ["container crane", 0, 10, 12, 10]],
  });
  const { corners } = val.images[0].objects[1];
  assert.deepEqual(corners, [[-4, 10], [12, 10], [12, 20], [-4, 20]]); // the box ends at the image
  assert.equal(train.categories.length, 18);
  assert.deepEqual(train.categories, val.categories);
  assert.deepEqual([train.report.ignored, val.report.ignored, val.report.clipped], [1, 1, 1]);
  assert.deepEqual([train.report.unlabelledImages, (await load("dota")).report.unlabelledImages], [
    ...[undefined, 1], // of test
  ]);
  await assert.rejects(
    load("dota", "test"),
    /it has no labelled part test \(there are: train, val\)/,
  );
});

Deno.test("VisDrone: ignored regions, others and score 0 are left out, with a comma at the end or without", async () => {
  assert.deepEqual(shown(await load("visdrone")), {
    "VisDrone2019-DET-train/images/0000002_00005_d_0000014.jpg": [
      ...[["car", 10, 5, 12, 8], ["pedestrian", 30, 6, 9, 20]],
    ],
    "VisDrone2019-DET-val/images/0000001_02999_d_0000005.jpg": [
      ...[["motor", 46, 24, 8, 6], ["truck", 60, 40, 4, 8]],
    ],
  });
  assert.equal((await load("visdrone")).report.ignored, 2);
});

Deno.test("xView: features without bounds, of no class, of absent images and images without features are counted", async () => {
  const dataset = await load("xview");
  assert.deepEqual(shown(dataset), {
    "2355.tif": [["Building", 12, 5, 34, 32], ["Small Car", 0, 40, 9, 8]],
    "104.tif": [["Passenger/Cargo Plane", 20, 20, 10, 8]],
  });
  const { withoutBox, unknownCategories, missingImages, unlabelledImages } = dataset.report;
  assert.deepEqual([withoutBox, unknownCategories, missingImages, unlabelledImages], [1, 1, 1, 1]);
  assert.equal(dataset.categories.length, 60);
});

Deno.test("SOLO: every picture of a camera is an image; of ten sequences seven, one and two are a part", async () => {
  const all = await load("solo");
  assert.deepEqual(shown(all), {
    "sequence.0/step0.camera.png": [["Crate", 7, 8, 20, 19], ["Character", 30, 2, 10, 31]],
    "sequence.0/step1.camera.png": [],
    "sequence.7/step0.camera.png": [["Crate", 1, 1, 5, 5]],
    "sequence.8/step0.camera.png": [["Cube", 12, 13, 14, 15]],
  });
  const parts = await Promise.all(["train", "val", "test"].map((part) => load("solo", part)));
  assert.deepEqual(parts.map(({ images }) => images.length), [2, 1, 1]);
  for (const { categories } of parts) assert.deepEqual(categories, ["Crate", "Cube", "Character"]);
});

Deno.test("lines that no format writes are refused with a reason", () => {
  assert.deepEqual(dotaLine("1 2 3 4 5 6 7 8 small-vehicle"), {
    ...{ corners: [1, 2, 3, 4, 5, 6, 7, 8], name: "small vehicle", difficult: false },
  });
  for (
    const line of [
      "1 2 3 4 5 6 7 8",
      "1 2 3 4 5 6 7 8 9 0",
      "1 2 3 4 5 6 7 8 ship 7",
      "1 2 3 4 5 6 7 8 ship 0 0",
      "1,2,3,4,5,6,7,8,ship,0",
      "1 2 3 4 5 6 7 0x8 ship 0",
      "１ 2 3 4 5 6 7 8 ship 0",
    ]
  ) assert.ok("why" in dotaLine(line), line);
  assert.deepEqual(visdroneLine("1, 2,3,4,1,1,0,0,"), [1, 2, 3, 4, 1, 1, 0, 0]);
  for (const line of ["1,2,3,4,1,1,0", "1,2,3,4,1,1,0,0,0", "1 2 3 4 1 1 0 0"]) {
    assert.equal(visdroneLine(line), undefined, line);
  }
  for (
    const line of [
      "0 0.5 0.5 0.2",
      "0 12 7 30 20",
      "0 .5 .5 .1 .1 .9",
      "a .5 .5 .1 .1",
      "0 .5 .5 nan .1",
    ]
  ) assert.equal(typeof yoloLine(line), "string", line);
});

Deno.test("a data.yaml names classes by list or index, and parts by folder, list of folders or list of files", () => {
  assert.deepEqual(parseYoloConfig("names: [a, 7]\ntrain: x\nvalid: [y, z]\n"), {
    names: ["a", "7"],
    parts: new Map([["train", ["x"]], ["val", ["y", "z"]]]),
    pose: false,
  });
  for (
    const [yaml, why] of [
      ["[1]", /names no classes/],
      ["names: {0: a, 2: c}", /class 1 has no name/],
      ["names: {zero: a}", /class zero is "a", not a name by its index/],
      ["names: [a, [b]]", /class 1 is \["b"\]/],
      ["names: [a, b]\nnc: 3", /2 names of classes, and says nc: 3/],
      ["names: [", /./],
      ["12", /no data\.yaml/],
    ] as const
  ) assert.throws(() => parseYoloConfig(yaml), why, yaml);
});

Deno.test("an annotation that is no XML, or no annotation, is refused; a declared encoding is read", () => {
  for (
    const [xml, why] of [
      ["<annotation><object>", /it is not XML/],
      ["<a></a>", /holds no <annotation>/],
      ["", /it is not XML/],
    ] as const
  ) assert.throws(() => parseVoc(xml), why, xml);
  const xml = `<?xml version="1.0" encoding="gb2312"?><annotation><object><name>`;
  const bytes = new Uint8Array([
    ...new TextEncoder().encode(xml),
    ...[0xb4, 0xac], // a ship
    ...new TextEncoder().encode("</name></object></annotation>"),
  ]);
  assert.equal(parseVoc(textOf(bytes)).objects[0].name, "船");
  const entities =
    `<!DOCTYPE x [<!ENTITY a "${"ha".repeat(50)}"><!ENTITY b "${"&a;".repeat(50)}">]>` +
    `<annotation><object><name>${"&b;".repeat(50)}</name></object></annotation>`;
  try {
    assert.ok(parseVoc(entities).objects[0].name.length < 100_000);
  } catch (error) {
    assert.match((error as Error).message, /entit/i);
  }
});

Deno.test("folders name parts as the data sets do", () => {
  const parts = {
    "train/images/a.png": "train",
    "images/val2017/a.png": "val",
    "VisDrone2019-DET-test-dev/images/a.jpg": "test",
    "labelTxt-v1.5/DOTA-v1.5_train/a.txt": "train",
    "valid/labels/a.txt": "val",
    "train_images/1.tif": "train",
    "trains/a.png": undefined,
    "trainval/a.png": undefined,
    "train.txt": undefined,
  };
  for (const [path, part] of Object.entries(parts)) assert.equal(partOf(path), part, path);
});

Deno.test("two label files of one image end the reading; boxes on an image of another shape are refused", async () => {
  await withCopy(sample("dota"), async (folder, source) => {
    await Deno.mkdir(join(folder, "train/labelTxt-v1.5"));
    await Deno.copyFile(
      join(folder, "train/labelTxt/P0000.txt"),
      join(folder, "train/labelTxt-v1.5/P0000.txt"),
    );
    await assert.rejects(
      loadDataset(source),
      /P0000\.png has two label files, .*FORMAT:LABELS:IMAGES/,
    );
    const labels = { ...source, annotations: join(folder, "train/labelTxt-v1.5") };
    assert.deepEqual(Object.keys(shown(await loadDataset(labels))), ["train/images/P0000.png"]);
  });
  await withCopy(sample("voc"), async (folder, source) => {
    await Deno.copyFile(
      join(folder, "JPEGImages/000003.jpg"),
      join(folder, "JPEGImages/000001.jpg"),
    );
    const { report, images: [{ boxesRefused }] } = await loadDataset(source);
    assert.deepEqual([report.refusedBoxes, boxesRefused], [1, true]);
    assert.match(
      report.examples.join(),
      /000001\.jpg, annotated as 64 x 48 px, its file has 48 x 64 px/,
    );
  });
});

Deno.test("label files and images that links lead out of the data set are not read", async () => {
  await withCopy(sample("yolo"), async (folder, source) => {
    const outside = await Deno.makeTempFile({ suffix: ".txt" });
    try {
      await Deno.writeTextFile(outside, "0 0.5 0.5 1 1\n");
      await Deno.remove(join(folder, "labels/train/a.txt"));
      await Deno.symlink(outside, join(folder, "labels/train/a.txt"));
      const { report } = await loadDataset({ ...source, part: "train" });
      assert.deepEqual([report.objects, report.brokenLabels], [0, 1]);
      assert.match(report.examples[0], /labels\/train\/a\.txt: it leads elsewhere/);
    } finally {
      await Deno.remove(outside);
    }
    await Deno.writeTextFile(source.annotations, "names: [a]\ntrain: /etc\n");
    await assert.rejects(loadDataset(source), /there is no \/etc in /);
  });
});

Deno.test("a list of images names the images of a part, and Roboflow's ../ leads nowhere else", async () => {
  await withCopy(sample("yolo"), async (folder, source) => {
    const names = "names: [car, traffic light, bus]\n";
    await Deno.writeTextFile(
      join(folder, "val.txt"),
      "./images/val/c.png\nimages/train/gone.jpg\n",
    );
    await Deno.writeTextFile(source.annotations, `${names}val: val.txt\ntrain: ../images/train\n`);
    const val = await loadDataset({ ...source, part: "val" });
    assert.deepEqual(val.images.map(({ id }) => id), ["images/val/c.png"]);
    assert.equal(val.report.missingImages, 1);
    assert.equal((await loadDataset({ ...source, part: "train" })).images.length, 2);
  });
});

Deno.test("YOLO: the key points of a pose are no polygon", () =>
  withCopy(sample("yolo"), async (folder, source) => {
    const yaml = await Deno.readTextFile(source.annotations);
    await Deno.writeTextFile(source.annotations, `${yaml}\nkpt_shape: [4, 3]\n`);
    const points = ".1 .1 1 .9 .1 0 .9 .9 1 .1 .9 0"; // with the box an even number of shares
    await Deno.writeTextFile(join(folder, "labels/val/c.txt"), `0 .5 .5 .25 .5 ${points}\n`);
    const { images: [{ width, height, objects }] } = await loadDataset({ ...source, part: "val" });
    assert.deepEqual(objects.map(({ box }) => box), [
      { left: width! * 0.375, top: height! / 4, width: width! / 4, height: height! / 2 },
    ]);
  }));

Deno.test("YOLO: shares are of the frame that is asked for, and images that EXIF turns are counted", () =>
  withCopy(sample("yolo"), async (folder, source) => {
    const image = join(folder, "images/val/c.png"), before = await Deno.readFile(image);
    const { width, height } = await sharp(before).metadata();
    await Deno.writeFile(
      image,
      await sharp(before).withMetadata({ orientation: 6 }).png().toBuffer(),
    );
    await Deno.writeTextFile(join(folder, "labels/val/c.txt"), "0 .25 .125 .5 .25\n");
    const boxIn = async (annotationFrame: "upright" | "stored") => {
      const { images, report } = await loadDataset({ ...source, part: "val" }, { annotationFrame });
      assert.deepEqual([images[0].width, images[0].height], [height, width]);
      assert.equal(report.unknownFrames, 1);
      return Object.values(images[0].objects[0].box);
    };
    assert.deepEqual(await boxIn("upright"), [0, 0, height / 2, width / 4]);
    // the top left quarter of what is stored is shown at the top right
    assert.deepEqual(await boxIn("stored"), [height * 0.75, 0, height / 4, width / 2]);
  }));

Deno.test({
  name: "names that are not UTF-8 are counted by every reader, as nobody can open them",
  ignore: Deno.build.os !== "linux", // elsewhere there are no such names
  fn: () =>
    withCopy(sample("voc"), async (folder, source) => {
      const script = `printf x >"$(printf 'Annotations/F\\344hre.xml')"`;
      const { success } = await new Deno.Command("sh", { args: ["-c", script], cwd: folder })
        .output();
      assert.ok(success);
      const { report } = await loadDataset(source);
      assert.equal(report.notUtf8, 1);
      assert.ok(report.examples.includes("notUtf8: Annotations/F\ufffdhre.xml"));
    }),
});

Deno.test("endings in capitals are those of labels, annotations and images, too", async () => {
  const renamed: Record<string, [from: string, to: string][]> = {
    yolo: [["labels/val/c.txt", "labels/val/c.TXT"], ["images/val/c.png", "images/val/c.PNG"]],
    voc: [["Annotations/000001.xml", "Annotations/000001.XML"]],
    dota: [["val/labelTxt/P0003.txt", "val/labelTxt/P0003.TXT"]],
  };
  for (const [format, files] of Object.entries(renamed)) {
    await withCopy(sample(format), async (folder, source) => {
      const before = await loadDataset(source);
      for (const [from, to] of files) await Deno.rename(join(folder, from), join(folder, to));
      const { report } = await loadDataset(source);
      assert.deepEqual([report.images, report.objects], [
        before.report.images,
        before.report.objects,
      ]);
      const located = locateDataset(folder);
      assert.equal(located.source, source.source);
    });
  }
  const root = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(root, "OWN.JSON"), `{"images": [], "categories": []}`);
    assert.equal(locateDataset(root).source, "coco");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("Pascal VOC: what is not difficult is used, however that is written", () => {
  const flags = (text: string) =>
    parseVoc(
      `<annotation><object><name>a</name><difficult>${text}</difficult></object></annotation>`,
    )
      .objects[0].difficult;
  for (const text of ["1", "True", "true", " 1 ", "yes"]) assert.equal(flags(text), true, text);
  for (const text of ["", "0", "False", "no", "Unspecified"]) {
    assert.equal(flags(text), false, text);
  }
});

Deno.test("SOLO: of labels with one id the name tells which is meant, and nothing is guessed without", () =>
  withCopy(sample("solo"), async (folder, source) => {
    const path = join(folder, "annotation_definitions.json");
    const text = await Deno.readTextFile(path), definitions = JSON.parse(text);
    const [boxes] = definitions.annotationDefinitions.filter((one: { "@type": string }) =>
      one["@type"].endsWith("BoundingBox2DAnnotation")
    );
    const before = await loadDataset(source), [{ label_id: id, label_name: first }] = boxes.spec;
    definitions.annotationDefinitions.push({
      ...boxes,
      id: "a second labeller",
      spec: [{ label_id: id, label_name: "airship" }],
    });
    await Deno.writeTextFile(path, JSON.stringify(definitions));
    assert.deepEqual(shown(await loadDataset(source)), shown(before));
    for (const file of ["sequence.0/step0.frame_data.json", "sequence.0/step1.frame_data.json"]) {
      const frame = await Deno.readTextFile(join(folder, file));
      await Deno.writeTextFile(
        join(folder, file),
        frame.replaceAll(new RegExp(`"labelName":\\s*"${first}"`, "g"), '"labelName": "airship"'),
      );
    }
    const renamed = JSON.stringify(shown(await loadDataset({ ...source, part: "train" })));
    assert.ok(renamed.includes("airship"), renamed);
  }));

Deno.test("links to folders are counted by every reader, as they are not followed", () =>
  withCopy(sample("voc"), async (folder, source) => {
    const outside = await Deno.makeTempDir();
    try {
      await Deno.rename(join(folder, "JPEGImages"), join(outside, "photos"));
      await Deno.symlink(join(outside, "photos"), join(folder, "JPEGImages"));
      await Deno.symlink(".", join(folder, "Annotations/again"));
      const { report } = await loadDataset(source);
      assert.deepEqual([report.outsideFolders, report.images], [1, 0]);
      assert.ok(report.linkedFolders! >= 1 && report.missingImages > 0);
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  }));

Deno.test("an aborted signal stops every reader with its reason, and an absent place is named", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  for (const one of SAMPLES) {
    await assert.rejects(loadDataset(sourceIn(one), { signal }), /^Error: enough$/);
    const absent = sourceIn(one, join(sampleFolder(one.folder), "absent"));
    await assert.rejects(loadDataset(absent), /^Error: Cannot load data set .*absent/);
  }
});

Deno.test("corners are turned and scaled with their boxes", () =>
  withCopy(sample("dota"), async (folder, source) => {
    const image = join(folder, "val/images/P0003.png"); // stored 64 x 48, shown 48 x 64
    await Deno.writeFile(
      image,
      await sharp(await Deno.readFile(image)).withMetadata({ orientation: 6 }).png().toBuffer(),
    );
    const options = { annotationFrame: "stored" } as const;
    const { images } = await loadDataset({ ...source, part: "val" }, options);
    const [{ width, height, objects: [ship] }] = images;
    assert.deepEqual([width, height], [48, 64]);
    assert.deepEqual(ship.corners, [[46, 30], [28, 58], [18, 52], [
      36,
      24,
    ]]);
    assert.deepEqual(ship.box, { left: 18, top: 24, width: 28, height: 34 });
  }));

Deno.test("an image with a difficult object alone is neither a right nor a wrong answer for its class", async () => {
  const { images, categories } = await load("voc", "train"), chair = categories.indexOf("chair");
  assert.deepEqual(images.map(({ notExhaustive }) => notExhaustive), [undefined, [chair]]);
  const [first] = (await load("dota", "train")).images;
  assert.deepEqual(first.notExhaustive, [0]); // a difficult plane
});

Deno.test("DOTA labels that the workspace writes are read back: the same classes, corners to a tenth of a pixel", async () => {
  const scene = await remoteScene({ width: 600, height: 500, seed: 3 });
  assert.ok(scene.objects.length > 3);
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(root, "images"));
    await Deno.mkdir(join(root, "labelTxt"));
    const png = await encodePng(scene.draw({ left: 0, top: 0, width: 600, height: 500 }));
    await Deno.writeFile(join(root, "images/scene.png"), png);
    await Deno.writeTextFile(join(root, "labelTxt/scene.txt"), dotaLabels(scene));
    const place = locateDataset(root);
    assert.ok(place.source === "dota");
    const { images: [{ objects }], categories } = await loadDataset(place);
    assert.equal(objects.length, scene.objects.length);
    scene.objects.forEach(({ category, corners }, i) => {
      assert.equal(categories[objects[i].category], scene.categories[category]);
      corners.flat().forEach((value, at) => {
        assert.ok(Math.abs(objects[i].corners!.flat()[at] - value) <= 0.051);
      });
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
