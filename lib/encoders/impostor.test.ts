import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { impostor } from "./impostor.ts";
import { loadEncoder } from "./load.ts";
import { EMBEDDED_IDS, encoderFiles, locateEncoder } from "./locate.ts";

const RANDOM_CLIP = fileURLToPath(new URL("./testdata/random-clip", import.meta.url));
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${
  "a".repeat(64)
}\nsize 207933\n`;

Deno.test("impostor: pointers and pages are told from what models have", async () => {
  const told = (text: string) => impostor(new TextEncoder().encode(text));
  assert.match(told(POINTER)!, /pointer of Git LFS/);
  for (
    const page of ["<!doctype html><p>", "\n<HTML lang=de>", '<?xml version="1.0"?>', "<Error>"]
  ) {
    assert.match(told(page)!, /page of HTML or XML/);
  }
  for (const text of ["", "{}", "<|startoftext|>", "version 2", "<headless"]) {
    assert.equal(told(text), undefined, text);
  }
  for (const id of EMBEDDED_IDS) {
    const folder = await locateEncoder(id); // looks at them
    for (const file of encoderFiles("fp32")) {
      assert.equal(impostor(await Deno.readFile(join(folder, file))), undefined, file);
    }
  }
});

Deno.test("impostor: a clone without Git LFS is refused with the file and what brings it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "impostor-" });
  try {
    await cp(RANDOM_CLIP, folder, { recursive: true });
    for (const file of ["onnx/vision_model.onnx", "tokenizer.json"]) {
      const path = join(folder, file), content = await Deno.readFile(path);
      await Deno.writeTextFile(path, POINTER);
      await assert.rejects(
        loadEncoder(folder),
        ({ message }: Error) =>
          message.startsWith(`Cannot use ${path}: it is a pointer of Git LFS`) &&
          message.endsWith("`git lfs pull` brings it"),
      );
      await Deno.writeFile(path, content);
    }
    await (await loadEncoder(folder)).dispose();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
