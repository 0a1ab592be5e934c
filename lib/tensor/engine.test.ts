import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { wantsCuda } from "./native/build.ts";
import { engine, type EngineName, loadEngine } from "./engine.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

/** Loads the engine in a process of its own, with an empty cache, and trains a number with it. */
async function inProcess(env: Record<string, string>, cacheDir: string) {
  const script = `
    import * as tf from "@tensorflow/tfjs-core";
    import { loadEngine } from "./lib/tensor/engine.ts";
    import { linear } from "./lib/tensor/ops/mod.ts";
    const engine = await loadEngine({ cacheDir: ${JSON.stringify(cacheDir)} });
    const w = tf.variable(tf.tensor2d([[2, 3]]));
    const { grads } = tf.variableGrads(() => tf.sum(linear(tf.tensor2d([[5, 7]]), w)), [w]);
    console.log(JSON.stringify({ ...engine, gradient: Array.from(grads[w.name].dataSync()) }));
  `;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    cwd: ROOT,
    env: { NO_COLOR: "1", DETAILCLIP_ENGINE: "", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { success, output: text(stdout), errors: text(stderr) };
}

/** What must hold when the native engine cannot be built, whatever the reason. */
async function assertFallsBack(env: Record<string, string>, reason: RegExp): Promise<void> {
  const cacheDir = await Deno.makeTempDir();
  try {
    const { success, output, errors } = await inProcess(env, cacheDir);
    assert.ok(success, errors);
    const { name, device, note, gradient } = JSON.parse(output.split("\n").at(-1)!);
    assert.equal(name, "wasm");
    assert.equal(device, "cpu");
    assert.match(note, reason);
    assert.deepEqual(gradient, [5, 7]);
    const lines = errors.split("\n").filter((line) => line.includes("tfjs-wasm"));
    assert.equal(lines.length, 1, errors);
    assert.match(lines[0], reason);
    const left = [...Deno.readDirSync(cacheDir)].map(({ name }) => name);
    assert.deepEqual(left, ["lock"], "nothing half done is left");
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
}

Deno.test("engine: without a compiler, tfjs-wasm and one line that says what to install", async () => {
  await assertFallsBack(
    { CXX: "no-such-compiler" },
    /there is no program no-such-compiler\. Install/,
  );
});

Deno.test("engine: without the wheel, tfjs-wasm and one line that says why", async () => {
  // `true` passes for a compiler, so that it is the wheel that is missing everywhere
  const env = {
    CXX: "true",
    PIP_NO_INDEX: "1",
    PIP_FIND_LINKS: "/nonexistent",
    PIP_CONFIG_FILE: "/dev/null",
  };
  await assertFallsBack(env, /Cannot (fetch libtensorflow|run pip)/);
});

Deno.test("engine: an engine that is asked for by name must be had", async () => {
  const env = { CXX: "no-such-compiler", DETAILCLIP_ENGINE: "native" };
  const cacheDir = await Deno.makeTempDir();
  const { success, errors } = await inProcess(env, cacheDir);
  assert.ok(!success);
  assert.match(errors, /Cannot compile the native engine's binding: there is no program/);
  const unknown = await inProcess({ DETAILCLIP_ENGINE: "gpu" }, cacheDir);
  assert.match(unknown.errors, /DETAILCLIP_ENGINE must be webgpu, native, wasm, got gpu/);
  await Deno.remove(cacheDir, { recursive: true });
});

Deno.test("engine: says what it is, loads once, and changes on request", async () => {
  const first = await loadEngine();
  assert.equal(await loadEngine(), first);
  const { name, version, gflops } = await engine();
  assert.equal(name, first.name);
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.ok(gflops > 0.1 && gflops < 1e6, `${gflops} GFLOP/s`);
  if (Deno.env.get("DETAILCLIP_ENGINE")) return;

  const x = tf.variable(tf.tensor1d([1, 2, 3]));
  assert.equal((await loadEngine({ prefer: "wasm" })).name, "wasm");
  assert.equal(tf.getBackend(), "wasm");
  assert.deepEqual(Array.from(tf.mul(x, 2).dataSync()), [2, 4, 6]); // variables move along
  assert.equal((await loadEngine()).name, "wasm");
  await loadEngine({ prefer: first.name });
  assert.deepEqual(Array.from(tf.mul(x, 2).dataSync()), [2, 4, 6]);
});

Deno.test("engine: a preference that is no engine's name is refused", async () => {
  const prefer = "cpu" as EngineName;
  await assert.rejects(loadEngine({ prefer }), /prefer must be webgpu, native, wasm, got cpu/);
});

Deno.test("engine: CUDA only on request", () => {
  const before = Deno.env.get("DETAILCLIP_CUDA");
  try {
    for (const [wish, wanted] of [["1", true], ["0", false], ["", false]] as const) {
      Deno.env.set("DETAILCLIP_CUDA", wish);
      assert.equal(wantsCuda(), wanted);
    }
    Deno.env.delete("DETAILCLIP_CUDA");
    assert.equal(wantsCuda(), false);
  } finally {
    if (before !== undefined) Deno.env.set("DETAILCLIP_CUDA", before);
  }
});
