import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { PACKED_PIXELS, packPixels } from "./image_graph.ts";
import { normalizationTable, normalizePatches, readPreprocessing } from "./preprocess.ts";
import { concat, fieldsOf, hold, holdInteger } from "./protobuf.ts";

const FOLDER = fileURLToPath(new URL("./testdata/random-clip", import.meta.url));
const preprocessing = readPreprocessing(
  JSON.parse(Deno.readTextFileSync(join(FOLDER, "preprocessor_config.json"))),
);
const S = preprocessing.size, B = 3;

/** Every byte in every channel and in every place of a word. // (B, S, S, 3) */
const bytes = Uint8Array.from({ length: B * S * S * 3 }, (_, i) => (i * 7 + (i >> 8)) % 256);

/** The same as the processor's tower takes them. // (B, 3, S, S) */
function normalised(): Float32Array {
  const pixels = new Float32Array(bytes.length);
  normalizePatches(bytes, 0, B, S, normalizationTable(preprocessing), pixels);
  return pixels;
}

async function run(model: Uint8Array, name: string, input: Tensor): Promise<Tensor> {
  const session = await InferenceSession.create(model);
  try {
    const outputs = await session.run({ [name]: input });
    return Object.values(outputs)[0] as Tensor;
  } finally {
    await session.release();
  }
}

const packed = () => new Tensor("uint32", new Uint32Array(bytes.buffer), [B, S * S * 3 / 4]);

/** A model of two nodes whose output is its input, in 16 bits at both ends. */
function halfModel(): Uint8Array {
  const sizes = [B, 3, S, S].map((n) => hold(1, holdInteger(1, n)));
  const tensor = concat([holdInteger(1, 10), hold(2, concat(sizes))]); // float16
  const end = (name: string) => concat([hold(1, name), hold(2, hold(1, tensor))]);
  const node = concat([hold(1, "pixel_values"), hold(2, "image_embeds"), hold(4, "Identity")]);
  const graph = concat([
    ...[hold(1, node), hold(2, "half")],
    ...[hold(11, end("pixel_values")), hold(12, end("image_embeds"))],
  ]);
  return concat([holdInteger(1, 8), hold(7, graph), hold(8, holdInteger(2, 18))]);
}

/** What goes to a device: in 32 bits, and of 16 bits inside with ends of 32. */
for (const [file, tolerance] of [["vision_model", 1e-5], ["vision_model_fp16", 1e-2]] as const) {
  Deno.test(`image graph: packed bytes have the vectors of normalised floats (${file})`, async () => {
    const read = (name: string) => Deno.readFile(join(FOLDER, `onnx/${name}.onnx`));
    const pixels = new Tensor("float32", normalised(), [B, 3, S, S]);
    const wanted = await run(await read("vision_model"), "pixel_values", pixels);
    const made = await run(
      packPixels(await read(file), preprocessing).bytes,
      PACKED_PIXELS,
      packed(),
    );
    assert.deepEqual([made.dims, made.type], [wanted.dims, "float32"]);
    const [a, b] = [made, wanted].map(({ data }) => data as Float32Array);
    const most = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const off = b.reduce((off, value, i) => Math.max(off, Math.abs(a[i] - value)), 0);
    assert.ok(most > 0.01 && off < tolerance * most, `off by ${off / most}`);
  });
}

Deno.test("image graph: 16-bit ends become 32-bit ones, pixel by pixel", async () => {
  const { bytes: model, renamed } = packPixels(halfModel(), preprocessing);
  assert.deepEqual([...renamed.values()], ["image_embeds"]);
  const made = await run(model, PACKED_PIXELS, packed());
  assert.equal(made.type, "float32");
  const values = made.data as Float32Array, wanted = normalised();
  for (let i = 0; i < wanted.length; i++) {
    assert.ok(Math.abs(values[i] - wanted[i]) <= 2 ** -11 * Math.max(1, Math.abs(wanted[i])));
  }
});

Deno.test("image graph: what is no such model is refused", async () => {
  const text = await Deno.readFile(join(FOLDER, "onnx/text_model.onnx"));
  assert.throws(() => packPixels(text, preprocessing), /no input pixel_values/);
  const model = await Deno.readFile(join(FOLDER, "onnx/vision_model.onnx"));
  assert.throws(() => packPixels(model.subarray(0, 5000), preprocessing), /longer than the whole/);
  assert.throws(() => packPixels(model, { ...preprocessing, size: 63 }), /63 px are no whole/);
  const parts = [...fieldsOf(model)];
  assert.deepEqual(concat(parts.map(({ whole }) => whole)), model); // nothing is lost by reading
});
