/**
 * xView's labels: one GeoJSON for all images.
 *
 * Format: `properties` of each feature has `image_id` (a file's name), `type_id` and `bounds_imcoords`
 * ("xmin,ymin,xmax,ymax" in px, empty for some), as xView's data_utilities read it.
 *
 * @module
 */
import { parseAnnotations } from "../coco_json.ts";
import { isImageName, realFolder, textOf } from "./files.ts";
import { type Bbox, type Lists, numbersOf } from "./lists.ts";
import type { DatasetPlace } from "./place.ts";
import { XVIEW_CLASSES } from "./xview_classes.ts";

/** No text of V8 is longer. */
const MAX_BYTES = 2 ** 29;

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The features of a file. */
async function readFeatures(file: string, lists: Lists): Promise<unknown[]> {
  let json: unknown;
  try {
    const { size } = await Deno.stat(file);
    if (size > MAX_BYTES) {
      throw new Error(`it has ${size} bytes, more than the ${MAX_BYTES} that can be read`);
    }
    json = parseAnnotations(textOf(await Deno.readFile(file)));
  } catch (cause) {
    throw lists.error((cause as Error).message, cause);
  }
  if (isRecord(json) && Array.isArray(json.features)) return json.features;
  throw lists.error("it is no GeoJSON with features");
}

/** Corners as xView writes them, as a box; or what to count. */
function boxOf(bounds: unknown): Bbox | "withoutBox" | "brokenAnnotations" {
  const empty = Array.isArray(bounds) && bounds.length === 0;
  if (bounds === undefined || bounds === null || bounds === "" || empty) return "withoutBox";
  const corners = typeof bounds === "string"
    ? numbersOf(bounds.split(",").map((part) => part.trim()))
    : undefined;
  if (corners?.length !== 4) return "brokenAnnotations";
  const [x0, y0, x1, y1] = corners;
  return [x0, y0, x1 - x0, y1 - y0];
}

/** Reads xView's GeoJSON. Images are those that it names; further ones in the folder have no labels, and are counted. */
export async function readXview(
  { annotations, root: folder }: DatasetPlace,
  lists: Lists,
  signal: AbortSignal,
): Promise<void> {
  const features = await readFeatures(annotations, lists);
  const root = await realFolder(folder, lists.attempt);
  for (const [id, name] of Object.entries(XVIEW_CLASSES)) {
    lists.categories.push({ id: Number(id), name });
  }
  const images = new Map<string, number>();
  features.forEach((feature, i) => {
    const properties = isRecord(feature) ? feature.properties : undefined;
    const where = `feature ${i}`;
    if (!isRecord(properties)) return lists.note("brokenAnnotations", `${where}: no properties`);
    const { image_id: name, type_id: category, bounds_imcoords: bounds } = properties;
    if (typeof name !== "string" || name === "") {
      return lists.note("unknownImages", `${where} of image ${JSON.stringify(name)}`);
    }
    let image = images.get(name);
    if (image === undefined) images.set(name, image = lists.addImage(name));
    const bbox = boxOf(bounds);
    if (typeof bbox === "string") return lists.note(bbox, `${where}: ${JSON.stringify(bounds)}`);
    lists.addObject({ where, image, category: category as number, bbox });
  });
  for (const file of await lists.filesBelow(root, signal)) {
    if (isImageName(file) && !images.has(file)) lists.note("unlabelledImages", file);
  }
}
