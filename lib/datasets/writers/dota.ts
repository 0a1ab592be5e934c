/**
 * Writes DOTA's label files.
 *
 * @module
 */
import type { Corners } from "../dataset.ts";

/**
 * The labels of a scene in DOTA's format (v1 and v2): a line an object, the corners, the class with `-` for spaces,
 * and whether it is difficult (never).
 *
 * @param scene whose objects are written
 * @returns the text of a `labelTxt` file
 */
export function dotaLabels(
  { categories, objects }: {
    categories: readonly string[];
    objects: readonly { category: number; corners: Corners }[];
  },
): string {
  const lines = objects.map(({ category, corners }) =>
    [...corners.flat().map((n) => n.toFixed(1)), categories[category].replaceAll(" ", "-"), 0].join(
      " ",
    )
  );
  return ["imagesource:generated", "gsd:null", ...lines, ""].join("\n");
}
