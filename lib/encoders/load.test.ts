import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { createRandom } from "../numeric/random.ts";
import type { PatchBatch } from "../images/mod.ts";
import { noticesOf } from "../runtime/testing.ts";
import type { Encoder, EncoderDtype } from "./encoder.ts";
import { int8Saturates, int8SaturatesHere } from "./int8.ts";
import { loadEncoder } from "./load.ts";
import { quantizesByRun } from "./dynamic_quantization.ts";
import { scopeNotice } from "./scope.ts";
import { normalizationTable, normalizePatches, readPreprocessing } from "./preprocess.ts";
import golden from "./testdata/random-clip/golden.json" with { type: "json" };

const RANDOM_CLIP = fileURLToPath(new URL("./testdata/random-clip", import.meta.url));
/** int8 files as the hub has them, of the same weights. */
const DYNAMIC = fileURLToPath(new URL("./testdata/random-clip-dynamic", import.meta.url));

/** Runs a test with an encoder and disposes it. */
async function withEncoder(
  options: Parameters<typeof loadEncoder>[1],
  test: (encoder: Encoder) => Promise<void>,
  id = RANDOM_CLIP,
) {
  const encoder = await loadEncoder(id, options);
  try {
    await test(encoder);
  } finally {
    await encoder.dispose();
  }
}

async function inTemporaryFolder(test: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "encoders-"));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs a test with a folder that holds the int8 files of the hub's kind. */
async function withDynamic(test: (folder: string) => Promise<void>) {
  await inTemporaryFolder(async (folder) => {
    await cp(RANDOM_CLIP, folder, { recursive: true });
    await cp(DYNAMIC, folder, { recursive: true });
    await test(folder);
  });
}

/** Images of noise with different contrasts, so that their ranges differ. */
function noise(count: number, size: number, seed = 1): PatchBatch {
  const random = createRandom(seed), area = 3 * size * size;
  const data = new Uint8Array(count * area);
  for (let i = 0; i < data.length; i++) {
    data[i] = random.integer(0, 15 + 240 * (Math.floor(i / area) % 3) / 2);
  }
  return { count, size, data };
}

function batchOf({ size, data }: PatchBatch, from: number, to: number): PatchBatch {
  const area = 3 * size * size;
  return { count: to - from, size, data: data.subarray(from * area, to * area) };
}

function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}

function minCosine(a: Float32Array, b: ArrayLike<number>, dim: number): number {
  assert.equal(a.length, b.length);
  let least = 1;
  for (let row = 0; row < a.length; row += dim) {
    let dot = 0;
    for (let i = row; i < row + dim; i++) dot += a[i] * b[i];
    least = Math.min(least, dot);
  }
  return least;
}

const goldenImages: PatchBatch = {
  count: golden.shape[0],
  size: golden.shape[1],
  data: Uint8Array.from(atob(golden.images), (char) => char.charCodeAt(0)),
};

Deno.test("the same weights in PyTorch give the same vectors", async () => {
  await withEncoder({}, async (encoder) => {
    assert.equal(encoder.dim, 32);
    assert.equal(encoder.inputSize, 64);
    assert.deepEqual([encoder.preprocessing.mode, encoder.preprocessing.size], ["clip", 64]);
    const images = await encoder.encodeImages(goldenImages);
    const texts = await encoder.encodeTexts(golden.texts);
    assert.ok(maxDifference(images, golden.image.flat()) < 1e-4);
    assert.ok(maxDifference(texts, golden.text.flat()) < 1e-4);
    // The inputs tell: vectors of different inputs are far apart, so that a mix-up would show.
    assert.ok(maxDifference(images.subarray(0, 32), images.subarray(32, 64)) > 0.1);
    assert.ok(maxDifference(texts.subarray(0, 32), texts.subarray(32, 64)) > 0.1);
  });
});

const SATURATES = int8SaturatesHere();

