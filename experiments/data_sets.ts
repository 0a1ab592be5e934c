/**
 * What is searched: how many objects an image has, of how many classes, and how large.
 *
 * Command: `deno task notebooks 02_data_sets`, half a minute from cold caches; it only draws what other notebooks
 * search. Existing data sets: `--set 'datasets={"COCO": "/path/to/annotations.json"}'`.
 * Paper: Figures 4 and 10, Tables 8 to 12 (§4.1, §4.2, A.2).
 *
 * @module
 */
import {
  checkConfig,
  checkpoint,
  type Claim,
  collectProvenance,
  commandLine,
  configure,
  type Dataset,
  type DatasetConfig,
  describeDataset,
  type ExperimentConfig,
  type ExperimentDefinition,
  missingPart,
  NotMeasured,
  type NotRun,
  openDataset,
  percent,
  type RunOptions,
  type Scale,
  writeResults,
} from "detailclip";
import { type Evidence } from "detailclip/report";
import { isGenerated } from "detailclip/runner";
import { sha256 } from "detailclip/runtime";
import { baseline } from "./baseline.ts";
import { countsOf, type DataSetCounts, paperMean } from "./data_sets_rows.ts";
import { checkNames, checkWhole, configWith, datasetText, isTold } from "./knobs.ts";
import { type Knobs, ownDatasets } from "./knobs.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, MIXED, VARIANTS } from "./variants.ts";

/** Those that the paper counts and that do not come with the workspace. */
const KNOWN = ["COCO", "LVIS", "Unity-Retail"];

/** The statistics of data sets; nothing is encoded. */
export const dataSets: ExperimentDefinition = {
  name: "data_sets",
  title: "What is searched: objects of many classes, most of them small",
  paper: ["Figure 4", "Figure 10", "Table 8", "Table 9", "Table 10", "Table 11", "Table 12"],
  baseline,
  always: { covers: [] },
  scales: { smoke: {}, quick: {}, paper: {} },
};

/** Which data sets are counted: of a configuration that says nothing, all that are generated. */
export interface DataSetsConfig extends ExperimentConfig {
  /** Labels of generated ones, where not all are counted. */
  sets?: readonly string[];
  /** Images of each generated one, searched or not; those of the scale unless told. */
  images?: number;
  /** Data sets that exist, by name: `"COCO"`, `"LVIS"`, `"Unity-Retail"`, or any other. */
  datasets?: Readonly<Record<string, DatasetConfig>>;
}

/** What can be turned. */
export interface DataSetsKnobs extends Pick<Knobs, "seed" | "images"> {
  /** Labels of generated ones, all unless told. */
  sets?: readonly string[];
  /** Absolute paths of data sets that exist, by name; or names of generated ones. */
  datasets?: Readonly<Record<string, string>>;
}

/** A data set without what is learned from, which is not counted. */
function searchedOf(dataset: DatasetConfig): DatasetConfig {
  if (isGenerated(dataset)) return dataset;
  const { train: _, val: _v, ...searched } = dataset;
  return searched;
}

/**
 * Which data sets are counted.
 *
 * @param scale how large the generated ones are
 * @param knobs what was turned
 * @throws {RangeError} when there is no such set, or a number is out of range
 * @throws {Error} when a path holds no annotations
 */
export function dataSetsConfig(
  scale: Scale,
  { sets, datasets: paths = {}, images, ...knobs }: DataSetsKnobs = {},
): DataSetsConfig {
  const known = VARIANTS.map(({ label }) => label);
  if (isTold(sets)) checkNames("sets", sets, known);
  if (images !== undefined) checkWhole("images", images, [10, 999_999]);
  const taken = Object.keys(paths ?? {}).find((name) => name.trim() === "" || known.includes(name));
  if (taken !== undefined) {
    throw new RangeError(`Cannot set datasets: "${taken}" is no name of one's own`);
  }
  const datasets = Object.entries(
    ownDatasets("datasets", paths, configure(dataSets, scale).dataset),
  )
    .map(([name, dataset]) => [name, searchedOf(dataset)] as const);
  return {
    ...configWith(configure(dataSets, scale), knobs),
    ...(sets && sets.length < known.length && { sets: known.filter((l) => sets.includes(l)) }),
    ...(images !== undefined && { images }),
    ...(datasets.length > 0 && { datasets: Object.fromEntries(datasets) }),
  };
}

/** What {@linkcode runDataSets} leaves behind. */
export interface DataSetsRun {
  /** What all generated sets have in common. */
  config: ExperimentConfig;
  /** Counts, a row a data set. */
  rows: DataSetCounts[];
  /** The data sets, by label. */
  datasets: Map<string, Dataset>;
  /** What could not be read, and what would be needed. */
  notRun: NotRun[];
}

/** The command that counts a data set, once it is there. */
function commandFor(name: string, files: DatasetConfig | undefined): string {
  const shown = files && !isGenerated(files) ? datasetText(files) : `/path/to/${name}.json`;
  return `deno task notebooks 02_data_sets --set 'datasets=${JSON.stringify({ [name]: shown })}'`;
}

