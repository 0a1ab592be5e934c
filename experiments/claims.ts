/**
 * Every claim that a notebook measures, in the order of the notebooks: the table of results/CLAIMS.md and of the site.
 *
 * @module
 */
import { type Claim, judgeClaims, type JudgedClaim, RESULTS_DIR } from "detailclip";
import { MARGIN, NEEDED, storedRuns } from "detailclip/report";
import { claims as adapters } from "./adapters.ts";
import { claims as choosingK } from "./choosing_k.ts";
import { claims as completeCover } from "./complete_cover.ts";
import { claims as dataSets } from "./data_sets.ts";
import { claims as encoders } from "./encoders.ts";
import { claims as equalPatches } from "./equal_patches.ts";
import { claims as gallery } from "./gallery.ts";
import { claims as geometry } from "./geometry.ts";
import { claims as mainResult } from "./main_result.ts";
import { claims as objectsAndClasses } from "./objects_and_classes.ts";
import { claims as patchCount } from "./patch_count.ts";
import { claims as patchSchemes } from "./patch_schemes.ts";
import { claims as scaleSensitivity } from "./scale_sensitivity.ts";
import { claims as similarity } from "./similarity.ts";
import { claims as timeAndMemory } from "./time_and_memory.ts";
import { claims as unseenWords } from "./unseen_words.ts";

/** All claims. */
export const CLAIMS: readonly Claim[] = [
  ...completeCover,
  ...dataSets,
  ...scaleSensitivity,
  ...patchSchemes,
  ...mainResult,
  ...gallery,
  ...encoders,
  ...choosingK,
  ...patchCount,
  ...adapters,
  ...objectsAndClasses,
  ...timeAndMemory,
  ...similarity,
  ...equalPatches,
  ...unseenWords,
  ...geometry,
];

/**
 * All claims, judged by the kept rows at the quick scale.
 *
 * @param directory the folder of kept results
 * @throws {Error} when rows cannot be read
 */
export async function judgedAtQuick(directory: string = RESULTS_DIR): Promise<JudgedClaim[]> {
  return judgeClaims(CLAIMS, await storedRuns(CLAIMS, "quick", directory));
}

/** The names of the experiments by whose rows claims are judged. */
export const NEEDED_EXPERIMENTS: readonly string[] = [
  ...new Set(CLAIMS.flatMap(({ needs }) => Object.keys(needs))),
];

const POINTS = 100 * MARGIN;

/** What decides whether a claim holds, for those who read the table. */
export const RULE =
  `Verdicts on recall follow the 95 % interval of a difference, paired where both numbers are of the
same images. "Better" holds where it lies above 0, and not where it lies below, or within ±${POINTS} points;
"as good" where it lies above −${POINTS} points, and not where it lies below that; "level" where it lies within
±${POINTS} points, and not where it lies beyond; all else is undecided. A claim of several parts holds partly
where some of them do. A claim about a trained model has to hold in each of ${NEEDED.model} seeds or more, one
about a choice in training needs ${NEEDED.choice} trainings a side; with fewer, or where no paired interval was
kept, it was not measured.`;

/** Headings of a table of claims, behind the notebook. */
export const CLAIM_HEADINGS = ["paper", "claim, and what is measured", "here", "there", "holds"];

/** The cells of a claim under {@linkcode CLAIM_HEADINGS}. */
export const claimCells = (
  { where, claim, measure, ours, paper, holds }: JudgedClaim,
): string[] => [
  where,
  `${claim}: ${measure}`,
  ours,
  paper,
  holds,
];
