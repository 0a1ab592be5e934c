import assert from "node:assert/strict";
import { makeCover } from "../covers/mod.ts";
import { generateClevrDs, loadCoco } from "../datasets/mod.ts";
import { cutPatches, decodeImage } from "../images/mod.ts";
import { createRandom } from "../numeric/random.ts";
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
    // as real CLIP's: a fifth for all, and not much more for what is there
    const [hit, miss] = [present / objects, absent / objects / 137];
    assert.ok(
      Math.abs(miss - 0.2) < 0.05 && hit - miss > 0.1 && hit - miss < 0.4,
      `${hit}, ${miss}`,
    );
  } finally {
    await encoder.dispose();
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("its common direction lifts the cosines of texts and changes no order of images", async () => {
  const own = await loadEncoder("tiny-clip");
  const plain = await loadEncoder("tiny-clip", { commonDirection: false });
  const { dim, inputSize: size } = own;
  try {
    const words = ["airplane", "bear", "key", "laptop", "kiwi fruit", "guitar"];
    const count = 12, random = createRandom(3);
    const data = new Uint8Array(count * 3 * size * size).map(() => random.integer(0, 255));
    const seen = async (encoder: typeof own) => {
      const prompts = await classPrompts(encoder, words, { templates: "imagenet" });
      const images = await encoder.encodeImages({ count, size, data });
      const cosine = (a: Float32Array, i: number, b: Float32Array, j: number) =>
        a.subarray(i * dim, i * dim + dim).reduce((sum, x, d) => sum + x * b[j * dim + d], 0);
      const pairs = words.flatMap((_, i) =>
        words.slice(i + 1).map((_, j) => cosine(prompts, i, prompts, i + 1 + j))
      );
      const scores = words.map((_, q) =>
        Array.from({ length: count }, (_, n) => cosine(prompts, q, images, n))
      );
      return { mean: pairs.reduce((a, b) => a + b) / pairs.length, scores };
    };
    const common = await seen(own), towers = await seen(plain);
    assert.ok(Math.abs(towers.mean) < 0.03 && Math.abs(common.mean - 0.49) < 0.03);
    // 0.7 and 0.3 along the direction; what is left of the lengths is a factor for all
    const factor = Math.sqrt(1 - 0.7 ** 2) * Math.sqrt(1 - 0.3 ** 2);
    common.scores.flat().forEach((score, i) =>
      assert.ok(Math.abs(score - (0.21 + factor * towers.scores.flat()[i])) < 2e-3)
    );
  } finally {
    await own.dispose();
    await plain.dispose();
  }
});
