/**
 * The search for hyper-parameters of DetailCLIP as published: learning rate, weight decay, step decay, clipping of
 * gradients and the epsilon of layer normalisation.
 *
 * Command: `deno task notebooks 14_hyperparameters`.
 * Paper: section A.4, Table 14.
 *
 * @module
 */
import {
  configure,
  type CoverSpec,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FusionMethod,
  gridPoints,
  PAPER_GRID,
  type PaperGrid,
  type PaperPoint,
  paperTable,
  type Scale,
  type TrialRow,
  type TuningOptions,
} from "detailclip";
import { canonicalJson } from "detailclip/runtime";
import { baseline, paperScale } from "./baseline.ts";
import { complete } from "./covers.ts";
import { asPublished, CC10 } from "./recipes.ts";
import {
  checkList,
  checkNames,
  checkNumber,
  checkWhole,
  configWith,
  datasetToLearnFrom,
  type Knobs,
  type Range,
} from "./knobs.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** 14 patches: a trial takes seconds. */
const CC3: CoverSpec = complete(3);

const POINTS = gridPoints(PAPER_GRID).length;

/** How long a search is. */
const SIZES = {
  smoke: { draws: 2, epochs: 1 },
  quick: { draws: 12, epochs: 12 },
  full: { draws: 12, epochs: 40 },
  paper: { epochs: 150 },
};

/** What is searched for: the images that trials learn from. */
export const hyperparameters: ExperimentDefinition = {
  name: "hyperparameters",
  title: "What the hyper-parameters of Table 14 are worth",
  paper: ["Table 14"],
  baseline,
  scales: {
    smoke: { dataset: datasetAt(MIXED, "smoke"), covers: [CC3], ...searched("smoke") },
    quick: {
      dataset: datasetAt(MIXED, "quick"),
      covers: [CC3],
      learn: { train: 240, val: 100 },
      ...searched("quick"),
    },
    full: searched("full"),
    paper: {
      ...paperScale,
      dataset: datasetAt(MIXED, "paper"),
      covers: [CC10],
      ...searched("paper"),
    },
  },
};

/** What is tuned and how long, as rows note it. */
function searched(scale: Scale): Pick<ExperimentConfig, "fusion" | "search"> {
  const { draws = POINTS, epochs }: { draws?: number; epochs: number } = SIZES[scale];
  return { fusion: [methodAt(scale)], search: { draws, epochs } };
}

/** The fusion that is searched for, in a size that fits the scale. */
function methodAt(scale: Scale): FusionMethod {
  if (scale !== "quick") return asPublished(scale === "paper" ? CC10 : CC3, scale);
  const method = asPublished(CC3, scale);
  const { fuser } = method;
  if (fuser.kind !== "trained" || fuser.model.kind !== "transformer") {
    throw new Error("unreachable");
  }
  return {
    ...method,
    fuser: {
      ...fuser,
      model: { ...fuser.model, feedForward: 256 },
      train: { ...fuser.train, batchSize: 10 }, // of few images more steps
    },
  };
}

/** What is searched for, and how. */
export interface Tuning extends Pick<TuningOptions, "grid"> {
  /** Points that are tried. */
  draws: number;
  /** Epochs of a trial. */
  epochs: number;
  /** What trials have in common. */
  config: ExperimentConfig;
  /** The fusion whose settings are searched for. */
  method: FusionMethod;
}

/** What can be turned of a search. */
export interface TuningKnobs extends Knobs {
  /** Candidates of some hyper-parameters, in place of Table 14's. */
  grid?: Partial<PaperGrid>;
  /** Points that are tried, from 2 to as many as the grid has; those of the scale unless told. */
  draws?: number;
}

/**
 * A search of the grid: all of it at the paper's scale, a few points at the others.
 *
 * @param scale how much of it
 * @param knobs what was turned; of a data set of one's own without images to learn from half are learned from
 * @throws {RangeError} when one is outside, or unknown
 */
