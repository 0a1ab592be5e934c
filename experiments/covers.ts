/**
 * Covers as experiments write them.
 *
 * @module
 */
import type { CoverSpec } from "detailclip";

/** The whole image. */
export const FULL: CoverSpec = { scheme: "full" };

/** The published Complete Cover, cc@k. */
export const complete = (k: number): CoverSpec => ({ scheme: "complete", k });

/** A grid of n x n cells. */
export const grid = (n: number): CoverSpec => ({ scheme: "grid", n });
