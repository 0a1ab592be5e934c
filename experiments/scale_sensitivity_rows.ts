/**
 * The rows of the experiment on scale sensitivity: on which images, how large what is asked for is there, and what
 * chance reaches.
 *
 * @module
 */
import {
  type Dataset,
  imagesInOrder,
  medianOf,
  paperTable,
  percent,
  R_MAX_THRESHOLDS,
  relevanceBySize,
  type RelevanceMatrix,
  restrictTo,
  type ResultRow,
  type RetrievalRun,
  SIZE_BINS,
  subsetByRmax,
} from "detailclip";
import { placedObjects } from "detailclip/datasets";

/** A recall on the images below a threshold of r_max, or for objects of one range of sizes. */
export interface ScaleRow extends ResultRow {
  /** Whether the largest object of the image counts (eq. 1), or the object that is asked for. */
  kind: "r_max" | "size";
  /** The threshold, as a share of the image's area. */
  rMax?: number;
  /** Median side of the objects that are right answers, as a share of the image's side. */
  side: number;
  /** Recall@1 of a random ranking: the mean share of right answers among the ranked images. */
  chance: number;
  /** Number of pairs of a class and an image that shows it. */
  pairs: number;
}

/** A part of the data, with its right answers. */
export interface Part extends Pick<ScaleRow, "subset" | "kind" | "rMax" | "images"> {
  /** Right answers, and what takes no part in the ranking. // (Q, N) */
  relevance: RelevanceMatrix;
}

/** Between the thresholds of Table 1 lie those at which the large objects of CLEVR-DS end. */
const THRESHOLDS: readonly number[] = [
  ...R_MAX_THRESHOLDS,
  ...[-0.7, -0.8, -0.9].map((e) => 10 ** e),
].sort((a, b) => b - a);

/** The parts of a run that show something: largest thresholds first, then sizes from small to large. */
export function partsOf({ dataset, imageIds, relevance }: RetrievalRun): Part[] {
  const images = imagesInOrder(dataset.images, imageIds);
  const byRMax = THRESHOLDS.map((rMax): Part => {
    const columns = subsetByRmax(images, rMax);
    const subset = `r_max ≤ 10^${Number(Math.log10(rMax).toFixed(2))}`;
    const within = restrictTo(relevance, columns);
    return { subset, kind: "r_max", rMax, images: columns.length, relevance: within };
  });
  const ofSizes = SIZE_BINS.map((bin): Part => ({
    subset: `size ${bin.name}`,
    kind: "size",
    images: images.length,
    relevance: relevanceBySize(dataset, bin, imageIds),
  }));
  return [...byRMax, ...ofSizes].filter(({ relevance: { relevant, ignored } }) =>
    relevant.some((right, at) => right && !ignored?.[at])
  );
}

/** Side of the largest object of each class in each image as a share of the image's side, 0 where there is none. // (Q, N) */
export function sidesOf({ categories, images }: Dataset, ids: readonly string[]): Float32Array {
  const sides = new Float32Array(categories.length * ids.length);
  imagesInOrder(images, ids).forEach((image, n) => {
    const { width = NaN, height = NaN } = image;
    for (const { category, box } of placedObjects(image)) {
      const at = category * ids.length + n;
      sides[at] = Math.max(sides[at], Math.sqrt(box.width * box.height / (width * height)));
    }
  });
  return sides;
}

/** What is known of right answers before any ranking. */
export function factsOf(
  { queries, images, relevant, ignored }: RelevanceMatrix,
  sides: Float32Array,
): Pick<ScaleRow, "classes" | "pairs" | "side" | "chance"> {
  const found: number[] = [], chances: number[] = [];
  for (let q = 0; q < queries; q++) {
    let right = 0, ranked = 0;
    for (let at = q * images; at < (q + 1) * images; at++) {
      if (ignored?.[at]) continue;
      ranked++;
      if (!relevant[at]) continue;
      right++;
      found.push(sides[at]);
    }
    if (right > 0) chances.push(right / ranked);
  }
  return {
    classes: chances.length,
    pairs: found.length,
    side: medianOf(found),
    chance: chances.reduce((a, b) => a + b) / chances.length,
  };
}

/** Whether a row is of the full image. */
export const fullImage = ({ method }: ScaleRow): boolean => method === "full image";

/** Whether a row is of Complete Cover. */
export const patches = ({ method }: ScaleRow): boolean => method.startsWith("cc@");

