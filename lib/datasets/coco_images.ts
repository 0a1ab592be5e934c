/**
 * The images that COCO-format annotations list, and their files.
 *
 * @module
 */
import { IdMap, idOf } from "./coco_ids.ts";
import type { Json } from "./coco_file.ts";
import { fileNameOf, resolveImage } from "./coco_image.ts";
import type { ListedImage } from "./coco_judged.ts";
import type { DatasetImage } from "./dataset.ts";
import type { SafePath } from "./paths.ts";
import { type DatasetReport, note } from "./report.ts";

type Size = Pick<DatasetImage, "width" | "height">;

const PATHS_AT_A_TIME = 64;

function positive(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}

/** Images by their COCO id; `null` where one is listed that cannot be used. */
export type ImageMap = IdMap<DatasetImage | null>;

/** The images of a file of annotations, and where they were found. */
export interface ReadImages {
  /** Those that can be used, in the order of the list. */
  images: DatasetImage[];
  /** Those whose files exist. */
  present: DatasetImage[];
  /** See {@linkcode ImageMap}. */
  byId: ImageMap;
  /** Each with the entries that list it. */
  entries: ListedImage[];
}

/** Whether two sizes are both known and not the same. */
function sizesDiffer(one: Size, other: Size): boolean {
  if (one.width === undefined || other.width === undefined) return false;
  return one.width !== other.width || one.height !== other.height;
}

/**
 * Reads the list of images: those that cannot be used are left out and counted.
 *
 * @throws {Error} when the image root does not exist
 */
export async function readImages(
  listed: readonly Json[],
  imageRoot: string,
  keepMissing: boolean,
  report: DatasetReport,
  signal: AbortSignal,
): Promise<ReadImages> {
  const root = await Deno.realPath(imageRoot).catch((cause) => {
    throw new Error(`Cannot load data set: image folder ${imageRoot}: ${cause.message}`, { cause });
  });
  const byId: ImageMap = new IdMap(), byFile = new Map<string, DatasetImage>();
  const entries: ListedImage[] = [], present: DatasetImage[] = [];
  const addImage = (entry: Json, place: SafePath) => {
    const id = idOf(entry.id);
    const what = `image ${JSON.stringify(entry.id)} (${JSON.stringify(fileNameOf(entry))})`;
    if (id === undefined) return note(report, "unusableIds", what);
    const twin = place.kind === "unsafe" ? undefined : byFile.get(place.id);
    if (byId.has(id)) {
      const found = byId.find(id), same = "value" in found && twin && found.value === twin;
      return note(report, same ? "duplicateImages" : "conflictingImages", what);
    }
    byId.set(id, null); // known, so that its annotations are not those of an unknown image
    if (place.kind === "unsafe") return note(report, "unsafePaths", what);
    const [width, height] = [positive(entry.width), positive(entry.height)];
    const size = width !== undefined && height !== undefined ? { width, height } : {};
    if (twin) {
      // Boxes in px of another size would lie elsewhere.
      if (sizesDiffer(twin, size)) return note(report, "conflictingImages", what);
      byId.set(id, Object.assign(twin, size));
      entries.push([twin, entry]);
      return note(report, "duplicateImages", what);
    }
    if (place.kind === "missing") {
      note(report, "missingImages", what);
      if (!keepMissing) return;
    }
    const image: DatasetImage = { id: place.id, path: place.path, ...size, objects: [] };
    byFile.set(image.id, image);
    byId.set(id, image);
    entries.push([image, entry]);
    if (place.kind === "file") present.push(image);
  };
  report.listed = listed.length;
  for (let start = 0; start < listed.length; start += PATHS_AT_A_TIME) {
    signal.throwIfAborted();
    const part = listed.slice(start, start + PATHS_AT_A_TIME);
    const found = await Promise.all(part.map((entry) => resolveImage(root, entry)));
    part.forEach((entry, i) => addImage(entry, found[i]));
  }
  return { images: [...byFile.values()], present, byId, entries };
}
