/**
 * Writes annotations in COCO's format; where an image says which classes it was searched for, in LVIS's.
 *
 * @module
 */
import type { Dataset } from "../dataset.ts";

/**
 * The text of an annotation file. Ids count from 1; images are named by their ids, relative to their root.
 *
 * @param dataset categories and images
 * @returns JSON, to be read by `loadCoco` with the same root
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cocoText } from "detailclip/datasets";
 * const box = { left: 1, top: 2, width: 3, height: 4 };
 * const images = [{ id: "a.jpg", path: "/a.jpg", objects: [{ category: 0, box }], absent: [1] }];
 * const { annotations, images: [image] } = JSON.parse(cocoText({ categories: ["fork", "boat"], images }));
 * assert.deepEqual(annotations[0].bbox, [1, 2, 3, 4]);
 * assert.deepEqual(image.neg_category_ids, [2]);
 * ```
 */
export function cocoText({ categories, images }: Pick<Dataset, "categories" | "images">): string {
  const ids = (classes: readonly number[]) => classes.map((category) => category + 1);
  const annotations = images.flatMap(({ objects }, i) =>
    objects.map(({ category, box: { left, top, width, height }, size }) => ({
      ...{ image_id: i + 1, category_id: category + 1, bbox: [left, top, width, height] },
      ...{ area: width * height, iscrowd: 0, ...(size && { size }) },
    }))
  );
  return JSON.stringify({
    images: images.map(({ id, width, height, absent, notExhaustive }, i) => ({
      ...{ id: i + 1, file_name: id, width, height },
      ...(absent && { neg_category_ids: ids(absent) }),
      ...(notExhaustive && { not_exhaustive_category_ids: ids(notExhaustive) }),
    })),
    categories: categories.map((name, i) => ({ id: i + 1, name })),
    annotations: annotations.map((annotation, i) => ({ id: i + 1, ...annotation })),
  });
}
