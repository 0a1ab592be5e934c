/**
 * COCO-format annotations: COCO, LVIS, and whatever else is exported that way.
 *
 * @module
 */
import { basename } from "node:path";
import type { Box } from "../covers/mod.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import {
  createDataset,
  type Dataset,
  type DatasetImage,
  type DatasetObject,
  type DatasetReport,
  emptyReport,
} from "./dataset.ts";
import { resolveInside } from "./paths.ts";
import { fileNameOf } from "./coco_image.ts";

/** Options of {@linkcode loadCoco}. */
export interface LoadCocoOptions {
  /** Name of the data set; by default that of the annotation file without its extension. */
  name?: string;
  /** Keep images whose file does not exist, so that they appear in a ledger; default false. */
  keepMissing?: boolean;
  /** Stops the reading with its reason. By default an interrupt does (`operationSignal`). */
  signal?: AbortSignal;
}

type Json = Record<string, unknown>;

const MAX_EXAMPLES = 10;
const PATHS_AT_A_TIME = 64;

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Counts something left out, and keeps the first few in words. */
function note(report: DatasetReport, key: keyof DatasetReport & string, what: string): void {
  if (key === "examples") return;
  report[key]++;
  if (report.examples.length < MAX_EXAMPLES) report.examples.push(`${key}: ${what}`);
}

/** The lists of an annotation file. */
async function readAnnotations(
  file: string,
): Promise<Record<"images" | "categories" | "annotations", Json[]> & { drawn: boolean }> {
  const attempt = `Cannot load data set ${file}`;
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    throw new Error(`${attempt}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${attempt}: it is not JSON (${(cause as Error).message})`, { cause });
  }
  if (!isRecord(json)) {
    throw new Error(`${attempt}: it holds no object with images and annotations`);
  }
  const list = (key: string): Json[] => {
    const value = json[key];
    if (!Array.isArray(value)) throw new Error(`${attempt}: it has no list "${key}"`);
    const wrong = value.findIndex((item) => !isRecord(item));
    if (wrong >= 0) throw new Error(`${attempt}: ${key}[${wrong}] is not an object`);
    return value;
  };
  return {
    images: list("images"),
    categories: list("categories"),
    annotations: list("annotations"),
    drawn: isRecord(json.info) && isRecord(json.info.recipe), // by generateClevrDs
  };
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}

/** Images by their COCO id, those that cannot be used left out and counted. */
async function readImages(
  listed: readonly Json[],
  imageRoot: string,
  keepMissing: boolean,
  report: DatasetReport,
  signal: AbortSignal,
): Promise<{ images: DatasetImage[]; byId: Map<unknown, DatasetImage | null> }> {
  const root = await Deno.realPath(imageRoot).catch((cause) => {
    throw new Error(`Cannot load data set: image folder ${imageRoot}: ${cause.message}`, { cause });
  });
  const byId = new Map<unknown, DatasetImage | null>();
  const images: DatasetImage[] = [];
  const names = new Set<string>();
  report.listed = listed.length;
  for (let start = 0; start < listed.length; start += PATHS_AT_A_TIME) {
    signal.throwIfAborted();
    const part = listed.slice(start, start + PATHS_AT_A_TIME);
    const found = await Promise.all(part.map((entry) => resolveInside(root, fileNameOf(entry))));
    part.forEach((entry, i) => {
      const place = found[i], id = fileNameOf(entry) as string;
      const what = `image ${JSON.stringify(entry.id)} (${JSON.stringify(fileNameOf(entry))})`;
      if (byId.has(entry.id) || names.has(id)) {
        note(report, "duplicateImages", what);
        if (!byId.has(entry.id)) byId.set(entry.id, null);
        return;
      }
      byId.set(entry.id, null); // known, so that its annotations are not those of an unknown image
      if (place.kind === "unsafe") return note(report, "unsafePaths", what);
      if (place.kind === "missing") {
        note(report, "missingImages", what);
        if (!keepMissing) return;
      }
      const [width, height] = [positive(entry.width), positive(entry.height)];
      const size = width !== undefined && height !== undefined && { width, height };
      const image: DatasetImage = { id, path: place.path, ...size, objects: [] };
      names.add(id);
      byId.set(entry.id, image);
      images.push(image);
    });
  }
  return { images, byId };
}

