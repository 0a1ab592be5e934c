/**
 * The tables of results/PHOTOS.md, from the rows that are kept.
 *
 * @module
 */
import { type PairRow, readResults, type ResultRow, RESULTS_DIR, rowsPath } from "detailclip";
import { markdownTable, pairsPath, percent, subsetRows } from "detailclip/report";
import { photos, photosHalf } from "./photos.ts";
import { type ChoiceRow, choiceTable } from "./photos_choice.ts";
import {
  classesTable,
  type ClassRow,
  type FigureRow,
  figuresTable,
  recallTable,
  rMaxTable,
  sizesTable,
} from "./photos_rows.ts";

/** What a reader has to see first: methods, a column each. */
const SHORT = [
  "chance",
  "full image",
  "cc@5",
  "full+patches cc@5",
  "class-wise levels",
  "Patch-obj",
];

/**
 * Recalls on all photographs, a line a metric and a column a method: for README.
 *
 * @param directory the folder of kept results
 * @throws {Error} when rows cannot be read, or a method has none
 */
export async function photosInShort(directory: string = RESULTS_DIR): Promise<string> {
  const rows = subsetRows(await readResults<ResultRow>(rowsPath(photos.name, "quick", directory)));
  const lines = [1, 3, 5].map((k) => [
    `Recall@${k}`,
    ...SHORT.map((method) => {
      const row = rows.find((row) => row.method === method && row.metric === `recall@${k}`);
      if (!row) {
        throw new Error(`Cannot tell of photographs in short: there is no row of ${method}`);
      }
      return percent(row.value);
    }),
  ]);
  return markdownTable(["128 photos of COCO", ...SHORT], lines, [false, ...SHORT.map(() => true)]);
}

/**
 * All tables, each under its heading.
 *
 * @param directory the folder of kept results
 * @throws {Error} when rows cannot be read
 */
export async function photosMarkdown(directory: string = RESULTS_DIR): Promise<string> {
  const path = (name: string) => rowsPath(name, "quick", directory);
  const read = <T extends object>(name: string) => readResults<T>(path(name));
  const pairsOf = (name: string) => readResults<PairRow>(pairsPath(path(name)));
  const whole = await read<ResultRow>(photos.name), half = await read<ResultRow>(photosHalf.name);
  const classes = await read<ClassRow>("photos_classes");
  const figures = await read<FigureRow>("photos_figures");
  const { images } = whole[0], searched = half[0].images;
  const methods = ["full image", "cc@5", "cc@10", "Patch-obj"];
  return [
    `### All ${images} photographs searched (Table 3, COCO; Figure 6)`,
    recallTable(whole, await pairsOf(photos.name)),
    "### How to score, chosen on other photographs than those that are searched",
    choiceTable(await read<ChoiceRow>("photos_choices")),
    `### ${searched} searched, ${images - searched} learned from: a demonstration, no verdict`,
    recallTable(half, await pairsOf(photosHalf.name)),
    "### By the largest object of a photograph (Table 1), Recall@1",
    rMaxTable(whole),
    "### By the side of the object that is asked for, of the photograph's, Recall@1",
    sizesTable(whole),
    "### Similarities and first results (Figures 8, 1 and 12)",
    figuresTable(figures),
    "### Classes on two photographs or more (their number), by Recall@1",
    classesTable(classes, methods),
  ].join("\n\n");
}
