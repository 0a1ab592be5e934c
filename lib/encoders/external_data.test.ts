import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { externalData } from "./external_data.ts";
import { DATA, inExternalFolder, RANDOM_CLIP, withExternalData } from "./external_testing.ts";
import { loadEncoder } from "./load.ts";
import { locateEncoder } from "./locate.ts";

/** The fingerprint and the vector of a grey image. */
async function look(folder: string): Promise<{ fingerprint: string; vector: Float32Array }> {
  const encoder = await loadEncoder(folder);
  try {
    const size = encoder.inputSize, data = new Uint8Array(3 * size * size).fill(128);
    const vector = await encoder.encodeImages({ count: 1, size, data });
    return { fingerprint: encoder.fingerprint, vector };
  } finally {
    await encoder.dispose();
  }
}

Deno.test("external data: equal models beside different weights have different fingerprints", () =>
  inExternalFolder(async (folder) => {
    const plain = await look(RANDOM_CLIP), first = await look(folder);
    assert.deepEqual(first.vector, plain.vector, "the weights are read, wherever they are");
    const path = join(folder, "onnx", DATA), weights = await Deno.readFile(path);
    const values = new Float32Array(weights.buffer);
    values.set(values.map((value) => -value));
    await Deno.writeFile(path, weights);
    const second = await look(folder);
    assert.notDeepEqual(second.vector, first.vector);
    assert.notEqual(second.fingerprint, first.fingerprint);
  }));

Deno.test("external data: found by what the model says, whatever the file is called", async () => {
  await inExternalFolder((folder) => {
    const model = join(folder, "onnx", "vision_model.onnx");
    assert.deepEqual(externalData(model), ["all weights.bin"]);
    return Promise.resolve();
  }, "./all weights.bin");
  assert.deepEqual(externalData(join(RANDOM_CLIP, "onnx", "vision_model.onnx")), []);
});

Deno.test("external data: a missing file is named before anything is loaded", () =>
  inExternalFolder(async (folder) => {
    await Deno.remove(join(folder, "onnx", DATA));
    await assert.rejects(locateEncoder(folder), ({ message }: Error) => {
      assert.ok(message.includes(`lacks onnx/${DATA}`), message);
      return true;
    });
  }));

Deno.test("external data: what lies outside the model's folder, and what is no model, is refused", () =>
  inExternalFolder(async (folder) => {
    const path = join(folder, "onnx", "vision_model.onnx");
    const { model } = withExternalData(
      await Deno.readFile(join(RANDOM_CLIP, "onnx", "vision_model.onnx")),
      "../../secret",
    );
    await Deno.writeFile(path, model);
    assert.throws(() => externalData(path), /outside its folder, in \.\.\/\.\.\/secret/);
    for (const length of [100, 5000, model.length - 1]) {
      await Deno.writeFile(path, model.subarray(0, length));
      assert.throws(() => externalData(path), /Cannot read .*vision_model\.onnx as an ONNX model/);
    }
  }));

Deno.test("a model that changes while it is in use is refused", () =>
  inExternalFolder(async (folder) => {
    const encoder = await loadEncoder(folder);
    try {
      const path = join(folder, "tokenizer.json");
      await Deno.writeTextFile(path, `${await Deno.readTextFile(path)}\n`);
      await assert.rejects(encoder.encodeTexts(["a boat"]), /tokenizer\.json of .* changed while/);
    } finally {
      await encoder.dispose();
    }
  }));

Deno.test("encoders leave nothing in the system's temporary directory", async () => {
  const folder = await mkdtemp(join(tmpdir(), "shared-"));
  try {
    const module = new URL("./load.ts", import.meta.url);
    const code = `const { loadEncoder } = await import(${JSON.stringify(module)});
      const encoder = await loadEncoder(${JSON.stringify(RANDOM_CLIP)});
      await encoder.encodeTexts(["a boat"]);
      await encoder.dispose();`;
    const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
    const { code: status, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", `--config=${config}`, code],
      env: { TMPDIR: folder },
    }).output();
    assert.equal(status, 0, new TextDecoder().decode(stderr));
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await rm(folder, { recursive: true });
  }
});
