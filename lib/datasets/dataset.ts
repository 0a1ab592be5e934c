/**
 * What a data set is: images with annotated objects, and a report of what in it was unusable.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Box } from "../covers/mod.ts";
import { changedPixels, PIXEL_SCHEMA, type PixelConfig } from "../images/bands.ts";
import type { Scene } from "../images/mod.ts";
import { canonicalJson, sha256 } from "../runtime/files.ts";
import { checkpoint } from "../runtime/interrupt.ts";
import { checkSettings } from "../runtime/settings.ts";
import { countUnjudged } from "./judged.ts";
import type { Draw } from "./readers/place.ts";
import type { DatasetReport } from "./report.ts";

/** The corners of an oriented box, in order around it, in px of the image; they may lie outside. */
export type Corners = readonly [Point, Point, Point, Point];

/** A point in px of the image, to the right and down: 0, 0 is the outer corner of its first pixel. */
export type Point = readonly [x: number, y: number];

/** One annotated object. */
export interface DatasetObject {
  /** Index into the data set's categories. */
  category: number;
  /** Where it is, in px of the image; fractions of a pixel are possible. */
  box: Box;
  /** Where the annotation is an oriented box, its corners; `box` encloses them, as far as they are in the image. */
  corners?: Corners;
  /** Size group, where the data set names one (CLEVR-DS does). */
  size?: "small" | "large";
}

/** One image. The file itself may be broken: that is found, and recorded, when it is decoded. */
export interface DatasetImage {
  /** Name of the image, unique in the data set: its path relative to the image root, with `/`. */
  id: string;
  /** Absolute path of the file. */
  path: string;
  /** Width in px, where it is known without decoding. */
  width?: number;
  /** Height in px, where it is known without decoding. */
  height?: number;
  /** Its objects; empty when there are none or the data set has no annotations. */
  objects: DatasetObject[];
  /** Where the image is a tile of a scene: which part of the file it is, in px of the scene. */
  part?: { scene: Scene; box: Box };
  /** Where not all classes were looked for: those that were and are not there, as indices, ascending. */
  absent?: number[];
  /** Classes of which not every object is annotated, as indices, ascending. */
  notExhaustive?: number[];
  /** Set where the boxes were made on an image of another shape than the file's: they say what is shown, not where. */
  boxesRefused?: true;
}

/** The objects of an image of which it is known where they are: none where its boxes were refused. */
export function placedObjects({ objects, boxesRefused }: DatasetImage): DatasetObject[] {
  return boxesRefused ? [] : objects;
}

/** Images, what they show, and what was left out. */
export interface Dataset {
  /** Name for tables and file names. */
  name: string;
  /** Class names; a category is an index into them. */
  categories: string[];
  /** The images. */
  images: DatasetImage[];
  /** Whether objects are annotated at all: without, nothing can be scored. */
  annotated: boolean;
  /** Whether the workspace drew the images: they show drawn objects. */
  drawn?: boolean;
  /** How pixels become RGB, where that is not the default; see `decodeImage`. */
  pixels?: PixelConfig;
  /** What was left out. */
  report: DatasetReport;
  /** SHA-256 over categories, image ids, sizes and annotations; not over where the files are. */
  fingerprint: string;
}

/**
 * How a data set says that its pixels are to be read; nothing where that is the default.
 *
 * @throws {RangeError} when it says what it cannot
 */
export function pixelsOf(config: PixelConfig, attempt: string): Pick<Dataset, "pixels"> {
  checkSettings(PIXEL_SCHEMA, config, attempt);
  const pixels = changedPixels(config);
  return pixels ? { pixels } : {};
}

/** What {@linkcode createDataset} cannot work out. */
export type DatasetParts = Omit<Dataset, "fingerprint">;

