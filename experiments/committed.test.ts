import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  changedKeys,
  configHash,
  configure,
  filesOf,
  readResults,
  RESULTS_DIR,
  rowsPath,
  SCALES,
  type SeriesMember,
} from "detailclip";
import { keptSeeds, type NamedConfig, seedRowsPath } from "detailclip/report";
import { adaptersConfig } from "./adapters.ts";
import { choosingK } from "./choosing_k.ts";
import { CLAIMS } from "./claims.ts";
import { completeCoverConfig } from "./complete_cover.ts";
import { dataSetsConfig } from "./data_sets.ts";
import { pairsOf } from "./encoders_pairs.ts";
import { equalPatchesConfig } from "./equal_patches.ts";
import { shownOf } from "./gallery.ts";
import { geometryOn } from "./geometry.ts";
import { tuningAt, tuningConfig } from "./hyperparameters.ts";
import { judgedConfig } from "./judged_pairs.ts";
import { mainResultOn } from "./main_result.ts";
import { objectsAndClasses } from "./objects_and_classes.ts";
import { patchCount } from "./patch_count.ts";
import { patchSchemes } from "./patch_schemes.ts";
import { photos, photosHalf } from "./photos.ts";
import { remoteSensingConfig } from "./remote_sensing.ts";
import { scorersConfig } from "./scorers.ts";
import { scaleSensitivityConfig } from "./scale_sensitivity.ts";
import { similarityConfig } from "./similarity.ts";
import { timeAndMemoryConfig } from "./time_and_memory.ts";
import { unseenWordsConfig } from "./unseen_words.ts";

/** What the parameters cell of a notebook declares. */
async function parametersOf(name: string): Promise<Record<string, never>> {
  const path = new URL(`../notebooks/${name}.ipynb`, import.meta.url);
  const { cells } = JSON.parse(await Deno.readTextFile(path)) as {
    cells: { metadata: { tags?: string[] }; source: string | string[] }[];
  };
  const [cell] = cells.filter(({ metadata }) => metadata.tags?.includes("parameters"));
  const text = [cell.source].flat().join("").replaceAll(/^const /gm, "export const ");
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "parameters.ts");
    await Deno.writeTextFile(file, text);
    return { ...await import(pathToFileURL(file).href) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const of = (members: readonly SeriesMember[]) => members.map(({ config }) => config);

/** The configurations that each notebook makes of its parameters, as rows note them. */
const NOTEBOOKS: Record<
  string,
  (
    given: Record<string, never>,
  ) => NamedConfig[] | Promise<NamedConfig[]>
> = {
  "01_complete_cover": ({ scale, ...rest }) => [completeCoverConfig(scale, rest)],
  "02_data_sets": ({ scale, ...rest }) => [dataSetsConfig(scale, rest)],
  "03_scale_sensitivity": ({ scale, ...rest }) => [scaleSensitivityConfig(scale, rest)],
  "04_patch_schemes": ({ scale, ...rest }) => of(patchSchemes(scale, rest)),
  "05_main_result": ({ scale, ...rest }) => of(mainResultOn(scale, rest)),
  "06_gallery": async ({ scale, queries, count, ...rest }) => [
    await shownOf(mainResultOn(scale, rest)[0].config, { queries, count }),
  ],
  "07_encoders": ({ judged, ...given }) => {
    const own = of(pairsOf(given).members).filter(({ encoder }) => encoder.id === "tiny-clip");
    return [...own, judgedConfig(own[0], judged)];
  },
  "08_choosing_k": ({ scale, ...rest }) => of(choosingK(scale, rest)),
  "09_patch_count": ({ scale, ...rest }) => of(patchCount(scale, rest)),
  "10_adapters": ({ scale, ...rest }) => [adaptersConfig(scale, rest)],
  "11_objects_and_classes": ({ scale, ...rest }) => of(objectsAndClasses(scale, rest)),
  "12_time_and_memory": ({ scale, ...rest }) => [timeAndMemoryConfig(scale, rest)],
  "13_similarity": ({ scale, ...rest }) => [similarityConfig(scale, rest)],
  "14_hyperparameters": ({ scale, ...rest }) => [tuningConfig(tuningAt(scale, rest))],
  "15_equal_patches": ({ scale, ...rest }) => [equalPatchesConfig(scale, rest)],
  "16_unseen_words": ({ scale, ...rest }) => [unseenWordsConfig(scale, rest)],
  "17_geometry": ({ scale, ...rest }) => of(geometryOn(scale, rest)),
  "18_remote_sensing": ({ scale, word: _, ...rest }) => [remoteSensingConfig(scale, rest)],
  "19_scorers": ({ scale, ...rest }) => [scorersConfig(scale, rest)],
};

/** The hash of each committed configuration, by name. */
async function committed(): Promise<Map<string, string>> {
  const hashes = new Map<string, string>(), folder = join(RESULTS_DIR, "rows");
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".quick.run.json")) continue;
    const run = JSON.parse(await Deno.readTextFile(join(folder, name)));
    hashes.set(run.config.name, run.configHash);
  }
  return hashes;
}

Deno.test("every notebook as it is runs the committed configurations, and all of them have a notebook", async () => {
  const hashes = await committed(), found = new Set<string>();
  for (const [notebook, configs] of Object.entries(NOTEBOOKS)) {
    for (const config of await configs(await parametersOf(notebook))) {
      assert.equal(configHash(config), hashes.get(config.name), `${notebook}: ${config.name}`);
      const { rows } = filesOf(config.name, config, { keep: true });
      assert.equal(rows, rowsPath(config.name, "quick"), "kept where it lies");
      found.add(config.name);
    }
  }
  for (const definition of [photos, photosHalf]) { // of no notebook: the photographs cannot be shipped
    const config = configure(definition, "quick");
    assert.equal(configHash(config), hashes.get(config.name), config.name);
    found.add(config.name);
  }
  assert.deepEqual([...found].sort(), [...hashes.keys()].sort());
});

