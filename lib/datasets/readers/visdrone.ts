/**
 * VisDrone's annotations of images (VisDrone-DET).
 *
 * Format: the README of the VisDrone2018-DET toolkit: left, top, width, height, score, category, truncation, occlusion.
 *
 * @module
 */
import { linesOf, mapFiles, readLabel } from "./files.ts";
import { type Bbox, type Lists, numbersOf } from "./lists.ts";
import type { DatasetPlace } from "./place.ts";
import { foldersOf, type LabelFiles, pairFiles, pairsOfPart } from "./pairs.ts";

/** VisDrone's classes, 1 to 10; 0 are ignored regions, 11 others, which its evaluation leaves out as well. */
export const VISDRONE_CLASSES: readonly string[] = [
  ...["pedestrian", "people", "bicycle", "car", "van", "truck", "tricycle", "awning tricycle"],
  ...["bus", "motor"],
];

const OTHERS = 11;
const LABELS: LabelFiles = { ending: ".txt", folders: /ann|label/i };

/** Reads a line: eight whole numbers, with or without a comma at the end. */
export function visdroneLine(line: string): number[] | undefined {
  const fields = line.replace(/,$/, "").split(",").map((field) => field.trim());
  return fields.length === 8 ? numbersOf(fields) : undefined;
}

/** Reads VisDrone's annotations; ignored regions and objects of no class are left out and counted. */
export async function readVisdrone(
  place: DatasetPlace,
  lists: Lists,
  signal: AbortSignal,
): Promise<void> {
  const folders = await foldersOf(place, lists);
  const pairs = pairsOfPart(
    await pairFiles(folders, LABELS, lists, signal),
    place.part,
    lists,
  );
  const texts = await mapFiles(pairs, signal, ({ label }) => readLabel(folders.labels, label));
  lists.addCategories(VISDRONE_CLASSES);
  pairs.forEach(({ label, image }, i) => {
    const read = texts[i];
    if ("why" in read) return lists.note("brokenLabels", `${label}: ${read.why}`);
    const index = lists.addImage(image);
    for (const { line, number } of linesOf(read.text)) {
      addLine(line, `${label}, line ${number}`, index, lists);
    }
  });
}

function addLine(line: string, where: string, image: number, lists: Lists): void {
  const numbers = visdroneLine(line);
  if (numbers === undefined) {
    return lists.note("brokenAnnotations", `${where}: it is not eight numbers`);
  }
  const [score, category] = numbers.slice(4, 6);
  if (score !== 0 && score !== 1) {
    return lists.note("brokenAnnotations", `${where}: its score is ${score}, not 0 or 1`);
  }
  if (category === 0 || category === OTHERS) {
    return lists.note("ignored", `${where}: score ${score}, category ${category}`);
  }
  const bbox = numbers.slice(0, 4) as unknown as Bbox;
  lists.addObject({ where, image, category: category - 1, bbox, ignored: score === 0 });
}
