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
  coverName,
  type ExperimentConfig,
  type ExperimentDefinition,
  type RowsOf,
  type RunOptions,
  runRetrieval,
  type Scale,
  writeResults,
} from "detailclip";
import { baseline, paperScale } from "./baseline.ts";
import { CC10, coverAt, detailClip, kMeans } from "./fusion.ts";
import { makeRows, searchRows } from "./time_and_memory_measure.ts";
import {
  type CostRow,
  type MemoryRow,
  paper,
  savings,
  type TimeAndMemory,
  VECTORS,
} from "./time_and_memory_rows.ts";
import { datasetAt, MIXED } from "./variants.ts";

const at = (scale: Scale): ExperimentDefinition["scales"][Scale] => ({
  dataset: datasetAt(MIXED, scale),
  covers: [{ scheme: "full" }, CC10],
  fusion: [detailClip(coverAt(scale), scale), kMeans(coverAt(scale), 8)],
});

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
  const store = run.stores.get(coverName(CC10))!;
  const { dim } = store;
  const memory = VECTORS.map((vectors): MemoryRow => ({
    what: "memory",
    ...{ vectors, dim, bytes: vectors * dim * Float32Array.BYTES_PER_ELEMENT },
  }));
  const rows = [...await searchRows(store, config.scale), ...await makeRows(run), ...memory];
  const seconds = { measure: (Date.now() - started.getTime()) / 1000 };
  const { command, dataset, encoder } = run.provenance;
  const facts = { config, command, dataset, encoder, started, seconds };
  const experiment = config.name.replace("time_and_memory_recall", "time_and_memory");
  const provenance = { ...await collectProvenance(facts), experiment };
  await writeResults(rows, provenance, options);
  return { run, rows };
}

const where = {
  notebook: "12_time_and_memory",
  where: "Table 6",
  needs: ["time_and_memory"],
};
const found = (rowsOf: RowsOf) => rowsOf<CostRow>("time_and_memory");

/** What the paper reads off Table 6. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "A search of one vector an image is faster than one of 166",
    measure: "time of a query over 166 patches / over one vector an image, times",
    paper: (paper("CC", "timeMs") / paper("DetailCLIP", "timeMs")).toFixed(1),
    judge(rowsOf) {
      const { time } = savings(found(rowsOf), 1);
      return { ours: time.toFixed(0), holds: time > 1.1 ? "yes" : "no" };
    },
  },
  {
    ...where,
    claim: "One vector needs over 99 % less memory",
    measure: "memory saved by one vector an image against 166, % (arithmetic, not a measurement)",
    paper: (100 * (1 - paper("DetailCLIP", "memoryKB") / paper("CC", "memoryKB"))).toFixed(1),
    judge(rowsOf) {
      const saved = 100 * (1 - 1 / savings(found(rowsOf), 1).memory);
      return { ours: saved.toFixed(1), holds: saved > 99 ? "yes" : "no" };
    },
  },
];
