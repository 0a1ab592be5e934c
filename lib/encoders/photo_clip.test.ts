import assert from "node:assert/strict";
import { makeCover } from "../covers/mod.ts";
import { cutPatches, decodeImage } from "../images/mod.ts";
import { conceptEncoder, distantQueries, vocabularyNotice } from "./concepts.ts";
import type { Encoder } from "./encoder.ts";
import { loadEncoder } from "./load.ts";
import { classPrompts } from "./prompts.ts";

const FOLDER = new URL("../../data/encoders/photo-clip/", import.meta.url);
const PHOTOS = new URL("../../data/photos/", import.meta.url);

async function withPhotoClip(test: (encoder: Encoder) => Promise<void>) {
  const encoder = await loadEncoder("photo-clip");
  try {
    await test(encoder);
  } finally {
    await encoder.dispose();
  }
}

const dot = (a: Float32Array, b: ArrayLike<number>) => a.reduce((sum, x, d) => sum + x * b[d], 0);

/** Row `i` of vectors of `dim` numbers. */
const row = (vectors: Float32Array, i: number, dim: number) =>
  vectors.subarray(i * dim, (i + 1) * dim);

/** The two images that tools/encoders/photo_clip/build.py draws: a gradient, an orange disc on blue. */
function drawn(size: number): Uint8Array {
  const data = new Uint8Array(2 * 3 * size * size);
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at += 3) {
      data.set([x, y, (x + y) >> 1], at);
      const inside = (x - 112) ** 2 + (y - 112) ** 2 < 80 ** 2;
      data.set(inside ? [230, 120, 20] : [30, 60, 200], 3 * size * size + at);
    }
  }
  return data;
}

/** What words score on the full images of photographs. */
async function scoresOf(encoder: Encoder, files: string[], words: string[]): Promise<number[][]> {
  const prompts = await classPrompts(encoder, words, { templates: "single" });
  const scores: number[][] = [];
  for (const file of files) {
    const image = await decodeImage(Deno.realPathSync(new URL(file, PHOTOS)));
    const cover = makeCover({ scheme: "full" }, { ...image, objects: [] });
    const vector = await encoder.encodeImages(
      await cutPatches(image, cover, encoder.preprocessing),
    );
    scores.push(words.map((_, q) => dot(vector, row(prompts, q, encoder.dim))));
  }
  return scores;
}

Deno.test("photo-clip's weights fit into 14 MiB", async () => {
  let bytes = 0;
  for await (const { name } of Deno.readDir(new URL("onnx/", FOLDER))) {
    bytes += (await Deno.stat(new URL(`onnx/${name}`, FOLDER))).size;
  }
  assert.ok(bytes > 2 ** 23 && bytes <= 14 * 2 ** 20, `${bytes} bytes`);
});

Deno.test("photo-clip gives nearly the vectors that PyTorch gives unquantised", async () => {
  const golden = JSON.parse(
    await Deno.readTextFile(new URL("testdata/photo-clip.json", import.meta.url)),
  );
  await withPhotoClip(async (encoder) => {
    const { dim, inputSize: size } = encoder;
    assert.deepEqual([dim, size, encoder.preprocessing.mode], [256, 224, "squash"]);
    const texts = await encoder.encodeTexts(golden.texts);
    assert.equal(golden.texts.length, 6);
    golden.text.forEach((expected: number[], i: number) => {
      const cosine = dot(row(texts, i, dim), expected);
      assert.ok(cosine > 0.99, `text ${i}: ${cosine}`);
    });
    const images = await encoder.encodeImages({ count: 2, size, data: drawn(size) });
    const cosines = (rows: number[][]) =>
      rows.map((expected, i) => dot(row(images, i, dim), expected));
    assert.equal(golden.int8.length, 2);
    for (const cosine of cosines(golden.int8)) assert.ok(cosine > 0.999, `${cosine}`);
    // plain colours are far from photographs: p is flat, and int8 turns the vector more than a photo's
    for (const cosine of cosines(golden.image)) assert.ok(cosine > 0.88, `${cosine}`);
  });
});