/** Completes a data set: counts of what is used, and the fingerprint. */
export function createDataset(parts: DatasetParts): Dataset {
  const steps = completing(parts);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * The same for a data set of any size: of a million objects the fingerprint takes seconds, between which the event loop
 * has its turns.
 *
 * @throws the signal's reason, when it has aborted
 */
export async function createLargeDataset(
  parts: DatasetParts,
  signal: AbortSignal,
): Promise<Dataset> {
  const steps = completing(parts);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await checkpoint(signal);
  }
}

const IMAGES_A_STEP = 2000;

/** Completes a data set in steps, some thousand images each. */
function* completing(parts: DatasetParts): Generator<undefined, Dataset> {
  const { categories, images, report } = parts;
  report.images = images.length;
  report.objects = images.reduce((sum, image) => sum + image.objects.length, 0);
  report.imagesWithoutObjects = images.filter((image) => image.objects.length === 0).length;
  Object.assign(report, countUnjudged(images, categories.length));
  // As the hash of the canonical JSON of all, whose text may be longer than a string can be.
  const hash = createHash("sha256").update(`[${canonicalJson(categories)},[`);
  for (let start = 0; start < images.length; start += IMAGES_A_STEP) {
    if (start > 0) yield;
    const part = images.slice(start, start + IMAGES_A_STEP).map(contentOf).join();
    hash.update(start > 0 ? `,${part}` : part);
  }
  return { ...parts, fingerprint: hash.update("]]").digest("hex") };
}

/**
 * The text of what an image is; what is undefined is not part of it: most images have no lists of classes, and no
 * refused boxes.
 */
function contentOf(image: DatasetImage): string {
  const { id, width, height, objects, absent, notExhaustive, boxesRefused } = image;
  return canonicalJson({ id, width, height, objects, absent, notExhaustive, boxesRefused });
}

/**
 * The part of a data set whose images fulfil a condition.
 *
 * @param dataset the whole
 * @param keep whether an image stays
 * @param name of the part; by default that of the whole
 */
export function filterImages(
  dataset: Dataset,
  keep: (image: DatasetImage, index: number) => boolean,
  name: string = dataset.name,
): Dataset {
  const images = dataset.images.filter(keep);
  return createDataset({ ...dataset, name, images, report: { ...dataset.report } });
}

/**
 * The first images of a data set, in its order.
 *
 * @param dataset the whole
 * @param count how many at most
 * @throws {RangeError} when `count` is not a positive integer
 */
export function firstImages(dataset: Dataset, count: number): Dataset {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot take the first images of ${dataset.name}: the count must be a positive integer, ` +
        `got ${count}`,
    );
  }
  return filterImages(dataset, (_, index) => index < count);
}

/**
 * Some images of a data set, drawn by a seed, or all others. Whether an image is drawn depends on the seed and on ids
 * alone, not on the order of the images.
 *
 * @param dataset the whole
 * @param draw how many, or below 1 which share, and whether they are taken or the rest; those of a smaller draw are
 *   among those of a larger one, and `after` parts the two
 * @param seed of the draw
 * @throws {RangeError} when none would be left on one side
 */
export function drawImages(
  dataset: Dataset,
  { size, take, after = 0 }: Draw,
  seed: number,
): Dataset {
  const { length } = dataset.images;
  const numberOf = (size: number) => size < 1 ? Math.round(size * length) : size;
  const count = numberOf(size), passed = numberOf(after);
  const whole = Number.isInteger(count) && Number.isInteger(passed);
  if (!whole || passed < 0 || count <= passed || count >= length) {
    const those = after === 0 ? `${count}` : `${count} but for ${passed}`;
    throw new RangeError(
      `Cannot draw images of ${dataset.name}: of its ${length} images ${those} are to be drawn, ` +
        "which leaves none on one side",
    );
  }
  const ranks = dataset.images.map(({ id }) => ({ id, rank: sha256(`${seed}/${id}`) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const drawn = new Set(ranks.slice(passed, count).map(({ id }) => id));
  return filterImages(dataset, ({ id }) => drawn.has(id) === (take === "drawn"));
}
