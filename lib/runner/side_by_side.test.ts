import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeJpeg } from "../images/mod.ts";
import { filesOf } from "../report/filing.ts";
import { readResults } from "../report/results.ts";
import type { ExperimentConfig } from "./config.ts";
import { runRetrieval } from "./run_retrieval.ts";
import { testConfig, withFolders } from "./testing.ts";

/** Four images of one colour each in a folder, and annotations of the whole of each. */
async function ownData(folder: string, classes: string[]): Promise<ExperimentConfig["dataset"]> {
  await Deno.mkdir(folder, { recursive: true });
  const images = [0, 1, 2, 3].map((id) => ({ id, file_name: `${id}.jpg`, width: 40, height: 40 }));
  for (const { id, file_name } of images) {
    const data = new Uint8Array(40 * 40 * 3).fill(60 * id + 10);
    const bytes = await encodeJpeg({ width: 40, height: 40, data }, 90);
    await Deno.writeFile(join(folder, file_name), bytes);
  }
  const annotations = join(folder, "own.json");
  const categories = classes.map((name, id) => ({ id, name }));
  const boxes = images.map(({ id }) => ({
    ...{ id, image_id: id, category_id: id % classes.length, bbox: [0, 0, 40, 40] },
  }));
  await Deno.writeTextFile(annotations, JSON.stringify({ images, categories, annotations: boxes }));
  return { source: "coco", annotations, root: folder };
}

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
    const first = await ownData(join(folder, "a"), ["red boat", "green car"]);
    const second = await ownData(join(folder, "b"), ["cat", "dog", "bear"]);
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
    await ownData(join(folder, "a"), ["red boat", "green car", "cat"]);
    const changed = await runRetrieval(configs[0], options);
    assert.equal(changed.provenance.configHash, runs[0].provenance.configHash);
    const after = new Map(filesUnder(options.runsDir));
    for (const [path, text] of before) assert.equal(after.get(path), text);
    assert.ok(after.has(changed.path) && changed.path !== runs[0].path);
  }));
