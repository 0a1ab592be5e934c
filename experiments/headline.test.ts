import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { configHash, type ExperimentConfig, filesOf } from "detailclip";
import { stepsOf, unitConfigs, unitName, UNITS } from "./headline.ts";
import {
  nextOf,
  seedsFrame,
  trainedRow,
  unitsFrame,
  unitsMarkdown,
  unitStates,
} from "./headline_list.ts";
import { byImages } from "./geometry.ts";
import { CC10 } from "./recipes.ts";

/** Where the kept rows of a configuration are. */
const rowsIn = (config: ExperimentConfig, resultsDir?: string) =>
  filesOf(config.name, config, { keep: true, resultsDir }).rows;

Deno.test("units have names and files of their own", () => {
  const names = UNITS.map(unitName);
  assert.equal(new Set(names).size, UNITS.length);
  assert.deepEqual(names.slice(0, 2), ["common-1050-150", "common-7000-40"]);
  assert.ok(names.includes("plain-1050-150-seed-9"));
  const configs = UNITS.flatMap(unitConfigs), paths = configs.map((config) => rowsIn(config));
  assert.equal(new Set(configs.map((config) => configHash(config))).size, 2 * UNITS.length);
  assert.equal(new Set(paths).size, 2 * UNITS.length);
  assert.deepEqual(UNITS.slice(0, 2).map(stepsOf), [5250, 9360]);
});

Deno.test("a unit on cc@10 is an experiment of its own, at the paper's size", () => {
  const unit = UNITS.find((unit) => unitName(unit) === "common-7000-40-cc10")!;
  const [own] = unitConfigs(UNITS[1]), [config, all] = unitConfigs(unit);
  assert.equal(own.name, "headline_common_7000_40");
  assert.equal(config.name, "headline_common_7000_40_cc10");
  assert.equal(all.name, "headline_common_7000_40_cc10_2000");
  assert.deepEqual(config.dataset, own.dataset);
  assert.ok(config.dataset.source === "clevr-ds" && config.dataset.images === 10_000);
  assert.deepEqual(config.fusion![0].cover, CC10);
});

Deno.test("a unit searches the images of the quick scale, then all, after one training", () => {
  for (const unit of UNITS) {
    const [few, all] = unitConfigs(unit);
    const { name, dataset, ...rest } = few;
    assert.deepEqual({ ...rest, dataset: { ...dataset, limit: 2000 } }, {
      ...(({ name: _, ...config }: ExperimentConfig) => config)(all),
    });
    assert.equal(dataset.source === "clevr-ds" && dataset.limit, 300);
    assert.notEqual(name, all.name);
    assert.equal(few.learn?.train ?? 7000, unit.images);
    assert.equal(few.encoder.commonDirection, unit.geometry === "plain" ? false : undefined);
    assert.ok(few.fusion!.some(({ method }) => method === trainedRow(unit)));
  }
});

/** Writes what a unit leaves. */
async function writeUnit(
  config: ExperimentConfig,
  method: string,
  directory: string,
  { hash = configHash(config), recall = 0.5 } = {},
) {
  const path = rowsIn(config, directory);
  await Deno.mkdir(dirname(path), { recursive: true });
  const rows = [[method, recall], ["ceiling of the loss", 0.8]].flatMap(([method, value]) =>
    [1, 3, 5].map((k) => ({
      ...{ method, cover: "cc@5", metric: `recall@${k}`, value, low: value, high: value },
      ...{ subset: "all", vectors: 1, images: 300, classes: 138 },
    }))
  );
  await Deno.writeTextFile(path, rows.map((row) => JSON.stringify(row) + "\n").join(""));
  const training = { [method]: [{ epoch: 1, seconds: 90 }, { epoch: 2, seconds: 90 }] };
  const engine = { name: "native", version: "2.21.0", device: "cpu" },
    machine = "Some CPU, 2 cores";
  const about = { started: "2026-11-27T10:00:00Z", training, engine, machine, configHash: hash };
  await Deno.writeTextFile(path.replace(/jsonl$/, "run.json"), JSON.stringify(about));
}

Deno.test("the list says what is done, what it gave, and which command does the next", async () => {
  const directory = await mkdtemp(join(tmpdir(), "headline-"));
  try {
    assert.equal(nextOf(await unitStates(directory)), UNITS[0]);
    const [few, all] = unitConfigs(UNITS[0]);
    await writeUnit(few, trainedRow(UNITS[0]), directory);
    const half = await unitStates(directory);
    assert.equal(nextOf(half), UNITS[0]);
    assert.match(unitsFrame(half)[0]["R@1 / 3 / 5 on 300, %"] as string, /^50\.0/);
    await writeUnit(all, trainedRow(UNITS[0]), directory, { hash: "of another day" });
    assert.equal(nextOf(await unitStates(directory)), UNITS[0]);
    await writeUnit(all, trainedRow(UNITS[0]), directory);
    const states = await unitStates(directory);
    assert.equal(nextOf(states), UNITS[1]);
    const [, , done, next] = (await unitsMarkdown(directory)).split("\n");
    assert.match(done, /^\| common +\| cc@5 +\| 1,050 +\| 150 +\| 7 .*50\.0 \/ 50\.0 \/ 50\.0/);
    assert.match(done, /2026-11-27, 3 min, native, Some CPU +\|/);
    assert.match(next, /not run .*`deno task headline common-7000-40 --keep`/);
    assert.deepEqual(
      unitsFrame(states).map(({ command }) => command === ""),
      UNITS.map((_, i) => i === 0),
    );
    assert.deepEqual(
      byImages(states).map(({ x, series, recall }) => [x, series, recall]),
      [[1050, "ceiling of the loss", 80], [1050, "DetailCLIP, as published", 50]],
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

Deno.test("of several seeds the mean and the range are said, of one its number, of none that it is not run", async () => {
  const directory = await mkdtemp(join(tmpdir(), "headline-"));
  const spread = async () => {
    const lines = seedsFrame(await unitStates(directory));
    const line = lines.find(({ geometry, method }) =>
      geometry === "common" && method === trainedRow(UNITS[0])
    )!;
    return [line.seeds, line["R@1 on 300, %"], line["R@1 on 2,000, %"]];
  };
  try {
    const seeds = UNITS.filter(({ geometry, images, epochs }) =>
      geometry === "common" && images === 1050 && epochs === 150
    );
    assert.deepEqual(await spread(), ["none", "not run", "not run"]);
    const expected = [
      ["7", "50.0", "50.0"],
      ["7, 8", "55.0 (50.0–60.0)", "55.0 (50.0–60.0)"],
      ["7, 8, 9", "51.7 (45.0–60.0)", "51.7 (45.0–60.0)"],
    ];
    for (const [i, recall] of [0.5, 0.6, 0.45].entries()) {
      const [few, all] = unitConfigs(seeds[i]);
      await writeUnit(few, trainedRow(seeds[i]), directory, { recall });
      if (i > 0) assert.deepEqual(await spread(), expected[i - 1]); // half of a unit is not counted
      await writeUnit(all, trainedRow(seeds[i]), directory, { recall });
      assert.deepEqual(await spread(), expected[i]);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});
