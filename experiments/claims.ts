/**
 * Every claim that a notebook measures, in the order of the notebooks: README's table.
 *
 * @module
 */
import type { Claim } from "detailclip";
import { claims as completeCover } from "./complete_cover.ts";
import { claims as unseenWords } from "./unseen_words.ts";

/** All claims. */
export const CLAIMS: readonly Claim[] = [...completeCover, ...unseenWords];
