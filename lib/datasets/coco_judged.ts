/**
 * Which classes an image of LVIS-format annotations was searched for.
 *
 * @module
 */
import type { CategoryMap } from "./coco_categories.ts";
import type { DatasetImage } from "./dataset.ts";
import { type DatasetReport, note } from "./report.ts";

/** An image with what the annotation file says of it; one file may be listed more than once. */
export type ListedImage = [image: DatasetImage, entry: Readonly<Record<string, unknown>>];

/** Adds classes to a list of them, which stays ascending and names each once. */
export function withClasses(
  list: readonly number[] | undefined,
  more: readonly number[],
): number[] {
  return [...new Set([...(list ?? []), ...more])].sort((a, b) => a - b);
}

/** The classes that a list of ids names; `undefined` where there is no list. */
function classesOf(
  [, entry]: ListedImage,
  key: "neg_category_ids" | "not_exhaustive_category_ids",
  categories: CategoryMap,
  report: DatasetReport,
): number[] | undefined {
  const ids = entry[key] ?? undefined;
  if (ids === undefined) return undefined;
  const what = (why: string) => `${key} of image ${JSON.stringify(entry.id)}: ${why}`;
  if (!Array.isArray(ids)) {
    note(report, "unusableJudgements", what("it is no list"));
    return [];
  }
  return ids.flatMap((id) => {
    const found = categories.find(id);
    if ("value" in found && typeof found.value === "number") return [found.value];
    note(report, "unusableJudgements", what(`there is no category ${JSON.stringify(id)}`));
    return [];
  });
}

/**
 * Takes over what `neg_category_ids` and `not_exhaustive_category_ids` say. An image with the former was searched for
 * those classes and for the ones annotated in it only; one without was searched for all.
 *
 * @param listed images with their entries
 * @param categories place of each category by its id
 * @param report counts ids that name no category
 */
export function readJudgements(
  listed: readonly ListedImage[],
  categories: CategoryMap,
  report: DatasetReport,
): void {
  for (const one of listed) {
    const [image] = one;
    const absent = classesOf(one, "neg_category_ids", categories, report);
    const open = classesOf(one, "not_exhaustive_category_ids", categories, report);
    if (absent) image.absent = withClasses(image.absent, absent);
    if (open?.length) image.notExhaustive = withClasses(image.notExhaustive, open);
  }
}
