/**
 * The demo's work: a retrieval experiment, its table and its figures. A module of its own because it loads the whole
 * library, which takes a second or two.
 *
 * @module
 */
import { resolve } from "node:path";
import {
  configHash,
  configure,
  type DatasetConfig,
  datasetNamed,
  describeDataset,
  type ExperimentConfig,
  filesOf,
  type FusionMethod,
  galleryOf,
  paperRecalls,
  recallBars,
  recallMarkdown,
  type RetrievalRun,
  runRetrieval,
  saveFigure,
  type Scale,
  SCALES,
} from "detailclip";
import { closedForm } from "../../experiments/recipes.ts";
import { mainResult, PUBLISHED } from "../../experiments/main_result.ts";
import { describeLedger } from "../../lib/features/mod.ts";
import { isGenerated } from "../../lib/runner/dataset_config.ts";
import { describeSource } from "../../lib/runner/named_dataset.ts";
import { hasTraining } from "../../lib/runner/splits.ts";
import { notice, printable } from "../../lib/runtime/notice.ts";
import { showStep } from "../../lib/runtime/progress.ts";
import { ENCODER_OPTIONS, oneOf, readEncoder, readOptions, UsageError } from "./arguments.ts";

/** What the command line asks for. */
export interface Demo {
  /** What is run. */
  config: ExperimentConfig;
  /** Whether the committed rows and figure are renewed. */
  keep: boolean;
}

const OPTIONS = {
  scale: { type: "string", default: "quick" },
  seed: { type: "string" },
  ...ENCODER_OPTIONS,
  dataset: { type: "string" },
  annotations: { type: "string" },
  images: { type: "string" },
  limit: { type: "string" },
  published: { type: "boolean", default: false },
  keep: { type: "boolean", default: false },
} as const;

/** The value of an option that is a whole number, where it is given. */
function integer(name: string, text: string | undefined, least: number): number | undefined {
  const value = Number(text);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(
    `Cannot run demo: --${name} must be a whole number from ${least} on, got "${text}"`,
  );
}

/** The fusions but that as published, whose training takes a quarter of an hour at the quick scale, the others a few minutes. */
const withoutPublished = (scale: Scale): FusionMethod[] =>
  configure(mainResult, scale).fusion!.filter(({ method }) => method !== PUBLISHED);

/** Whether a configuration is the experiment's own at the quick scale, with the fusion as published or without. */
function isOwn(config: ExperimentConfig): boolean {
  const own = configure(mainResult, "quick"), few = { fusion: withoutPublished("quick") };
  return [own, configure(mainResult, "quick", few)].some((c) =>
    configHash(c) === configHash(config)
  );
}

/**
 * Command line to configuration.
 *
 * @throws {UsageError} when it is not understood
 */
export function readArguments(args: string[]): Demo {
  const { values } = readOptions({ args, options: OPTIONS });
  const { annotations, images: root, dataset: name, keep } = values;
  if ((annotations === undefined) !== (root === undefined)) {
    throw new UsageError("Cannot run demo: --annotations and --images go together");
  }
  if (name !== undefined && annotations !== undefined) {
    throw new UsageError("Cannot run demo: --dataset and --annotations name two data sets");
  }
  if (values.published && annotations !== undefined) {
    throw new UsageError(
      "Cannot run demo: --published needs images to train on, which --annotations lacks",
    );
  }
  if (values.limit !== undefined && annotations === undefined && name === undefined) {
    throw new UsageError(
      "Cannot run demo: --limit is for --dataset, or --annotations and --images",
    );
  }
  const changed = (["seed", "encoder", "dtype", "device", "dataset", "annotations"] as const).find((
    name,
  ) => values[name] !== undefined);
  if (keep && changed !== undefined) {
    throw new UsageError(
      `Cannot run demo: --keep is for the committed configuration, which --${changed} changes`,
    );
  }
  const scale = oneOf("scale", values.scale, SCALES);
  const all = values.published || keep || scale !== "quick";
  const config = configure(mainResult, scale, {
    ...(!all && { fusion: withoutPublished(scale) }),
    seed: integer("seed", values.seed, 0),
    encoder: readEncoder(values),
  });
  const limit = integer("limit", values.limit, 1);
  if (name !== undefined) {
    const { published } = values;
    return { config: onDataset(config, name, { limit, published }), keep };
  }
  if (annotations === undefined || root === undefined) return { config, keep };
  // whole paths: a relative one means other data in another folder
  const files = { annotations: resolve(annotations), root: resolve(root) };
  const dataset: DatasetConfig = { source: "coco", ...files, limit };
  // such data come without training images; the closed form needs none
  const fusion = [closedForm({ scheme: "complete", k: 5 })];
  return { config: { ...config, dataset, fusion }, keep };
}