/** What is to be counted, and why some of it cannot be. */
async function membersOf(
  { scale, sets, images, datasets: given = {} }: DataSetsConfig,
): Promise<{ members: { label: string; dataset: DatasetConfig }[]; notRun: NotRun[] }> {
  const generated = VARIANTS.filter(({ label }) => sets?.includes(label) ?? true);
  const members = generated.map((variant) => {
    const own = { ...datasetAt(variant, scale), ...(images !== undefined && { images }) };
    const { dataset } = configure(dataSets, scale, { dataset: own });
    return { label: variant.label, dataset };
  });
  const notRun: NotRun[] = [];
  for (const name of new Set([...KNOWN, ...Object.keys(given)])) {
    const dataset = given[name];
    const missing = dataset
      ? await missingPart({ dataset, encoder: baseline.encoder })
      : `no annotations of ${name} are named`;
    if (dataset && missing === undefined) members.push({ label: name, dataset });
    else notRun.push({ member: name, missing: missing!, command: commandFor(name, given[name]) });
  }
  return { members, notRun };
}

/**
 * Draws or reads data sets, counts them and writes the rows. Of a generated one only the split that is searched is drawn.
 *
 * @param config see {@linkcode dataSetsConfig}
 * @param options as of `runRetrieval`
 */
export async function runDataSets(
  config: DataSetsConfig,
  options: RunOptions = {},
): Promise<DataSetsRun> {
  const started = new Date();
  const { sets: _sets, images: _images, datasets: datasetsGiven = {}, ...common } = config;
  checkConfig(common);
  const { members, notRun } = await membersOf(config);
  const datasets = new Map<string, Dataset>(), rows: DataSetCounts[] = [];
  const shared = { displayId: crypto.randomUUID(), ...options };
  for (const { label, dataset } of members) {
    await checkpoint(options.signal);
    const found = await openDataset(dataset, config.seed, shared);
    if (found.report.objects === 0) {
      const missing = `no image of ${found.name} shows an object of any class (` +
        `${describeDataset(found)})`;
      notRun.push({ member: label, missing, command: commandFor(label, datasetsGiven[label]) });
      continue;
    }
    datasets.set(label, found);
    const whole = isGenerated(dataset) ? dataset.images : found.report.listed;
    rows.push(countsOf(label, found, whole));
  }
  const provenance = await collectProvenance({
    config,
    command: options.command ?? commandLine(),
    dataset: sha256([...datasets.values()].map(({ fingerprint }) => fingerprint).join()),
    encoder: "none",
    started,
    seconds: { count: (Date.now() - started.getTime()) / 1000 },
  });
  await writeResults(rows, provenance, options);
  return { config: common, rows, datasets, notRun };
}

const where = { notebook: "02_data_sets", needs: needsOf(dataSets), about: "data" } as const;

/** The counts of CLEVR-DS itself. */
function clevrDs({ rowsOf }: Evidence): DataSetCounts {
  const found = rowsOf<DataSetCounts>(dataSets.name).find(({ dataset }) => dataset === MIXED.label);
  if (found) return found;
  throw new NotMeasured(`${MIXED.label} was not counted`);
}

/** Of as many as there are: all, some, none. */
const allOf = (part: number, whole: number) =>
  part === whole ? "yes" as const : part > 0 ? "partly" as const : "no" as const;

/** What the paper says of its own data set. */
export const claims: Claim[] = [
  {
    ...where,
    where: "Table 8",
    claim: "CLEVR-DS has nearly 14 objects an image",
    measure: "mean number of objects an image; our recipe aims at this number (yes: within 5 %, " +
      "partly: within 15 %)",
    paper: `${paperMean(MIXED.label)}`,
    judge(evidence) {
      const { mean } = clevrDs(evidence), off = Math.abs(mean / paperMean(MIXED.label)! - 1);
      return { ours: mean.toFixed(2), holds: off < 0.05 ? "yes" : off < 0.15 ? "partly" : "no" };
    },
  },
  {
    ...where,
    where: "Table 8",
    claim: "All objects of an image are of different classes",
    measure: "images of CLEVR-DS without two objects of one class, % (yes: all, partly: some)",
    paper: "100",
    judge(evidence) {
      const { repeating, images } = clevrDs(evidence), different = images - repeating;
      return { ours: percent(different / images), holds: allOf(different, images) };
    },
  },
  {
    ...where,
    where: "Figure 10",
    claim: "Images feature 1 to 3 large objects and more than 10 small ones",
    measure:
      "images of CLEVR-DS that do, % (yes: all, partly: some; Table 8's minimum of one object excludes all)",
    paper: "100",
    judge(evidence) {
      const { asInFigure10, images } = clevrDs(evidence);
      if (asInFigure10 === undefined) throw new NotMeasured("objects have no size groups");
      return { ours: percent(asInFigure10 / images), holds: allOf(asInFigure10, images) };
    },
  },
];
