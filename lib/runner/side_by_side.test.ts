import assert from "node:assert/strict";
import { join } from "node:path";
import { filesOf } from "../report/filing.ts";
import { readResults } from "../report/results.ts";
import type { ExperimentConfig } from "./config.ts";
import { runRetrieval } from "./run_retrieval.ts";
import { ownData, testConfig, withFolders } from "./testing.ts";

/** Every file under a folder with its text. */
function filesUnder(folder: string): [path: string, text: string][] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? filesUnder(path) : [[path, Deno.readTextFileSync(path)]];
  });
}

Deno.test("runs on own data of one name, with limits and another seed are all kept side by side", () =>
  withFolders(async (options) => {
    const folder = join(options.cacheDir, "own");
    const own = async (name: string, classes: string[]) => ({
      source: "coco" as const,
      ...await ownData(join(folder, name), classes),
    });
    const first = await own("a", ["red boat", "green car"]);
    const second = await own("b", ["cat", "dog", "bear"]);
    const configs = [
      ...[first, second, { ...first, limit: 2 }, { ...first, limit: 3 }]
        .map((dataset) => ({ ...testConfig({}), dataset }) as ExperimentConfig),
      { ...testConfig({ seed: 6 }), dataset: first },
    ];
    const resultsDir = join(options.cacheDir, "results");
    const asked = { ...options, resultsDir, keep: true }; // none of these is what an experiment defines
    const runs = [];
    for (const config of configs) runs.push(await runRetrieval(config, asked));
    assert.equal(new Set(runs.map(({ path }) => path)).size, configs.length);
    for (const { config, path, rows, provenance } of runs) {
      assert.equal(path, filesOf(config.name, config, options).rows);
      assert.ok(path.startsWith(join(options.runsDir, "test", "own", "smoke-")));
      const written = await readResults(path);
      assert.deepEqual(written.map(({ value }) => value), rows.map(({ value }) => value));
      assert.equal(written[0].configHash, provenance.configHash);
    }
    assert.deepEqual(runs.map(({ imageIds }) => imageIds.length), [4, 4, 2, 3, 4]);
    // once more: nothing there changes, not even the time at which it was measured
    const before = filesUnder(options.runsDir);
    await runRetrieval(configs[0], options);
    assert.deepEqual(filesUnder(options.runsDir), before);
    // annotations that changed in place: both runs are kept
    await own("a", ["red boat", "green car", "cat"]);
    const changed = await runRetrieval(configs[0], options);
    assert.equal(changed.provenance.configHash, runs[0].provenance.configHash);
    const after = new Map(filesUnder(options.runsDir));
    for (const [path, text] of before) assert.equal(after.get(path), text);
    assert.ok(after.has(changed.path) && changed.path !== runs[0].path);
  }));
