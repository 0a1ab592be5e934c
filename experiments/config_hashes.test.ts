/**
 * Numbers that are committed belong to the configurations that stand in this folder.
 *
 * @module
 */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import {
  checkConfig,
  configHash,
  configure,
  type ExperimentConfig,
  type ExperimentDefinition,
  type Provenance,
  readResults,
  RESULTS_DIR,
  SCALES,
} from "detailclip";
import { adapters } from "./adapters.ts";
import { MEMBERS as choosingK } from "./choosing_k.ts";
import { completeCoverExperiment } from "./complete_cover.ts";
import { dataSets } from "./data_sets.ts";
import { pairsOf } from "./encoders_pairs.ts";
import { equalPatches } from "./equal_patches.ts";
import { fusion, withoutWords } from "./fusion.ts";
import { hyperparameters, searchAt } from "./hyperparameters.ts";
import { MEMBERS as mainResult } from "./main_result.ts";
import { MEMBERS as objectsAndClasses } from "./objects_and_classes.ts";
import { MEMBERS as patchCount } from "./patch_count.ts";
import { MEMBERS as patchSchemes } from "./patch_schemes.ts";
import { scaleSensitivity } from "./scale_sensitivity.ts";
import { similarity } from "./similarity.ts";
import { timeAndMemory } from "./time_and_memory.ts";
import { unseenWords } from "./unseen_words.ts";

const DEFINITIONS: ExperimentDefinition[] = [
  ...[adapters, completeCoverExperiment, dataSets, equalPatches, fusion, withoutWords],
  ...[hyperparameters, scaleSensitivity, similarity, timeAndMemory, unseenWords],
  ...[choosingK, mainResult, objectsAndClasses, patchCount, patchSchemes].flat()
    .map(({ definition }) => definition),
];

/** The committed runs at the quick scale, with the hash that stands in their rows. */
async function committed(): Promise<Provenance<ExperimentConfig>[]> {
  const folder = join(RESULTS_DIR, "rows"), runs: Provenance<ExperimentConfig>[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".quick.run.json")) continue;
    const run = JSON.parse(await Deno.readTextFile(join(folder, name)));
    const rows = await readResults(join(folder, `${basename(name, ".run.json")}.jsonl`));
    assert.ok(rows.length > 0 && rows.every((row) => row.configHash === run.configHash), name);
    runs.push(run);
  }
  return runs;
}

/** The configuration that is hashed: a search notes its method and its size. */
function configAt(definition: ExperimentDefinition): ExperimentConfig {
  const config = configure(definition, "quick");
  if (definition !== hyperparameters) return config;
  const { method, draws, epochs } = searchAt("quick");
  return { ...config, fusion: [method], search: { draws: draws!, epochs: epochs! } };
}

Deno.test("the configuration of every experiment has the hash of its committed rows", async () => {
  const hashes = new Map((await committed()).map((run) => [run.config.name, run.configHash]));
  const pairs = pairsOf({}).members.map(({ config }) => config);
  let compared = 0;
  for (const config of [...DEFINITIONS.map(configAt), ...pairs]) {
    const hash = hashes.get(config.name);
    if (hash === undefined) continue; // it takes long, or wants a real CLIP: nothing is committed
    assert.equal(configHash(config), hash, config.name);
    compared++;
  }
  assert.equal(compared, hashes.size);
});

Deno.test("every committed configuration, and every experiment at every scale, is allowed", async () => {
  for (const { config, configHash: hash } of await committed()) {
    checkConfig(config);
    assert.equal(configHash(config), hash);
  }
  for (const definition of DEFINITIONS) {
    for (const scale of SCALES) checkConfig(configure(definition, scale));
  }
  for (const scale of SCALES) {
    for (const { config } of pairsOf({ scale }).members) checkConfig(config);
  }
});
