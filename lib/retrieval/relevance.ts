/**
 * Relevance matrices from annotations: which image shows which class, and at what size.
 *
 * @module
 */
import type { Box } from "../covers/cover.ts";
import { type JudgedImage, unjudgedClasses } from "../datasets/judged.ts";
import type { RelevanceMatrix } from "./matrices.ts";

/** What relevance needs of an image: its size, its objects, and which classes were looked for. */
export interface AnnotatedImage extends JudgedImage {
  /** Name of the image. */
  id: string;
  /** Width in px. */
  width?: number;
  /** Height in px. */
  height?: number;
  /** The objects; `category` is an index into the categories. */
  objects: readonly { category: number; box: Box }[];
  /** Whether the boxes say nothing, neither where objects are nor how large. */
  boxesRefused?: boolean;
}

/** What relevance needs of a data set. */
export interface AnnotatedImages {
  /** Class names; each is a query. */
  categories: readonly string[];
  /** The images. */
  images: readonly AnnotatedImage[];
}

/** A range of object sizes: sides as a share of the image, `min` included and `max` not. */
export interface SizeBin {
  /** Name for tables and axes. */
  name: string;
  /** Smallest side, as a share of the image's side (0 to 1). */
  min: number;
  /** First side that is too large. */
  max: number;
}

/** Bins by object side (root of the area) as a share of the image's side. */
export const SIZE_BINS: readonly SizeBin[] = [
  { name: "< 5 %", min: 0, max: 0.05 },
  { name: "5–10 %", min: 0.05, max: 0.1 },
  { name: "10–20 %", min: 0.1, max: 0.2 },
  { name: "20–40 %", min: 0.2, max: 0.4 },
  { name: "≥ 40 %", min: 0.4, max: Infinity },
];

/** The thresholds on r_max of the paper's Table 1. */
export const R_MAX_THRESHOLDS: readonly number[] = [0, -0.5, -1, -1.5, -2].map((e) => 10 ** e);

/**
 * The images in the order of `ids`: features may be stored in another order than the annotations,
 * and lack images that could not be read.
 *
 * @throws RangeError when an id is not among the images
 */
export function imagesInOrder<T extends { id: string }>(
  images: readonly T[],
  ids: readonly string[],
): T[] {
  const byId = new Map(images.map((image) => [image.id, image]));
  return ids.map((id) => {
    const image = byId.get(id);
    if (!image) throw new RangeError(`Cannot order images: there is no image "${id}"`);
    return image;
  });
}

/**
 * Which image shows which class. Pairs of which that is not known (`unjudgedClasses`) take no part in the ranking of
 * that class (`ignored`).
 *
 * @param dataset categories and annotated images
 * @param imageIds columns of the matrix; all images of the data set in their order by default
 * @returns 1 where the image has an object of the class // (Q, N)
 * @throws RangeError when an id is unknown or a category is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { relevanceOf } from "detailclip";
 * const box = { left: 0, top: 0, width: 2, height: 2 };
 * const { relevant } = relevanceOf({
 *   categories: ["fork", "boat"],
 *   images: [{ id: "a", objects: [{ category: 1, box }] }, { id: "b", objects: [] }],
 * });
 * assert(relevant.join() === "0,0,1,0");
 * ```
 */
export function relevanceOf(
  dataset: AnnotatedImages,
  imageIds?: readonly string[],
): RelevanceMatrix {
  const images = imageIds ? imagesInOrder(dataset.images, imageIds) : dataset.images;
  const matrix = emptyRelevance(dataset.categories.length, images.length);
  images.forEach((image, n) => {
    for (const { category } of image.objects) {
      checkCategory(category, image.id, dataset.categories.length);
      matrix.relevant[category * images.length + n] = 1;
    }
  });
  return ignoreUnjudged(matrix, images);
}

/** Leaves the pairs that nobody judged out of the rankings. */
function ignoreUnjudged(
  matrix: RelevanceMatrix,
  images: readonly AnnotatedImage[],
): RelevanceMatrix {
  if (!images.some(({ absent, notExhaustive }) => absent ?? notExhaustive)) return matrix;
  const ignored = matrix.ignored ?? new Uint8Array(matrix.relevant.length);
  images.forEach((image, n) => {
    for (const q of unjudgedClasses(image, matrix.queries)) ignored[q * matrix.images + n] = 1;
  });
  return { ...matrix, ignored };
}

