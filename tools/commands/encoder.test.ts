import assert from "node:assert/strict";
import { join } from "node:path";
import { withHub } from "../../lib/encoders/hub/testing.ts";
import { entriesIn } from "../../lib/runtime/files.ts";
import { EXPORTED_MODELS } from "../encoders/known_models.ts";
import { captureDeno, ROOT } from "../project.ts";

const RANDOM_CLIP = join(ROOT, "lib/encoders/testdata/random-clip");

/** Runs the task with a folder of models of its own. */
async function withTask(
  test: (run: (...args: string[]) => ReturnType<typeof captureDeno>) => Promise<void>,
) {
  const models = await Deno.makeTempDir({ prefix: "encoder-task-" });
  const env = { DETAILCLIP_MODELS: models, DETAILCLIP_TORCH_PYTHON: join(models, "none") };
  try {
    await test((...args) =>
      captureDeno(["run", "-A", "--no-check", "tools/commands/encoder.ts", ...args], { env })
    );
  } finally {
    await Deno.remove(models, { recursive: true });
  }
}

Deno.test("encoder: add brings a model with a line on its licence, list shows it, check opens it offline", async () => {
  await withTask(async (run) => {
    const id = "someone/random-clip";
    const missing = await run("check", id);
    assert.equal(missing.code, 1);
    assert.match(
      missing.output,
      /^error: .*; deno task encoder add someone\/random-clip brings them/m,
    );
    await withHub({ folder: RANDOM_CLIP, cardData: { license: "cc-by-nc-4.0" } }, async (seen) => {
      const first = await run("add", id);
      assert.equal(first.code, 0, first.output);
      assert.match(
        first.output,
        /cc-by-nc-4\.0 \(NOT for commercial use\) .*0\.4 MB in 6 files to /,
      );
      assert.match(first.output, /fp32 is in .*someone.random-clip\n$/);
      seen.length = 0;
      const again = await run("add", id);
      assert.deepEqual([again.code, seen], [0, []]);
      assert.equal((await run("add", id, "--dtype", "q8")).code, 0);
    });
    const list = await run("list");
    assert.match(list.output, /tiny-clip: .*part of this repository/);
    assert.match(list.output, /someone\/random-clip: fp32, q8, \d MB, licence cc-by-nc-4\.0/);
    assert.match(list.output, /Xenova\/clip-vit-base-patch32: /);
    assert.match(list.output, /RegionCLIP.*: export_open_clip\.py --layout regionclip /);
    const { code, output } = await run("check", id);
    assert.equal(code, 0, output);
    assert.match(output, /^shapes .*\(P, 3, 64, 64\) -> \(P, 32\); clip$/m);
    assert.match(output, /^fingerprint {2}[0-9a-f]{64}$/m);
    assert.match(output, /^speed .*\d ms an image, .*\d ms a text$/m);
    assert.match(
      output,
      /^int8 to fp32 cosine of images 0\.9\d+, of texts 0\.9\d+, the least of \d+/m,
    );
    assert.match(output, /^PyTorch {6}not installed/m);
  });
});

/** The bytes of the one file in a folder whose name ends so; 0 where there is none. */
async function sizeOfPart(folder: string): Promise<number> {
  const names = (await entriesIn(folder)).map(({ name }) => name);
  const part = names.find((name) =>
    name.startsWith("vision_model.onnx.") && name.endsWith(".part")
  );
  return part ? (await Deno.stat(join(folder, part))).size : 0;
}

Deno.test("encoder: an add that was killed goes on where it was", async () => {
  const models = await Deno.makeTempDir({ prefix: "encoder-task-" });
  const folder = join(models, "someone", "random-clip", "onnx");
  const command = () =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "tools/commands/encoder.ts", "add", "someone/random-clip"],
      cwd: ROOT,
      env: { DETAILCLIP_MODELS: models },
      stdout: "null",
      stderr: "null",
    }).spawn();
  const cuts = { ending: "vision_model.onnx", after: [70_000], hangs: true };
  try {
    await withHub({ folder: RANDOM_CLIP, cuts }, async (requests) => {
      const first = command();
      while (await sizeOfPart(folder) < 70_000) await new Promise((done) => setTimeout(done, 20));
      first.kill("SIGKILL");
      await first.status;
      requests.length = 0;
      assert.equal((await command().status).code, 0);
      assert.ok(requests.some(({ range }) => range === "bytes=70000-"));
      const whole = await Deno.readFile(join(RANDOM_CLIP, "onnx/vision_model.onnx"));
      assert.deepEqual(await Deno.readFile(join(folder, "vision_model.onnx")), whole);
      assert.equal(await sizeOfPart(folder), 0);
    });
  } finally {
    await Deno.remove(models, { recursive: true });
  }
});

Deno.test("encoder: what is listed for export is made by scripts that there are, with options that these take", async () => {
  for (const { script } of EXPORTED_MODELS) {
    const [file, ...options] = script.split(" ");
    const text = await Deno.readTextFile(join(ROOT, "tools/encoders", file));
    assert.match(text, /"--output"/, file);
    for (const option of options.filter((word) => word.startsWith("--"))) {
      assert.ok(text.includes(`"${option}"`), `${file} ${option}`);
    }
  }
});

Deno.test("encoder: a call that cannot be meant ends with 2 and says how to call it", async () => {
  await withTask(async (run) => {
    for (
      const args of [["remove", "x"], ["add"], ["check", "a", "b"], ["list", "x"], [
        "add",
        "x",
        "--dtype",
        "q4",
      ]]
    ) {
      const { code, output } = await run(...args);
      assert.equal(code, 2, args.join(" "));
      assert.match(output, /Usage: deno task encoder/);
    }
    const { code, output } = await run("add", "no such thing");
    assert.equal(code, 1);
    assert.match(output, /neither embedded \(.*\), nor a folder, nor a hub id/);
  });
});
