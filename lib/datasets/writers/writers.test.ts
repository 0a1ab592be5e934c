import assert from "node:assert/strict";
import { join } from "node:path";
import { createRandom, type Random } from "../../numeric/random.ts";
import { loadCoco } from "../coco.ts";
import { createDataset, type Dataset, type DatasetImage } from "../dataset.ts";
import { emptyReport } from "../report.ts";
import { loadDataset } from "../readers/load.ts";
import { cocoText } from "./coco.ts";
import { dotaLabels } from "./dota.ts";
import { soloFiles, soloFrame, soloPaths } from "./solo.ts";

const CATEGORIES = ["red apple", "tennis racket", "boat", "fox", "t-shirt"];

/** A data set by chance; boxes inside their images, in whole px or in quarters, which sums keep. */
function anyDataset(random: Random, { federated = false, whole = false } = {}): Dataset {
  const unit = whole ? 1 : 4;
  const number = (low: number, high: number) => random.integer(low * unit, high * unit) / unit;
  const some = () => CATEGORIES.map((_, i) => i).filter(() => random.next() < 0.4);
  const images = Array.from({ length: random.integer(1, 6) }, (_, i): DatasetImage => {
    const width = random.integer(20, 400), height = random.integer(20, 400);
    const objects = Array.from({ length: random.integer(0, 5) }, () => {
      const left = number(0, width - 8), top = number(0, height - 8);
      return {
        category: random.integer(0, CATEGORIES.length - 1),
        box: { left, top, width: number(1, width - left), height: number(1, height - top) },
        ...(random.next() < 0.3 && { size: random.pick(["small", "large"] as const) }),
      };
    });
    const lists = { absent: some(), ...(random.next() < 0.5 && { notExhaustive: [1, 3] }) };
    const id = `folder ${i % 2}/ü-${i}.jpg`;
    return { id, path: id, width, height, objects, ...(federated && lists) };
  });
  return createDataset({
    ...{ name: "any", categories: CATEGORIES, images, annotated: true, report: emptyReport() },
  });
}

/** Runs a test with a folder that is gone afterwards. */
async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const federated of [false, true]) {
  Deno.test(`${federated ? "LVIS" : "COCO"} annotations that are written are read back: all the same`, () =>
    withFolder(async (folder) => {
      let pairs = 0;
      for (let seed = 0; seed < 60; seed++) {
        const dataset = anyDataset(createRandom(`coco ${seed}`), {
          federated,
          whole: seed % 2 > 0,
        });
        const file = join(folder, `${seed}.json`);
        await Deno.writeTextFile(file, cocoText(dataset));
        const read = await loadCoco(file, folder, { keepMissing: true });
        assert.equal(read.fingerprint, dataset.fingerprint, `seed ${seed}`);
        assert.equal(read.report.clipped, 0);
        pairs += read.report.unjudgedPairs;
      }
      assert.equal(pairs > 100, federated);
    }));
}

Deno.test("SOLO frames that are written are read back: all the same", () =>
  withFolder(async (folder) => {
    for (let seed = 0; seed < 20; seed++) {
      const root = join(folder, `${seed}`);
      const { images } = anyDataset(createRandom(`solo ${seed}`), { whole: seed % 2 > 0 });
      const written = images.map(({ objects, ...image }, sequence) => ({
        ...{ ...image, id: soloPaths(sequence).image },
        objects: objects.map(({ category, box }) => ({ category, box })),
      }));
      for (const [sequence, { width = 0, height = 0, objects }] of written.entries()) {
        const path = join(root, soloPaths(sequence).frame);
        await Deno.mkdir(join(root, `sequence.${sequence}`), { recursive: true });
        const frame = { sequence, width, height, objects };
        await Deno.writeTextFile(path, soloFrame(frame, CATEGORIES));
      }
      for (const [name, text] of Object.entries(soloFiles(CATEGORIES, images.length))) {
        await Deno.writeTextFile(join(root, name), text);
      }
      const source = { source: "solo", annotations: root, root } as const;
      const read = await loadDataset(source, { keepMissing: true });
      assert.deepEqual(read.categories, CATEGORIES);
      const shown = read.images.map(({ path: _, ...image }) => image);
      assert.deepEqual(shown, written.map(({ path: _, ...image }) => image));
      assert.deepEqual([read.report.clipped, read.report.missingFrames ?? 0], [0, 0]);
    }
  }));

Deno.test("DOTA labels that are written are read back: classes, and corners in tenths of a pixel", () =>
  withFolder(async (folder) => {
    const categories = ["small vehicle", "ship", "fire engine"];
    for (let seed = 0; seed < 40; seed++) {
      const random = createRandom(`dota ${seed}`), root = join(folder, `${seed}`);
      const tenth = () => random.integer(-50, 5000) / 10;
      const objects = Array.from({ length: random.integer(1, 8) }, () => {
        const [x, y] = [tenth(), tenth()], side = random.integer(1, 400) / 10;
        const at = (i: number, j: number) =>
          [Math.round(10 * (x + i * side)) / 10, Math.round(10 * (y + j * side)) / 10] as const;
        const corners = [at(0, 0), at(1, 0.2), at(0.8, 1.2), at(-0.2, 1)] as const;
        return { category: random.integer(0, 2), corners };
      });
      await Deno.mkdir(join(root, "labelTxt"), { recursive: true });
      await Deno.writeTextFile(
        join(root, "labelTxt/scene.txt"),
        dotaLabels({ categories, objects }),
      );
      const source = { source: "dota", annotations: root, root } as const;
      const { images: [image], categories: names } = await loadDataset(source, {
        keepMissing: true,
      });
      const inside = objects.filter(({ corners }) =>
        Math.max(...corners.map(([px]) => px)) > 0 && Math.max(...corners.map(([, py]) => py)) > 0
      );
      assert.deepEqual(
        image.objects.map(({ category, corners }) => [names[category], corners]),
        inside.map(({ category, corners }) => [categories[category], corners]),
      );
    }
  }));