Deno.test("photo-clip finds photographs by word, also by words that ImageNet has no class for", async () => {
  const files = ["astronaut", "cat", "china", "coffee", "flower", "rocket"].map((f) => `${f}.jpg`);
  const classes = ["Egyptian cat", "bell cote", "espresso", "daisy", "missile"];
  const others = ["feline", "building", "beverage", "flower", "spacecraft"];
  const words = [...classes, ...others];
  await withPhotoClip(async (encoder) => {
    const scores = await scoresOf(encoder, files, words);
    const best = words.map((_, q) => {
      const column = scores.map((photo) => photo[q]);
      return files[column.indexOf(Math.max(...column))].replace(".jpg", "");
    });
    const right = ["cat", "china", "coffee", "flower", "rocket"];
    assert.deepEqual(best, [...right, ...right]);
  });
});

Deno.test("photo-clip's texts: a word lies nearer to its kinds than to other things", async () => {
  await withPhotoClip(async (encoder) => {
    const words = ["dog", "golden retriever", "dachshund", "dalmatian", "strawberry", "airliner"];
    const prompts = await classPrompts(encoder, words, { templates: "single" });
    const [dog, ...others] = words.map((_, i) => row(prompts, i, encoder.dim));
    const cosines = others.map((other) => dot(dog, other));
    assert.ok(Math.min(...cosines.slice(0, 3)) > Math.max(...cosines.slice(3)) + 0.1, `${cosines}`);
  });
});

Deno.test("photo-clip tells an image in concepts, whose names it has", async () => {
  await withPhotoClip(async (encoder) => {
    const { concepts, preprocessing } = encoder;
    assert.ok(concepts && encoder.imageConcepts && encoder.textConcepts);
    const image = await decodeImage(Deno.realPathSync(new URL("cat.jpg", PHOTOS)));
    const cover = makeCover({ scheme: "full" }, { ...image, objects: [] });
    const patches = await cutPatches(image, cover, preprocessing);
    const shares = await encoder.imageConcepts(patches);
    assert.equal(shares.length, concepts.image.length);
    assert.ok(Math.abs(shares.reduce((a, b) => a + b) - 1) < 1e-3);
    assert.match(concepts.image[shares.indexOf(Math.max(...shares))], /cat|tabby/);
    const roots = conceptEncoder(encoder);
    assert.deepEqual([roots.id, roots.dim], ["photo-clip-concepts", concepts.image.length]);
    assert.notEqual(roots.fingerprint, encoder.fingerprint);
    const vector = await roots.encodeImages(patches);
    assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-3);
    assert.ok(vector.every((root, c) => Math.abs(root ** 2 - shares[c]) < 1e-6));
    assert.throws(() => roots.encodeTexts(["a cat"]), /photo-clip-concepts encodes images alone/);
    await roots.dispose(); // the encoder stays
    const cosines = await encoder.textConcepts(["a photo of a goldfish"]);
    assert.equal(cosines.length, concepts.text.length);
    assert.equal(concepts.text[cosines.indexOf(Math.max(...cosines))], "goldfish");
  });
});

Deno.test("photo-clip says of which queries it has no word near", async () => {
  await withPhotoClip(async (encoder) => {
    const known = ["dog", "car", "umbrella", "banana", "vehicle"];
    assert.deepEqual(await distantQueries(encoder, known), []);
    assert.equal(await vocabularyNotice(encoder, known), undefined);
    const distant = await distantQueries(encoder, ["dog", "what is the meaning of life"]);
    assert.deepEqual(distant.map(({ query }) => query), ["what is the meaning of life"]);
    assert.equal(distant[0].nearest.length, 3);
    const said = await vocabularyNotice(encoder, ["people protesting against war"]);
    assert.match(
      said!,
      /^photo-clip knows .* no word near "people protesting against war" \(nearest: /,
    );
  });
});