/**
 * Names of the categories, and their place by COCO id. One without a name cannot be asked for, and of two
 * with one id the first counts; annotations of what is left out are those of an unknown category.
 */
function readCategories(
  listed: readonly Json[],
): { names: string[]; categories: Map<unknown, number> } {
  const names: string[] = [];
  const categories = new Map<unknown, number>();
  for (const { id, name } of listed) {
    if (typeof name !== "string" || name.trim() === "" || categories.has(id)) continue;
    categories.set(id, names.length);
    names.push(name.replaceAll("_", " ")); // LVIS names categories "tennis_racket"; queries are words
  }
  return { names, categories };
}

/** A COCO `bbox` as a box clipped to the image, or why it cannot be used. */
function readBox(
  bbox: unknown,
  image: DatasetImage,
): { box: Box; clipped: boolean } | "empty" | "outside" {
  if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every(Number.isFinite)) return "empty";
  const [left, top, width, height] = bbox as number[];
  if (width <= 0 || height <= 0) return "empty";
  const { width: right = Infinity, height: bottom = Infinity } = image;
  const [x0, y0] = [Math.max(0, left), Math.max(0, top)];
  const [x1, y1] = [Math.min(right, left + width), Math.min(bottom, top + height)];
  if (!(x1 > x0 && y1 > y0 && x1 - x0 < Infinity && y1 - y0 < Infinity)) return "outside";
  // Rounding in exported files puts boxes a hair outside: only more than that is worth a count.
  const clipped = Math.max(x0 - left, y0 - top, left + width - x1, top + height - y1) > 0.01;
  return { box: { left: x0, top: y0, width: x1 - x0, height: y1 - y0 }, clipped };
}

function addObject(
  annotation: Json,
  byId: Map<unknown, DatasetImage | null>,
  categories: Map<unknown, number>,
  report: DatasetReport,
): void {
  const [own, of] = [annotation.id, annotation.image_id].map((id) => JSON.stringify(id));
  const what = `annotation ${own} of image ${of}`;
  const image = byId.get(annotation.image_id);
  if (image === undefined) return note(report, "unknownImages", what);
  if (image === null) return; // its image was counted
  const category = categories.get(annotation.category_id);
  if (category === undefined) {
    return note(
      report,
      "unknownCategories",
      `${what}, category ${JSON.stringify(annotation.category_id)}`,
    );
  }
  if (annotation.iscrowd === 1 || annotation.iscrowd === true) return note(report, "crowd", what);
  const found = readBox(annotation.bbox, image);
  if (typeof found === "string") return note(report, found, what);
  if (found.clipped) note(report, "clipped", what);
  const object: DatasetObject = { category, box: found.box };
  if (annotation.size === "small" || annotation.size === "large") object.size = annotation.size;
  image.objects.push(object);
}

/**
 * Loads a data set with COCO-format annotations. What cannot be used is left out, counted in the
 * report and never crashes; only a file that is no COCO JSON at all is an error.
 *
 * The annotation file is not trusted: an image whose `file_name` leaves the image root (by `..`, as an
 * absolute path, or through a link) is refused.
 *
 * @param annotationFile COCO JSON with `images`, `annotations` and `categories`
 * @param imageRoot folder that `file_name` is relative to
 * @param options name, whether to keep missing images, and a signal
 * @throws {Error} when the file cannot be read or is not COCO JSON, or the image root does not exist
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
  { name, keepMissing = false, signal = operationSignal() }: LoadCocoOptions = {},
): Promise<Dataset> {
  signal.throwIfAborted();
  const lists = await readAnnotations(annotationFile);
  const report = emptyReport();
  const { images, byId } = await readImages(lists.images, imageRoot, keepMissing, report, signal);
  const { names, categories } = readCategories(lists.categories);
  for (const annotation of lists.annotations) addObject(annotation, byId, categories, report);
  return createDataset({
    name: name ?? basename(annotationFile).replace(/\.json$/, ""),
    categories: names,
    images,
    annotated: true,
    ...(lists.drawn && { drawn: true }),
    report,
  });
}
