import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256File } from "../../runtime/files.ts";
import { decodeImage } from "../../images/mod.ts";
import { createRandom } from "../../numeric/random.ts";
import { loadCoco } from "../coco.ts";
import { datasetStatistics } from "../statistics.ts";
import { clevrDsClasses } from "./classes.ts";
import { generateClevrDs, type GenerateOptions } from "./generate.ts";
import {
  CLEVR_DS_VARIANTS,
  MAX_OBJECTS,
  MEAN_OBJECTS,
  objectCountDistribution,
  planScene,
} from "./recipe.ts";

/** Generates into a temporary folder, hands it over, and removes it. */
async function withScenes(
  options: GenerateOptions,
  test: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await generateClevrDs(directory, options);
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** SHA-256 of every file below a folder, by its relative path. */
async function hashes(directory: string, folder = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(join(directory, folder))) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory) Object.assign(found, await hashes(directory, path));
    else found[path] = await sha256File(join(directory, path));
  }
  return found;
}

const sorted = (record: Record<string, string>) => Object.entries(record).sort();

Deno.test("every byte depends on the seed alone, not on how many threads draw how many images", async () => {
  const options = { seed: 7, images: 10, size: 240 };
  await withScenes(
    { ...options, concurrency: 1 },
    (serial) =>
      withScenes({ ...options, threads: 2, concurrency: 5 }, async (parallel) => {
        const first = sorted(await hashes(serial));
        assert.equal(first.length, 10 + 10 + 4); // images, records, three splits, the recipe
        assert.deepEqual(sorted(await hashes(parallel)), first);
        await withScenes({ ...options, seed: 8 }, async (other) => {
          const image = "images/000001.jpg";
          assert.notEqual((await hashes(other))[image], Object.fromEntries(first)[image]);
        });
      }),
  );
});

