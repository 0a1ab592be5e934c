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
  type Claim,
  configure,
  type CoverSpec,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FusionMethod,
  gridPoints,
  medianOf,
  NotMeasured,
  PAPER_GRID,
  type PaperPoint,
  paperTable,
  percent,
  type Scale,
  signed,
  type TrialRow,
  type TuningOptions,
} from "detailclip";
import { baseline, paperScale } from "./baseline.ts";
import { complete } from "./covers.ts";
import { asPublished, CC10 } from "./recipes.ts";
import { checkWhole } from "./knobs.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** 14 patches: a trial takes seconds. */
const CC3: CoverSpec = complete(3);

const POINTS = gridPoints(PAPER_GRID).length;

/** How long a search is. */
const SIZES = {
  smoke: { draws: 2, epochs: 1 },
  quick: { draws: 6, epochs: 3 },
  paper: { epochs: 10 },
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
      // small batches: with the paper's 30 a trial would end before the first decay
      train: { ...fuser.train, batchSize: 10 },
    },
  };
}

/** What is searched for, and how. */
export interface Tuning extends Pick<TuningOptions, "draws"> {
  /** Epochs of a trial. */
  epochs: number;
  /** What trials have in common. */
  config: ExperimentConfig;
  /** The fusion whose settings are searched for. */
  method: FusionMethod;
}

/**
 * A search of the grid: all of it at the paper's scale, a few points at the others.
 *
 * @param scale how much of it
 * @param options `seed`; `draws`: points that are tried, from 2 to 360, those of the scale unless told
 * @throws {RangeError} when draws is outside
 */
export function tuningAt(
  scale: Scale,
  { seed, draws }: { seed?: number; draws?: number } = {},
): Tuning {
  const config = configure(hyperparameters, scale, { seed });
  const size = draws === undefined ? {} : { draws: checkWhole("draws", draws, [2, POINTS]) };
  return { config, method: methodAt(scale), ...SIZES[scale], ...size };
}

/**
 * A search as its rows note it.
 *
 * @param tuning see {@linkcode tuningAt}
 */
export const tuningConfig = (
  { config, method, draws, epochs }: Tuning,
): ExperimentConfig => ({
  ...config,
  fusion: [method],
  search: { draws: draws ?? POINTS, epochs },
});

const NAMES: Record<keyof PaperPoint, string> = {
  learningRate: "learning rate",
  weightDecay: "weight decay",
  stepSize: "steps between decays",
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

/** The hyper-parameters in the order of Table 14. */
export const strips: readonly Strip[] = (Object.keys(PAPER_GRID) as (keyof PaperPoint)[])
  .map((key) => ({ key, label: NAMES[key], values: PAPER_GRID[key] }));

/** Trials that ended, best first; of equals the one that was drawn first. */
export function ranked(rows: readonly TrialRow[]): (TrialRow & { recall: number })[] {
  return rows.filter((row): row is TrialRow & { recall: number } => row.recall !== undefined)
    .toSorted((a, b) => b.recall - a.recall || a.trial - b.trial);
}

/**
 * Best, median and least validation recall of a search.
 *
 * @throws {NotMeasured} when fewer than two trials ended
 */
export function summary(
  rows: readonly TrialRow[],
): { best: number; middle: number; least: number } {
  const recalls = ranked(rows).map(({ recall }) => recall);
  if (recalls.length < 2) throw new NotMeasured("fewer than two trials ended");
  return { best: recalls[0], middle: medianOf(recalls), least: recalls[recalls.length - 1] };
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
    "chosen here": String(best[strips[i].key]),
  }));
}

const where = {
  notebook: "14_hyperparameters",
  needs: { [hyperparameters.name]: (scale: string) => tuningConfig(tuningAt(scale as Scale)) },
};

/** Whether searching pays, and whether clipping does anything. */
export const claims: Claim[] = [
  {
    ...where,
    where: "Table 14",
    claim: "The hyper-parameters have to be searched for",
    measure: "validation Recall@1 of the best trial minus the median trial, points",
    paper: "a grid search for each k (A.4)",
    judge(rowsOf) {
      const rows = rowsOf<TrialRow>(hyperparameters.name);
      const { best, middle, least } = summary(rows);
      const gain = best - middle;
      return {
        ours: `${signed(100 * gain)} (best ${percent(best)}, median ${percent(middle)}, least ${
          percent(least)
        } % of ${rows.length} trials)`,
        holds: gain > 0.03 ? "yes" : gain > 0.01 ? "partly" : "no",
      };
    },
  },
  {
    ...where,
    where: "beyond",
    claim: "With AdamW it is all the same at which norm gradients are clipped",
    measure: "median validation Recall@1 clipped at 1e-4 minus at 1e-5, points",
    paper: "",
    judge(rowsOf) {
      const good = ranked(rowsOf<TrialRow>(hyperparameters.name));
      const of = (clip: number) =>
        good.filter((row) => row.gradientClip === clip).map(({ recall }) => recall);
      const [loose, tight] = [of(1e-4), of(1e-5)];
      if (loose.length === 0 || tight.length === 0) {
        throw new NotMeasured("only one of the two was drawn");
      }
      const gain = medianOf(loose) - medianOf(tight);
      return {
        ours: `${signed(100 * gain)} (${loose.length} and ${tight.length} trials)`,
        holds: Math.abs(gain) < 0.01 ? "yes" : Math.abs(gain) < 0.03 ? "partly" : "no",
      };
    },
  },
];
