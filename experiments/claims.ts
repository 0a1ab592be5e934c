/**
 * Every claim that a notebook measures, in the order of the notebooks: README's table.
 *
 * @module
 */
import type { Claim } from "detailclip";
import { claims as adapters } from "./adapters.ts";
import { claims as choosingK } from "./choosing_k.ts";
import { claims as completeCover } from "./complete_cover.ts";
import { claims as dataSets } from "./data_sets.ts";
import { claims as encoders } from "./encoders.ts";
import { claims as equalPatches } from "./equal_patches.ts";
import { claims as gallery } from "./gallery.ts";
import { claims as hyperparameters } from "./hyperparameters.ts";
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
  ...hyperparameters,
  ...equalPatches,
  ...unseenWords,
];
