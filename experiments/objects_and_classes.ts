/**
 * Is retrieval easier where images have fewer objects of fewer classes? DetailCLIP and DetailCLIP+ on CLEVR-DS (138
 * classes, about 14 objects an image), on the reduced set (51 classes, three objects), and where only one of the two
 * is changed.
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
import { MEAN_OBJECTS } from "detailclip/datasets";
import { better, type Evidence, type Verdict } from "detailclip/report";
import { unpairedDifference } from "detailclip/retrieval";
import { baseline, paperScale } from "./baseline.ts";
import { FULL } from "./covers.ts";
import { against, verdictOn } from "./judging.ts";
import { coverAt, detailClip, detailClipPlus, fusedCover, lossCeiling } from "./recipes.ts";
import { checkList, checkNumber, checkWholes, type Knobs, seriesWith } from "./knobs.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, MIXED, REDUCED, type Variant } from "./variants.ts";

/** What sets of few images have at the quick scale to learn from. */
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
      lossCeiling(cover),
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
      full: methods(coverAt("full"), "full", sizes),
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

/** Table 5's numbers of classes, and of objects an image. */
const CLASSES = [51, 138], OBJECTS = [3, MEAN_OBJECTS];

/** CLEVR-DS with other numbers, drawn as the full set is; with its own numbers it is {@linkcode onFew}. */
export function onNumbers(classes: number, objects: number): ExperimentDefinition {
  if (classes === 138 && objects === MEAN_OBJECTS) return onFew;
  const own = {
    ...(classes !== 138 && { classes }),
    ...(objects !== MEAN_OBJECTS && { objects }),
  };
  const { scales, ...few } = on(`${classes}_classes_${objects}_objects`, MIXED, { few: true });
  const images = { smoke: 60, quick: REDUCED.quick, paper: 10_000 };
  const at = (scale: keyof typeof images) => ({
    ...scales[scale],
    dataset: { ...scales[scale].dataset, images: images[scale], ...own },
  });
  return {
    ...few,
    scales: { smoke: at("smoke"), quick: at("quick"), full: scales.full, paper: at("paper") },
  };
}

/** What tables call a pair of numbers. */
const labelOf = (classes: number, objects: number) => `${classes} classes, ${objects} objects`;

/** The members of the series, by what tables call them: each number of classes with each number of objects, too. */
export function membersOf(
  classes: readonly number[] = CLASSES,
  objects: readonly number[] = OBJECTS,
): { label: string; definition: ExperimentDefinition }[] {
  return [
    { label: MIXED.label, definition: onFull },
    ...classes.flatMap((c) =>
      objects.map((o) => ({ label: labelOf(c, o), definition: onNumbers(c, o) }))
    ),
    { label: REDUCED.label, definition: onReduced },
  ];
}

/**
 * The configuration of each member.
 *
 * @param scale how much of it
 * @param options what was turned; `k` of the cover that is fused, from 2 to 15, that of the scale unless told; `classes`, each
 *   from 2 to 138, and `objects` an image, each from 3 to 25, of the sets that are drawn as the full one
 * @throws {RangeError} when one is outside, or there twice
 */
export function objectsAndClasses(
  scale: Scale,
  { k, classes = CLASSES, objects = OBJECTS, ...knobs }:
    & Omit<Knobs, "dataset">
    & { k?: number; classes?: readonly number[]; objects?: readonly number[] } = {},
): SeriesMember[] {
  const cover = fusedCover(scale, k);
  checkWholes("classes", classes, [2, 138]);
  for (const mean of checkList("objects", objects)) checkNumber("each of objects", mean, [3, 25]);
  const members = membersOf(classes, objects).map(({ label, definition }) => {
    const changed = methods(cover, scale, { few: definition !== onFull });
    return { label, config: configure(definition, scale, changed) };
  });
  return seriesWith(members, knobs);
}

/** What tables call the paper's method here. */
export const METHOD = "DetailCLIP, our training";

/** Recall@1 of a line of Table 5, in per cent. */
const paperRecall = (classes: number) => paperValue("table 5", { categories: classes }, "recall@1");

const printed = paperRecall(51) - paperRecall(138);
const where = {
  notebook: "11_objects_and_classes",
  where: "Table 5",
  needs: needsOf(onFew, onReduced),
};

/** A method on one set less on another: their images are different ones. */
function gainOf(
  { rowsOf }: Evidence,
  method: string,
  sets: readonly ExperimentDefinition[] = [onReduced, onFew],
): Verdict {
  const [first, second] = sets.map(({ name }) => recallOf(rowsOf(name), method));
  const difference = unpairedDifference(first, second);
  return verdictOn(better, [{ label: against(first, second), difference }]);
}

const fewObjects = onNumbers(138, 3), fewClasses = onNumbers(51, MEAN_OBJECTS);

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
  {
    ...where,
    where: "beyond",
    needs: needsOf(onFew, fewObjects),
    claim: "It is the fewer objects that make DetailCLIP find more",
    measure: "Recall@1 with 3 objects an image minus with 13.78, both of 138 classes, points " +
      "(better; unpaired)",
    paper: "",
    about: "model",
    judge: (evidence) => gainOf(evidence, METHOD, [fewObjects, onFew]),
  },
  {
    ...where,
    where: "beyond",
    needs: needsOf(onFew, fewClasses),
    claim: "It is the fewer classes that make DetailCLIP find more",
    measure: "Recall@1 of 51 classes minus of 138, both with 13.78 objects an image, points " +
      "(better; unpaired)",
    paper: "",
    about: "model",
    judge: (evidence) => gainOf(evidence, METHOD, [fewClasses, onFew]),
  },
];
