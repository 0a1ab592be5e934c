/**
 * What is counted of a data set, and the tables that are made of it.
 *
 * @module
 */
import { type CountStatistics, placedObjects } from "detailclip/datasets";
import {
  type Dataset,
  type DatasetImage,
  datasetStatistics,
  type NotRun,
  paperTable,
  paperValue,
} from "detailclip";
import { LARGE_SIDE } from "detailclip/plots";

/** Edges of the sides of objects, as a share of the image's side: three to each doubling, from half a per cent on, LARGE_SIDE among them. */
export const SIDE_EDGES_LOG: readonly number[] = Array.from(
  { length: 24 },
  (_, i) => LARGE_SIDE * 2 ** ((i - 16) / 3),
);

/** The counts of a data set, as written. */
export interface DataSetCounts {
  /** Name of the data set. */
  dataset: string;
  /** Number of images that were counted. */
  images: number;
  /** Mean number of objects an image. */
  mean: number;
  /** The paper's, where it has one. */
  paperMean?: number;
  /** Number of images with 0, 1, 2, … objects. */
  counts: readonly number[];
  /** Number of objects by side, between {@linkcode SIDE_EDGES_LOG}; those of images of unknown size are not among them. */
  sides: readonly number[];
  /** Images of all splits together, as far as it is known: those that were counted are `images`. */
  whole: number;
  /** Classes that the data set names. */
  classes: number;
  /** Of them, those that appear. */
  classesPresent: number;
  /** Objects an image. */
  instancesPerImage: CountStatistics;
  /** Different classes an image. */
  classesPerImage: CountStatistics;
  /** Images with two objects of one class. */
  repeating: number;
  /** Images with 1 to 3 large objects and more than 10 small ones, as Fig. 10 has it; where objects have a size group. */
  asInFigure10?: number;
}

/** Where the paper counts the objects of a data set, by our name of it. */
const PAPER_TABLE: Readonly<Record<string, string>> = {
  "CLEVR-DS": "table 8",
  "COCO": "table 9",
  "Unity-Retail": "table 10",
  "LVIS": "table 11",
};

/** The paper's mean number of objects an image, where it has one. */
export function paperMean(dataset: string): number | undefined {
  const table = PAPER_TABLE[dataset];
  return table ? paperValue(table, { per: "instance" }, "mean") : undefined;
}

/** Number of objects by side; smaller and larger ones than the edges go to the ends, unknown ones nowhere. */
function countSides(images: readonly DatasetImage[]): number[] {
  const counts = new Array<number>(SIDE_EDGES_LOG.length - 1).fill(0);
  for (const image of images) {
    const { width, height } = image;
    if (!width || !height) continue;
    for (const { box } of placedObjects(image)) {
      const side = Math.sqrt(box.width * box.height / (width * height));
      const above = SIDE_EDGES_LOG.findLastIndex((edge) => side >= edge);
      counts[Math.min(Math.max(0, above), counts.length - 1)]++;
    }
  }
  return counts;
}

/** Whether an image has 1 to 3 large objects and more than 10 small ones. */
function likeFigure10({ objects }: DatasetImage): boolean {
  const large = objects.filter(({ size }) => size === "large").length;
  return large >= 1 && large <= 3 && objects.length - large > 10;
}

/**
 * Counts a data set.
 *
 * @param label what tables call it
 * @param dataset what is counted
 * @param whole images of all its splits
 */
export function countsOf(label: string, dataset: Dataset, whole: number): DataSetCounts {
  const { images, classes, classesPresent, instancesPerImage, classesPerImage } = datasetStatistics(
    dataset,
  );
  const filled = dataset.images.filter(({ objects }) => objects.length > 0);
  const counts = new Array<number>(instancesPerImage.max + 1).fill(0);
  for (const { objects } of filled) counts[objects.length]++;
  const grouped = filled.some(({ objects }) => objects.some(({ size }) => size));
  const paper = paperMean(label);
  return {
    dataset: label,
    images,
    whole,
    ...{ classes, classesPresent, instancesPerImage, classesPerImage },
    mean: instancesPerImage.mean,
    ...(paper !== undefined && { paperMean: paper }),
    counts,
    sides: countSides(filled),
    repeating:
      filled.filter(({ objects }) =>
        new Set(objects.map(({ category }) => category)).size < objects.length
      ).length,
    ...(grouped && { asInFigure10: filled.filter(likeFigure10).length }),
  };
}

/** What stands beside the name of a data set over its samples. */
export const captionOf = (
  { images, whole, mean, classes }: Pick<DataSetCounts, "images" | "whole" | "mean" | "classes">,
): string =>
  `${mean.toFixed(1)} objects an image, ${classes} classes; ` +
  (images === whole ? `${images} images` : `${images} of ${whole.toLocaleString("en")} images`);

