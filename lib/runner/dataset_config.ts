/**
 * Which images are searched, as plain JSON: part of every configuration.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import type { z } from "zod";
import {
  type AnnotationFrame,
  type DatasetFormat,
  type Draw,
  type ImageFolder,
  type LearnedPlace,
  type SplitName,
  SPLITS,
} from "../datasets/mod.ts";
import { PIXEL_FIELDS, type PixelConfig } from "../images/bands.ts";
import { IMAGE_FIELDS } from "../datasets/clevr_ds/generate.ts";
import { RETAIL_FIELDS } from "../datasets/retail/generate.ts";
import {
  checkSettings,
  COUNT,
  type Fields,
  kindsOf,
  namedBy,
  oneOf,
  POSITIVE,
  settings,
  TEXT,
} from "../runtime/settings.ts";

/** Images that the workspace generates, or images that exist. */
export type DatasetConfig = GeneratedConfig | FilesConfig;

/** Images that the workspace generates. */
export type GeneratedConfig = ClevrDsConfig | RetailConfig;

/** What all generated data sets have. */
export interface GeneratedSet {
  /** Whose renderings: `fluent-3d`, or `noto`, which the embedded encoder never saw. */
  family: "fluent-3d" | "noto";
  /** How many images the data set has in all; they are split 7:1:2. */
  images: number;
  /** Which split is searched. */
  split: SplitName;
  /** Search only the first so many images of it. */
  limit?: number;
  /** Side of the square images in px. */
  size: number;
}

/** Scattered objects by the CLEVR-DS recipe (paper §4.2). */
export interface ClevrDsConfig extends GeneratedSet {
  /** CLEVR-DS. */
  source: "clevr-ds";
  /** The full recipe, only small (S) or only large (L) query objects, or A.3's 51-class set. */
  variant: "mixed" | "S" | "L" | "reduced";
  /** Mean number of objects an image, 3 to 25; the paper's 13.78 unless told. */
  objects?: number;
  /** Only so many of the 138 classes, evenly from the whole list. */
  classes?: number;
}

/** Products on shelves, in place of the paper's Unity-Retail (§5.1). */
export interface RetailConfig extends GeneratedSet {
  /** Retail scenes. */
  source: "retail";
}

/** Whether the workspace generates the images of a data set. */
export function isGenerated(
  dataset: DatasetConfig | ImageFolder,
): dataset is GeneratedConfig {
  return dataset.source === "clevr-ds" || dataset.source === "retail";
}

/** Images that exist, with annotations of any format. */
export type FilesConfig = {
  [Format in DatasetFormat]: { source: Format } & FilesDataset;
}[DatasetFormat];

/**
 * What a data set of one's own is called: its file, or its folder where the file says nothing.
 *
 * @param annotations path of the file, or of the folder of annotations
 */
export function filesName(annotations: string): string {
  const file = basename(annotations).replace(/\.(?:json|geojson|ya?ml)$/, "");
  const plain = ["test", "train", "val", "annotations", "instances", "data", "labelTxt"].includes(
    file,
  );
  return plain ? basename(dirname(annotations)) : file;
}

/** A split of a data set that exists. */
export interface DatasetFiles extends LearnedPlace, PixelConfig {
  /** Use only the first so many images, in the order of the annotations. */
  limit?: number;
  /**
   * Where EXIF turns an image and no size says in which frame its boxes are: that of the image as it is shown
   * (`upright`, unless given) or of the pixels as they are stored.
   */
  annotationFrame?: AnnotationFrame;
}

/** A data set that exists: the split that is searched, and those that a fusion learns from; all have the same categories. */
export interface FilesDataset extends DatasetFiles {
  /** Images that a fusion learns from; without them nothing can be trained. */
  train?: DatasetFiles;
  /** Images on which the best epoch is chosen. */
  val?: DatasetFiles;
}

const FILES: Fields<DatasetFiles> = {
  annotations: TEXT,
  root: TEXT,
  part: TEXT.optional(),
  draw: settings<Draw>({
    size: POSITIVE,
    take: oneOf("drawn", "rest"),
    after: POSITIVE.optional(),
  }).optional(),
  limit: COUNT.optional(),
  annotationFrame: oneOf<AnnotationFrame>("upright", "stored").optional(),
  ...PIXEL_FIELDS,
};

/** What a {@linkcode DatasetFiles} may say. */
const FILES_SCHEMA: z.ZodType<DatasetFiles> = settings<DatasetFiles>(FILES);

const DATASET: Fields<FilesDataset> = {
  ...FILES,
  train: FILES_SCHEMA.optional(),
  val: FILES_SCHEMA.optional(),
};

const GENERATED: Fields<Pick<GeneratedSet, "family" | "split" | "limit">> = {
  family: oneOf("fluent-3d", "noto"),
  split: oneOf(...SPLITS),
  limit: COUNT.optional(),
};

/** What a {@linkcode DatasetConfig} may say. */
export const DATASET_SCHEMA: z.ZodType<DatasetConfig> = kindsOf<DatasetConfig, "source">("source", {
  "clevr-ds": { ...IMAGE_FIELDS, ...GENERATED },
  retail: { ...RETAIL_FIELDS, ...GENERATED },
  coco: DATASET,
  voc: DATASET,
  yolo: DATASET,
  dota: DATASET,
  visdrone: DATASET,
  xview: DATASET,
  solo: DATASET,
});

const TEXTS = namedBy(TEXT);

/**
 * Refuses what is no text by name: paths of data sets, ids of encoders.
 *
 * @param value what was given
 * @param attempt for the message: `Cannot set encoders`
 * @param where what the value is called
 * @throws {RangeError} naming each fault by its name, with what was got
 */
export function checkTexts(value: unknown, attempt: string, where: string): void {
  checkSettings<unknown>(TEXTS, value, attempt, where);
}
