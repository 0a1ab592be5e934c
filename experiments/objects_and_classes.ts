/**
 * Is retrieval easier where images have fewer objects of fewer classes? DetailCLIP and DetailCLIP+ on CLEVR-DS (138
 * classes, about 14 objects an image) and on the reduced set (51 classes, three objects).
 *
 * Command: `deno task notebooks 11_objects_and_classes`.
 * Paper: section 6.3, Table 5.
 *
 * @module
 */
import {
  type Claim,
  type Diff,
  type ExperimentConfig,
  type ExperimentDefinition,
  paperValue,
  percent,
  recallOf,
  type ResultRow,
  type Scale,
  signed,
} from "detailclip";
import { baseline, paperScale } from "./baseline.ts";
import { coverAt, detailClip, detailClipPlus } from "./fusion.ts";
import { datasetAt, MIXED, REDUCED, type Variant } from "./variants.ts";

/** What the reduced set has at the quick scale to learn from; its weights are those of 08_choosing_k. */
const FEW = { learn: { train: 120, val: 25 }, epochs: 8, plusEpochs: 40 };

interface Sizes {
  /** Learns from as few images as the reduced set has, and is searched among as few. */
  few: boolean;
}

function at(variant: Variant, scale: Scale, { few }: Sizes): Diff<ExperimentConfig> {
  const small = few && scale === "quick";
  const cover = coverAt(scale), { learn, epochs, plusEpochs } = FEW;
  return {
    dataset: { ...datasetAt(variant, scale), ...(small && { limit: REDUCED.quick / 5 }) },
    ...(small && { learn }),
    covers: [{ scheme: "full" }, cover],
    fusion: [
      detailClip(cover, scale, small ? { epochs } : {}),
      detailClipPlus(cover, scale, 1, small ? plusEpochs : undefined),
    ],
  };
}

function on(name: string, variant: Variant, sizes: Sizes): ExperimentDefinition {
  return {
    name: `objects_and_classes_${name}`,
    title: "Fewer objects and fewer classes",
    paper: ["Table 5"],
    baseline,
    scales: {
      smoke: { ...at(variant, "smoke", sizes), bootstrap: { resamples: 100 } },
      quick: at(variant, "quick", sizes),
      paper: { ...paperScale, ...at(variant, "paper", sizes) },
    },
  };
}

/** The full set as 05_main_result learns it. */
export const onFull: ExperimentDefinition = on("mixed", MIXED, { few: false });
/** The full set with as few images as the reduced one: what differs then is what is in them. */
export const onFew: ExperimentDefinition = on("mixed_few", MIXED, { few: true });
/** A.3's set. */
export const onReduced: ExperimentDefinition = on("reduced", REDUCED, { few: true });

/** The members of the series, by what tables call them. */
export const MEMBERS: readonly { label: string; definition: ExperimentDefinition }[] = [
  { label: MIXED.label, definition: onFull },
  { label: `${MIXED.label}, as many images`, definition: onFew },
  { label: REDUCED.label, definition: onReduced },
];

/** What tables call the paper's method here. */
export const METHOD = "DetailCLIP, our training";

/** The two lines of Table 5, in per cent. */
export function paperRecall(classes: number, metric: string): number {
  return paperValue("table 5", { categories: classes }, metric);
}

const difference = (a: ResultRow, b: ResultRow) => signed(100 * (a.value - b.value));
const holds = (more: ResultRow, less: ResultRow) =>
  more.low > less.high ? "yes" : more.value > less.value ? "partly" : "no";
const printed = paperRecall(51, "recall@1") - paperRecall(138, "recall@1");
const where = { notebook: "11_objects_and_classes", where: "Table 5" };

/** What the paper says of Table 5, and what a vector a patch says of it. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "With fewer objects and classes DetailCLIP finds more",
    measure: "Recall@1 on the reduced set minus on CLEVR-DS with equally many images, points",
    paper: `${signed(printed)} as printed, ${signed(-printed)} if its rows are swapped`,
    needs: [onFew.name, onReduced.name],
    judge(rowsOf) {
      const [full, reduced] = [onFew, onReduced].map(({ name }) => recallOf(rowsOf(name), METHOD));
      return {
        ours: `${difference(reduced, full)} (${percent(reduced.value)} against ${
          percent(full.value)
        })`,
        holds: holds(reduced, full),
      };
    },
  },
  {
    ...where,
    where: "beyond",
    claim: "The full image finds more where there are fewer objects",
    measure:
      "Recall@1 of the full image on the reduced set minus on CLEVR-DS, equally many images, points",
    paper: "",
    needs: [onFew.name, onReduced.name],
    judge(rowsOf) {
      const [full, reduced] = [onFew, onReduced].map(({ name }) =>
        recallOf(rowsOf(name), "full image")
      );
      return { ours: difference(reduced, full), holds: holds(reduced, full) };
    },
  },
];
