import assert from "node:assert/strict";
import { makeCover } from "../covers/mod.ts";
import { generateClevrDs, loadCoco } from "../datasets/mod.ts";
import { cutPatches, decodeImage } from "../images/mod.ts";
import { loadEncoder } from "./load.ts";
import { classPrompts } from "./prompts.ts";

const folder = new URL("../../data/encoders/tiny-clip/", import.meta.url);

Deno.test("the embedded encoder fits into 16 MB", async () => {
  let bytes = 0;
  for await (const { name } of Deno.readDir(new URL("onnx/", folder))) {
    bytes += (await Deno.stat(new URL(`onnx/${name}`, folder))).size;
  }
  assert.ok(bytes > 2 ** 20 && bytes <= 16_000_000, `${bytes} bytes`);
});

Deno.test("the embedded encoder tells crops of the 138 classes apart by their names", async () => {
  const directory = await Deno.makeTempDir();
  const encoder = await loadEncoder("tiny-clip");
  try {
    const { annotations, images } = await generateClevrDs(directory, {
      seed: 20261122, // a seed of no experiment and of no training
      images: 10,
      splits: ["train"],
    });
    const dataset = await loadCoco(annotations.train, images);
    const prompts = await classPrompts(encoder, dataset.categories, { templates: "single" });
    const { dim } = encoder;
    assert.deepEqual([dim, encoder.inputSize, prompts.length], [256, 64, 138 * 256]);
    let right = 0, present = 0, absent = 0, objects = 0;
    for (const { path, objects: own } of dataset.images) {
      const image = await decodeImage(path);
      const cover = makeCover({ scheme: "objects" }, { ...image, objects: own.map((o) => o.box) });
      const features = await encoder.encodeImages(
        await cutPatches(image, cover, encoder.preprocessing),
      );
      own.forEach(({ category }, i) => {
        const crop = features.subarray((i + 1) * dim, (i + 2) * dim); // patch 0 is the whole image
        const scores = dataset.categories.map((_, q) =>
          crop.reduce((sum, x, d) => sum + x * prompts[q * dim + d], 0)
        );
        objects++;
        if (scores.indexOf(Math.max(...scores)) === category) right++;
        present += scores[category];
        absent += scores.reduce((a, b) => a + b) - scores[category];
      });
    }
    assert.ok(objects > 40);
    assert.ok(right / objects >= 0.85, `${right} of ${objects} crops named right`);
    // cosines as low as CLIP's, so that one vector can carry many classes (DetailCLIP's premise)
    const [hit, miss] = [present / objects, absent / objects / 137];
    assert.ok(Math.abs(miss) < 0.05 && hit > 0.15 && hit < 0.5, `present ${hit}, absent ${miss}`);
  } finally {
    await encoder.dispose();
    await Deno.remove(directory, { recursive: true });
  }
});