for (
  const [dtype, least] of [["fp16", 0.9999], ["q8", SATURATES ? 0.95 : 0.999]] as [
    EncoderDtype,
    number,
  ][]
) {
  Deno.test(`${dtype} stays close to PyTorch`, async () => {
    await withEncoder({ dtype }, async (encoder) => {
      const images = await encoder.encodeImages(goldenImages);
      const texts = await encoder.encodeTexts(golden.texts);
      const cosine = minCosine(images, golden.image.flat(), 32);
      const textCosine = minCosine(texts, golden.text.flat(), 32);
      assert.ok(cosine > least && textCosine > least, `${cosine}, ${textCosine}`);
      assert.ok(cosine < 1 - 1e-12 || textCosine < 1 - 1e-12, "these are not the fp32 weights");
    });
  });
}

/** 32 images and texts give the same vectors however they are grouped into calls. */
async function assertNoBatchFelt(encoder: Encoder) {
  const patches = noise(32, 64);
  const texts = Array.from({ length: 32 }, (_, i) => `${"boat ".repeat(i % 5)}number ${i}`);
  const images = await encoder.encodeImages(patches);
  const queries = await encoder.encodeTexts(texts);
  assert.equal(images.length, 32 * encoder.dim);
  for (let row = 0; row < images.length; row += encoder.dim) {
    const norm = Math.hypot(...images.subarray(row, row + encoder.dim));
    assert.ok(Math.abs(norm - 1) < 1e-6);
  }
  for (const size of [1, 7, 19]) {
    for (let from = 0; from < 32; from += size) {
      const to = Math.min(32, from + size);
      const some = await encoder.encodeImages(batchOf(patches, from, to));
      const few = await encoder.encodeTexts(texts.slice(from, to));
      const range = [from * encoder.dim, to * encoder.dim] as const;
      assert.ok(maxDifference(some, images.subarray(...range)) <= 1e-5);
      assert.ok(maxDifference(few, queries.subarray(...range)) <= 1e-5);
    }
  }
}

for (const dtype of ["fp32", "fp16", "q8"] as const) {
  Deno.test(`${dtype}: any batch size gives the same unit vectors`, async () => {
    await withEncoder({ dtype }, assertNoBatchFelt);
  });
}

Deno.test("int8 of the hub's kind: any batch size gives the same unit vectors, close to PyTorch's", async () => {
  await withDynamic(async (folder) => {
    await withEncoder({ dtype: "q8" }, async (encoder) => {
      await assertNoBatchFelt(encoder);
      const images = await encoder.encodeImages(goldenImages);
      const texts = await encoder.encodeTexts(golden.texts);
      const least = SATURATES ? 0.95 : 0.98;
      assert.ok(minCosine(images, golden.image.flat(), 32) > least);
      assert.ok(minCosine(texts, golden.text.flat(), 32) > least);
    }, folder);
  });
});

Deno.test("which int8 models feel what they are run with is told by their files", async () => {
  const file = (folder: string, part: string) => join(folder, `onnx/${part}_model_quantized.onnx`);
  for (const part of ["vision", "text"]) {
    assert.equal(await quantizesByRun(file(RANDOM_CLIP, part)), false);
    assert.equal(await quantizesByRun(file(DYNAMIC, part)), true);
  }
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "big");
    for (const before of [0, 2 ** 22 - 5, 2 ** 22, 2 ** 23]) { // also across the border of two reads
      await writeFile(path, "x".repeat(before) + "DynamicQuantizeLinear" + "x".repeat(9));
      assert.equal(await quantizesByRun(path), true);
    }
    await writeFile(path, "DynamicDynamicQuantis");
    assert.equal(await quantizesByRun(path), false);
  });
});

/** The vectors of `pixels` from a session of onnxruntime that runs them all together. */
async function runTogether(path: string, pixels: Float32Array, count: number, size: number) {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 });
  const feeds = { pixel_values: new Tensor("float32", pixels, [count, 3, size, size]) };
  const { image_embeds } = await session.run(feeds);
  await session.release();
  return image_embeds.data as Float32Array;
}