export function tuningAt(
  scale: Scale,
  { grid: given = {}, draws, dataset, ...knobs }: TuningKnobs = {},
): Tuning {
  if (Object.keys(given).length > 0) {
    checkNames("grid", Object.keys(given), Object.keys(PAPER_GRID));
  }
  for (const [name, values] of Object.entries(given)) {
    for (const value of checkList(`grid.${name}`, values)) {
      checkNumber(`each of grid.${name}`, value, LIMITS[name as keyof PaperGrid]);
    }
  }
  const grid: PaperGrid = { ...PAPER_GRID, ...given };
  const points = gridPoints(grid).length;
  const config = configWith(configure(hyperparameters, scale), {
    ...knobs,
    dataset: datasetToLearnFrom(dataset),
  });
  const [method] = config.fusion!;
  const size = config.search!;
  return {
    ...{ config, method },
    epochs: knobs.epochs ?? size.epochs,
    ...(canonicalJson(grid) !== canonicalJson(PAPER_GRID) && { grid }),
    draws: checkWhole("draws", draws ?? Math.min(size.draws, points), [2, points]),
  };
}

/** What each hyper-parameter may be. */
const LIMITS: Record<keyof PaperGrid, Range> = {
  learningRate: [1e-7, 1],
  weightDecay: [0, 1],
  stepSize: [1, 100_000],
  gamma: [0.01, 1],
  gradientClip: [1e-9, 1000],
  epsilon: [1e-12, 1],
};

/**
 * A search as its rows note it.
 *
 * @param tuning see {@linkcode tuningAt}
 */
export const tuningConfig = (
  { config, method, grid, draws, epochs }: Tuning,
): ExperimentConfig => ({
  ...config,
  fusion: [method],
  search: { draws, epochs, ...(grid && { grid }) },
});

/**
 * The same with the candidates, whether they are Table 14's or not: for notebooks to show.
 *
 * @param tuning see {@linkcode tuningAt}
 */
export function shownTuning(tuning: Tuning): ExperimentConfig {
  const { search, ...config } = tuningConfig(tuning);
  return { ...config, search: { ...search!, grid: tuning.grid ?? PAPER_GRID } };
}

const NAMES: Record<keyof PaperPoint, string> = {
  learningRate: "learning rate",
  weightDecay: "weight decay",
  stepSize: "epochs between decays",
  gamma: "factor of a decay (gamma)",
  gradientClip: "largest gradient norm",
  epsilon: "ε of layer normalisation",
};

/** A hyper-parameter of the grid. */
export interface Strip {
  /** Its key in rows. */
  key: keyof PaperPoint;
  /** What it is called. */
  label: string;
  /** Its candidates. */
  values: readonly number[];
}

/**
 * The hyper-parameters in the order of Table 14.
 *
 * @param grid the candidates that were tried
 */
export const stripsOf = (grid: PaperGrid = PAPER_GRID): readonly Strip[] =>
  (Object.keys(PAPER_GRID) as (keyof PaperPoint)[])
    .map((key) => ({ key, label: NAMES[key], values: grid[key] }));

/** Trials that ended, best first; of equals the one that was drawn first. */
export function ranked(rows: readonly TrialRow[]): (TrialRow & { recall: number })[] {
  return rows.filter((row): row is TrialRow & { recall: number } => row.recall !== undefined)
    .toSorted((a, b) => b.recall - a.recall || a.trial - b.trial);
}

/**
 * Table 14 with the point that was chosen here beside it.
 *
 * @param best the chosen trial
 */
export function chosenBeside(best: TrialRow): Record<string, string>[] {
  return paperTable("table 14").rows.map(({ name, candidates }, i) => ({
    "hyper-parameter": String(name),
    "the paper's candidates": (candidates as readonly number[]).join(", "),
    "chosen here": String(best[(Object.keys(PAPER_GRID) as (keyof PaperPoint)[])[i]]),
  }));
}