Deno.test("what is kept of other seeds differs from the committed configuration in its seed alone", async () => {
  const own = new Map(CLAIMS.flatMap(({ needs }) => Object.entries(needs)));
  for (const [name, config] of own) {
    for (const seed of await keptSeeds(name, "quick")) {
      const [row] = await readResults<object>(seedRowsPath(name, { scale: "quick", seed }));
      assert.equal(row.configHash, configHash({ ...config("quick"), seed }), `${name}: ${seed}`);
    }
  }
});

Deno.test("at every scale a notebook as it is runs what its claims take for their own", async () => {
  const own = CLAIMS.flatMap(({ needs }) => Object.values(needs));
  for (const scale of SCALES) {
    const byName = new Map(
      own.map((config) => config(scale)).map((config) => [config.name, config]),
    );
    for (const [notebook, configs] of Object.entries(NOTEBOOKS)) {
      const given = { ...await parametersOf(notebook), scale: scale as never };
      for (const config of await configs(given)) {
        const expected = byName.get(config.name);
        if (expected) assert.deepEqual(changedKeys(config, expected), [], `${notebook}, ${scale}`);
      }
    }
  }
});

Deno.test("values out of range are refused before any work, by name", async () => {
  const refused: [notebook: string, given: object, message: RegExp][] = [
    ["01_complete_cover", { k: 1 }, /Cannot set k: it must be a whole number from 2 to 30, got 1/],
    ["01_complete_cover", { sides: [0] }, /Cannot set each of sides: .* from 0.01 to 0.5, got 0/],
    ["02_data_sets", { sets: [] }, /Cannot set sets: it must be a list of at least one/],
    ["02_data_sets", { datasets: { a: "b" } }, /Cannot set datasets: a must be an absolute path/],
    ["03_scale_sensitivity", { k: 2.5 }, /Cannot set k/],
    [
      "03_scale_sensitivity",
      { dataset: "CLEVR" },
      /Cannot set dataset: it must be one of CLEVR-DS;/,
    ],
    ["04_patch_schemes", { covers: ["cc@5", "cc@5"] }, /Cannot set covers: it has a value twice/],
    ["04_patch_schemes", { covers: ["cc5"] }, /Cannot read cover name "cc5"/],
    ["05_main_result", { k: 99 }, /Cannot set k/],
    [
      "05_main_result",
      { methods: ["DetailCLIP++"] },
      /Cannot set methods: .*did you mean DetailCLIP\+/,
    ],
    ["05_main_result", { images: 0 }, /Cannot set images: .* from 1 to 999999, got 0/],
    ["05_main_result", { images: 5 }, /images must leave some for the split/],
    ["05_main_result", { epochs: 0.5 }, /Cannot set epochs/],
    [
      "05_main_result",
      { dataset: "/nowhere" },
      /Cannot find data set \/nowhere: there is nothing/,
    ],
    ["06_gallery", { queries: ["airplan"] }, /Cannot set queries: .*got "airplan"/],
    ["06_gallery", { count: 0 }, /Cannot set count/],
    ["07_encoders", { k: "5" }, /Cannot set k/],
    ["08_choosing_k", { ks: [3], fused: [5] }, /Cannot set fused: 5 is none of the ks 3/],
    ["09_patch_count", { covers: ["objects"] }, /Cannot set covers: each must be cc@K or grid@K/],
    ["09_patch_count", { covers: ["grid@2"] }, /Cannot set covers: grid@2 is fused as cc@2/],
    ["10_adapters", { depths: { MLP: [4] } }, /Cannot set each of depths of MLP: .* got 4/],
    ["10_adapters", { adapters: ["mlp"] }, /Cannot set adapters: .*did you mean MLP\?/],
    ["11_objects_and_classes", { k: 0 }, /Cannot set k/],
    ["11_objects_and_classes", { classes: [1] }, /Cannot set each of classes: .* from 2 to 138/],
    ["12_time_and_memory", { vectors: 166 }, /Cannot set vectors: .* from 2 to 165/],
    ["13_similarity", { bin: 0 }, /Cannot set bin/],
    ["14_hyperparameters", { draws: 361 }, /Cannot set draws/],
    ["14_hyperparameters", { grid: { gama: [1] } }, /Cannot set grid: .*did you mean gamma\?/],
    ["14_hyperparameters", { grid: { gamma: [] } }, /Cannot set grid\.gamma: .* at least one/],
    [
      "15_equal_patches",
      { covers: ["vc@2:0.01"] },
      /vc@2:0.01 has \d+ patches an image, more than/,
    ],
    ["17_geometry", { texts: [1] }, /Cannot set each of texts: .* from 0 to 0\.99, got 1/],
    ["19_scorers", { ways: ["level"] }, /Cannot set ways: .*did you mean levels\?/],
    ["16_unseen_words", { hidden: 138 }, /Cannot set hidden: .* from 1 to 137, got 138/],
  ];
  for (const [notebook, given, message] of refused) {
    const all = { ...await parametersOf(notebook), ...given } as Record<string, never>;
    await assert.rejects(async () => await NOTEBOOKS[notebook](all), message, notebook);
  }
});
