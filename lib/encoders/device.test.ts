import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hasGpu } from "../runtime/gpu.ts";
import { inExternalFolder, RANDOM_CLIP } from "./external_testing.ts";
import { loadEncoder } from "./load.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A Vulkan driver made of software, from Debian's chromium or from Chrome; onnxruntime takes no lavapipe. */
const SWIFTSHADER = ["/usr/lib/chromium", "/opt/google/chrome"]
  .map((folder) => `${folder}/vk_swiftshader_icd.json`).find((path) => existsSync(path));

/**
 * What the process of its own prints: two images on both devices, also with weights outside the model, and what is said
 * of a precision it lacks.
 */
const script = (external: string) => `
  import { loadEncoder } from "./lib/encoders/load.ts";
  const size = 64, data = Uint8Array.from({ length: 2 * size * size * 3 }, (_, i) => (i * 7919) % 251);
  const look = async (device, folder = ${JSON.stringify(RANDOM_CLIP)}) => {
    const encoder = await loadEncoder(folder, { device });
    const vectors = [...await encoder.encodeImages({ count: 2, size, data })];
    const texts = [...await encoder.encodeTexts(["a boat"])];
    const { device: on, fingerprint } = encoder;
    await encoder.dispose();
    return { vectors, texts, on, fingerprint };
  };
  const there = await look("webgpu");
  const half = await loadEncoder(${
  JSON.stringify(RANDOM_CLIP)
}, { device: "webgpu", dtype: "fp16" })
    .then(({ device }) => device, ({ message }) => message);
  const outside = await look("webgpu", ${JSON.stringify(external)});
  console.log(JSON.stringify({ here: await look("cpu"), there, outside, half }));
  Deno.exit(0);`;

Deno.test("webgpu: a tower on SwiftShader has the processor's vectors, and a fingerprint of its own", async () => {
  if (SWIFTSHADER === undefined) {
    const required = Deno.env.get("CI") && Deno.env.get("DETAILCLIP_SWIFTSHADER") === "required";
    assert.ok(!required, "CI must have SwiftShader");
    return console.log(
      "skipped on SwiftShader: neither chromium nor Chrome, which have it, is installed",
    );
  }
  let output = "", errors = "";
  await inExternalFolder(async (folder) => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", script(folder)],
      cwd: ROOT,
      env: { NO_COLOR: "1", VK_ICD_FILENAMES: SWIFTSHADER, VK_DRIVER_FILES: SWIFTSHADER },
    }).output();
    [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.ok(success, errors);
  });
  assert.equal(errors, "", "drivers say nothing");
  const { here, there, outside, half } = JSON.parse(output);
  assert.equal(here.on, undefined);
  assert.equal(there.on, "webgpu");
  assert.notEqual(there.fingerprint, here.fingerprint);
  assert.deepEqual(outside.vectors, there.vectors, "weights are read, wherever they are");
  assert.deepEqual(there.texts, here.texts); // always on the processor
  assert.equal(there.vectors.length, here.vectors.length);
  for (const [i, value] of here.vectors.entries()) {
    assert.ok(Math.abs(there.vectors[i] - value) < 1e-5, `value ${i}`);
  }
  assert.match(half, /^(webgpu|Cannot load encoder on webgpu: .*f16)/); // SwiftShader has no 16-bit floats: see image_graph.test.ts
});

Deno.test("device: auto is the processor where there is no GPU, with the features that are kept of it", async () => {
  if (await hasGpu()) return console.log("skipped: there is a GPU");
  const [auto, plain] = await Promise.all([
    loadEncoder(RANDOM_CLIP, { device: "auto" }),
    loadEncoder(RANDOM_CLIP),
  ]);
  assert.equal(auto.device, undefined);
  assert.equal(auto.fingerprint, plain.fingerprint);
  await Promise.all([auto.dispose(), plain.dispose()]);
});

Deno.test("device: what is none, int8, and what cannot be had are refused, and why is said", async () => {
  const unknown = loadEncoder(RANDOM_CLIP, { device: "gpu" as "cpu" });
  await assert.rejects(unknown, /device must be auto, cpu, webgpu, cuda, dml, coreml, got gpu/);
  const int8 = loadEncoder(RANDOM_CLIP, { device: "webgpu", dtype: "q8" });
  await assert.rejects(int8, /on webgpu: q8 is for the processor; use dtype fp16 or fp32/);
  if (await hasGpu()) return;
  const cuda = loadEncoder(RANDOM_CLIP, { device: "cuda" });
  await assert.rejects(cuda, /^Error: Cannot load encoder on cuda: .*CUDA files are not in its/s);
});
