import assert from "node:assert/strict";
import { join } from "node:path";
import type { Dataset, DatasetImage } from "../datasets/mod.ts";
import { makeTiff } from "../images/testdata/tiff.ts";
import { extractFeatures } from "./extract.ts";
import { featureKey, featureKeyName } from "./key.ts";
import { openFeatures } from "./open.ts";
import { filesDataset, hashEncoder, withFolder, writeImages } from "./testing.ts";

const box = { left: 2, top: 2, width: 9, height: 9 };

/** Features of one image, 40 px wide, on the cover of its objects and on that of the whole image. */
async function extractOne(folder: string, image: Partial<DatasetImage>) {
  const paths = await writeImages(join(folder, "images"), 1, { side: 40 });
  const dataset = filesDataset(paths, () => [{ category: 0, box }]);
  Object.assign(dataset.images[0], image);
  const [objects, full] = await Promise.all(
    (["objects", "full"] as const).map((scheme) =>
      extractFeatures({
        dataset,
        cover: { scheme },
        encoder: hashEncoder(),
        cacheDir: join(folder, "cache", scheme),
      })
    ),
  );
  return { objects, full };
}

Deno.test("an image whose boxes were refused is covered as a whole, and as one without objects", () =>
  withFolder(async (folder) => {
    const { objects, full } = await extractOne(folder, { boxesRefused: true });
    for (const { imageIds, patches, ledger } of [objects, full]) {
      assert.deepEqual([imageIds.length, patches, ledger.length], [1, 1, 0]);
    }
  }));

Deno.test("boxes of an image that is decoded to another size are refused with both sizes", () =>
  withFolder(async (folder) => {
    const { objects, full } = await extractOne(folder, { width: 80, height: 80 });
    assert.equal(full.imageIds.length, 1);
    assert.equal(objects.imageIds.length, 0);
    const [{ reason, detail }] = objects.ledger;
    assert.equal(reason, "boxes are of another size than the image");
    assert.match(detail, /annotated as 80 x 80 px, decoded to 40 x \d+ px/);
  }));

Deno.test("bands and stretch of a data set are in the features and their key, and one line tells of bands left out", () =>
  withFolder(async (folder) => {
    const [width, height] = [12, 10], encoder = hashEncoder(), cover = { scheme: "full" } as const;
    const samples = (bands: number) =>
      Uint16Array.from({ length: width * height * bands }, (_, i) => 100 * (i % bands) + i);
    const paths = await Promise.all([4, 5, 3].map(async (bands) => {
      const path = join(folder, `${bands}.tif`);
      const parts = { width, height, photometric: 2, data: samples(bands) };
      await Deno.writeFile(path, makeTiff({ ...parts, extraSamples: Array(bands - 3).fill(0) }));
      return path;
    }));
    const extract = async (pixels?: Dataset["pixels"]) => {
      const lines: string[] = [];
      const dataset = { ...filesDataset(paths.slice(0, 2)), ...(pixels && { pixels }) };
      const options = { dataset, cover, encoder, cacheDir: join(folder, "cache") };
      const store = await extractFeatures({ ...options, onNote: (line) => lines.push(line) });
      assert.equal((await openFeatures(options)).folder, store.folder);
      return { store, lines: lines.toSorted() };
    };
    const plain = await extract();
    const short = (line: string) =>
      line.replace(/bands (1.*) are used.*/, "$1").replace(/the first [45]\.tif/, "the first …"); // whichever came first
    assert.deepEqual(plain.lines.map(short), [
      "2 images, the first …: 16-bit samples use their lower bits only and come out nearly black " +
      "(see the setting stretch)",
      "4.tif: 1, 2, 3 of 4",
      "5.tif: 1, 2, 3 of 5",
    ]);
    assert.deepEqual((await extract()).lines, []); // from the cache: nothing is decoded
    assert.equal(
      plain.store.folder.split("/").pop(),
      featureKeyName(featureKey({ cover, encoder })),
    );
    const stretched = await extract({ stretch: "percentile", bands: [3, 2, 1] });
    assert.deepEqual(stretched.lines, []);
    assert.notEqual(stretched.store.folder, plain.store.folder);
    assert.notDeepEqual(stretched.store.get("4.tif").features, plain.store.get("4.tif").features);
    assert.equal((await extract({ stretch: "none" })).store.folder, plain.store.folder);
  }));
