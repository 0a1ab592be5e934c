import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../images/mod.ts";
import { scene, SCENE_SIZE } from "../images/testdata/hostile.ts";
import { sharp } from "../images/sharp.ts";
import { loadCoco, type LoadCocoOptions } from "./coco.ts";
import { type Dataset, placedObjects } from "./dataset.ts";
import { describeDataset, describeFrames } from "./report.ts";

const [WIDTH, HEIGHT] = SCENE_SIZE; // 64 x 48: an orange left half with a white corner, a blue right half

type Listed = { file: string; size?: [number, number]; boxes: number[][] };

/** Reads images of a folder with these sizes and boxes. */
async function load(
  root: string,
  listed: Listed[],
  options: LoadCocoOptions = {},
): Promise<Dataset> {
  const json = {
    images: listed.map(({ file, size }, id) => ({
      id,
      file_name: file,
      ...(size && { width: size[0], height: size[1] }),
    })),
    categories: [{ id: 1, name: "boat" }],
    annotations: listed.flatMap(({ boxes }, image_id) =>
      boxes.map((bbox) => ({ image_id, category_id: 1, bbox }))
    ),
  };
  await Deno.writeTextFile(join(root, "i.json"), JSON.stringify(json));
  return await loadCoco(join(root, "i.json"), root, options);
}

