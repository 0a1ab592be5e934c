/**
 * Which splits of a data set a configuration's fusions learn from, and whether there are such images.
 *
 * @module
 */
import { splitOf } from "../datasets/clevr_ds/annotations.ts";
import { type DatasetConfig, isGenerated } from "./dataset_config.ts";
import type { FusionMethod } from "./fusion_method.ts";

/** A split that fusions can learn from. */
export type LearnedSplit = "train" | "val";

/** The part of a configuration that is looked at. */
export interface Learning {
  /** What is searched, with the splits that it has beside. */
  dataset: DatasetConfig;
  /** What may have to learn. */
  fusion?: readonly FusionMethod[];
}

/** Whether a data set has images to train on. */
export function hasTraining(dataset: DatasetConfig): boolean {
  return isGenerated(dataset) || dataset.train !== undefined;
}

/** The splits that a method learns from. */
export function splitsOf(
  { fuser: { kind } }: FusionMethod,
  dataset: DatasetConfig,
): LearnedSplit[] {
  if (kind === "trained") return ["train", "val"];
  // the closed form does without where there are none
  const learns = kind === "visual-words" ||
    (kind === "closed-form" && hasTraining(dataset));
  return learns ? ["train"] : [];
}

/** The splits that fusions learn from, each with the names of those fusions. */
export function learnedSplits({ dataset, fusion = [] }: Learning): Map<LearnedSplit, string> {
  const names = new Map<LearnedSplit, string>();
  for (const method of fusion) {
    for (const split of splitsOf(method, dataset)) {
      const before = names.get(split);
      names.set(split, before === undefined ? method.method : `${before}, ${method.method}`);
    }
  }
  return names;
}

/**
 * What a data set does not offer to its search and its fusions.
 *
 * @returns the settings of the data set that would have to change, and why
 */
export function lackingSplits({ dataset, fusion }: Learning): [key: string, why: string][] {
  const learned = [...learnedSplits({ dataset, fusion })];
  if (!isGenerated(dataset)) {
    return learned.filter(([split]) => dataset[split] === undefined).map(([split, names]) => [
      split,
      `is missing: its annotations and root, which ${names} cannot do without`,
    ]);
  }
  const drawn = new Set(Array.from({ length: Math.min(10, dataset.images) }, (_, i) => splitOf(i)));
  const searched = learned.filter(([split]) => split === dataset.split)
    .map(([, names]): [string, string] => [
      "split",
      `is "${dataset.split}", whose images are what fusions learn from: ${names}`,
    ]);
  const empty = [dataset.split, ...learned.map(([split]) => split)].find((s) => !drawn.has(s));
  if (empty === undefined) return searched;
  return [...searched, [
    "images",
    `must leave some for the split ${empty} (of ten, train has 7, val 1 and test 2)`,
  ]];
}
