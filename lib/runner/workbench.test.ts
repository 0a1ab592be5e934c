import assert from "node:assert/strict";
import type { CoverSpec } from "../covers/mod.ts";
import { testConfig, withFolders } from "./testing.ts";
import { openWorkbench } from "./workbench.ts";

const grid: CoverSpec = { scheme: "grid", n: 4 },
  complete: CoverSpec = { scheme: "complete", k: 4 };

const config = testConfig({
  dataset: { images: 20 },
  covers: [{ scheme: "full" }, { scheme: "objects" }, grid, complete],
});

Deno.test("workbench: the largest cover is encoded first, and smaller ones copy what they share with it", () =>
  withFolders(async ({ cacheDir, output }) => {
    const signal = new AbortController().signal;
    const bench = await openWorkbench(config, { cacheDir, output, signal });
    try {
      const stores = [];
      for (const cover of config.covers) stores.push(await bench.searched(cover));
      const stages = Object.keys(bench.seconds).filter((stage) => stage.startsWith("encode "));
      const names = ["cc@4", "grid@4", "full", "objects"];
      assert.deepEqual(stages, names.map((name) => `encode ${name}`));
      assert.deepEqual(stores.map(({ key }) => key.cover.scheme), [
        "full",
        "objects",
        "grid",
        "complete",
      ]);
      const [full, , cells, all] = stores;
      for (const id of all.imageIds) {
        const rows = all.get(id).features, own = cells.get(id).features;
        assert.deepEqual(full.get(id).features, rows.subarray(0, all.dim));
        // The cells of a grid are the last level of the Complete Cover.
        assert.deepEqual(own.subarray(all.dim), rows.subarray(rows.length - 16 * all.dim));
      }
    } finally {
      await bench.close();
    }
  }));
