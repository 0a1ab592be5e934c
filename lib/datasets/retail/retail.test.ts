import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../../images/mod.ts";
import { createRandom } from "../../numeric/random.ts";
import { sha256 } from "../../runtime/files.ts";
import { loadPyramids } from "../clevr_ds/classes.ts";
import { loadDataset } from "../readers/load.ts";
import { locateDataset } from "../readers/locate.ts";
import { generateRetail } from "./generate.ts";
import { drawRetail, planShelves, PRODUCTS, RETAIL_OBJECTS } from "./scene.ts";

const RECIPE = { seed: 5, images: 20, family: "fluent-3d", size: 160 } as const;

/** Draws a scene as the generator does. */
async function sceneOf(index: number) {
  const sprite = await loadPyramids(PRODUCTS, RECIPE.family);
  return drawRetail(createRandom(RECIPE.seed).fork(`retail ${index}`), {
    size: RECIPE.size,
    sprite,
  });
}

/** Runs a test with a folder that is gone afterwards. */
async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("retail: 9 to 19 products, some of a kind side by side, all classes in all numbers", () => {
  const counts = new Set<number>(), classes = new Set<number>();
  let kinds = 0, scenes = 0;
  for (let seed = 0; seed < 400; seed++) {
    const plan = planShelves(createRandom(seed)).filter((place) => place !== undefined);
    counts.add(plan.length);
    const shown = new Set(plan.map(({ category }) => category));
    for (const category of shown) classes.add(category);
    kinds += shown.size;
    scenes++;
    plan.forEach(({ category, group }, i) => {
      const before = plan[i - 1];
      if (before?.group === group) assert.equal(before.category, category);
    });
  }
  assert.deepEqual([Math.min(...counts), Math.max(...counts)], [...RETAIL_OBJECTS]);
  assert.deepEqual([classes.size, PRODUCTS.length, new Set(PRODUCTS).size], [16, 16, 16]);
  assert.ok(kinds / scenes > 4.5 && kinds / scenes < 8, `${kinds / scenes} classes a scene`);
});

Deno.test("retail: boxes lie apart in the picture, and hold what was drawn", async () => {
  const { image, objects } = await sceneOf(3);
  assert.deepEqual(await sceneOf(3), { image, objects });
  assert.ok(objects.length >= 9);
  for (const [i, { box: { left, top, width, height } }] of objects.entries()) {
    assert.ok(left >= 0 && top >= 0 && left + width <= 160 && top + height <= 160);
    for (const { box } of objects.slice(i + 1)) {
      const apart = box.left >= left + width || box.left + box.width <= left ||
        box.top >= top + height || box.top + box.height <= top;
      assert.ok(apart, `${JSON.stringify(box)} overlaps another`);
    }
    const colours = new Set<string>();
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) {
        const at = (y * 160 + x) * 3;
        colours.add(image.data.subarray(at, at + 3).join());
      }
    }
    assert.ok(colours.size > 40, "nothing is drawn in a box"); // the wall has one colour a row
  }
});

Deno.test("retail scenes are written as SOLO and read back: pictures without loss, equal boxes, 7:1:2", () =>
  withFolder(async (folder) => {
    await generateRetail(folder, RECIPE);
    const place = locateDataset(folder);
    assert.ok(place.source === "solo" && place.part === "test" && place.train && place.val);
    const parts = await Promise.all(
      ["train", "val", "test"].map((part) => loadDataset({ ...place, part })),
    );
    assert.deepEqual(parts.map(({ images }) => images.length), [14, 2, 4]);
    const { images, categories, report } = await loadDataset({ ...place, part: undefined });
    assert.deepEqual([categories.length, categories[0]], [16, "red apple"]);
    assert.deepEqual([report.missingFrames ?? 0, report.brokenAnnotations ?? 0], [0, 0]);
    for (const [index, { id, path, objects }] of images.entries()) {
      const drawn = await sceneOf(index);
      assert.equal(id, `sequence.${index}/step0.camera.png`);
      assert.deepEqual(objects, drawn.objects);
      if (index > 2) continue;
      const { data } = await decodeImage(path);
      assert.equal(data.findIndex((value, at) => value !== drawn.image.data[at]), -1);
    }
  }));

Deno.test("retail scenes that are there stay; damaged ones are drawn anew; another recipe is refused", () =>
  withFolder(async (folder) => {
    const told: number[][] = [];
    const options = { ...RECIPE, splits: ["test"] as const };
    assert.deepEqual(await generateRetail(folder, options), { drawn: 4 });
    const frame = join(folder, "sequence.8/step0.frame_data.json");
    const picture = join(folder, "sequence.9/step0.camera.png");
    const before = await Promise.all([frame, picture].map((path) => Deno.readFile(path)));
    await Deno.remove(frame);
    await Deno.writeFile(picture, before[1].subarray(0, 100));
    await Deno.remove(join(folder, "metadata.json"));
    const onProgress = (...numbers: number[]) => told.push(numbers);
    assert.deepEqual(await generateRetail(folder, { ...options, onProgress }), { drawn: 2 });
    assert.deepEqual(told, [[2, 4, 0], [3, 4, 1], [4, 4, 2]]);
    for (const [i, path] of [frame, picture].entries()) {
      assert.equal(sha256(await Deno.readFile(path)), sha256(before[i]), path);
    }
    assert.ok(await Deno.stat(join(folder, "metadata.json")));
    await assert.rejects(
      generateRetail(folder, { ...options, seed: 6 }),
      /scenes of another recipe/,
    );
    for (const change of [{ images: 0 }, { size: 100 }, { family: "oil" }, { seed: 0.5 }]) {
      await assert.rejects(
        generateRetail(folder, { ...options, ...change } as never),
        /^RangeError: Cannot generate retail scenes in /,
      );
    }
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(generateRetail(folder, { ...options, signal }), /^Error: enough$/);
  }));
