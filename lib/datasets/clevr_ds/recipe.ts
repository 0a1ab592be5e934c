/**
 * What a CLEVR-DS scene consists of, before anything is drawn: how many objects of which classes at which size.
 *
 * The paper (§4.2, A.2, Fig. 10) gives: 138 classes, 1 to 50 objects an image, 13.78 on average, as many classes
 * as objects, 1-3 large objects and otherwise small ones. The rest (the shape of the distribution, the sizes in px,
 * the bound on occlusion) it leaves open, and is chosen here.
 *
 * @module
 */
import type { Random } from "../../numeric/random.ts";

/**
 * Which scenes are made:
 *
 * - `mixed`: CLEVR-DS, 1-3 large objects and otherwise small ones
 * - `S`: CLEVR-DS-S, the classes appear only small; 1-3 large distractors of other kinds stand between them
 * - `L`: CLEVR-DS-L, the classes appear only large (1-3 an image), among small distractors of other kinds
 * - `reduced`: 51 classes, 1-5 objects an image (3 on average), no occlusion (paper §6.3, A.3)
 */
export type ClevrDsVariant = "mixed" | "S" | "L" | "reduced";

/** All variants. */
export const CLEVR_DS_VARIANTS: readonly ClevrDsVariant[] = ["mixed", "S", "L", "reduced"];

/** One object to be drawn. */
export interface PlannedObject {
  /** Emoji slug. */
  slug: string;
  /** Class number, or -1 for a distractor. */
  category: number;
  /** Size group. */
  size: "small" | "large";
}

/** Mean number of objects an image in the paper's Table 8. */
export const MEAN_OBJECTS = 13.78;
/** Largest number of objects an image in the paper's Table 8. */
export const MAX_OBJECTS = 50;

/**
 * Larger side of an object's box as a fraction of the image's side, as aimed at. The aim does not know of
 * mirroring: an object that is mirrored and turned can come out up to a ninth larger, or slightly smaller.
 */
export const SIDE_RANGES = { small: [0.05, 0.12], large: [0.25, 0.45] } as const;

/** Share of an object's pixels that stays visible at least; `reduced` scenes have no overlap at all. */
export const MIN_VISIBLE = 0.7;

/** Weights n * exp(-n / theta) of n = 1..50: most scenes hold 5 to 20 objects, a few up to 50. */
function weights(theta: number): number[] {
  return Array.from({ length: MAX_OBJECTS }, (_, i) => (i + 1) * Math.exp(-(i + 1) / theta));
}

function mean(values: readonly number[]): number {
  let sum = 0, total = 0;
  for (const [i, weight] of values.entries()) {
    sum += weight * (i + 1);
    total += weight;
  }
  return sum / total;
}

/** Mean numbers of objects that can be asked for: 3 is that of the reduced set (A.3). */
export const OBJECTS_RANGE = [3, 25] as const;

/**
 * The distribution of the number of objects in an image: weights n * exp(-n / theta) on 1..50, with theta such that
 * the mean is the one that is asked for.
 *
 * @param wanted the mean, 3 to 25; the paper's 13.78 unless told
 * @returns probabilities; the first is that of one object
 */
export function objectCountDistribution(wanted: number = MEAN_OBJECTS): number[] {
  let low = 1, high = 50;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (mean(weights(middle)) < wanted) low = middle;
    else high = middle;
  }
  const found = weights(low), total = found.reduce((a, b) => a + b);
  return found.map((weight) => weight / total);
}

const COUNTS = new Map<number | undefined, number[]>(); // by mean

/** Draws a number of objects from {@linkcode objectCountDistribution}. */
function drawCount(random: Random, wanted?: number): number {
  const counts = COUNTS.getOrInsertComputed(wanted, () => objectCountDistribution(wanted));
  let rest = random.next();
  for (const [i, probability] of counts.entries()) {
    rest -= probability;
    if (rest < 0) return i + 1;
  }
  return MAX_OBJECTS;
}

/**
 * Decides what a scene consists of. The objects of a scene are all of different classes.
 *
 * @param random the source of chance
 * @param variant which scenes are made
 * @param classes slugs of the classes, in class order
 * @param distractors slugs of other objects, for the variants `S` and `L`
 * @param objects mean number of objects, see {@linkcode objectCountDistribution}; `reduced` has its own
 * @returns the objects, large ones first; no more of the classes than there are
 */
export function planScene(
  random: Random,
  variant: ClevrDsVariant,
  classes: readonly string[],
  distractors: readonly string[],
  objects?: number,
): PlannedObject[] {
  const total = variant === "reduced" ? random.integer(1, 5) : drawCount(random, objects);
  const large = variant === "reduced" ? 1 : Math.min(random.integer(1, 3), total);
  const small = total - large;
  const order = random.shuffle(classes.map((_, i) => i));
  const others = random.shuffle(distractors);
  const known = (count: number, size: "small" | "large"): PlannedObject[] =>
    order.splice(0, count).map((category) => ({ slug: classes[category], category, size }));
  const foreign = (count: number, size: "small" | "large"): PlannedObject[] =>
    others.splice(0, count).map((slug) => ({ slug, category: -1, size }));
  switch (variant) {
    case "S":
      return [...foreign(large, "large"), ...known(total, "small")];
    case "L":
      return [...known(large, "large"), ...foreign(small, "small")];
    default:
      return [...known(large, "large"), ...known(small, "small")];
  }
}
