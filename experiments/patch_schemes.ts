/**
 * Which patches? The full image, grids, Complete Cover and the crops of the annotated objects, on all data sets.
 *
 * Command: `deno task notebooks 04_patch_schemes`.
 * Paper: Figures 5 and 6 (§6.1).
 *
 * @module
 */
import {
  ahead,
  bootstrapDifference,
  type Claim,
  type CoverSpec,
  type ExperimentDefinition,
  paperValue,
  recallOf,
  type RetrievalRun,
  type Scale,
  signed,
} from "detailclip";
import { baseline, paperScale } from "./baseline.ts";
import { CC10, CC5 } from "./fusion.ts";
import { datasetAt, LARGE, MIXED, SMALL, UNSEEN_RENDERINGS, type Variant } from "./variants.ts";

/** A grid's cells are among the windows of the cover of the same k, so they cost no encoding. */
const SCHEMES: CoverSpec[] = [
  { scheme: "full" },
  { scheme: "grid", n: 5 },
  { scheme: "grid", n: 10 },
  CC5,
  CC10,
  { scheme: "objects" },
];

/** The schemes on one data set. */
function schemesOn(variant: Variant): ExperimentDefinition {
  const at = (scale: Scale) => ({ dataset: datasetAt(variant, scale), covers: SCHEMES });
  return {
    name: variant === MIXED ? "patch_schemes" : `patch_schemes_${variant.key}`,
    title: "Complete Cover against grids and the crops of objects",
    paper: ["Figure 5", "Figure 6"],
    baseline,
    scales: {
      smoke: { ...at("smoke"), bootstrap: { resamples: 100 } },
      quick: at("quick"),
      paper: { ...paperScale, ...at("paper") },
    },
  };
}

/** The members of the series, by data set. */
export const MEMBERS: readonly { label: string; definition: ExperimentDefinition }[] = [
  ...[MIXED, SMALL, LARGE, UNSEEN_RENDERINGS],
].map((variant) => ({ label: variant.label, definition: schemesOn(variant) }));

/** A difference in Recall@1 between two schemes on the same images, in points. */
export interface SchemeDifference {
  /** The data set. */
  member: string;
  /** The scheme that is compared. */
  method: string;
  /** With which one. */
  other: string;
  /** Points of Recall@1. */
  points: number;
  /** Lower bound of the interval. */
  low: number;
  /** Upper bound of the interval. */
  high: number;
}

/** Pairs that the paper compares. */
const PAIRS = [["cc@5", "grid@5"], ["cc@10", "grid@10"], ["cc@10", "full image"], [
  "Patch-obj",
  "cc@10",
]];

/**
 * The comparisons of §6.1 on each data set, both methods on the same resampled images.
 *
 * @param runs runs by data set
 */
export function schemeDifferences(runs: ReadonlyMap<string, RetrievalRun>): SchemeDifference[] {
  return [...runs].flatMap(([member, { methods, relevance, config }]) => {
    const scores = (name: string) => methods.find(({ method }) => method === name)!.scores;
    const { seed, bootstrap: { resamples, confidence } } = config;
    return PAIRS.map(([method, other]) => {
      const [{ value, low, high }] = bootstrapDifference(scores(method), scores(other), relevance, {
        ...{ ks: [1], seed, rounds: resamples, level: confidence },
      });
      return { member, method, other, points: 100 * value, low: 100 * low, high: 100 * high };
    });
  });
}

const NAMES = MEMBERS.map(({ definition }) => definition.name);
const notebook = "04_patch_schemes";

/** What the paper says about patches. */
export const claims: Claim[] = [
  {
    notebook,
    where: "Figure 5",
    claim: "Complete Cover beats the grid on CLEVR-DS and CLEVR-DS-L, though not on CLEVR-DS-S",
    measure: "Recall@1 of cc@10 less grid@10, points, on CLEVR-DS, -S and -L (k = 5 beside it)",
    paper: "ahead, not ahead, ahead (bars without numbers)",
    needs: NAMES.slice(0, 3),
    judge(rowsOf) {
      const gains = NAMES.slice(0, 3).map((name) => ahead(rowsOf(name), "cc@10", "grid@10"));
      const fives = NAMES.slice(0, 3).map((name) => ahead(rowsOf(name), "cc@5", "grid@5"));
      const shown = (of: typeof gains) => of.map(({ points }) => signed(points)).join(", ");
      const [mixed, small, large] = gains;
      const clear = [mixed, large].every(({ points, apart }) => points > 0 && apart);
      const some = mixed.points > 0 || large.points > 0;
      const exception = !(small.points > 0 && small.apart);
      return {
        ours: `${shown(gains)} (k = 5: ${shown(fives)})`,
        holds: clear && exception ? "yes" : some ? "partly" : "no",
      };
    },
  },
  {
    notebook,
    where: "Figure 6",
    claim: "Crops of the annotated objects are the upper bound of what patches can reach",
    measure:
      "Recall@1 of Patch-obj, and of the best of full image, grids and covers, on CLEVR-DS; " +
      "judged on all four data sets",
    paper: `${paperValue("figure 6", { method: "Patch-obj" }, "recall@1")} %, ${
      paperValue("table 2", { dataset: "CLEVR-DS", method: "CLIP", input: "CC@10" }, "recall@1")
    } % (CC@10)`,
    needs: NAMES,
    judge(rowsOf) {
      const others = ["full image", "grid@5", "grid@10", "cc@5", "cc@10"];
      const found = NAMES.map((name) => {
        const rows = rowsOf(name);
        const best = Math.max(...others.map((method) => recallOf(rows, method).value));
        return { bound: recallOf(rows, "Patch-obj").value, best };
      });
      const below = found.filter(({ bound, best }) => best <= bound).length;
      return {
        ours: `${(100 * found[0].bound).toFixed(1)} %, ${
          (100 * found[0].best).toFixed(1)
        } % (bound on ${below} of ${found.length} data sets)`,
        holds: below === found.length ? "yes" : below > 0 ? "partly" : "no",
      };
    },
  },
];
