/**
 * What a data set that exists is told by: its format, its annotations, its images, and which of them.
 *
 * @module
 */

/** Formats of annotations that are read, as the beginning of a data set's name has them: `dota:DIR`. */
export type DatasetFormat = "coco" | "voc" | "yolo" | "dota" | "visdrone" | "xview" | "solo";

/** All of them. */
export const DATASET_FORMATS: readonly DatasetFormat[] = [
  ...["coco", "voc", "yolo", "dota", "visdrone", "xview", "solo"] as const,
];

/** Where a data set lies. */
export interface DatasetPlace {
  /** File or folder of its annotations. */
  annotations: string;
  /** Folder of its images: ids are paths relative to it. */
  root: string;
  /** One part of it, such as `train`, in a format that has parts; all of it unless told. */
  part?: string;
}

/** A data set that exists: its format, and where it lies. */
export interface DatasetSource extends DatasetPlace {
  /** How its annotations are written. */
  source: DatasetFormat;
}

/** Where a part is not given, one image in eight of the training images is: seven to one, as in the paper's 7:1:2. */
export const DRAWN_SHARE = 1 / 8;

/** Some images of a data set, drawn by the seed, or all others. */
export interface Draw {
  /** How many are drawn; below 1 the share of all. */
  size: number;
  /** Whether those that are drawn are taken, or the rest. */
  take: "drawn" | "rest";
  /** Of those that are drawn, so many (below 1 the share of all) are passed over: a smaller draw takes them. */
  after?: number;
}

/** Images that a fusion learns from. */
export interface LearnedPlace extends DatasetPlace {
  /** Only some of them. */
  draw?: Draw;
}

/** A data set that exists: what is searched, and what fusions learn from. */
export interface LocatedDataset extends DatasetSource {
  /** Only some of its images are searched. */
  draw?: Draw;
  /** Images to learn from. */
  train?: LearnedPlace;
  /** Images to choose the best epoch by. */
  val?: LearnedPlace;
}

/** A folder of images without annotations. */
export interface ImageFolder {
  /** That it is one. */
  source: "folder";
  /** The folder. */
  root: string;
}
