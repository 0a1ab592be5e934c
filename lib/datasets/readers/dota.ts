/**
 * DOTA's label files: oriented boxes of objects in aerial images.
 *
 * Format: captain-whu.github.io/DOTA/dataset.html; as in its devkit, lines of fewer than nine fields that are no
 * annotation (`imagesource:GoogleEarth`, `gsd:0.146`) are skipped, and `difficult` may be left out.
 *
 * @module
 */
import { linesOf, mapFiles, readLabel } from "./files.ts";
import { type Lists, numberOf, numbersOf } from "./lists.ts";
import type { DatasetPlace } from "./place.ts";
import { foldersOf, type LabelFiles, pairFiles, pairsOfPart } from "./pairs.ts";

/** DOTA-v2.0's classes; v1.0 has the first 15, v1.5 the first 16. */
export const DOTA_CLASSES: readonly string[] = [
  ...["plane", "ship", "storage tank", "baseball diamond", "tennis court", "basketball court"],
  ...["ground track field", "harbor", "bridge", "large vehicle", "small vehicle", "helicopter"],
  ...["roundabout", "soccer ball field", "swimming pool", "container crane", "airport", "helipad"],
];

/** What DOTA's label files are: those of its second task hold upright boxes of the same objects. */
const LABELS: LabelFiles = {
  ending: ".txt",
  folders: /label|ann/i,
  others: /(?:^|\/)[^/]*(?:hbb|reclabel|task2)[^/]*\//i,
};

/** A line of a label file. */
type Line =
  | { corners: number[]; name: string; difficult: boolean }
  | { header: true }
  | { why: string };

/** Reads a line: eight numbers, a category and, mostly, whether it is difficult. */
export function dotaLine(line: string): Line {
  if (/^(?:imagesource|gsd)\s*:/i.test(line)) return { header: true };
  const fields = line.split(/\s+/);
  const corners = numbersOf(fields.slice(0, 8));
  if (corners === undefined) return { why: "its corners are not eight numbers" };
  if (fields.length < 9) return { why: `it has ${fields.length} fields, not 9 or 10` };
  const difficult = fields.length === 9 ? "0" : fields[9];
  if (fields.length > 10 || !/^[012]$/.test(difficult) || numberOf(fields[8]) !== undefined) {
    return { why: "after its corners stands something else than a category and 0, 1 or 2" };
  }
  // as words: "small-vehicle" is a name of files
  return { corners, name: fields[8].replaceAll("-", " "), difficult: difficult !== "0" };
}

/** Reads DOTA's label files; `difficult` objects are left out, as its benchmark does, and counted. */
export async function readDota(
  place: DatasetPlace,
  lists: Lists,
  signal: AbortSignal,
): Promise<void> {
  const folders = await foldersOf(place, lists);
  const all = await pairFiles(folders, LABELS, lists, signal), { pairs } = all;
  const wanted = new Set(pairsOfPart(all, place.part, lists));
  // of all parts, as all are to have the same classes
  const texts = await mapFiles(pairs, signal, ({ label }) => readLabel(folders.labels, label));
  const found = new Set<string>();
  pairs.forEach((pair, i) => {
    const { label, image } = pair, read = texts[i];
    const used = wanted.has(pair);
    if ("why" in read) return used && lists.note("brokenLabels", `${label}: ${read.why}`);
    const index = used ? lists.addImage(image) : -1;
    for (const { line, number } of linesOf(read.text)) {
      const parsed = dotaLine(line), where = `${label}, line ${number}`;
      if ("header" in parsed) continue;
      if ("name" in parsed) found.add(parsed.name);
      if (!used) continue;
      if ("why" in parsed) lists.note("brokenAnnotations", `${where}: ${parsed.why}`);
      else {
        const { corners: polygon, name: category, difficult: ignored } = parsed;
        lists.addObject({ where, image: index, category, polygon, ignored });
      }
    }
  });
  lists.addClasses(DOTA_CLASSES, found);
}
