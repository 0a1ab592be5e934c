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
  configure,
  type CoverSpec,
  type Diff,
  type ExperimentConfig,
  type ExperimentDefinition,
  paperValue,
  recallOf,
  type Scale,
  type SeriesMember,
  signed,
} from "detailclip";
import { better, type Evidence, type Verdict } from "detailclip/report";
import { unpairedDifference } from "detailclip/retrieval";
import { baseline, paperScale } from "./baseline.ts";
import { FULL } from "./covers.ts";
import { against, verdictOn } from "./judging.ts";
import { coverAt, detailClip, detailClipPlus, fusedCover } from "./recipes.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, MIXED, REDUCED, type Variant } from "./variants.ts";

/** What the reduced set has at the quick scale to learn from; its weights are those of 08_choosing_k. */
const FEW = { learn: { train: 120, val: 25 }, epochs: 8, plusEpochs: 40 };

interface Sizes {
  /** Learns from as few images as the reduced set has, and is searched among as few. */
  few: boolean;
}

const isSmall = ({ few }: Sizes, scale: Scale) => few && scale === "quick";

/** The patches and what is made of them. */
function methods(cover: CoverSpec, scale: Scale, sizes: Sizes) {
  const small = isSmall(sizes, scale), { epochs, plusEpochs } = FEW;
  return {
    covers: [FULL, cover],
    fusion: [
      detailClip(cover, scale, small ? { epochs } : {}),
      detailClipPlus(cover, scale, 1, small ? plusEpochs : undefined),
    ],
  };
}

function at(variant: Variant, scale: Scale, sizes: Sizes): Diff<ExperimentConfig> {
  const small = isSmall(sizes, scale);
  return {
    dataset: { ...datasetAt(variant, scale), ...(small && { limit: REDUCED.quick / 5 }) },
    ...(small && { learn: FEW.learn }),
    ...methods(coverAt(scale), scale, sizes),
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

/**
 * The configuration of each member.
 *
 * @param scale how much of it
 * @param options `seed`; `k` of the cover that is fused, from 2 to 15, that of the scale unless told
 * @throws {RangeError} when k is outside
 */
export function objectsAndClasses(
  scale: Scale,
  { seed, k }: { seed?: number; k?: number } = {},
): SeriesMember[] {
  const cover = fusedCover(scale, k);
  return MEMBERS.map(({ label, definition }) => {
    const changed = methods(cover, scale, { few: definition !== onFull });
    return { label, config: configure(definition, scale, { seed, ...changed }) };
  });
}

/** What tables call the paper's method here. */
export const METHOD = "DetailCLIP, our training";

/** The two lines of Table 5, in per cent. */
export function paperRecall(classes: number, metric: string): number {
  return paperValue("table 5", { categories: classes }, metric);
}

const printed = paperRecall(51, "recall@1") - paperRecall(138, "recall@1");
const where = {
  notebook: "11_objects_and_classes",
  where: "Table 5",
  needs: needsOf(onFew, onReduced),
};

/** A method on the reduced set less on the full one: their images are different ones. */
function gainOf({ rowsOf }: Evidence, method: string): Verdict {
  const [reduced, full] = [onReduced, onFew].map(({ name }) => recallOf(rowsOf(name), method));
  const difference = unpairedDifference(reduced, full);
  return verdictOn(better, [{ label: against(reduced, full), difference }]);
}

/** What the paper says of Table 5, and what a vector a patch says of it. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "With fewer objects and classes DetailCLIP finds more",
    measure: "Recall@1 on the reduced set minus on CLEVR-DS with equally many images, points " +
      "(better; unpaired)",
    paper: `${signed(printed)} as printed, ${signed(-printed)} if its rows are swapped`,
    about: "model",
    judge: (evidence) => gainOf(evidence, METHOD),
  },
  {
    ...where,
    independentOf: ["covers", "fusion"],
    where: "beyond",
    claim: "The full image finds more where there are fewer objects",
    measure: "Recall@1 of the full image on the reduced set minus on CLEVR-DS, equally many " +
      "images, points (better; unpaired)",
    paper: "",
    about: "data",
    judge: (evidence) => gainOf(evidence, "full image"),
  },
];
