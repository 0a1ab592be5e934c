import assert from "node:assert/strict";
import { join } from "node:path";
import type { DatasetImage } from "../datasets/mod.ts";
import { extractFeatures } from "./extract.ts";
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
