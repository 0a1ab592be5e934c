/**
 * Beyond the paper: what a fused vector is worth for words that the fusion was not trained on.
 *
 * Command: `deno task notebooks 16_unseen_words`.
 *
 * @module
 */
import {
  type Claim,
  configure,
  coverName,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FusionMethod,
  recallOf,
  type Scale,
} from "detailclip";
import { better } from "detailclip/report";
import { unpairedDifference } from "detailclip/retrieval";
import { baseline } from "./baseline.ts";
import { complete, FULL } from "./covers.ts";
import {
  atScales,
  CC10,
  closedForm,
  coverAt,
  detailClip,
  detailClipPlus,
  kMeans,
  visualWords,
} from "./recipes.ts";
import { checkWhole, checkWholes, configWith, isTold, K_RANGE, type Knobs } from "./knobs.ts";
import { against, verdictOn } from "./judging.ts";
import { needsOf } from "./needs.ts";

/** At the quick scale a fifth of the training images: encoding 166 patches of each takes a quarter of a second. */
function withFewImages(
  { scales }: Pick<ExperimentDefinition, "scales">,
): Pick<ExperimentDefinition, "scales"> {
  return { scales: { ...scales, quick: { ...scales.quick, learn: { train: 200, val: 50 } } } };
}

/** Words that fusion was not trained on: 38 of the 138 classes are kept from it. */
export const unseenWords: ExperimentDefinition = {
  name: "unseen_words",
  title: "What a fused vector is worth for words that it was not trained on",
  paper: [],
  baseline,
  always: { hiddenWords: 38 },
  ...withFewImages(atScales((scale) => methodsOn(scale))),
};

/** What can be chosen of the fusions. */
interface Chosen {
  /** Of the Complete Cover whose patches are fused; DetailCLIP's transformer has that of the scale. */
  k?: number;
  /** Numbers of vectors an image that k-means and visual words make. */
  vectors?: readonly number[];
}

/** The fusions, each with one vector or a few. */
function methodsOn(scale: Scale, { k, vectors }: Chosen = {}): FusionMethod[] {
  const cover = k === undefined ? CC10 : complete(k);
  const all = vectors ?? (scale === "smoke" ? [1, 2] : [1, 4, 8, 32]);
  // learned detectors are a training each
  const few = vectors?.filter((m) => m <= 8) ?? (scale === "smoke" ? [1, 2] : [1, 8]);
  // few training images are seen more often
  const epochs = scale === "quick" ? { transformer: 8, maxPool: 40 } : {};
  return [
    detailClip(k === undefined ? coverAt(scale) : cover, scale, { epochs: epochs.transformer }),
    closedForm(cover),
    ...few.map((m) => detailClipPlus(cover, scale, m, epochs.maxPool)),
    ...all.map((m) => kMeans(cover, m)),
    ...all.map((m) => visualWords(cover, m, scale === "smoke" ? 40 : undefined)),
  ];
}

/**
 * Its configuration.
 *
 * @param scale how much of it
 * @param options what was turned; `hidden`: words that are kept from every fusion, from 1 to 137 of 138; `k` of the cover
 *   that is fused, from 2 to 15; `vectors` an image, each from 1 to 64
 * @throws {RangeError} when one is outside, or there twice
 */
export function unseenWordsConfig(
  scale: Scale,
  { hidden = 38, k, vectors, ...knobs }: Knobs & Chosen & { hidden?: number } = {},
): ExperimentConfig {
  const hiddenWords = checkWhole("hidden", hidden, [1, 137]);
  if (k !== undefined) checkWhole("k", k, K_RANGE);
  const chosen = {
    k,
    vectors: isTold(vectors) ? checkWholes("vectors", vectors, [1, 64]) : undefined,
  };
  const fusion = methodsOn(scale, chosen);
  const covers = [...new Map(fusion.map(({ cover }) => [coverName(cover), cover])).values()];
  const changed = { hiddenWords, covers: [FULL, ...covers], fusion };
  return configWith(configure(unseenWords, scale, changed), knobs);
}

const UNSEEN = "unseen words", PLUS = "DetailCLIP+";

const where = {
  notebook: "16_unseen_words",
  where: "beyond",
  paper: "",
  needs: needsOf(unseenWords),
};

/** What is claimed here that the paper does not ask. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "A vector fused for known words loses the others",
    measure: "Recall@1 of DetailCLIP+ on seen minus on unseen words (unpaired), and of the mean " +
      "patch minus DetailCLIP+ on unseen ones, points (better)",
    about: "model",
    judge({ rowsOf, differenceOf }) {
      const [seen, unseen] = ["seen words", UNSEEN].map((subset) =>
        recallOf(rowsOf(unseenWords.name), PLUS, { subset })
      );
      return verdictOn(better, [
        { label: against(seen, unseen), difference: unpairedDifference(seen, unseen) },
        {
          label: "the mean patch less DetailCLIP+",
          difference: differenceOf(unseenWords.name, "mean cc@10", PLUS, UNSEEN),
        },
      ]);
    },
  },
  {
    ...where,
    claim: "Visual words, which know no word, serve any word",
    measure: "Recall@1 of 8 visual words minus 8 k-means centroids on unseen words, points " +
      "(better)",
    about: "data",
    judge({ rowsOf, differenceOf }) {
      const methods = ["visual words (m = 8)", "k-means (m = 8)"] as const;
      const [ours, theirs] = methods.map((method) =>
        recallOf(rowsOf(unseenWords.name), method, { subset: UNSEEN })
      );
      const difference = differenceOf(unseenWords.name, ...methods, UNSEEN);
      return verdictOn(better, [{ label: against(ours, theirs), difference }]);
    },
  },
];
