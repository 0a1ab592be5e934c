/**
 * The categories that COCO-format annotations list.
 *
 * @module
 */
import type { Json } from "./coco_file.ts";
import { IdMap, idOf } from "./coco_ids.ts";
import { type DatasetReport, note } from "./report.ts";

/** Places of categories by their id; several where one id names several, and none of them can be told. */
export type CategoryMap = IdMap<number | readonly number[]>;

/** A category's name as words: LVIS names categories "tennis_racket", others leave spaces and line breaks. */
function asWords(name: unknown): string {
  return typeof name === "string" ? name.replace(/[_\s]+/g, " ").trim() : "";
}

/** What two spellings of one name have in common. A hyphen that joins nothing, as in "-1", is none. */
function spelling(words: string): string {
  return words.normalize("NFC").toLowerCase().replace(/(?<=[^\s-])-(?=[^\s-])/g, " ");
}

/**
 * Names of the categories, and their place by COCO id. Categories of one name are one query, as no ranking could
 * put the images of each above those of the other. An id that two names have is none of them.
 *
 * @param listed as the file has them
 * @param report counts what is merged or cannot be told apart
 * @param attempt the beginning of error messages
 * @throws {Error} when a category has no name
 */
export function readCategories(
  listed: readonly Json[],
  report: DatasetReport,
  attempt: string,
): { names: string[]; categories: CategoryMap } {
  const names: string[] = [], places = new Map<string, number>();
  const categories: CategoryMap = new IdMap();
  listed.forEach(({ id: given, name }, i) => {
    const what = `category ${JSON.stringify(given)} (${JSON.stringify(name)})`;
    const words = asWords(name), key = spelling(words), id = idOf(given);
    if (words === "") {
      throw new Error(
        `${attempt}: categories[${i}], ${what}, has no name that could be searched for`,
      );
    }
    if (id === undefined) return note(report, "unusableIds", what);
    const known = places.get(key), place = known ?? names.push(words) - 1;
    places.set(key, place);
    const found = categories.has(id) ? categories.find(id) : undefined;
    const others = found && "value" in found ? [found.value].flat() : [];
    if (others.length > 0 && !others.includes(place)) {
      categories.set(id, [...others, place]);
      return note(
        report,
        "conflictingCategories",
        `${what}, as ${JSON.stringify(names[others[0]])}`,
      );
    }
    if (known !== undefined) {
      note(report, "mergedCategories", `${what}, as ${JSON.stringify(names[known])}`);
    }
    if (others.length === 0) categories.set(id, place);
  });
  return { names, categories };
}
