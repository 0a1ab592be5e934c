/**
 * Where runs are filed: each under its experiment, data set and configuration, so that none takes the place of
 * another. Committed results are written on request only, and by an experiment's own configuration only.
 *
 * @module
 */
import { basename, join } from "node:path";
import { RUNS_DIR } from "../runtime/cache_dir.ts";
import { readTextIfThere, removeLeftovers, writeAtomic } from "../runtime/files.ts";
import { inputsPrint } from "./inputs.ts";
import type { PairRow } from "../retrieval/mod.ts";
import { configHash, hashButSeed, type NamedConfig, type Provenance } from "./provenance.ts";
import { pairsPath, RESULTS_DIR, type Row, rowsPath, seedRowsPath } from "./results.ts";

/**
 * The variable that asks, when it is `1`, to keep runs of committed configurations under `results/`. The `--keep` of
 * `deno task notebooks` and `deno task bench` sets it for what they start, and without `--keep` they unset it.
 */
export const KEEP_VARIABLE = "DETAILCLIP_KEEP";

/** Where runs are filed; nothing here changes a number. */
export interface FilingOptions {
  /** The folder of runs; `runs/` of the workspace by default. */
  runsDir?: string;
  /** The folder of kept runs; `results/` of the workspace by default. */
  resultsDir?: string;
  /** Whether an experiment's own configuration is kept in `resultsDir`; asked of {@linkcode KEEP_VARIABLE} unless told. */
  keep?: boolean;
  /** What else decides what is written, such as the queries of a gallery: in the hash, but not in committed names. */
  settings?: Readonly<Record<string, unknown>>;
}

/** Paths of what a run leaves behind. */
export interface RunFiles {
  /** The folder that they lie in. */
  folder: string;
  /** The rows, JSON lines. */
  rows: string;
  /** The paired differences of methods, JSON lines; not of every run. */
  pairs: string;
  /** Where the rows come from. */
  provenance: string;
  /**
   * A figure without ending, as `saveFigure` takes it.
   *
   * @param name what tells it from the experiment's other figures, such as `"recall5"`; the main one has none
   */
  figure(name?: string): string;
}

/** Hashes of configurations as their experiments define them. */
const committed = new Set<string>();

/** The same without their seeds. */
const committedButSeed = new Set<string>();

/**
 * Notes that a configuration is as its experiment defines it: `configure` does, before anything is changed. Only such
 * configurations, recognised by all they contain, are ever filed under `results/`.
 *
 * @param config what the experiment defines
 */
export function noteCommitted(config: NamedConfig): void {
  committed.add(configHash(config));
  committedButSeed.add(hashButSeed(config));
}

/** Text that can be part of a path on every system. */
function pathPart(text: string): string {
  const plain = text.replaceAll(/[^\p{L}\p{N}_.+@=-]+/gu, "-").slice(0, 60);
  return plain.replaceAll(/^[.-]+|[.-]+$/g, "") || "unnamed";
}

/** A readable name of what was searched. */
function datasetName({ dataset }: NamedConfig): string {
  if (dataset === undefined) return "no-data-set";
  const { source, variant, family, annotations } = dataset;
  if (annotations !== undefined) {
    return pathPart(basename(annotations).replace(/\.(?:json|geojson|ya?ml)$/i, ""));
  }
  const parts = [source, variant, family === "fluent-3d" ? undefined : family];
  return pathPart(parts.filter((text) => text !== undefined).join("-"));
}

/** The one value that all have, or how many there are. */
function inCommon(values: readonly string[], plural: string): string {
  const [first, ...others] = new Set(values);
  return others.length === 0 ? first : `${others.length + 1}-${plural}`;
}

/** Committed results: flat, by experiment, figure and scale. */
function resultFiles(experiment: string, scale: string, resultsDir: string): RunFiles {
  const rows = rowsPath(experiment, scale, resultsDir);
  const stem = (name?: string) =>
    name === undefined ? experiment : `${experiment}.${pathPart(name)}`;
  return {
    folder: resultsDir,
    rows,
    pairs: pairsPath(rows),
    provenance: rows.replace(/jsonl$/, "run.json"),
    figure: (name) => join(resultsDir, "figures", `${stem(name)}.${scale}`),
  };
}

/** The rows of an experiment's own configuration but for the seed are kept, too; its figures are not. */
function seedFiles(
  experiment: string,
  config: NamedConfig,
  { resultsDir, unkept }: { resultsDir: string; unkept: RunFiles },
): RunFiles {
  const rows = seedRowsPath(experiment, config, resultsDir);
  const provenance = rows.replace(/jsonl$/, "run.json");
  return { ...unkept, rows, pairs: pairsPath(rows), provenance };
}

