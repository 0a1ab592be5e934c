import assert from "node:assert/strict";
import { join } from "node:path";
import { configHash, configure, type ExperimentDefinition, filesOf, RESULTS_DIR } from "detailclip";
import { EMBEDDED, pairName, pairsOf } from "./encoders_pairs.ts";

/** What a module exports: definitions, by themselves or as members of a series. */
function definitionsIn(module: Record<string, unknown>): ExperimentDefinition[] {
  return Object.values(module).flat().flatMap((value) => {
    const candidate = (value as { definition?: unknown } | undefined)?.definition ?? value;
    const { baseline, scales } = (candidate ?? {}) as Partial<ExperimentDefinition>;
    return baseline && scales ? [candidate as ExperimentDefinition] : [];
  });
}

/** Hashes of all configurations that experiments define at the quick scale. */
async function definedHashes(): Promise<Set<string>> {
  const names = [...Deno.readDirSync(import.meta.dirname!)].map(({ name }) => name)
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const modules = await Promise.all(names.map((name) => import(`./${name}`)));
  const configs = modules.flatMap(definitionsIn).map((definition) => configure(definition));
  const ours = pairName(EMBEDDED, "CLEVR-DS");
  const pairs = pairsOf({}).members.flatMap(({ config }) => config.name === ours ? [config] : []);
  return new Set([...configs, ...pairs].map((config) => configHash(config)));
}

Deno.test("committed rows are those of what experiments define now, and are filed where they lie", async () => {
  const defined = await definedHashes(), folder = join(RESULTS_DIR, "rows");
  const runs = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".quick.run.json"));
  assert.ok(runs.length >= 29);
  for (const name of runs) {
    const run = JSON.parse(await Deno.readTextFile(join(folder, name)));
    assert.equal(configHash(run.config), run.configHash, name);
    assert.ok(defined.has(run.configHash), `${name} is not of a configuration that is defined`);
    const files = filesOf(run.experiment, run.config, { keep: true });
    assert.equal(files.provenance, join(folder, name));
  }
});
