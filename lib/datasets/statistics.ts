/**
 * The statistics of the paper's Tables 8 to 12, of any annotated data set.
 *
 * @module
 */
import type { Dataset } from "./dataset.ts";

/** Mean, least and most of a count an image. */
export interface CountStatistics {
  /** Mean over the images that have at least one object. */
  mean: number;
  /** Least such count. */
  min: number;
  /** Largest such count. */
  max: number;
}

/** What Tables 8 to 12 say of a data set, and how large its objects are. */
export interface DatasetStatistics {
  /** Number of images. */
  images: number;
  /** Of them, images without an object: they are not part of the statistics an image. */
  imagesWithoutObjects: number;
  /** Number of categories that the data set names. */
  classes: number;
  /** Of them, those that appear in an image. */
  classesPresent: number;
  /** Objects an image. */
  instancesPerImage: CountStatistics;
  /** Different classes an image. */
  classesPerImage: CountStatistics;
  /** Objects by side (root of the area) as a share of the image's; `from` included, `to` not. */
  sides: { from: number; to: number; objects: number }[];
}

/** Edges of the histogram of object sides. */
const SIDE_EDGES = [0, 0.02, 0.05, 0.1, 0.2, 0.4, Infinity];

function countStatistics(counts: readonly number[]): CountStatistics {
  if (counts.length === 0) return { mean: 0, min: 0, max: 0 };
  return {
    mean: counts.reduce((a, b) => a + b) / counts.length,
    min: counts.reduce((a, b) => Math.min(a, b)),
    max: counts.reduce((a, b) => Math.max(a, b)),
  };
}

/**
 * Counts objects and classes.
 *
 * @param dataset an annotated data set
 * @throws {Error} when it has no annotations
 */
export function datasetStatistics(dataset: Dataset): DatasetStatistics {
  if (!dataset.annotated) {
    throw new Error(`Cannot count objects of ${dataset.name}: it has no annotations`);
  }
  const filled = dataset.images.filter((image) => image.objects.length > 0);
  const present = new Set<number>();
  const sides = SIDE_EDGES.slice(1).map((to, i) => ({ from: SIDE_EDGES[i], to, objects: 0 }));
  for (const { objects, width, height, boxesRefused } of filled) {
    for (const { category, box } of objects) {
      present.add(category);
      if (!width || !height || boxesRefused) continue;
      const side = Math.sqrt(box.width * box.height / (width * height));
      sides.find(({ to }) => side < to)!.objects++;
    }
  }
  return {
    images: dataset.images.length,
    imagesWithoutObjects: dataset.images.length - filled.length,
    classes: dataset.categories.length,
    classesPresent: present.size,
    instancesPerImage: countStatistics(filled.map(({ objects }) => objects.length)),
    classesPerImage: countStatistics(
      filled.map(({ objects }) => new Set(objects.map(({ category }) => category)).size),
    ),
    sides,
  };
}