Deno.test("an aborted run resumes, keeps what it had and ends as an uninterrupted one", () =>
  withScenes({ seed: 3, images: 8, size: 200 }, async (whole) => {
    const directory = await Deno.makeTempDir();
    try {
      const abort = new AbortController();
      const stopped = generateClevrDs(directory, {
        seed: 3,
        images: 8,
        size: 200,
        concurrency: 1,
        signal: abort.signal,
        onProgress: (done) => done === 3 && abort.abort(new Error("enough")),
      });
      await assert.rejects(stopped, /enough/);
      await Deno.writeTextFile(join(directory, "images/000002.jpg"), "damaged");
      for (const name of ["images/000007.jpg", "records/7", "train.json"]) { // as a kill leaves them
        await Deno.writeTextFile(join(directory, `${name}.77-0.tmp`), "half");
      }
      const { drawn, kept } = await generateClevrDs(directory, { seed: 3, images: 8, size: 200 });
      assert.deepEqual([drawn, kept], [6, 2]);
      const counts: number[] = [];
      const again = {
        seed: 3,
        images: 8,
        size: 200,
        onProgress: (n: number) => void counts.push(n),
      };
      assert.equal((await generateClevrDs(directory, again)).kept, 8);
      assert.deepEqual(counts, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
      assert.deepEqual(sorted(await hashes(directory)), sorted(await hashes(whole)));
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }));

Deno.test("of two processes that fill one folder none draws what the other has recorded", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const options = { seed: 9, images: 24, size: 200 };
    // one is ahead: two that keep in step would draw every image at the same time
    const runs = await Promise.all(
      [4, 1].map((concurrency) => generateClevrDs(directory, { ...options, concurrency })),
    );
    const drawn = runs.reduce((sum, { drawn }) => sum + drawn, 0);
    assert.ok(drawn >= 24 && drawn < 48, `${drawn} drawn`); // those under way at one time come twice
    assert.ok(runs.every(({ drawn, kept }) => drawn + kept === 24));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("one split alone is the same images and annotations as in the whole set", () =>
  withScenes(
    { seed: 5, images: 20, size: 200 },
    (whole) =>
      withScenes({ seed: 5, images: 20, size: 200, splits: ["test"] }, async (part) => {
        const [all, some] = [await hashes(whole), await hashes(part)];
        assert.equal(Object.keys(some).filter((path) => path.startsWith("images/")).length, 4);
        assert.ok("test.json" in some && !("train.json" in some));
        for (const [path, hash] of Object.entries(some)) assert.equal(hash, all[path], path);
      }),
  ));

Deno.test("boxes are exact: what is drawn lies inside, and reaches every edge", () =>
  withScenes({ seed: 11, images: 10, size: 480, variant: "reduced" }, async (directory) => {
    // `reduced` scenes have no overlap, so that an object can be told from the ground around its box
    const dataset = await loadCoco(join(directory, "train.json"), join(directory, "images"));
    assert.deepEqual([dataset.report.clipped, dataset.report.outside, dataset.report.empty], [
      0,
      0,
      0,
    ]);
    let compared = 0;
    for (const { path, objects } of dataset.images) {
      const { width, data } = await decodeImage(path);
      const pixel = (x: number, y: number) =>
        data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3);
      const contrast = (y: number, from: number, to: number) => {
        let most = 0;
        for (let x = from; x < to; x++) {
          const [a, b] = [pixel(x - 1, y), pixel(x, y)];
          most = Math.max(most, ...[0, 1, 2].map((c) => Math.abs(a[c] - b[c])));
        }
        return most;
      };
      for (const { box: { left, top, width: w, height: h } } of objects) {
        assert.ok(left >= 0 && top >= 0 && left + w <= 480 && top + h <= 480);
        if (top < 8 || left < 4 || left + w > 476) continue;
        // the row just inside the top edge has an edge of the object; well above there is only ground
        const inside = contrast(top + 2, left, left + w), above = contrast(top - 6, left, left + w);
        if (inside > above + 6) compared++;
      }
    }
    const total = dataset.report.objects;
    assert.ok(compared >= 0.7 * total, `${compared} of ${total} boxes begin where the object does`);
  }));

Deno.test("COCO files split 7:1:2, list what is there and name sizes; distractors are no annotations", () =>
  withScenes({ seed: 2, images: 20, size: 200, variant: "S" }, async (directory) => {
    const counts: number[] = [];
    for (const split of ["train", "val", "test"]) {
      const dataset = await loadCoco(join(directory, `${split}.json`), join(directory, "images"));
      counts.push(dataset.images.length);
      assert.equal(dataset.report.missingImages, 0);
      const json = JSON.parse(await Deno.readTextFile(join(directory, `${split}.json`)));
      assert.ok(json.distractors.length >= dataset.images.length); // 1-3 large ones an image
      for (const object of dataset.images.flatMap(({ objects }) => objects)) {
        assert.equal(object.size, "small"); // -S: query classes appear only small
        assert.ok(Math.max(object.box.width, object.box.height) <= 0.12 * 200 + 3);
      }
    }
    assert.deepEqual(counts, [14, 2, 4]);
  }));

Deno.test("the noto family draws scenes of the same classes in other pictures", () =>
  withScenes(
    { seed: 4, images: 1, size: 200 },
    (fluent) =>
      withScenes({ seed: 4, images: 1, size: 200, family: "noto" }, async (noto) => {
        const categories = async (directory: string) =>
          JSON.parse(await Deno.readTextFile(join(directory, "train.json"))).annotations
            .map((annotation: { category_id: number }) => annotation.category_id);
        assert.deepEqual(await categories(noto), await categories(fluent));
        const image = "images/000001.jpg";
        assert.notEqual((await hashes(noto))[image], (await hashes(fluent))[image]);
      }),
  ));

Deno.test("the number of objects has the paper's mean and range (Table 8)", () => {
  const distribution = objectCountDistribution();
  assert.equal(distribution.length, MAX_OBJECTS);
  const mean = distribution.reduce((sum, p, i) => sum + p * (i + 1), 0);
  assert.ok(Math.abs(mean - MEAN_OBJECTS) < 1e-6);
  assert.ok(Math.abs(distribution.reduce((a, b) => a + b) - 1) < 1e-12);
});

for (const variant of CLEVR_DS_VARIANTS) {
  Deno.test(`planned ${variant} scenes keep to the recipe`, async () => {
    const { slugs, names, distractors } = await clevrDsClasses(variant);
    assert.equal(slugs.length, variant === "reduced" ? 51 : 138);
    assert.equal(new Set(names).size, slugs.length);
    const random = createRandom(`plan ${variant}`), scenes = 3000;
    let known = 0;
    for (let i = 0; i < scenes; i++) {
      const plan = planScene(random, variant, slugs, distractors);
      const classes = plan.filter(({ category }) => category >= 0);
      known += classes.length;
      assert.equal(new Set(plan.map(({ slug }) => slug)).size, plan.length, "all different");
      for (const { slug, category } of classes) assert.equal(slugs[category], slug);
      const sizes = new Set(classes.map(({ size }) => size));
      const large = plan.filter(({ size }) => size === "large").length;
      assert.ok(large >= 1 && large <= 3);
      if (variant === "S") assert.deepEqual([...sizes], ["small"]);
      if (variant === "L") assert.deepEqual([...sizes], ["large"]);
      if (variant === "mixed") assert.equal(classes.length, plan.length);
      assert.ok(plan.length >= 1 && plan.length <= MAX_OBJECTS + 3);
    }
    const expected = { mixed: MEAN_OBJECTS, S: MEAN_OBJECTS, L: 2, reduced: 3 }[variant];
    assert.ok(Math.abs(known / scenes - expected) < 0.05 * expected, `${known / scenes} a scene`);
  });
}

Deno.test("scenes of fewer objects and fewer classes keep to what is asked for", async () => {
  const { slugs, names } = await clevrDsClasses("mixed", 51);
  assert.equal(new Set(names).size, 51);
  const all = (await clevrDsClasses()).slugs;
  assert.deepEqual(slugs, all.filter((slug) => slugs.includes(slug)), "in the order of all");
  const random = createRandom("few"), scenes = 3000;
  let objects = 0;
  for (let i = 0; i < scenes; i++) objects += planScene(random, "mixed", slugs, [], 3).length;
  assert.ok(Math.abs(objects / scenes - 3) < 0.1, `${objects / scenes} a scene`);
  for (let i = 0; i < 100; i++) { // a class once an image: no more objects than classes
    assert.ok(planScene(random, "mixed", slugs.slice(0, 5), [], 25).length <= 5);
  }
});

Deno.test("the number of objects and of classes makes another data set", () =>
  withScenes({ seed: 6, images: 10, size: 200, objects: 3, classes: 20 }, async (directory) => {
    const dataset = await loadCoco(join(directory, "train.json"), join(directory, "images"));
    assert.equal(dataset.categories.length, 20);
    await assert.rejects(
      generateClevrDs(directory, { seed: 6, images: 10, size: 200, classes: 20 }),
      /holds scenes of another recipe/,
    );
  }));

Deno.test("statistics count what was generated", () =>
  withScenes({ seed: 6, images: 10, size: 200 }, async (directory) => {
    const dataset = await loadCoco(join(directory, "train.json"), join(directory, "images"));
    const statistics = datasetStatistics(dataset);
    const counts = dataset.images.map(({ objects }) => objects.length);
    assert.deepEqual(statistics.instancesPerImage, {
      mean: counts.reduce((a, b) => a + b) / counts.length,
      min: Math.min(...counts),
      max: Math.max(...counts),
    });
    assert.deepEqual(statistics.classesPerImage, statistics.instancesPerImage); // all different
    assert.equal(statistics.classes, 138);
    const binned = statistics.sides.reduce((sum, { objects }) => sum + objects, 0);
    assert.equal(binned, dataset.report.objects);
  }));

Deno.test("options out of range and folders of another recipe are refused", () =>
  withScenes({ seed: 1, images: 1, size: 200 }, async (directory) => {
    const refuse = (options: Partial<GenerateOptions>, why: RegExp) =>
      assert.rejects(
        generateClevrDs(directory, { seed: 1, images: 1, size: 200, ...options }),
        why,
      );
    await refuse({ images: 0 }, /images must be an integer from 1 to 999999, got 0/);
    await refuse({ size: 100 }, /size must be an integer from 160 to 1000, got 100/);
    await refuse({ variant: "XL" as "L" }, /variant must be one of mixed, S, L, reduced, got "XL"/);
    await refuse(
      { family: "crayons" as "noto" },
      /family must be one of fluent-3d, .*, got "crayons"/,
    );
    await refuse({ objects: 2 }, /objects must be a number from 3 to 25, got 2/);
    await refuse({ classes: 139 }, /classes must be an integer from 2 to 138, got 139/);
    await refuse({ variant: "reduced", classes: 20 }, /has objects and classes of its own/);
    await refuse({ seed: 2 }, /holds scenes of another recipe/);
    await refuse({ threads: 0 }, /threads must be .* got 0/);
    await refuse({ concurrency: 1.5 }, /concurrency must be .* got 1\.5/);
  }));

Deno.test("a family that lacks an object leaves nothing behind that would refuse another", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const options = { seed: 1, images: 1, size: 200 };
    for (const threads of [1, 2]) {
      const other = { ...options, threads, family: "fxemoji" } as const;
      await assert.rejects(generateClevrDs(directory, other), /family fxemoji does not draw/);
    }
    assert.equal((await generateClevrDs(directory, options)).drawn, 1);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