Deno.test("int8 of the hub's kind depends on neither micro-batches nor threads, unlike a plain run", async () => {
  await withDynamic(async (folder) => {
    const patches = noise(8, 64);
    const encode = async (options: Parameters<typeof loadEncoder>[1]) => {
      let vectors = new Float32Array();
      await withEncoder({ dtype: "q8", ...options }, async (encoder) => {
        vectors = await encoder.encodeImages(patches) as Float32Array<ArrayBuffer>;
      }, folder);
      return vectors;
    };
    const expected = await encode({ threads: 1, microBatch: 1 });
    for (const [threads, microBatch] of [[1, 8], [2, 3], [3, 8]]) {
      assert.ok(maxDifference(await encode({ threads, microBatch }), expected) <= 1e-5);
    }
    // The same model with all images in one run: what running them one by one is there to avoid.
    const preprocessing = readPreprocessing(
      JSON.parse(await Deno.readTextFile(join(RANDOM_CLIP, "preprocessor_config.json"))),
    );
    const pixels = new Float32Array(patches.data.length);
    normalizePatches(patches.data, 0, 8, 64, normalizationTable(preprocessing), pixels);
    const path = join(folder, "onnx/vision_model_quantized.onnx");
    const together = await runTogether(path, pixels, 8, 64);
    const norm = Math.hypot(...together.subarray(0, 32));
    const first = Array.from(together.subarray(0, 32), (value) => value / norm);
    assert.ok(maxDifference(first, expected.subarray(0, 32)) > 1e-5);
  });
});

Deno.test("nothing in, nothing out", async () => {
  await withEncoder({}, async (encoder) => {
    const none = await encoder.encodeImages({ count: 0, size: 64, data: new Uint8Array(0) });
    assert.equal(none.length, 0);
    assert.equal((await encoder.encodeTexts([])).length, 0);
  });
});

Deno.test("calls at the same time do not disturb each other", async () => {
  await withEncoder({ microBatch: 2 }, async (encoder) => {
    const a = noise(5, 64, 1), b = noise(5, 64, 2);
    const [first, second] = [await encoder.encodeImages(a), await encoder.encodeImages(b)];
    const both = await Promise.all([encoder.encodeImages(a), encoder.encodeImages(b)]);
    assert.deepEqual(both, [first, second]);
  });
});

