/**
 * What was found while a data set was read, and how it is told: nothing is left out without being counted here.
 *
 * @module
 */
import type { JudgementCounts } from "./judged.ts";

/** What was found while reading a data set. */
export interface DatasetReport extends JudgementCounts {
  /** Images that the data set lists or the folder holds. */
  listed: number;
  /** Images that can be used: `listed` less the refused, duplicate and missing ones, and those of one id. */
  images: number;
  /** Objects that can be used. */
  objects: number;
  /** Image files that do not exist. */
  missingImages: number;
  /** Images whose file name leaves the image root, or is a link that does: refused. */
  unsafePaths: number;
  /** Files of a folder whose names do not end as those of images do: they are not listed. */
  otherFiles?: number;
  /** Pictures of a folder whose format cannot be decoded: they are not listed. */
  otherFormats?: number;
  /** The same by format, such as `heif`. */
  formats?: Record<string, number>;
  /** Archives in a folder, such as tar shards: they are not listed. */
  archives?: number;
  /** The same by their endings, such as `tar`. */
  archiveFormats?: Record<string, number>;
  /** Names in a folder that are not UTF-8: what they name cannot be opened. */
  notUtf8?: number;
  /** Links to folders of the same tree: their images are listed where they are. */
  linkedFolders?: number;
  /** Links to folders outside of the folder: not followed. */
  outsideFolders?: number;
  /** Folders whose names begin with a dot: not listed. */
  hiddenFolders?: number;
  /** Folders that may not be read. */
  unreadableFolders?: number;
  /** Images that no label file says anything of: they are left out. */
  unlabelledImages?: number;
  /** Images without a label file where that says that they show no object (YOLO): they are used. */
  backgroundImages?: number;
  /** Images whose label file cannot be read as a whole: left out. */
  brokenLabels?: number;
  /** Frames that a data set of frames (SOLO) counts, and that are not there. */
  missingFrames?: number;
  /** Files listed more than once, under one id or several: one image, with the objects of all. */
  duplicateImages: number;
  /**
   * Images under the id of another file, which are left out with it; label files that could be of several images; and files
   * listed in a second size that they cannot be brought to, of which the boxes in that size are left out.
   */
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
  /** Categories under the id of another name: annotations of that id are left out. */
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
  /** Annotations of COCO's format marked as to be ignored, or as difficult: they show the object, and are used. */
  markedIgnored: number;
  /** Annotations of other formats that their benchmarks ignore, as difficult or of no class: left out, as a crowd is. */
  ignored?: number;
  /** Annotations that are not written as their format says: left out. */
  brokenAnnotations?: number;
  /** Annotations of classes that the data set of this format does not have; they are used. */
  otherClasses?: number;
  /** Annotations without an area, or whose box is not four numbers. */
  empty: number;
  /** Annotations whose box holds NaN or Infinity. */
  notFinite: number;
  /** Annotations whose box is in shares of the image's sides, and not in px: left out. */
  fractions?: number;
  /** Annotations without a box and without a polygon or mask that has one. */
  withoutBox: number;
  /** Boxes taken from a polygon or mask, as the annotation has none; they are used. */
  boxesFromMasks: number;
  /** Annotations whose box lies wholly outside the image. */
  outside: number;
  /** Boxes that stood out of the image and were clipped; they are used. */
  clipped: number;
  /** Of the clipped boxes those that would fit into the image as two corners, `[x1, y1, x2, y2]`; they are used. */
  fitCorners?: number;
  /** Classes that an image was searched for by an id that no category has; they are left out. */
  unusableJudgements: number;
  /** The first few of what was left out, in words. */
  examples: string[];
}

/** What is counted by a number of its own. */
export type Counted = Exclude<keyof DatasetReport, "examples" | "formats" | "archiveFormats">;

const MAX_EXAMPLES = 10;

/** Counts something that was left out or changed, and keeps the first few in words. */
export function note(report: DatasetReport, key: Counted, what: string): void {
  report[key] = (report[key] ?? 0) + 1;
  if (report.examples.length < MAX_EXAMPLES) report.examples.push(`${key}: ${what}`);
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
    unusableJudgements: 0,
    unjudgedPairs: 0,
    classesWithoutNegatives: 0,
    examples: [],
  };
}