/** The configuration on a data set that is named: with the fusions that its images to learn from allow. */
function onDataset(
  config: ExperimentConfig,
  name: string,
  { limit, published }: { limit?: number; published: boolean },
): ExperimentConfig {
  const generated = isGenerated(config.dataset) ? config.dataset : undefined;
  const dataset = datasetNamed(name, generated);
  if (dataset.source === "folder") {
    throw new UsageError(
      `Cannot run demo: ${dataset.root} is a folder of images without annotations, in which nothing can be scored`,
    );
  }
  notice(describeSource(dataset));
  const learns = hasTraining(dataset);
  if (published && !learns) {
    throw new UsageError(
      `Cannot run demo: --published needs images to train on, which ${name} lacks; half:${name} learns from half of it`,
    );
  }
  return {
    ...config,
    dataset: { ...dataset, ...(limit !== undefined && { limit }) },
    ...(!learns && { fusion: [closedForm({ scheme: "complete", k: 5 })] }),
  };
}

/** Draws the recall bars and the gallery; those kept are the gallery notebook's. */
async function drawFigures(run: RetrievalRun, subtitle: string, keep: boolean): Promise<string[]> {
  const { config } = run;
  const bars = recallBars(run.rows, {
    // a claim of the experiment's own configuration; another may not bear it out
    ...(isOwn(config) && {
      title: "One full-image feature misses what patches see; one fused vector keeps most of it",
    }),
    subtitle,
  });
  const gallery = await galleryOf(run, { methods: ["full image", "cc@10"], queries: 3, count: 6 });
  const kept = filesOf(config.name, config, { keep });
  const filed = filesOf(config.name, config, { keep: false });
  const paths = [kept.figure(), filed.figure("gallery")].map((path) => `${path}.svg`);
  await saveFigure(bars, paths[0]);
  await saveFigure(gallery, paths[1]);
  return paths;
}

/** Images that are not in the table, with their reasons. */
function leftOutOf({ dataset, imageIds, stores }: RetrievalRun): string[] {
  const count = dataset.images.length - imageIds.length;
  if (count === 0) return [];
  const entries = [...stores.values()].flatMap(({ ledger }) => ledger);
  const each = new Map(entries.map((entry) => [entry.image, entry])); // once, of all covers
  return [
    `${count} of ${dataset.images.length} images could not be encoded and are not in the table:`,
    ...describeLedger([...each.values()]).map((line) => printable(`  ${line}`)),
  ];
}

/** Whether the paper's column belongs beside a table: it is of CLEVR-DS. */
const isBesidePaper = ({ dataset }: ExperimentConfig) => dataset.source === "clevr-ds";

/** What is to be said under the table, in lines. */
export function remarksOn(config: ExperimentConfig): string[] {
  const { fusion = [], scale } = config;
  const trains = fusion.some(({ fuser }) => fuser.kind === "trained");
  const isPublished = fusion.some(({ method }) => method === PUBLISHED);
  const column = "The paper's column is another experiment (CLIP ViT-B/32 on ShapeNet objects): " +
    "compare the order of the rows, not the numbers.";
  const published = `${PUBLISHED}, is not among them: its training takes longer; see --published.`;
  const smoke =
    "Scale smoke only shows that everything runs: its models train for two epochs on few images.";
  const untrained =
    "No DetailCLIP: its transformer is trained on other images, which this data set does not come with; the " +
    "closed form fuses the patches of cc@5 into one vector without any training.";
  return [
    ...(isBesidePaper(config) ? [column] : []),
    ...(trains ? [] : [untrained]),
    ...(trains && !isPublished ? [published] : []),
    ...(trains && scale === "smoke" ? [smoke] : []),
  ];
}

/**
 * Runs the experiment and prints its table.
 *
 * @param demo what the command line asks for
 * @param command the command line, noted with the results
 */
export async function demonstrate({ config, keep }: Demo, command: string): Promise<void> {
  const run = await runRetrieval(config, { command, keep });
  const { dataset, rows, provenance } = run;
  const beside = isBesidePaper(config);
  const described = `${run.imageIds.length} images of ${dataset.name}, ` +
    `${rows[0].classes} classes as queries, ${config.encoder.id}, seed ${config.seed}`;
  console.log(`\n${described}; recall in % with its 95 % interval\n`);
  console.log(recallMarkdown(rows, {
    ...(beside && { paper: { heading: "paper, R@1", values: paperRecalls("recall@1") } }),
  }));
  const remarks = remarksOn(config);
  if (remarks.length > 0) console.log(`\n${remarks.join("\n")}`);
  // with all that could not be used
  if (!isGenerated(config.dataset)) console.log(`\n${printable(describeDataset(dataset))}`);
  const draw = () => drawFigures(run, described, keep);
  const figures = await showStep("Draw figures", draw, { leaves: "slow" });
  const leftOut = leftOutOf(run);
  if (leftOut.length > 0) console.log(`\n${leftOut.join("\n")}`);
  const total = Object.values(provenance.seconds).reduce((a, b) => a + b, 0);
  console.log(
    `\n${total.toFixed(0)} s, at most ${provenance.peakMemoryMiB} MiB; config ` +
      `${provenance.configHash}\nrows     ${run.path}\n` +
      figures.map((path) => `figure   ${path}`).join("\n"),
  );
}