/**
 * Recall@1 by r_max, largest threshold first, where at least 5 images and a fifth of all are left: among fewer images
 * a random ranking finds a larger share.
 */
export function enough(rows: readonly ScaleRow[], metric = "recall@1"): ScaleRow[] {
  const byRMax = rows.filter((row) => row.kind === "r_max" && row.metric === metric);
  const most = byRMax.reduce((most, { images }) => Math.max(most, images), 0);
  return byRMax.filter(({ images }) => images === most || images >= Math.max(5, most / 5));
}

/** Recall@1 by size of the object asked for, where at least a tenth of the classes of the fullest range are. */
export function bySize(rows: readonly ScaleRow[]): ScaleRow[] {
  const sizes = rows.filter((row) => row.kind === "size" && row.metric === "recall@1");
  const most = sizes.reduce((most, { classes }) => Math.max(most, classes), 0);
  return sizes.filter(({ classes }) => classes >= most / 10);
}

const recallText = ({ value, low, high }: ScaleRow) =>
  `${percent(value)} (${percent(low)}–${percent(high)})`;

/** Table 1 beside ours; a threshold below which there are no images says so. */
export function tableOne(rows: readonly ScaleRow[]): Record<string, string | number>[] {
  const ones = rows.filter(({ kind, metric }) => kind === "r_max" && metric === "recall@1");
  const methods = [...new Set(ones.map(({ method }) => method))];
  return paperTable("table 1").rows.map((paper) => {
    const at = ones.filter(({ rMax }) =>
      Math.abs(Math.log10(rMax!) - Number(paper.logRmax)) < 1e-9
    );
    return {
      "r_max up to": `10^${paper.logRmax}`,
      images: at[0]?.images ?? 0,
      classes: at[0]?.classes ?? 0,
      "median side asked for, %": at[0] ? percent(at[0].side) : "",
      "chance, %": at[0] ? percent(at[0].chance) : "",
      ...Object.fromEntries(methods.map((method) => {
        const row = at.find((row) => row.method === method);
        return [`${method}, %`, row ? recallText(row) : "no image"];
      })),
      "paper: CLIP on LVIS, %": Number(paper["recall@1"]).toFixed(2),
    };
  });
}

/** Recall@1 by size of the object asked for. */
export function sizeTable(rows: readonly ScaleRow[]): Record<string, string | number>[] {
  const sizes = rows.filter(({ kind, metric }) => kind === "size" && metric === "recall@1");
  return [...Map.groupBy(sizes, ({ subset }) => subset)].map(([subset, group]) => ({
    "side of the object": subset.slice("size ".length),
    classes: group[0].classes,
    "right answers": group[0].pairs,
    "chance, %": percent(group[0].chance),
    ...Object.fromEntries(group.map((row) => [`${row.method}, %`, recallText(row)])),
  }));
}

/** A recall as the figures of this notebook take it, in per cent. */
export interface ScalePoint {
  /** The data set. */
  panel: string;
  /** How images are scored. */
  method: string;
  /** Recall@1, %. */
  recall: number;
  /** Lower bound of its interval; the paper prints none. */
  low?: number;
  /** Upper bound. */
  high?: number;
}

const pointOf = ({ method, value, low, high }: ScaleRow) => ({
  method,
  ...{ recall: 100 * value, low: 100 * low, high: 100 * high },
});

/** Our Recall@1 by the largest object of an image, `share` of whose area (%) it fills at most. */
export function rMaxPoints(
  rows: ReadonlyMap<string, readonly ScaleRow[]>,
): (ScalePoint & { share: number })[] {
  return [...rows].flatMap(([panel, own]) =>
    enough(own).map((row) => ({ ...pointOf(row), panel, share: 100 * row.rMax! }))
  );
}

/** The paper's curve of the same (Table 1). */
export function paperPoints(): (ScalePoint & { share: number })[] {
  return paperTable("table 1").rows.map((row) => ({
    panel: "The paper: CLIP on LVIS",
    method: "full image",
    recall: Number(row["recall@1"]),
    share: 100 * 10 ** Number(row.logRmax),
  }));
}

/** Our Recall@1 by the side of the object that is asked for. */
export function sizePoints(
  rows: readonly ScaleRow[],
): (Omit<ScalePoint, "panel"> & { side: string })[] {
  return bySize(rows).map((row) => ({ ...pointOf(row), side: row.subset.slice("size ".length) }));
}
