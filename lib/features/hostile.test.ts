import assert from "node:assert/strict";
import { join } from "node:path";
import { makeHostileFolder } from "../images/testdata/hostile.ts";
import { extractFeatures } from "./extract.ts";
import { filesDataset, hashEncoder, withFolder } from "./testing.ts";

Deno.test("extract: of a hostile folder every file is encoded or in the ledger with its reason", () =>
  withFolder(async (folder) => {
    const directory = join(folder, "images");
    await Deno.mkdir(directory);
    const files = await makeHostileFolder(directory);
    const dataset = filesDataset(files.map(({ path }) => path));
    const cover = { scheme: "complete", k: 3 } as const;
    const encoder = hashEncoder();
    const store = await extractFeatures({
      dataset,
      cover,
      encoder,
      cacheDir: join(folder, "cache"),
    });
    const outcome = files.map(({ name }) => {
      if (store.has(name)) {
        const { width, height } = store.get(name).boxes[0];
        return { name, size: [width, height] };
      }
      return { name, reason: store.ledger.find(({ image }) => image === name)?.reason };
    });
    const expected = files.map(({ name, size, reason }) =>
      size ? { name, size } : { name, reason }
    );
    assert.deepEqual(outcome, expected);
    assert.ok(expected.some(({ reason }) => reason) && expected.some(({ size }) => size));
  }));
