/**
 * What the patches buy: cc@k for the 14 values of Figure 11 against grids, the full image and object
 * crops, by object size and by r_max.
 *
 * Command: `deno task notebooks 02_retrieval`.
 * Paper: Figures 5, 6 and 11, Table 1. Figure 11 uses the reduced set of A.3 (51 classes, 3 objects).
 *
 * @module
 */
import type { CoverSpec, ExperimentDefinition } from "detailclip";
import { baseline, paperScale } from "./baseline.ts";

const complete = (k: number): CoverSpec => ({ scheme: "complete", k });
const grid = (n: number): CoverSpec => ({ scheme: "grid", n });
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Recall against k on the reduced set. */
export const sweep: ExperimentDefinition = {
  name: "cover_sweep",
  title: "Recall rises with k and saturates",
  paper: ["Figure 11", "Table 13"],
  baseline,
  always: {
    dataset: { variant: "reduced" },
    covers: [{ scheme: "full" }, ...range(2, 15).map(complete), ...range(2, 15).map(grid)],
  },
  scales: {
    smoke: {
      dataset: { images: 60 },
      covers: [{ scheme: "full" }, complete(3), complete(5), grid(3), grid(5)],
      bootstrap: { resamples: 100 },
    },
    quick: { dataset: { images: 500 } },
    paper: paperScale,
  },
};

/** Patch schemes and the upper bound, by object size and r_max. */
export const schemes: ExperimentDefinition = {
  name: "patch_schemes",
  title: "Complete Cover beats a grid, and small objects profit most",
  paper: ["Figure 5", "Figure 6", "Table 1"],
  baseline,
  always: {
    covers: [
      { scheme: "full" },
      grid(5),
      grid(10),
      complete(5),
      complete(10),
      // CLEVR-DS draws no object below 5 % of the side: complete covers of all of them, in which each fills
      // more than 1/4 (86 patches) or 1/3 (235 patches) of the side of some patch
      { scheme: "verified", k: 4, minSide: 0.05 },
      { scheme: "verified", k: 3, minSide: 0.05 },
      { scheme: "objects" },
    ],
    subsets: ["size", "rMax"],
  },
  scales: {
    smoke: {
      dataset: { images: 60 },
      covers: [{ scheme: "full" }, grid(5), complete(5), { scheme: "objects" }],
      bootstrap: { resamples: 100 },
    },
    quick: {},
    paper: paperScale,
  },
};

/** The data sets of Figure 5 and Table 2, and the stricter one whose renderings the encoder never saw. */
export const VARIANTS = [
  { label: "CLEVR-DS", variant: "mixed", family: "fluent-3d" },
  { label: "CLEVR-DS-S", variant: "S", family: "fluent-3d" },
  { label: "CLEVR-DS-L", variant: "L", family: "fluent-3d" },
  { label: "CLEVR-DS, unseen renderings", variant: "mixed", family: "noto" },
] as const;

/** Patch schemes on one of {@linkcode VARIANTS}. */
export function onVariant({ variant, family }: typeof VARIANTS[number]): ExperimentDefinition {
  const known = variant === "mixed" && family === "fluent-3d"; // its features are in the cache already
  return {
    name: `variant_${variant}_${family}`,
    title: "The gain of a Complete Cover by the size of the objects",
    paper: ["Figure 5", "Table 2"],
    baseline,
    always: {
      dataset: { variant, family },
      covers: [{ scheme: "full" }, grid(10), complete(10), { scheme: "objects" }],
    },
    scales: {
      smoke: {
        dataset: { images: 60 },
        covers: [{ scheme: "full" }, grid(3), complete(3), { scheme: "objects" }],
        bootstrap: { resamples: 100 },
      },
      quick: known ? {} : { dataset: { images: 1000 } },
      paper: paperScale,
    },
  };
}