/**
 * Where a run is filed: `runs/EXPERIMENT/DATA SET/SCALE-HASH/` with the hash of the whole configuration, the one that its
 * rows carry. Where it names files of one's own (annotations, images, an encoder) six digits follow that change with them.
 * With `keep`, a configuration that its experiment defines, unchanged, goes to `results/` instead; of one that differs
 * in its seed alone the rows go to `results/rows/seeds/`; any other stays under `runs/` all the same.
 *
 * @param experiment name of the experiment, or of what is made of its runs
 * @param configs its configuration; those of a series are filed together
 * @param options where to, and whether to keep it
 * @throws {RangeError} when there is no configuration
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { filesOf } from "detailclip";
 *
 * const config = { name: "mine", scale: "quick", seed: 7 };
 * const files = filesOf("mine", config, { runsDir: "runs" });
 * assert.match(files.rows, /^runs.mine.no-data-set.quick-[0-9a-f]{12}.rows\.jsonl$/);
 * assert.match(files.figure("recall5"), /quick-[0-9a-f]{12}.recall5$/);
 * ```
 */
export function filesOf(
  experiment: string,
  configs: NamedConfig | readonly NamedConfig[],
  options: FilingOptions = {},
): RunFiles {
  const { runsDir = RUNS_DIR, resultsDir = RESULTS_DIR } = options;
  const { keep = Deno.env.get(KEEP_VARIABLE) === "1" } = options;
  const all = Array.isArray(configs) ? configs as NamedConfig[] : [configs as NamedConfig];
  if (all.length === 0) throw new RangeError(`Cannot file ${experiment}: it has no configuration`);
  const hashes = all.map((config) => configHash(config));
  const scales = all.map(({ scale }) => scale), scale = inCommon(scales, "scales");
  const kept = keep && new Set(scales).size === 1;
  if (kept && hashes.every((hash) => committed.has(hash))) {
    return resultFiles(pathPart(experiment), scale, resultsDir);
  }
  const parts = [...hashes, ...(options.settings ? [options.settings] : [])];
  const hash = parts.length === 1 ? hashes[0] : configHash(parts);
  const dataset = inCommon(all.map(datasetName), "data-sets");
  const print = inputsPrint([all, options.settings]);
  const own = `${pathPart(scale)}-${hash}${print === undefined ? "" : `-${print}`}`;
  const folder = join(runsDir, pathPart(experiment), dataset, own);
  const files: RunFiles = {
    folder,
    rows: join(folder, "rows.jsonl"),
    pairs: join(folder, "pairs.jsonl"),
    provenance: join(folder, "run.json"),
    figure: (name = "figure") => join(folder, pathPart(name)),
  };
  const oneSeed = new Set(all.map(({ seed }) => seed)).size === 1;
  if (kept && oneSeed && all.every((config) => committedButSeed.has(hashButSeed(config)))) {
    return seedFiles(pathPart(experiment), all[0], { resultsDir, unkept: files });
  }
  return files;
}

/** The lines of a file. */
const linesOf = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row) + "\n").join("");

/** A JSON value as text in which what holds no objects or lists stands on one line, such as an epoch of a training. */
function jsonText(value: unknown, indent: string = ""): string {
  const isNested = (part: unknown) => typeof part === "object" && part !== null;
  if (!isNested(value) || !Object.values(value!).some(isNested)) return JSON.stringify(value);
  const inner = `${indent} `, isList = Array.isArray(value);
  const parts = Object.entries(value!).map(([name, part]) =>
    `${inner}${isList ? "" : `${JSON.stringify(name)}: `}${jsonText(part, inner)}`
  );
  const [open, close] = isList ? "[]" : "{}";
  return `${open}\n${parts.join(",\n")}\n${indent}${close}`;
}

/**
 * Writes rows and their provenance, each atomically, where {@linkcode filesOf} says: every row with the seed and the
 * config hash, and beside them a file with everything else. Rows that are there already, byte for byte, are left as they
 * are, and so is their provenance, which says where these very rows were first measured.
 *
 * @param rows what was measured
 * @param provenance where the rows come from
 * @param options where to, and whether to keep them
 * @param pairs paired differences of the same run, for a file of their own beside the rows; none unless told
 * @returns the path of the rows
 */
export async function writeResults(
  rows: readonly Row[],
  provenance: Provenance,
  options: FilingOptions = {},
  pairs: readonly PairRow[] = [],
): Promise<string> {
  const files = filesOf(provenance.experiment, provenance.config, options);
  const { seed, configHash } = provenance;
  const text = linesOf(rows.map((row) => ({ ...row, seed, configHash })));
  const differences = linesOf(pairs);
  const known = await readTextIfThere(files.provenance) !== undefined;
  const same = known && await readTextIfThere(files.rows) === text;
  const paired = (await readTextIfThere(files.pairs) ?? "") === differences;
  await removeLeftovers(files.folder);
  if (same && paired) return files.rows;
  // rows come last: where they are as they should be, so is all that stands beside them
  if (!same) {
    await writeAtomic(files.provenance, jsonText(JSON.parse(JSON.stringify(provenance))) + "\n");
  }
  if (!paired) await writeAtomic(files.pairs, differences);
  if (!same) await writeAtomic(files.rows, text);
  return files.rows;
}
