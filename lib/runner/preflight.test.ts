import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { missingPart } from "./preflight.ts";

const encoder = {
  id: fileURLToPath(new URL("../encoders/testdata/random-clip/", import.meta.url)),
  dtype: "fp32" as const,
};
const generated = {
  source: "clevr-ds" as const,
  variant: "mixed" as const,
  family: "fluent-3d" as const,
  images: 10,
  split: "test" as const,
  size: 100,
};

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("nothing is missing where encoder and data set are there", () =>
  inFolder(async (root) => {
    assert.equal(await missingPart({ encoder, dataset: generated }), undefined);
    const annotations = join(root, "annotations.json");
    await Deno.writeTextFile(annotations, ' {"images": []}\n');
    const dataset = { source: "coco" as const, annotations, root };
    assert.equal(await missingPart({ encoder, dataset }), undefined);
  }));

Deno.test("a hub id that is not placed, and a folder that lacks files, name them", () =>
  inFolder(async (folder) => {
    const hub = await missingPart({
      encoder: { ...encoder, id: "nobody/nothing" },
      dataset: generated,
    });
    assert.match(hub!, /nobody\/nothing.*onnx\/vision_model\.onnx/s);
    await Deno.writeTextFile(join(folder, "config.json"), "{}");
    const part = await missingPart({ encoder: { ...encoder, id: folder }, dataset: generated });
    assert.match(part!, /lacks onnx\/vision_model\.onnx, .*tokenizer\.json/);
    assert.doesNotMatch(part!, /lacks.* config\.json/);
  }));

Deno.test("annotations that are absent, cut off, empty or no JSON are named, and all faults together", () =>
  inFolder(async (root) => {
    const annotations = join(root, "annotations.json");
    const dataset = { source: "coco" as const, annotations, root };
    const fault = () => missingPart({ encoder, dataset });
    await Deno.mkdir(join(root, "nested"));
    assert.match(
      (await fault())!,
      /the folder .* is empty: it holds no image \(\.jpg, .*\.avif\)$/,
    );
    await Deno.writeTextFile(join(root, "nested", "a.jpg"), "");
    assert.equal(await fault(), `there is no file ${annotations}`);
    for (const text of ["", '{"images": [{"id": 1}, {"i', "version https://git-lfs", "<html>}"]) {
      await Deno.writeTextFile(annotations, text);
      assert.match((await fault())!, /is not whole JSON/, text);
    }
    const both = await missingPart({
      encoder: { ...encoder, id: "nobody/nothing" },
      dataset: { ...dataset, root: join(root, "gone"), val: { annotations: root, root } },
    });
    assert.match(both!, /not whole JSON.*no folder .*gone; there is no file .*nobody\/nothing/s);
  }));