const PROBLEMS: [Counted, string][] = [
  ["missingImages", "images missing"],
  ["unsafePaths", "images refused: their path leaves the image root, or is none"],
  ["otherFiles", "files left out: their endings are not those of images"],
  ["otherFormats", "pictures left out: their formats cannot be decoded"],
  ["archives", "archives left out, which have to be unpacked first"],
  ["notUtf8", "files or folders left out: their names are not UTF-8"],
  ["linkedFolders", "links to folders within: their images are listed once"],
  ["outsideFolders", "links to folders outside: not followed"],
  ["hiddenFolders", "hidden folders left out"],
  ["unreadableFolders", "folders left out: they may not be read"],
  ["unlabelledImages", "images left out: no label says what they show"],
  ["backgroundImages", "images without label file: taken to show no object"],
  ["brokenLabels", "images left out: their label file cannot be read"],
  ["missingFrames", "frames missing"],
  ["duplicateImages", "images listed twice"],
  [
    "conflictingImages",
    "conflicts left out: files of one id, labels of several images, boxes for a size that a file cannot be brought to",
  ],
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
  ["conflictingCategories", "categories with the id of another: annotations of it are left out"],
  ["imagesWithoutObjects", "images without objects"],
  ["unknownImages", "annotations of unlisted images"],
  ["unknownCategories", "annotations of unlisted categories"],
  ["mixedIds", "annotations matched by ids as text and as numbers"],
  ["crowd", "crowd annotations"],
  ["markedIgnored", "annotations marked ignored or difficult: used"],
  ["ignored", "annotations left out: marked ignored or difficult"],
  ["brokenAnnotations", "annotations left out: not written as the format says"],
  ["otherClasses", "annotations of classes that are not the format's own: used"],
  ["empty", "annotations left out: their box is empty or not four numbers"],
  ["notFinite", "boxes with NaN or Infinity"],
  ["fractions", "annotations left out: their box is in shares of the image's sides, not in px"],
  ["withoutBox", "annotations without box, polygon or mask"],
  ["boxesFromMasks", "boxes taken from polygons or masks"],
  ["outside", "boxes outside their image"],
  ["clipped", "boxes clipped"],
  [
    "fitCorners",
    "of these would fit as two corners: is the file's box [left, top, width, height]?",
  ],
  [
    "unusableJudgements",
    "classes that images were searched for left out: no category has their id",
  ],
  ["unjudgedPairs", "pairs of class and image not judged: in no ranking"],
  ["classesWithoutNegatives", "classes that no image is known not to show: any ranking finds them"],
];

/** What a count is made of, in words: ` (2 bmp, 1 heif)`. */
function detailOf(key: Counted, { formats, archiveFormats }: DatasetReport): string {
  const parts = key === "otherFormats" ? formats : key === "archives" ? archiveFormats : undefined;
  if (!parts) return "";
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  return ` (${sorted.map(([name, n]) => `${n} ${name}`).join(", ")})`;
}

/** Everything that was left out or changed, each with its count. */
export function countsOf(report: DatasetReport, problems = PROBLEMS): string[] {
  return problems
    .map(([key, words]) => [key, report[key] ?? 0, words] as const)
    .filter(([, count]) => count > 0)
    .map(([key, count, words]) => `${count} ${words}${detailOf(key, report)}`);
}

/** What is described of a data set. */
export interface Described {
  /** Its name. */
  name: string;
  /** Whether objects are annotated at all. */
  annotated: boolean;
  /** What was left out. */
  report: DatasetReport;
}

/** Counts of what was done about frames, the gravest first. */
const FRAMES: readonly Counted[] = [
  "refusedBoxes",
  "scaledImages",
  "unknownFrames",
  "turnedImages",
];

/**
 * What was done so that boxes and images share a frame, one line with an example; nothing where nothing was.
 *
 * @param dataset what was read
 */
export function describeFrames(
  { name, report }: Omit<Described, "annotated">,
): string | undefined {
  const counts = countsOf(report, PROBLEMS.filter(([key]) => FRAMES.includes(key)));
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
export function describeDataset({ name, annotated, report }: Described): string {
  const counts = countsOf(annotated ? report : { ...report, imagesWithoutObjects: 0 });
  const used = annotated
    ? `${report.images} images, ${report.objects} objects`
    : `${report.images} images`;
  return [`${name}: ${used}`, ...counts].join("; ");
}
