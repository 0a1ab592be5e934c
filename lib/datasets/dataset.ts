/**
 * What a data set is: images with annotated objects, and a report of what in it was unusable.
 *
 * @module
 */
import type { Box } from "../covers/mod.ts";
import { changedPixels, PIXEL_SCHEMA, type PixelConfig } from "../images/bands.ts";
import { canonicalJson, sha256 } from "../runtime/files.ts";
import { checkSettings } from "../runtime/settings.ts";

/** One annotated object. */
export interface DatasetObject {
  /** Index into the data set's categories. */
  category: number;
  /** Where it is, in px of the image; fractions of a pixel are possible. */
  box: Box;
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
  /** Set where the boxes were made on an image of another shape than the file's: they say what is shown, not where. */
  boxesRefused?: true;
}

/** The objects of an image of which it is known where they are: none where its boxes were refused. */
export function placedObjects({ objects, boxesRefused }: DatasetImage): DatasetObject[] {
  return boxesRefused ? [] : objects;
}

/** What was found while reading a data set: nothing is left out without being counted here. */
export interface DatasetReport {
  /** Images that the data set lists or the folder holds. */
  listed: number;
  /** Images that can be used: `listed` less the refused, duplicate, conflicting and missing ones. */
  images: number;
  /** Objects that can be used. */
  objects: number;
  /** Image files that do not exist. */
  missingImages: number;
  /** Images whose file name leaves the image root, or is a link that does: refused. */
  unsafePaths: number;
  /** Files of a folder whose names do not end as those of images do: they are not listed. */
  otherFiles?: number;
  /** Files listed more than once, under one id or several: one image, with the objects of all. */
  duplicateImages: number;
  /** Images under the id of another file, or of a file listed before with another size: left out. */
  conflictingImages: number;
  /** Images and categories without an id, or with a number that is not exact: left out. */
  unusableIds: number;
  /** Images whose size was not given and stands in their file's header. */
  sizesRead: number;
  /** Images whose boxes were turned upright with them, from the frame of the stored pixels (EXIF). */
  turnedImages: number;
  /** Images that EXIF turns and whose boxes could be of either frame; `annotationFrame` decided. */
  unknownFrames: number;
  /** Images annotated at another size of the same aspect: their boxes were scaled. */
  scaledImages: number;
  /** Images annotated at a size of another aspect: their boxes are not used, what they show is. */
  refusedBoxes: number;
  /** Categories called as another but for case, spaces, `_` and `-`: one category, with the objects of all. */
  mergedCategories: number;
  /** Categories under the id of another name: left out. */
  conflictingCategories: number;
  /** Images without an object that can be used. */
  imagesWithoutObjects: number;
  /** Annotations of an image that the data set does not list, or of which of several cannot be told. */
  unknownImages: number;
  /** Annotations of a category that the data set does not list, or of which of several cannot be told. */
  unknownCategories: number;
  /** Annotations that name an image or category as text, the list as a number, or the reverse; they are used. */
  mixedIds: number;
  /** Annotations that mark a crowd rather than an object (`iscrowd`). */
  crowd: number;
  /** Annotations marked as to be ignored, or as difficult: they show the object, and are used. */
  markedIgnored: number;
  /** Annotations without an area, or whose box is not four numbers. */
  empty: number;
  /** Annotations whose box holds NaN or Infinity. */
  notFinite: number;
  /** Annotations without a box and without a polygon or mask that has one. */
  withoutBox: number;
  /** Boxes taken from a polygon or mask, as the annotation has none; they are used. */
  boxesFromMasks: number;
  /** Annotations whose box lies wholly outside the image. */
  outside: number;
  /** Boxes that stood out of the image and were clipped; they are used. */
  clipped: number;
  /** The first few of what was left out, in words. */
  examples: string[];
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

/** A report in which nothing has been found yet. */
export function emptyReport(): DatasetReport {
  return {
    listed: 0,
    images: 0,
    objects: 0,
    missingImages: 0,
    unsafePaths: 0,
    duplicateImages: 0,
    conflictingImages: 0,
    unusableIds: 0,
    sizesRead: 0,
    turnedImages: 0,
    unknownFrames: 0,
    scaledImages: 0,
    refusedBoxes: 0,
    mergedCategories: 0,
    conflictingCategories: 0,
    imagesWithoutObjects: 0,
    unknownImages: 0,
    unknownCategories: 0,
    mixedIds: 0,
    crowd: 0,
    markedIgnored: 0,
    empty: 0,
    notFinite: 0,
    withoutBox: 0,
    boxesFromMasks: 0,
    outside: 0,
    clipped: 0,
    examples: [],
  };
}

const MAX_EXAMPLES = 10;

/** Counts something that was left out or changed, and keeps the first few in words. */
export function noteIn(
  report: DatasetReport,
  key: Exclude<keyof DatasetReport, "examples" | "otherFiles">,
  what: string,
): void {
  report[key]++;
  if (report.examples.length < MAX_EXAMPLES) report.examples.push(`${key}: ${what}`);
}

/** What {@linkcode createDataset} cannot work out. */
export type DatasetParts = Omit<Dataset, "fingerprint">;

/** Completes a data set: counts of what is used, and the fingerprint. */
export function createDataset(parts: DatasetParts): Dataset {
  const { categories, images, report } = parts;
  report.images = images.length;
  report.objects = images.reduce((sum, image) => sum + image.objects.length, 0);
  report.imagesWithoutObjects = images.filter((image) => image.objects.length === 0).length;
  const content = images.map(({ id, width, height, objects, boxesRefused }) => ({
    ...{ id, width, height, objects },
    ...(boxesRefused && { boxesRefused }),
  }));
  return { ...parts, fingerprint: sha256(canonicalJson([categories, content])) };
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

const PROBLEMS: [keyof DatasetReport, string][] = [
  ["missingImages", "images missing"],
  ["unsafePaths", "images refused: their path leaves the image root"],
  ["otherFiles", "files left out: their endings are not those of images"],
  ["duplicateImages", "images listed twice"],
  ["conflictingImages", "images left out: another file has their id, or their file another size"],
  ["unusableIds", "images or categories left out: they have no exact id"],
  ["sizesRead", "sizes read from image files"],
  ["turnedImages", "images whose boxes were turned upright with them (EXIF)"],
  [
    "unknownFrames",
    "images that EXIF turns and whose boxes' frame no size tells: see annotationFrame",
  ],
  ["scaledImages", "images whose boxes were scaled to the size of their file"],
  ["refusedBoxes", "images whose boxes were refused: their file has another shape"],
  ["mergedCategories", "categories of another's name: merged with it"],
  ["conflictingCategories", "categories left out: another name has their id"],
  ["imagesWithoutObjects", "images without objects"],
  ["unknownImages", "annotations of unlisted images"],
  ["unknownCategories", "annotations of unlisted categories"],
  ["mixedIds", "annotations matched by ids as text and as numbers"],
  ["crowd", "crowd annotations"],
  ["markedIgnored", "annotations marked ignored or difficult: used"],
  ["empty", "empty annotations"],
  ["notFinite", "boxes with NaN or Infinity"],
  ["withoutBox", "annotations without box, polygon or mask"],
  ["boxesFromMasks", "boxes taken from polygons or masks"],
  ["outside", "boxes outside their image"],
  ["clipped", "boxes clipped"],
];

/** Counts of what was done about frames, the gravest first. */
const FRAMES: readonly (keyof DatasetReport)[] = [
  "refusedBoxes",
  "scaledImages",
  "unknownFrames",
  "turnedImages",
];

/** Counts above 0 of a report, in words. */
function countsInWords(report: DatasetReport, problems: typeof PROBLEMS): string[] {
  return problems
    .map(([key, words]) => [(report[key] ?? 0) as number, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`);
}

/**
 * What was done so that boxes and images share a frame, one line with an example; nothing where nothing was.
 *
 * @param dataset what was read
 */
export function describeFrames({ name, report }: Dataset): string | undefined {
  const counts = countsInWords(report, PROBLEMS.filter(([key]) => FRAMES.includes(key)));
  if (counts.length === 0) return undefined;
  const [example] = FRAMES.flatMap((key) =>
    report.examples.filter((text) => text.startsWith(`${key}:`))
  );
  return [`${name}: ${counts.join("; ")}`, ...(example ? [example] : [])].join("; first: ");
}

/**
 * A report in words, one line: what is used, then everything that was left out or changed.
 *
 * @param dataset what was read
 */
export function describeDataset({ name, annotated, report }: Dataset): string {
  const counts = countsInWords(
    report,
    PROBLEMS.filter(([key]) => annotated || key !== "imagesWithoutObjects"),
  );
  const used = annotated
    ? `${report.images} images, ${report.objects} objects`
    : `${report.images} images`;
  return [`${name}: ${used}`, ...counts].join("; ");
}