async function withRoot(work: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await work(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** The counts that are not those of what is used. */
function told({ report }: Dataset) {
  const { listed: _, images: __, objects: ___, examples: ____, ...counts } = report;
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

const boxesOf = (dataset: Dataset) =>
  dataset.images.map((image) => placedObjects(image).map(({ box }) => Object.values(box)));

/** Colours of the pixels of an image, mean in a box. */
async function meanColour(path: string, box: number[]): Promise<number[]> {
  const { width, data } = await decodeImage(path);
  const [left, top, w, h] = box.map(Math.round), sum = [0, 0, 0];
  for (let y = top; y < top + h; y++) {
    for (let x = left; x < left + w; x++) {
      for (let c = 0; c < 3; c++) sum[c] += data[(y * width + x) * 3 + c] / (w * h);
    }
  }
  return sum.map(Math.round);
}

/** Files of all orientations: the same stored pixels, each turned by its tag. */
async function writeOrientations(root: string, ending: "png" | "jpg" | "webp" | "tif") {
  const pixels = await scene().png().toBuffer();
  for (let orientation = 1; orientation <= 8; orientation++) {
    const image = sharp(pixels).withMetadata({ orientation });
    const file = join(root, `${orientation}.${ending}`);
    await (ending === "jpg" ? image.jpeg({ quality: 100 }) : image).toFile(file);
  }
}

for (const ending of ["jpg", "png", "webp", "tif"] as const) {
  Deno.test(`boxes on stored pixels show the same in every EXIF orientation: ${ending}`, () =>
    withRoot(async (root) => {
      await writeOrientations(root, ending);
      const listed = Array.from({ length: 8 }, (_, i): Listed => ({
        file: `${i + 1}.${ending}`,
        size: [WIDTH, HEIGHT],
        boxes: [[0, 0, 16, 12], [40, 8, 20, 30]], // the white corner, and within blue
      }));
      const dataset = await load(root, listed, { annotationFrame: "stored" });
      assert.deepEqual(told(dataset), { turnedImages: 7, unknownFrames: 3 });
      for (const [i, { path, width, height, objects }] of dataset.images.entries()) {
        const size = i < 4 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
        assert.deepEqual([width, height], size);
        const [corner, blue] = objects.map(({ box }) => Object.values(box));
        for (const [box, colour] of [[corner, [255, 255, 255]], [blue, [20, 60, 200]]]) {
          const mean = await meanColour(path, box);
          assert.ok(mean.every((v, c) => Math.abs(v - colour[c]) < 10), `${i + 1}: ${mean}`);
        }
      }
      // What sizes say is not asked for: from orientation 5 on they differ.
      const upright = await load(root, listed);
      assert.deepEqual(told(upright), { turnedImages: 4, unknownFrames: 3 });
      assert.deepEqual(boxesOf(upright).slice(4), boxesOf(dataset).slice(4));
      assert.deepEqual(boxesOf(upright)[1], [[0, 0, 16, 12], [40, 8, 20, 30]]);
    }));
}

Deno.test("boxes on the upright image stay, also where an orientation transposes", () =>
  withRoot(async (root) => {
    await writeOrientations(root, "png");
    const dataset = await load(
      root,
      [{ file: "6.png", size: [HEIGHT, WIDTH], boxes: [[36, 0, 12, 16]] }],
      { annotationFrame: "stored" },
    );
    assert.deepEqual([boxesOf(dataset), told(dataset)], [[[[36, 0, 12, 16]]], {}]);
  }));

Deno.test("an entry without a size is of the frame that is asked for", () =>
  withRoot(async (root) => {
    await writeOrientations(root, "png");
    const listed = [{ file: "6.png", boxes: [[0, 0, 16, 12]] }];
    const upright = await load(root, listed);
    assert.deepEqual(boxesOf(upright), [[[0, 0, 16, 12]]]);
    assert.deepEqual(told(upright), { sizesRead: 1, unknownFrames: 1 }); // no size says it
    const stored = await load(root, listed, { annotationFrame: "stored" });
    assert.deepEqual(boxesOf(stored), [[[36, 0, 12, 16]]]);
    for (const { images: [{ width, height }] } of [upright, stored]) {
      assert.deepEqual([width, height], [HEIGHT, WIDTH]);
    }
  }));

Deno.test("boxes on a copy of another size are scaled, turned or not, and one line says so", () =>
  withRoot(async (root) => {
    await writeOrientations(root, "png");
    const dataset = await load(root, [
      { file: "1.png", size: [640, 480], boxes: [[320, 240, 320, 240]] },
      { file: "2.png", size: [32, 24], boxes: [[16, 12, 16, 12]] },
      { file: "6.png", size: [640, 480], boxes: [[0, 0, 160, 120]] },
      { file: "8.png", size: [333, 445], boxes: [[0, 0, 333, 445]] }, // 333.75 x 445, cut off
    ]);
    assert.deepEqual(told(dataset), { turnedImages: 1, unknownFrames: 1, scaledImages: 4 });
    assert.deepEqual(boxesOf(dataset).slice(0, 3), [
      [[32, 24, 32, 24]],
      [[32, 24, 32, 24]],
      [[36, 0, 12, 16]],
    ]);
    const [{ box }] = dataset.images[3].objects;
    assert.ok(Math.abs(box.width - HEIGHT) < 1e-9 && Math.abs(box.height - WIDTH) < 1e-9);
    assert.match(describeDataset(dataset), /4 images whose boxes were scaled/);
    assert.match(
      describeFrames(dataset)!,
      /^i: .*4 images whose boxes were scaled.*; first: .*1\.png, annotated as 640 x 480 px, its file has 64 x 48 px/,
    );
  }));

Deno.test("boxes on another shape are refused with both sizes; the image keeps what it shows", () =>
  withRoot(async (root) => {
    await writeOrientations(root, "png");
    const sizes: [number, number][] = [[64, 50], [48, 64], [66, 48], [100, 100], [640, 500]];
    for (const size of sizes) {
      const dataset = await load(root, [{ file: "1.png", size, boxes: [[1, 1, 5, 5]] }]);
      assert.deepEqual(told(dataset), { refusedBoxes: 1 }, `${size}`);
      assert.deepEqual(dataset.images[0].objects.map(({ category }) => category), [0]);
      assert.deepEqual(boxesOf(dataset), [[]]);
      assert.deepEqual([dataset.images[0].width, dataset.images[0].height], [WIDTH, HEIGHT]);
      const [width, height] = size;
      assert.deepEqual(dataset.report.examples, [
        `refusedBoxes: 1.png, annotated as ${width} x ${height} px, its file has 64 x 48 px`,
      ]);
    }
  }));

Deno.test("an ordinary data set is what it was: no count, no line, the same fingerprint", () =>
  withRoot(async (root) => {
    await writeOrientations(root, "png");
    const dataset = await load(root, [
      { file: "1.png", size: [64, 48], boxes: [[0.5, 1.25, 5, 5]] },
    ]);
    assert.deepEqual([boxesOf(dataset), told(dataset)], [[[[0.5, 1.25, 5, 5]]], {}]);
    assert.equal(describeFrames(dataset), undefined);
    assert.equal(
      dataset.fingerprint,
      "38237314e67409a34a6959e1da3d097afb29da70256b8138c37758d1553ff03d",
    );
  }));
