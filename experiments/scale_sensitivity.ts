/**
 * Does recall fall with the size of objects? By the largest object of an image, as the paper has it, and by the
 * object that is asked for.
 *
 * Command: `deno task notebooks 03_scale_sensitivity`, about two minutes from cold caches; most of it encodes what
 * other notebooks use too. On LVIS: `--scale paper --set lvis=/path/to/lvis_v1_val.json`.
 * Paper: Table 1 and eq. 1 (§3.1), there on LVIS.
 *
 * @module
 */
import {
  checkpoint,
  type Claim,
  configure,
  type CoverSpec,
  type ExperimentConfig,
  type ExperimentDefinition,
  type MethodScores,
  NotMeasured,
  type NotRun,
  operationSignal,
  paperTable,
  percent,
  recallRows,
  type RetrievalRun,
  type RunOptions,
  runSeries,
  type Scale,
  writeResults,
} from "detailclip";
import type { FilesConfig } from "detailclip/runner";
import { asGood, better, type Evidence, percentBetween, several } from "detailclip/report";
import { unpairedDifference } from "detailclip/retrieval";
import { baseline, paperScale } from "./baseline.ts";
import { complete, FULL } from "./covers.ts";
import { checkWhole, configWith, datasetText, K_RANGE, type Knobs } from "./knobs.ts";
import { ownDataset } from "./knobs.ts";
import { against, verdictOn } from "./judging.ts";
import { ownConfig } from "./needs.ts";
import {
  bySize,
  enough,
  factsOf,
  fullImage,
  type Part,
  partsOf,
  patches,
  type ScaleRow,
  sidesOf,
} from "./scale_sensitivity_rows.ts";
import { datasetAt, labelOf, MIXED } from "./variants.ts";

/** Full image, patches, and the crops of the objects, which know their size. */
const coversWith = (k: number): CoverSpec[] => [FULL, complete(k), { scheme: "objects" }];

/** Recall by the size of objects. */
export const scaleSensitivity: ExperimentDefinition = {
  name: "scale_sensitivity_recall",
  title: "Recall of the full image falls with the size of the object, that of patches hardly",
  paper: ["Table 1"],
  baseline,
  always: { covers: coversWith(10) },
  scales: {
    smoke: { dataset: datasetAt(MIXED, "smoke"), bootstrap: { resamples: 100 } },
    quick: { dataset: datasetAt(MIXED, "quick") },
    paper: { ...paperScale, dataset: datasetAt(MIXED, "paper") },
  },
};

/**
 * Its configuration.
 *
 * @param scale how much of it
 * @param options what was turned; `k` of the Complete Cover, from 2 to 15
 * @throws {RangeError} when one is outside
 */
export function scaleSensitivityConfig(
  scale: Scale,
  { k = 10, ...knobs }: Knobs & { k?: number } = {},
): ExperimentConfig {
  checkWhole("k", k, K_RANGE);
  return configWith(configure(scaleSensitivity, scale, { covers: coversWith(k) }), knobs);
}

/** What photographs are called. */
export const LVIS_LABEL = "LVIS";

/** Where LVIS would lie; it does not come with the workspace. */
const LVIS: FilesConfig = {
  source: "coco",
  annotations: "/path/to/lvis_v1_val.json",
  root: "/path/to",
};

/** The command that runs it on photographs, with what was changed of the configuration. */
function commandFor({ seed, covers }: ExperimentConfig, files: FilesConfig): string {
  const own = configure(scaleSensitivity, "paper");
  const kOf = (all: readonly CoverSpec[]) => all.find((cover) => cover.scheme === "complete")?.k;
  return [
    "deno task notebooks 03_scale_sensitivity --scale paper",
    ...(seed !== own.seed ? [`--set seed=${seed}`] : []),
    ...(kOf(covers) !== kOf(own.covers) ? [`--set k=${kOf(covers)}`] : []),
    `--set 'lvis=${JSON.stringify(datasetText(files))}'`,
  ].join(" ");
}

/** The same on annotated photographs, with the paper's encoder: the embedded one knows emoji only. */
function onPhotographs(config: ExperimentConfig, files: FilesConfig): ExperimentConfig {
  const { train: _, val: _v, ...searched } = files;
  return {
    ...config,
    name: config.name.replace("_recall", "_lvis_recall"),
    dataset: searched,
    encoder: { id: "Xenova/clip-vit-base-patch32", dtype: "fp32", preprocessing: "squash" },
  };
}

/** Options of {@linkcode runScaleSensitivity}. */
export interface ScaleSensitivityOptions extends RunOptions {
  /** Absolute path of LVIS's annotations, in the folder of its images; reported as not run where it is absent. */
  lvis?: string;
}

/** What {@linkcode runScaleSensitivity} leaves behind. */
export interface ScaleSensitivityRun {
  /** The recall runs, by label. */
  runs: Map<string, RetrievalRun>;
  /** The rows of each, by label. */
  rows: Map<string, ScaleRow[]>;
  /** What could not be run. */
  notRun: NotRun[];
}

/** Rows of all methods on one part of the data. */
async function rowsOn(
  part: Part,
  run: RetrievalRun,
  sides: Float32Array,
  signal: AbortSignal,
): Promise<ScaleRow[]> {
  const { recallAt: ks, bootstrap, seed } = run.config;
  const { subset, kind, rMax, images, relevance } = part;
  const facts = { subset, kind, ...(rMax && { rMax }), images, ...factsOf(relevance, sides) };
  const rows: ScaleRow[] = [];
  for (const { scores, vectors, ...labels } of methodsShown(run)) {
    await checkpoint(signal);
    const options = { ks, rounds: bootstrap.resamples, level: bootstrap.confidence, seed };
    const found = recallRows(scores, relevance, labels, options);
    rows.push(...found.map((row) => ({ ...row, ...facts, vectors })));
  }
  return rows;
}

