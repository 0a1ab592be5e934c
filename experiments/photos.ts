/**
 * Photographs: the COCO column of the paper's Table 3, Table 1 and what Figures 1, 6, 8 and 12 show, measured with the
 * embedded encoder on the 128 photographs of COCO that `data/photos/coco-128.json` lists. They cannot be shipped.
 *
 * Command: `deno task photos pick COCO`, then `deno task photos measure`; two minutes on two cores.
 * Paper: Tables 1 and 3 (§3.1, §5.2.2), there with other encoders on 5,000 photographs.
 *
 * @module
 */
import {
  configHash,
  configure,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FilingOptions,
  type RetrievalRun,
  type RunOptions,
  runRetrieval,
  writeResults,
} from "detailclip";
import { type FilesConfig, isGenerated } from "detailclip/runner";
import { baseline } from "./baseline.ts";
import { FULL } from "./covers.ts";
import { type ChoiceRow, choiceRows } from "./photos_choice.ts";
import { type ClassRow, classRows, type FigureRow, figureRows, keptRows } from "./photos_rows.ts";
import {
  asPublished,
  CC10,
  CC5,
  closedForm,
  detailClip,
  EPOCHS,
  lossCeiling,
  METHODS,
} from "./recipes.ts";
import { SCORERS, VECTORS } from "./scorers.ts";

/** Rows are the same wherever the photographs lie: their place is no part of what was measured. */
const LISTED = { annotations: "coco-128/instances.json", root: "coco-128/images" };

const encoder = { id: "photo-clip" };

/** All photographs searched; nothing is learned but the words. */
export const photos: ExperimentDefinition = {
  name: "photos",
  title: "Photographs: full image, patches, crops and vectors that need no training",
  paper: ["Table 1", "Table 3", "Figure 1", "Figure 6", "Figure 8", "Figure 12"],
  baseline,
  always: {
    dataset: { source: "coco", ...LISTED },
    encoder,
    covers: [FULL, CC5, CC10, { scheme: "objects" }],
    scorers: [...SCORERS],
    // visual words are found in training images, and there are none
    fusion: [...VECTORS.filter((name) => name !== "visual words"), "ceiling of the loss"]
      .map((name) => METHODS[name](CC5, "quick")),
    subsets: ["size", "rMax"],
  },
  scales: { smoke: { bootstrap: { resamples: 100 } }, quick: {}, paper: {} },
};

/** Epochs of our training of 48 images, two steps each. */
const OURS = 20;

/** Half of them searched, half learned from: 48 for the weights, 16 to choose the epoch by. */
export const photosHalf: ExperimentDefinition = {
  ...photos,
  name: "photos_half",
  title: "DetailCLIP from 64 photographs: a demonstration",
  always: {
    dataset: {
      ...{ source: "coco", ...LISTED, draw: { size: 1 / 2, take: "rest" } },
      train: { ...LISTED, draw: { size: 1 / 2, take: "drawn", after: 1 / 8 } },
      val: { ...LISTED, draw: { size: 1 / 8, take: "drawn" } },
    },
    encoder,
    covers: [FULL, CC5],
    fusion: [
      asPublished(CC5, "quick", { epochs: EPOCHS.paper }),
      detailClip(CC5, "quick", { epochs: OURS }),
      closedForm(CC5),
      lossCeiling(CC5),
    ],
  },
};

/** What {@linkcode measurePhotos} leaves behind. */
export interface PhotosRun {
  /** All photographs. */
  whole: RetrievalRun;
  /** Half of them. */
  half: RetrievalRun;
  /** A row a class. */
  classes: ClassRow[];
  /** A row a method. */
  figures: FigureRow[];
  /** A row a choice of how to score. */
  choices: ChoiceRow[];
}

/** A configuration with the photographs where they are. */
export function placedAt(
  config: ExperimentConfig,
  { annotations, root }: FilesConfig,
): ExperimentConfig {
  const { dataset } = config, place = { annotations, root };
  if (isGenerated(dataset)) throw new RangeError("Cannot place generated images");
  return {
    ...config,
    dataset: {
      ...{ ...dataset, ...place },
      ...(dataset.train && { train: { ...dataset.train, ...place } }),
      ...(dataset.val && { val: { ...dataset.val, ...place } }),
    },
  };
}

/**
 * The configuration under which rows are filed: kept ones, which are of the listed photographs alone, say nothing of where
 * these are; others are filed by their data set, as those of any run.
 */
export const filedAs = (
  config: ExperimentConfig,
  files: FilesConfig,
  { keep = false }: Pick<FilingOptions, "keep">,
): ExperimentConfig => keep ? config : placedAt(config, files);

/** Files rows of a run under a configuration. */
async function file(
  { provenance, pairs }: RetrievalRun,
  config: ExperimentConfig,
  rows: readonly object[],
  options: FilingOptions & { experiment?: string },
): Promise<void> {
  const { experiment = config.name, ...filing } = options;
  const hash = configHash(config);
  const noted = { ...provenance, experiment, config, configHash: hash };
  await writeResults(rows, noted, filing, experiment === config.name ? pairs : []);
}

/**
 * Measures both experiments and files their rows, and those of each class, those that the figures show, and how to score chosen
 * by cross-validation.
 *
 * @param files where the photographs are
 * @param options as of `runRetrieval`; `encoder`, whole or in part, in place of `photo-clip`, whose rows alone are kept
 */
export async function measurePhotos(
  files: FilesConfig,
  { encoder: changed = {}, ...options }: RunOptions & {
    encoder?: Partial<ExperimentConfig["encoder"]>;
  } = {},
): Promise<PhotosRun> {
  const [all, some] = [photos, photosHalf]
    .map((definition) => configure(definition, "quick", { encoder: changed }));
  const whole = await runRetrieval(placedAt(all, files), options);
  const classes = classRows(whole), figures = figureRows(whole), choices = choiceRows(whole);
  const noted = filedAs(all, files, options);
  for (const [name, rows] of Object.entries({ classes, figures, choices })) {
    await file(whole, noted, rows, { ...options, experiment: `${photos.name}_${name}` });
  }
  const half = await runRetrieval(placedAt(some, files), options);
  if (options.keep) {
    await file(whole, all, keptRows(whole.rows), options);
    await file(half, some, keptRows(half.rows), options);
  }
  return { whole, half, classes, figures, choices };
}