/** A bar of a histogram: how many per cent of a data set's images, or of its objects, lie between two values. */
export interface HistogramBar {
  dataset: string;
  from: number;
  to: number;
  percent: number;
  /** The share of the data set's highest bar (0 to 1). */
  height: number;
  /** Of objects: whether they count as small or as large. */
  size?: "small" | "large";
}

/** Bars with heights, of the counts of one data set. */
function barsOf(bars: readonly (Omit<HistogramBar, "percent" | "height"> & { count: number })[]) {
  const all = bars.reduce((sum, { count }) => sum + count, 0) || 1;
  const most = Math.max(...bars.map(({ count }) => count), 1);
  return bars.filter(({ count }) => count > 0).map(({ count, ...bar }): HistogramBar => ({
    ...bar,
    percent: 100 * count / all,
    height: count / most,
  }));
}

/** Images by their number of objects. */
export const objectBars = (rows: readonly DataSetCounts[]): HistogramBar[] =>
  rows.flatMap(({ dataset, counts }) =>
    barsOf(counts.map((count, n) => ({ dataset, from: n - 0.5, to: n + 0.5, count })))
  );

/** Objects by their side, per cent of the image's. */
export const sideBars = (rows: readonly DataSetCounts[]): HistogramBar[] =>
  rows.flatMap(({ dataset, sides }) =>
    barsOf(sides.map((count, i) => ({
      ...{ dataset, from: 100 * SIDE_EDGES_LOG[i], to: 100 * SIDE_EDGES_LOG[i + 1], count },
      size: SIDE_EDGES_LOG[i] < LARGE_SIDE ? "small" : "large",
    })))
  );

/** How many objects hold 99 % of each data set's images: what an axis needs to show. */
export function mostObjects(rows: readonly DataSetCounts[]): number {
  return Math.max(
    10,
    ...rows.map(({ counts }) => {
      const all = counts.reduce((a, b) => a + b, 0);
      let sum = 0;
      return counts.findIndex((count) => (sum += count) >= 0.99 * all);
    }),
  );
}

/** Share of a data set's objects that count as small, in words. */
export function smallText({ sides }: DataSetCounts): string {
  const all = sides.reduce((a, b) => a + b, 0);
  if (all === 0) return "sides unknown";
  const small = sides.reduce((sum, n, i) => SIDE_EDGES_LOG[i] < LARGE_SIDE ? sum + n : sum, 0);
  return `${(100 * small / all).toFixed(0)} % small`;
}

const counted = ({ mean, min, max }: CountStatistics) => `${mean.toFixed(2)}, ${min} to ${max}`;

/** The paper's line of one of Tables 8 to 11. */
function paperCounts(dataset: string, per: "instance" | "class"): string {
  const table = PAPER_TABLE[dataset];
  if (!table) return "";
  const [mean, min, max] = ["mean", "min", "max"].map((column) =>
    paperValue(table, { per }, column)
  );
  return `${counted({ mean, min, max })} (${table.replace("t", "T")})`;
}

/** Objects and classes an image beside Tables 8 to 11: mean, least to most. */
export function perImageTable(
  rows: readonly DataSetCounts[],
  notRun: readonly NotRun[] = [],
): Record<string, string>[] {
  const line = (dataset: string, objects: string, classes: string) => ({
    "data set": dataset,
    "objects an image": objects,
    "paper: objects": paperCounts(dataset, "instance"),
    "classes an image": classes,
    "paper: classes": paperCounts(dataset, "class"),
  });
  return [
    ...rows.map((row) =>
      line(row.dataset, counted(row.instancesPerImage), counted(row.classesPerImage))
    ),
    ...notRun.map(({ member }) => line(member, "not run", "not run")),
  ];
}

/** Numbers of images and classes beside Table 12. */
export function sizesTable(
  rows: readonly DataSetCounts[],
  notRun: readonly NotRun[] = [],
): Record<string, string>[] {
  const paper = new Map(paperTable("table 12").rows.map((row) => [row.dataset, row]));
  const line = (dataset: string, [whole, images, classes]: readonly string[]) => ({
    "data set": dataset,
    "images": whole,
    "of them counted here": images,
    "paper: images": paper.get(dataset)?.images.toLocaleString("en") ?? "",
    "classes": classes,
    "paper: classes": paper.get(dataset)?.classes.toLocaleString("en") ?? "",
  });
  return [
    ...rows.map(({ dataset, whole, images, classes, classesPresent }) =>
      line(dataset, [
        ...[whole, images].map((count) => count.toLocaleString("en")),
        classes === classesPresent ? `${classes}` : `${classes} (${classesPresent} present)`,
      ])
    ),
    ...notRun.map(({ member }) => line(member, ["not run", "", ""])),
  ];
}

/** What the notes of Tables 8 to 12 say: contradictions, things left open. */
export const paperNotes = (): string[] =>
  [8, 9, 10, 11, 12].flatMap((n) =>
    paperTable(`table ${n}`).notes.map((note) => `- Table ${n}: ${note}`)
  );
