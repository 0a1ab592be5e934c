/**
 * COCO-format annotations: COCO, LVIS, and whatever else is exported that way.
 *
 * @module
 */
import { basename } from "node:path";
import type { PixelConfig } from "../images/bands.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import type { ProgressOutput } from "../runtime/progress.ts";
import { type AnnotationLists, openAnnotations } from "./coco_file.ts";
import { readCategories } from "./coco_categories.ts";
import { mergeCopies, readImages } from "./coco_images.ts";
import { readJudgements } from "./coco_judged.ts";
import { addObject, checkBoxesAreSizes } from "./coco_objects.ts";
import { createLargeDataset, type Dataset, pixelsOf } from "./dataset.ts";
import { alignBoxes, type AnnotationFrame, readFrames } from "./frames.ts";
import { showReading } from "./read_progress.ts";
import { type DatasetReport, emptyReport } from "./report.ts";

/** Options of {@linkcode loadCoco}. */
export interface LoadCocoOptions extends PixelConfig {
  /** Name of the data set; by default that of the annotation file without its extension. */
  name?: string;
  /** Keep images whose file does not exist, so that they appear in a ledger; default false. */
  keepMissing?: boolean;
  /** Which frame boxes are in where EXIF turns an image and sizes do not say it; default `upright`. */
  annotationFrame?: AnnotationFrame;
  /** Stops the reading with its reason. By default an interrupt does (`operationSignal`). */
  signal?: AbortSignal;
  /**
   * Told of the bytes of the annotation file that are done, and how many there are; each is read twice. Unless it is
   * given, the reading of a large file is shown.
   */
  onProgress?: (done: number, total: number) => void;
  /** Where progress shows; found out by itself unless told. */
  output?: ProgressOutput;
  /** In a notebook: the display that the stages of a run share. */
  displayId?: string;
}

/**
 * Loads a data set with COCO-format annotations. What cannot be used is left out, counted in the
 * report and never crashes; only a file that is no COCO JSON at all, a category without a name, or boxes that are most
 * probably two corners are errors.
 *
 * What other tools write is read as it is meant, and counted: a file under several ids or spellings is one image,
 * categories whose names differ but in case, spaces, `_` and `-` are one, ids may be numbers here and text there or
 * exceed 2^53, a box that is missing is that of the polygons or the mask, a size that is missing is the file's. What has
 * an id that several images or categories have is left out, as it cannot be told whose it is.
 *
 * An image with LVIS's `neg_category_ids` was searched for these classes and the ones annotated in it only. Of the
 * others, of those in `not_exhaustive_category_ids` and of those annotated without a box that can be used (a crowd, an
 * empty box) it says neither that the image shows them nor that it does not: such pairs are counted, and in no ranking.
 * Boxes come out in px of the image as `decodeImage` returns it: those on the stored pixels of an image that EXIF turns
 * are turned, those on a copy of another size are scaled, and where a file has another shape they are refused while
 * the image and its categories stay.
 *
 * The annotation file may be larger than memory: its annotations are read one after the other, and their polygons are
 * not kept. It is not trusted: an image whose `file_name` leaves the image root (by `..`, as an
 * absolute path, or through a link) is refused.
 *
 * @param annotationFile COCO JSON with `images`, `annotations` and `categories`
 * @param imageRoot folder that `file_name` is relative to
 * @param options name, whether to keep missing images, a signal, and where progress shows
 * @throws {Error} when the file cannot be read or is not COCO JSON, a category has no name, or the image root does
 *   not exist
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateClevrDs, loadCoco } from "detailclip";
 * const directory = await Deno.makeTempDir();
 * const { annotations, images } = await generateClevrDs(directory, { seed: 7, images: 10 });
 * const dataset = await loadCoco(annotations.test, images);
 * assert.equal(dataset.images.length, 2);
 * assert.equal(dataset.categories.length, 138);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function loadCoco(
  annotationFile: string,
  imageRoot: string,
  options: LoadCocoOptions = {},
): Promise<Dataset> {
  const { signal = operationSignal(), onProgress, output, displayId } = options;
  signal.throwIfAborted();
  const shown = showReading(annotationFile, { output, displayId });
  const attempt = `Cannot load data set ${annotationFile}`;
  let outcome: "stopped" | undefined = "stopped";
  try {
    const read = { signal, onProgress: onProgress ?? shown.update };
    const dataset = await datasetOf(
      await openAnnotations(annotationFile, attempt, read),
      imageRoot,
      {
        ...options,
        name: options.name ?? basename(annotationFile).replace(/\.json$/, ""),
        attempt,
        signal,
      },
    );
    outcome = undefined;
    return dataset;
  } finally {
    await shown.finish(outcome);
  }
}

/** How annotations become a data set. */
export interface DatasetOfOptions extends LoadCocoOptions {
  /** Name of the data set. */
  name: string;
  /** The beginning of error messages. */
  attempt: string;
  /** What is left out is counted in it; in a new one unless given. */
  report?: DatasetReport;
  /** Stops the reading with its reason. */
  signal: AbortSignal;
}

/**
 * A data set of annotations in COCO's words, which are read one after the other. What cannot be used is left out and
 * counted, as {@linkcode loadCoco} says.
 *
 * @param lists what the annotations say
 * @param imageRoot folder that `file_name` is relative to
 * @param options see there
 * @throws {Error} when a category has no name, or the image root does not exist
 */
export async function datasetOf(
  lists: AnnotationLists,
  imageRoot: string,
  options: DatasetOfOptions,
): Promise<Dataset> {
  const { name, attempt, signal, keepMissing = false, annotationFrame = "upright" } = options;
  const { report = emptyReport(), bands, stretch } = options;
  const found = await readImages(lists.images, imageRoot, { keepMissing, report, signal });
  const { images, present, byId, entries, copies } = found;
  const frames = await readFrames(present, annotationFrame, report, signal);
  const { names, categories } = readCategories(lists.categories, report, attempt);
  for await (const annotation of lists.annotations) {
    addObject(annotation, byId, categories, report, lists.ignored?.has(annotation));
  }
  checkBoxesAreSizes(report, images.reduce((sum, { objects }) => sum + objects.length, 0), attempt);
  readJudgements(entries, categories, report);
  alignBoxes(frames, annotationFrame, report);
  mergeCopies(copies, (copy) => frames.has(copy), report);
  const parts = {
    name,
    categories: names,
    images,
    annotated: true,
    ...(lists.drawn && { drawn: true }),
    ...pixelsOf({ bands, stretch }, attempt),
    report,
  };
  return await createLargeDataset(parts, signal);
}
