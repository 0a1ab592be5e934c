/**
 * What a search and an index cost with all patches, a few vectors, or one.
 *
 * Command: `deno task notebooks 12_time_and_memory`, under half a minute after 05_main_result. `deno task bench search` times
 * the same searches at CLIP's 512 dimensions.
 * Paper: Table 6 (§6.4).
 *
 * @module
 */
import {
  type Claim,
  collectProvenance,
  configure,
  coverBoxes,
  type ExperimentConfig,
  type ExperimentDefinition,
  makeCover,
  type RunOptions,
  runRetrieval,
  type Scale,
  writeResults,
} from "detailclip";
import { type Evidence } from "detailclip/report";
import { baseline, paperScale } from "./baseline.ts";
import { complete, FULL } from "./covers.ts";
import { coverAt, detailClip, kMeans } from "./recipes.ts";
import { checkWhole, configWith, K_RANGE, type Knobs } from "./knobs.ts";
import { ownConfig } from "./needs.ts";
import { makeRows, patchesKept, searchRows } from "./time_and_memory_measure.ts";
import {
  type CostRow,
  type MemoryRow,
  paper,
  PATCHES,
  savings,
  type TimeAndMemory,
} from "./time_and_memory_rows.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** All patches of cc@k, a few vectors, one. */
const methods = (scale: Scale, { k, vectors } = { k: 10, vectors: 8 }) => ({
  covers: [FULL, complete(k)],
  fusion: [detailClip(coverAt(scale), scale), kMeans(coverAt(scale), vectors)],
});

const at = (scale: Scale) => ({ dataset: datasetAt(MIXED, scale), ...methods(scale) });

/** Name under which times and bytes are kept. */
const EXPERIMENT = "time_and_memory";

/** The run whose features are searched, with the recall of what is timed. */
export const timeAndMemory: ExperimentDefinition = {
  name: "time_and_memory_recall",
  title: "What one vector an image saves",
  paper: ["Table 6"],
  baseline,
  scales: {
    smoke: { ...at("smoke"), bootstrap: { resamples: 100 } },
    quick: at("quick"),
    paper: { ...paperScale, ...at("paper") },
  },
};

/**
 * Its configuration.
 *
 * @param scale how much of it
 * @param options what was turned; `k` of the cover whose patches are kept, from 2 to 15; `vectors` in between: from 2 on, fewer
 *   than those patches
 * @throws {RangeError} when one is outside
 */
export function timeAndMemoryConfig(
  scale: Scale,
  { k = 10, vectors = 8, ...knobs }: Knobs & { k?: number; vectors?: number } = {},
): ExperimentConfig {
  const cover = complete(checkWhole("k", k, K_RANGE));
  const patches = coverBoxes(makeCover(cover, { width: 480, height: 480 })).length;
  checkWhole("vectors", vectors, [2, patches - 1]);
  return configWith(configure(timeAndMemory, scale, methods(scale, { k, vectors })), knobs);
}

/**
 * Times searches and the making of vectors, and writes the rows as `time_and_memory`. Times differ from run to run:
 * medians are kept, and the rounds of each.
 *
 * @param config of {@linkcode timeAndMemory}
 * @param options as of `runRetrieval`
 */
export async function runTimeAndMemory(
  config: ExperimentConfig,
  options: RunOptions = {},
): Promise<TimeAndMemory> {
  const run = await runRetrieval(config, options);
  const started = new Date();
  const { store, vectors } = patchesKept(run), { dim } = store;
  const memory = vectors.map((vectors): MemoryRow => ({
    what: "memory",
    ...{ vectors, dim, bytes: vectors * dim * Float32Array.BYTES_PER_ELEMENT },
  }));
  const searches = await searchRows(store, vectors, config.scale);
  const rows = [...searches, ...await makeRows(run), ...memory];
  const seconds = { measure: (Date.now() - started.getTime()) / 1000 };
  const { command, dataset, encoder } = run.provenance;
  const facts = { config, command, dataset, encoder, started, seconds };
  const provenance = { ...await collectProvenance(facts), experiment: EXPERIMENT };
  await writeResults(rows, provenance, options);
  return { experiment: EXPERIMENT, config, run, rows };
}

const where = {
  notebook: "12_time_and_memory",
  where: "Table 6",
  needs: { [EXPERIMENT]: ownConfig(timeAndMemory) },
  about: "data",
} as const;
const saved = ({ rowsOf }: Evidence) => savings(rowsOf<CostRow>(EXPERIMENT), PATCHES, 1);

/** What the paper reads off Table 6. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "A search of one vector an image is faster than one of 166",
    measure: "time of a query over 166 patches / over one vector an image, times (yes: above 1.1)",
    paper: (paper("CC", "timeMs") / paper("DetailCLIP", "timeMs")).toFixed(1),
    judge(evidence) {
      const { time } = saved(evidence);
      return { ours: time.toFixed(0), holds: time > 1.1 ? "yes" : "no" };
    },
  },
  {
    ...where,
    claim: "One vector needs over 99 % less memory",
    measure:
      "memory saved by one vector an image against 166, % (yes: above 99; arithmetic, not a " +
      "measurement)",
    paper: (100 * (1 - paper("DetailCLIP", "memoryKB") / paper("CC", "memoryKB"))).toFixed(1),
    judge(evidence) {
      const less = 100 * (1 - 1 / saved(evidence).memory);
      return { ours: less.toFixed(1), holds: less > 99 ? "yes" : "no" };
    },
  },
];
