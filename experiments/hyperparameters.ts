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
  type CoverSpec,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FusionMethod,
  gridPoints,
  medianOf,
  PAPER_GRID,
  type PaperPoint,
  paperTable,
  percent,
  type Scale,
  signed,
  type Strip,
  type TrialRow,
  type TuningOptions,
} from "detailclip";
import { baseline, paperScale } from "./baseline.ts";
import { asPublished, CC10 } from "./fusion.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** 14 patches: a trial takes seconds. */
const CC3: CoverSpec = { scheme: "complete", k: 3 };

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

/** The search as its rows' configuration says it. */
function searched(scale: Scale): Pick<ExperimentConfig, "fusion" | "search"> {
  const { method, draws = gridPoints(PAPER_GRID).length, epochs } = searchAt(scale);
  return { fusion: [method], search: { draws, epochs } };
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

/**
 * How the grid is searched at a scale: all of it at the paper's, a few points at the others.
 *
 * @param scale which one
 */
export function searchAt(
  scale: Scale,
): { method: FusionMethod; epochs: number } & Pick<TuningOptions, "draws"> {
  const sizes = {
    smoke: { draws: 2, epochs: 1 },
    quick: { draws: 6, epochs: 3 },
    paper: { epochs: 10 },
  };
  return { method: methodAt(scale), ...sizes[scale] };
}

const NAMES: Record<keyof PaperPoint, string> = {
  learningRate: "learning rate",
  weightDecay: "weight decay",
  stepSize: "steps between decays",
  gamma: "factor of a decay (gamma)",
  gradientClip: "largest gradient norm",
  epsilon: "ε of layer normalisation",
};

/** The hyper-parameters as `searchStrips` draws them, in the order of Table 14. */
export const strips: readonly (Strip<TrialRow> & { key: keyof PaperPoint })[] =
  (Object.keys(PAPER_GRID) as (keyof PaperPoint)[]).map((key) => ({
    key,
    label: NAMES[key],
    values: PAPER_GRID[key],
    of: (row) => row[key],
  }));

/** Trials that ended, best first; of equals the one that was drawn first. */
export function ranked(rows: readonly TrialRow[]): (TrialRow & { recall: number })[] {
  return rows.filter((row): row is TrialRow & { recall: number } => row.recall !== undefined)
    .toSorted((a, b) => b.recall - a.recall || a.trial - b.trial);
}

/** Best, median and least validation recall of a search. */
export function summary(
  rows: readonly TrialRow[],
): { best: number; middle: number; least: number } {
  const recalls = ranked(rows).map(({ recall }) => recall);
  return { best: recalls[0], middle: medianOf(recalls), least: recalls[recalls.length - 1] };
}

/**
 * How far the medians of a hyper-parameter's values lie apart, the widest first: what seems to matter most.
 *
 * @param rows the trials
 */
export function medianRanges(
  rows: readonly TrialRow[],
): { key: keyof PaperPoint; label: string; range: number; best: number }[] {
  const good = ranked(rows);
  return strips.map(({ key, label }) => {
    const medians = [...Map.groupBy(good, (row) => row[key])]
      .map(([value, group]) => ({ value, middle: medianOf(group.map(({ recall }) => recall)) }))
      .sort((a, b) => b.middle - a.middle);
    const range = medians[0].middle - medians[medians.length - 1].middle;
    return { key, label, range, best: medians[0].value };
  }).sort((a, b) => b.range - a.range);
}

/**
 * How often the learning rate has decayed at the last step of a training.
 *
 * @param steps of the training
 * @param every so many steps it decays
 */
export const decays = (steps: number, every: number): number => Math.floor((steps - 1) / every);

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

const where = { notebook: "14_hyperparameters", needs: ["hyperparameters"] };

/** Whether searching pays, and whether clipping does anything. */
export const claims: Claim[] = [
  {
    ...where,
    where: "Table 14",
    claim: "The hyper-parameters have to be searched for",
    measure: "validation Recall@1 of the best trial minus the median trial, points",
    paper: "a grid search for each k (A.4)",
    judge(rowsOf) {
      const rows = rowsOf<TrialRow>("hyperparameters");
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
      const good = ranked(rowsOf<TrialRow>("hyperparameters"));
      const of = (clip: number) =>
        good.filter((row) => row.gradientClip === clip).map(({ recall }) => recall);
      const [loose, tight] = [of(1e-4), of(1e-5)];
      if (loose.length === 0 || tight.length === 0) {
        return { ours: "only one of the two was drawn", holds: "no" };
      }
      const gain = medianOf(loose) - medianOf(tight);
      return {
        ours: `${signed(100 * gain)} (${loose.length} and ${tight.length} trials)`,
        holds: Math.abs(gain) < 0.01 ? "yes" : Math.abs(gain) < 0.03 ? "partly" : "no",
      };
    },
  },
];
