/**
 * Of which classes it is known whether an image shows them.
 *
 * Federated data sets such as LVIS look for some of their classes in each image: an image without a fork among its
 * objects may show one. Such pairs of a class and an image are no answer, neither right nor wrong.
 *
 * Source: A. Gupta, P. Dollár and R. Girshick, "LVIS: A Dataset for Large Vocabulary Instance Segmentation", CVPR 2019,
 * section 3.
 *
 * @module
 */

/** What is known of an image's classes. */
export interface JudgedImage {
  /** The objects; `category` is an index into the categories. */
  objects: readonly { category: number }[];
  /** Classes that were looked for and are not there, ascending. Without it all classes were looked for. */
  absent?: readonly number[];
  /** Classes of which not every object is annotated, ascending. */
  notExhaustive?: readonly number[];
}

/**
 * The classes of which it is not known whether an image shows them: it has no object of them, and they were not
 * looked for, or not all that was found is annotated.
 *
 * @param image with its objects
 * @param classes how many classes there are
 * @returns indices into the categories, ascending
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { unjudgedClasses } from "detailclip/datasets";
 * const objects = [{ category: 0 }];
 * assert.deepEqual(unjudgedClasses({ objects }, 4), []);
 * assert.deepEqual(unjudgedClasses({ objects, absent: [2] }, 4), [1, 3]);
 * assert.deepEqual(unjudgedClasses({ objects, notExhaustive: [0, 1] }, 4), [1]);
 * ```
 */
export function unjudgedClasses(image: JudgedImage, classes: number): number[] {
  const { objects, absent, notExhaustive } = image;
  if (absent === undefined && notExhaustive === undefined) return [];
  const unknown = new Uint8Array(classes).fill(absent === undefined ? 0 : 1);
  for (const category of absent ?? []) unknown[category] = 0;
  for (const category of notExhaustive ?? []) unknown[category] = 1;
  for (const { category } of objects) unknown[category] = 0;
  const list: number[] = [];
  for (let category = 0; category < classes; category++) if (unknown[category]) list.push(category);
  return list;
}

/** Counts of what is not known. */
export interface JudgementCounts {
  /** Pairs of a class and an image of which it is not known whether the image shows the class. */
  unjudgedPairs: number;
  /** Classes that some image shows and none is known not to show: any ranking finds them. */
  classesWithoutNegatives: number;
}

/** Counts the pairs that take no part in any ranking. */
export function countUnjudged(images: readonly JudgedImage[], classes: number): JudgementCounts {
  const negatives = new Float64Array(classes).fill(images.length), shown = new Uint8Array(classes);
  let unjudgedPairs = 0;
  for (const image of images) {
    for (const category of new Set(image.objects.map(({ category }) => category))) {
      shown[category] = 1;
      negatives[category]--;
    }
    for (const category of unjudgedClasses(image, classes)) {
      unjudgedPairs++;
      negatives[category]--;
    }
  }
  if (unjudgedPairs === 0) return { unjudgedPairs, classesWithoutNegatives: 0 };
  return {
    unjudgedPairs,
    classesWithoutNegatives: shown.filter((is, category) => is && negatives[category] === 0).length,
  };
}