Deno.test("an aborted call stops between micro-batches and leaves the encoder usable", async () => {
  await withEncoder({ microBatch: 1 }, async (encoder) => {
    const controller = new AbortController(), reason = new Error("enough");
    const patches = noise(2000, 64);
    const call = encoder.encodeImages(patches, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(call, reason);
    await assert.rejects(
      encoder.encodeTexts(["boat"], { signal: AbortSignal.abort(reason) }),
      reason,
    );
    assert.equal((await encoder.encodeTexts(["boat"])).length, encoder.dim);
  });
});

Deno.test("images of another size, and a disposed encoder, are refused", async () => {
  const encoder = await loadEncoder(RANDOM_CLIP);
  const small = { count: 1, size: 32, data: new Uint8Array(3 * 32 * 32) };
  await assert.rejects(encoder.encodeImages(small), /takes 64 px, got patches of 32 px/);
  const short = { count: 2, size: 64, data: new Uint8Array(5) };
  await assert.rejects(encoder.encodeImages(short), /need 24576 bytes, got 5/);
  await encoder.dispose();
  await encoder.dispose();
  await assert.rejects(encoder.encodeTexts(["boat"]), /was disposed/);
});

Deno.test("the fingerprint follows weights and settings, not the folder", async () => {
  const print = async (...args: Parameters<typeof loadEncoder>) => {
    const encoder = await loadEncoder(...args);
    await encoder.dispose();
    return encoder.fingerprint;
  };
  const original = await print(RANDOM_CLIP);
  assert.match(original, /^[0-9a-f]{64}$/);
  assert.notEqual(await print(RANDOM_CLIP, { dtype: "q8" }), original);
  assert.notEqual(await print(RANDOM_CLIP, { preprocessing: "squash" }), original);
  await inTemporaryFolder(async (folder) => {
    await cp(RANDOM_CLIP, folder, { recursive: true });
    assert.equal(await print(folder), original);
    const path = join(folder, "preprocessor_config.json");
    const config = JSON.parse(await Deno.readTextFile(path));
    await writeFile(path, JSON.stringify({ ...config, image_mean: [0.5, 0.5, 0.5] }));
    assert.notEqual(await print(folder), original);
  });
});

Deno.test("a model of another family is named in the refusal", async () => {
  await inTemporaryFolder(async (folder) => {
    await cp(RANDOM_CLIP, folder, { recursive: true });
    await writeFile(join(folder, "config.json"), JSON.stringify({ model_type: "bert" }));
    await assert.rejects(
      loadEncoder(folder),
      /model_type must be one of clip, siglip, jina_clip, got bert/,
    );
    await writeFile(join(folder, "config.json"), "{ not json");
    await assert.rejects(loadEncoder(folder), /Cannot read .*config\.json/);
  });
});

Deno.test("damaged weights, and a nonsensical micro-batch, are refused", async () => {
  await inTemporaryFolder(async (folder) => {
    await cp(RANDOM_CLIP, folder, { recursive: true });
    for (const name of ["vision_model", "vision_model_quantized"]) {
      await writeFile(join(folder, `onnx/${name}.onnx`), "not a model");
    }
    await assert.rejects(loadEncoder(folder), /vision_model\.onnx/);
    await assert.rejects(loadEncoder(folder, { dtype: "q8" }), /vision_model_quantized\.onnx/);
  });
  await assert.rejects(loadEncoder(RANDOM_CLIP, { microBatch: 0 }), /positive integer, got 0/);
});

Deno.test("int8 saturates on x86 without VNNI, and nothing is said of other processors", () => {
  const x86 = (flags: string) =>
    `processor\t: 0\nflags\t\t: fpu sse avx2 ${flags}\nbugs\t\t: spectre\n`;
  assert.equal(int8Saturates(x86("avx512f")), true);
  assert.equal(int8Saturates(x86("avx512_vnni")), false);
  assert.equal(int8Saturates(x86("avx_vnni serialize")), false);
  assert.equal(int8Saturates(x86("avx_vnni_int16")), true); // another instruction
  assert.equal(int8Saturates("Features\t: fp asimd\n"), false); // ARM
  for (const nothing of [undefined, ""]) assert.equal(int8Saturates(nothing), false);
});

Deno.test("an int8 model on such a processor says so in a line; fp32 and other processors do not", async () => {
  const load = (dtype: EncoderDtype) => noticesOf(() => withEncoder({ dtype }, async () => {}));
  assert.deepEqual(await load("fp32"), []);
  const said = await load("q8");
  assert.equal(said.length, SATURATES ? 1 : 0);
  if (SATURATES) assert.match(said[0], /^note: .*random-clip with dtype q8: .*no VNNI.*[^\n]$/);
});

Deno.test("a folder says that its encoder knows drawn objects only, which changes no fingerprint", async () => {
  await inTemporaryFolder(async (folder) => {
    await cp(RANDOM_CLIP, folder, { recursive: true });
    const load = async () => {
      let seen: Pick<Encoder, "drawnOnly" | "fingerprint"> | undefined;
      await withEncoder({}, async ({ drawnOnly, fingerprint }) => {
        seen = await Promise.resolve({ drawnOnly, fingerprint });
      }, folder);
      return seen!;
    };
    const plain = await load();
    await writeFile(join(folder, "scope.json"), '{ "drawnOnly": "3 shapes" }');
    const scoped = await load();
    assert.deepEqual([plain.drawnOnly, scoped.drawnOnly], [undefined, "3 shapes"]);
    assert.equal(scoped.fingerprint, plain.fingerprint);
  });
  const photos = { name: "photos" };
  assert.equal(scopeNotice({ id: "clip" }, photos), undefined);
  const tiny = { id: "tiny-clip", drawnOnly: "138 classes" };
  assert.equal(scopeNotice(tiny, { ...photos, drawn: true }), undefined);
  assert.match(scopeNotice(tiny, photos)!, /^tiny-clip knows drawn .*138 classes.*photos.*Xenova/);
});