/**
 * Relevance for one range of object sizes. For each class, an image counts by its *largest* object
 * of that class: it is relevant when that lies in the bin, and takes no part in the ranking
 * (`ignored`) when it lies outside, or when a larger one may not be annotated. Images known to be without the class
 * stay in as distractors. So the recalls of different bins face the same distractors, and finding a
 * large object is neither rewarded nor punished in a bin of small ones. An object whose box was refused lies in no bin.
 *
 * @param dataset categories and annotated images, with sizes
 * @param bin sides as a share of the image
 * @param imageIds columns of the matrix; all images of the data set in their order by default
 * @throws RangeError when an image with objects has no size
 */
export function relevanceBySize(
  dataset: AnnotatedImages,
  bin: SizeBin,
  imageIds?: readonly string[],
): RelevanceMatrix {
  const images = imageIds ? imagesInOrder(dataset.images, imageIds) : dataset.images;
  const [queries, count] = [dataset.categories.length, images.length];
  const matrix = emptyRelevance(queries, count);
  const ignored = new Uint8Array(queries * count);
  images.forEach((image, n) => {
    const largest = new Map<number, number>();
    for (const { category, box } of image.objects) {
      checkCategory(category, image.id, queries);
      const share = image.boxesRefused ? NaN : areaShare(image, box);
      largest.set(category, Math.max(largest.get(category) ?? 0, share));
    }
    for (const [category, share] of largest) {
      const side = Math.sqrt(share), known = !image.notExhaustive?.includes(category);
      const target = known && side >= bin.min && side < bin.max ? matrix.relevant : ignored;
      target[category * count + n] = 1;
    }
  });
  return ignoreUnjudged({ ...matrix, ignored }, images);
}

/**
 * r_max of eq. 1: the area of an image's largest object over the area of the image; 0 without
 * objects.
 *
 * @throws RangeError when an image with objects has no size
 */
export function rMax(image: AnnotatedImage): number {
  return image.objects.reduce((most, { box }) => Math.max(most, areaShare(image, box)), 0);
}

/**
 * The images whose r_max is at most `threshold`: the subsets of the paper's Table 1. Images without
 * objects, or with refused boxes, show nothing to compare with the threshold and are left out.
 *
 * @param images images in the order of the score matrix's columns
 * @param threshold largest r_max, e.g. 10 ** -1.5
 * @returns their indices
 */
export function subsetByRmax(images: readonly AnnotatedImage[], threshold: number): number[] {
  return images.flatMap((image, n) =>
    image.objects.length > 0 && !image.boxesRefused && rMax(image) <= threshold ? [n] : []
  );
}

/**
 * Restricts every query's ranking to a subset of the images; the others are `ignored`.
 *
 * @param relevance right answers // (Q, N)
 * @param columns indices of the images that stay
 */
export function restrictTo(
  relevance: RelevanceMatrix,
  columns: readonly number[],
): RelevanceMatrix {
  const keep = new Uint8Array(relevance.images);
  for (const column of columns) keep[column] = 1;
  const { images, relevant } = relevance;
  const ignored = relevant.map((_, at) =>
    relevance.ignored?.[at] === 1 || !keep[at % images] ? 1 : 0
  );
  return { ...relevance, ignored };
}

function emptyRelevance(queries: number, images: number): RelevanceMatrix {
  return { queries, images, relevant: new Uint8Array(queries * images) };
}

function checkCategory(category: number, id: string, count: number): void {
  if (!Number.isInteger(category) || category < 0 || category >= count) {
    throw new RangeError(
      `Cannot build relevance: image "${id}" has category ${category}, there are ${count}`,
    );
  }
}

function areaShare({ id, width, height }: AnnotatedImage, box: Box): number {
  if (!width || !height) {
    throw new RangeError(`Cannot relate object size to image "${id}": its size is unknown`);
  }
  return box.width * box.height / (width * height);
}
