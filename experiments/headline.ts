/**
 * The paper's headline as published: one vector, trained by its loss on its schedule, against the number of images that
 * it learns from, in both geometries of the embedded encoder. Each unit is a training of half an hour to three hours on two
 * cores, which can be stopped and goes on.
 *
 * Command: `deno task headline` lists the units, `deno task headline --next` runs the next one.
 * Paper: Table 2; A.4 and Table 14 for the schedule; 7,000 training images (Table 12).
 *
 * @module
 */
import {
  configure,
  coverName,
  type CoverSpec,
  type Diff,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FusionMethod,
} from "detailclip";
import { batchCount } from "detailclip/fusion";
import { baseline } from "./baseline.ts";
import { FULL } from "./covers.ts";
import {
  asPublished,
  CC10,
  CC5,
  closedForm,
  detailClip,
  lossCeiling,
  paperTraining,
  tenEpochsInAll,
} from "./recipes.ts";

/** Whether texts and images share a direction, as those of real CLIP do, or have none in common. */
export type Geometry = "common" | "plain";

/** One training as published, beside what needs no long one. */
export interface Unit {
  /** Of the embedded encoder's vectors. */
  geometry: Geometry;
  /** Images to learn from: the first ones of CLEVR-DS's 7,000. */
  images: number;
  /** Epochs of the paper's schedule, or the reading of A.4 that has ten in all. */
  epochs: number | "ten in all";
  /** Of data and training. */
  seed: number;
  /** Whose patches are fused; cc@5 unless told. */
  cover?: CoverSpec;
}

/** The most images to learn from; others are the first ones of these. */
const ALL = 7000;

/** All units, the most telling first. */
export const UNITS: readonly Unit[] = [
  { geometry: "common", images: 1050, epochs: 150, seed: 7 },
  { geometry: "common", images: 7000, epochs: 40, seed: 7 },
  { geometry: "plain", images: 1050, epochs: 150, seed: 7 },
  { geometry: "plain", images: 7000, epochs: 40, seed: 7 },
  { geometry: "common", images: 2490, epochs: 60, seed: 7 },
  { geometry: "plain", images: 2490, epochs: 60, seed: 7 },
  { geometry: "common", images: 1050, epochs: "ten in all", seed: 7 },
  { geometry: "common", images: 7000, epochs: "ten in all", seed: 7 },
  { geometry: "plain", images: 1050, epochs: "ten in all", seed: 7 },
  { geometry: "plain", images: 7000, epochs: "ten in all", seed: 7 },
  { geometry: "common", images: 1050, epochs: 150, seed: 8 },
  { geometry: "common", images: 1050, epochs: 150, seed: 9 },
  { geometry: "plain", images: 1050, epochs: 150, seed: 8 },
  { geometry: "plain", images: 1050, epochs: 150, seed: 9 },
  { geometry: "common", images: 7000, epochs: 40, seed: 7, cover: CC10 },
  { geometry: "plain", images: 7000, epochs: 40, seed: 7, cover: CC10 },
];

/** Which test images are searched: those of the quick scale, or all. */
export const SEARCHED = [300, 2000] as const;

/** The name of a unit's cover. */
export const coverOf = ({ cover = CC5 }: Unit): string => coverName(cover);

/** What a unit is called on the command line. */
export function unitName(unit: Unit): string {
  const { geometry, images, epochs, seed } = unit, cover = coverOf(unit);
  return [
    ...[geometry, images, epochs === "ten in all" ? "ten" : epochs],
    ...(cover === coverName(CC5) ? [] : [cover.replace("@", "")]),
    ...(seed === baseline.seed ? [] : ["seed", seed]),
  ].join("-");
}

/** The same whatever the seed. */
export const seedlessName = (unit: Unit): string => unitName({ ...unit, seed: baseline.seed });

/** What is trained long, and after it what takes minutes at most. */
export function fusions({ epochs, cover = CC5 }: Unit): FusionMethod[] {
  if (epochs === "ten in all") return [tenEpochsInAll(cover)];
  return [
    asPublished(cover, "full", { epochs }),
    detailClip(cover, "full"),
    closedForm(cover),
    lossCeiling(cover),
  ];
}

/** The experiment of a unit, whatever its seed, on the first so many test images. */
function definitionOf(unit: Unit, searched: number): ExperimentDefinition {
  const { geometry, images, cover = CC5 } = unit;
  const name = seedlessName(unit).replaceAll("-", "_");
  const full: Diff<ExperimentConfig> = {
    dataset: { limit: searched } as Diff<ExperimentConfig>["dataset"],
    covers: [FULL, cover, { scheme: "objects" }],
    fusion: fusions(unit),
    // a share of the images for choosing the epoch, as in the whole set
    ...(images < ALL && { learn: { train: images, val: Math.round(images / 7) } }),
    ...(geometry === "plain" && { encoder: { commonDirection: false } }),
  };
  return {
    name: `headline_${name}${searched === SEARCHED[0] ? "" : `_${searched}`}`,
    title: "With enough images one vector keeps what the patches see",
    paper: ["Table 2"],
    baseline,
    scales: { smoke: {}, quick: {}, paper: {}, full },
  };
}

/**
 * The configurations of a unit, one for each number of test images; the training is the same.
 *
 * @param unit which
 */
export function unitConfigs(unit: Unit): ExperimentConfig[] {
  const { seed } = unit;
  return SEARCHED.map((searched) => configure(definitionOf(unit, searched), "full", { seed }));
}

/** Steps of a unit's training. */
export const stepsOf = ({ images, epochs }: Unit): number =>
  (epochs === "ten in all" ? 10 : epochs) * batchCount(images, paperTraining.batchSize!);
