import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addEncoder } from "./add.ts";
import { REVISION, withHub } from "./hub/testing.ts";
import { loadEncoder } from "./load.ts";
import { encoderFiles, locateEncoder } from "./locate.ts";

const RANDOM_CLIP = fileURLToPath(new URL("./testdata/random-clip", import.meta.url));

async function inTemporaryFolder(test: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "locate-"));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("a hub id is found in the folder of models, without the network", async () => {
  await inTemporaryFolder(async (modelsDir) => {
    await mkdir(join(modelsDir, "someone"));
    await cp(RANDOM_CLIP, join(modelsDir, "someone", "random-clip"), { recursive: true });
    await withHub({ folder: RANDOM_CLIP }, async (requests) => {
      const folder = await locateEncoder("someone/random-clip", { modelsDir, remote: true });
      assert.equal(folder, join(modelsDir, "someone", "random-clip"));
      assert.deepEqual(requests, []);
    });
  });
});

Deno.test("a missing model: the error has the one command that brings it; nothing is downloaded unasked", async () => {
  await inTemporaryFolder(async (modelsDir) => {
    await withHub({ folder: RANDOM_CLIP }, async (requests) => {
      const messageOf = async (options: Parameters<typeof loadEncoder>[1]) => {
        const loading = loadEncoder("someone/random-clip", { modelsDir, ...options });
        return (await loading.then(() => assert.fail(), (error: Error) => error)).message;
      };
      const message = await messageOf({ dtype: "q8" });
      for (const part of [...encoderFiles("q8"), join(modelsDir, "someone/random-clip")]) {
        assert.ok(message.includes(part), message);
      }
      assert.match(message, /; deno task encoder add someone\/random-clip --dtype q8 brings them$/);
      assert.match(
        await messageOf({}),
        /; deno task encoder add someone\/random-clip brings them$/,
      );
      assert.deepEqual(requests, []);
      assert.deepEqual(await readdir(modelsDir), []);
    });
  });
});

Deno.test("addEncoder downloads the files once, then all works offline", async () => {
  await inTemporaryFolder(async (modelsDir) => {
    await withHub({ folder: RANDOM_CLIP }, async (requests) => {
      const options = { modelsDir, output: "silent" } as const;
      const folder = await addEncoder("someone/random-clip", options);
      assert.equal(folder, join(modelsDir, "someone", "random-clip"));
      const asked = requests.length;
      await addEncoder("someone/random-clip", options);
      const encoder = await loadEncoder("someone/random-clip", { modelsDir });
      assert.equal((await encoder.encodeTexts(["boat"])).length, 32);
      await encoder.dispose();
      assert.equal(requests.length, asked);
      const files = encoderFiles("fp32").map((file) => join("someone/random-clip", file));
      const found = await readdir(modelsDir, { recursive: true, withFileTypes: true });
      assert.equal(found.filter((entry) => entry.isFile()).length, files.length + 1); // source.json
      await assert.rejects(addEncoder("someone/else", options), /Cannot get .*404: someone\/else/);
    });
  });
});

Deno.test("another precision comes from the same revision, and only what is missing of it", async () => {
  await inTemporaryFolder(async (modelsDir) => {
    await withHub({ folder: RANDOM_CLIP }, async (requests) => {
      const options = { modelsDir, output: "silent" } as const;
      await addEncoder("someone/random-clip", options);
      requests.length = 0;
      await addEncoder("someone/random-clip", { ...options, dtype: "q8" });
      assert.match(requests[0].path, new RegExp(`/revision/${REVISION}$`));
      const asked = requests.filter(({ path }) => path.includes("/resolve/"));
      assert.deepEqual(
        asked.map(({ path }) => path.split("/").at(-1)).sort(),
        ["text_model_quantized.onnx", "vision_model_quantized.onnx"],
      );
    });
  });
});

Deno.test("an id that is nothing, and a folder that lacks files, are refused with reasons", async () => {
  await assert.rejects(locateEncoder("no such thing"), /neither embedded \(tiny-clip\), nor/);
  await assert.rejects(locateEncoder("owner/../../etc"), /nor a hub id/);
  await assert.rejects(
    locateEncoder("./no/such"),
    /lacks onnx\/vision_model\.onnx, .*export_encoder/,
  );
  await assert.rejects(
    locateEncoder(RANDOM_CLIP, { dtype: "q4" as "q8" }),
    /dtype must be fp32, fp16 or q8, got q4/,
  );
});
