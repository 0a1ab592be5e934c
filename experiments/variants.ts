/**
 * The generated data sets that experiments compare, with the number of images of each at each scale.
 *
 * Paper: §4.2 and §5.1 (CLEVR-DS, -S, -L), A.3 (the reduced set).
 *
 * @module
 */
import type { DatasetConfig, Scale } from "detailclip";
import { type ClevrDsConfig, filesName, isGenerated } from "detailclip/runner";

/** What tables and figures call the generated retail scenes. */
const RETAIL = "retail scenes";

/** One of them. */
export interface Variant {
  /** What tables and figures call it. */
  label: string;
  /** A word for file names. */
  key: string;
  /** What it is made of, whatever the scale. */
  dataset: Pick<ClevrDsConfig, "variant" | "family">;
  /** How many images it has at the quick scale. */
  quick: number;
}

/** Objects of all sizes: the baseline's own data set. */
export const MIXED: Variant = {
  label: "CLEVR-DS",
  key: "mixed",
  dataset: { variant: "mixed", family: "fluent-3d" },
  quick: 1500,
};

/** Its classes appear only small, among large objects of no class. */
export const SMALL: Variant = {
  label: "CLEVR-DS-S",
  key: "S",
  dataset: { variant: "S", family: "fluent-3d" },
  quick: 400,
};

/** Its classes appear only large, among small objects of no class. */
export const LARGE: Variant = {
  label: "CLEVR-DS-L",
  key: "L",
  dataset: { variant: "L", family: "fluent-3d" },
  quick: 400,
};

/** The same recipe from renderings (Noto) that the embedded encoder never saw. */
export const UNSEEN_RENDERINGS: Variant = {
  label: "CLEVR-DS, unseen renderings",
  key: "noto",
  dataset: { variant: "mixed", family: "noto" },
  quick: 400,
};

/** A.3's set: 51 classes, three objects an image, none hidden. */
export const REDUCED: Variant = {
  label: "CLEVR-DS, reduced",
  key: "reduced",
  dataset: { variant: "reduced", family: "fluent-3d" },
  quick: 250,
};

/** All of them, in the order in which they are shown. */
export const VARIANTS: readonly Variant[] = [MIXED, SMALL, LARGE, REDUCED, UNSEEN_RENDERINGS];

/** What tables and figures call a data set: the label of a generated one, the name of another's folder or file. */
export function labelOf(dataset: DatasetConfig): string {
  if (!isGenerated(dataset)) return filesName(dataset.annotations);
  if (dataset.source === "retail") {
    return dataset.family === "noto" ? `${RETAIL}, unseen renderings` : RETAIL;
  }
  const { variant, family } = dataset;
  const known = VARIANTS.find(({ dataset }) =>
    dataset.variant === variant && dataset.family === family
  );
  return known?.label ?? `CLEVR-DS (${variant}, ${family})`;
}

/**
 * The data set of a variant at a scale, as a difference from the baseline's.
 *
 * @param variant which one
 * @param scale 60 images at `smoke`, the variant's own number at `quick`, the paper's 10,000 at `full` and
 *   `paper`
 */
export function datasetAt(
  { dataset, quick }: Variant,
  scale: Scale,
): Pick<ClevrDsConfig, "variant" | "family" | "images"> {
  return { ...dataset, images: { smoke: 60, quick, full: 10_000, paper: 10_000 }[scale] };
}