/** The mean of the patches is none of Table 1's. */
const methodsShown = ({ methods }: RetrievalRun): MethodScores[] =>
  methods.filter(({ method }) => !method.startsWith("mean"));

/** Rows of every part; parts of the same images are evaluated once. */
async function scaleRows(run: RetrievalRun, signal: AbortSignal): Promise<ScaleRow[]> {
  const sides = sidesOf(run.dataset, run.imageIds);
  const rows: ScaleRow[] = [];
  let last: { part: Part; rows: ScaleRow[] } | undefined;
  for (const part of partsOf(run)) {
    const same = part.kind === "r_max" && last?.part.images === part.images; // they are nested
    const { subset, rMax } = part;
    const own = same
      ? last!.rows.map((row) => ({ ...row, subset, rMax }))
      : await rowsOn(part, run, sides, signal);
    last = { part, rows: own };
    rows.push(...own);
  }
  return rows;
}

/**
 * Measures recall by r_max and by size of the object, and writes the rows as `scale_sensitivity`.
 *
 * @param config of {@linkcode scaleSensitivity}
 * @param options as of `runRetrieval`, and where LVIS lies
 */
export async function runScaleSensitivity(
  config: ExperimentConfig,
  { lvis, ...options }: ScaleSensitivityOptions = {},
): Promise<ScaleSensitivityRun> {
  const files = lvis === undefined ? LVIS : ownDataset("lvis", lvis);
  const { runs, notRun } = await runSeries([
    { label: labelOf(config.dataset), config },
    { label: LVIS_LABEL, config: onPhotographs(config, files), command: commandFor(config, files) },
  ], options);
  const signal = options.signal ?? operationSignal();
  const rows = new Map<string, ScaleRow[]>();
  for (const [label, run] of runs) {
    rows.set(label, await scaleRows(run, signal));
    const experiment = run.config.name.replace("_recall", "");
    await writeResults(rows.get(label)!, { ...run.provenance, experiment }, options);
  }
  return { runs, rows, notRun };
}

const where = {
  notebook: "03_scale_sensitivity",
  needs: { scale_sensitivity: ownConfig(scaleSensitivity) },
  about: "data",
} as const;
const rowsIn = ({ rowsOf }: Evidence) => rowsOf<ScaleRow>("scale_sensitivity");

/** Recall@1 of a method by size, largest objects first. */
function sizesOf(evidence: Evidence, which: (row: ScaleRow) => boolean): ScaleRow[] {
  const sizes = bySize(rowsIn(evidence)).filter(which).toReversed();
  if (sizes.length > 1) return sizes;
  throw new NotMeasured("too few objects of different sizes");
}

const sizeOf = ({ subset }: ScaleRow) => subset.slice("size ".length);

/** The paper's Recall@1 from its largest threshold to its smallest. */
function paperEnds(): string {
  const { rows } = paperTable("table 1");
  return `${rows[0]["recall@1"]} → ${rows[rows.length - 1]["recall@1"]} (LVIS)`;
}

/** What the paper claims of size. */
export const claims: Claim[] = [
  {
    ...where,
    independentOf: ["covers"], // the full image alone
    where: "Table 1",
    claim: "Recall of the full image falls with r_max, the size of the largest object of an image",
    measure: "Recall@1 on all images minus on those below the least r_max that leaves enough, " +
      "points (better; unpaired)",
    paper: paperEnds(),
    judge(evidence) {
      const curve = enough(rowsIn(evidence)).filter(fullImage);
      if (curve.length < 2) throw new NotMeasured("too few images at any smaller r_max");
      const [all, least] = [curve[0], curve[curve.length - 1]];
      const label = `${against(all, least)} at r_max ≤ ${percent(least.rMax!)} %`;
      return verdictOn(better, [{ label, difference: unpairedDifference(all, least) }]);
    },
  },
  {
    ...where,
    independentOf: ["covers"],
    where: "§3.1",
    claim: "CLIP's ability to retrieve an object declines with the object's size",
    measure: "Recall@1 of the full image by side of the object asked for, %; each size against " +
      "the next smaller one (better; unpaired)",
    paper: "declines",
    judge(evidence) {
      const sizes = sizesOf(evidence, fullImage);
      const steps = sizes.slice(1).map((row, i) => unpairedDifference(sizes[i], row));
      return {
        ours: sizes.map((row) => `${percentBetween(row)} (${sizeOf(row)})`).join(" → "),
        holds: several(steps.map(better)),
      };
    },
  },
  {
    ...where,
    where: "§3.1, eq. 5",
    claim: "Complete Cover brings objects of all sizes within reach",
    measure: "Recall@1 of Complete Cover at each smaller side of the object asked for minus at " +
      "the largest, points (as good; unpaired)",
    paper: "",
    judge(evidence) {
      const [largest, ...smaller] = sizesOf(evidence, patches);
      const note = `; ${percentBetween(largest)} at ${sizeOf(largest)}`;
      return verdictOn(
        asGood,
        smaller.map((row) => ({
          label: sizeOf(row),
          difference: unpairedDifference(row, largest),
        })),
        note,
      );
    },
  },
];
