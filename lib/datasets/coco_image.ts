/**
 * What an image of COCO-format annotations says of its file.
 *
 * @module
 */
import { resolveInside, type SafePath } from "./paths.ts";

type Entry = Readonly<Record<string, unknown>>;

/**
 * COCO calls it `file_name`; LVIS gives the URL that the file was taken from instead. The separators of annotations
 * that were written on Windows become `/`: no honest file name contains a backslash.
 */
export function fileNameOf(image: Entry): unknown {
  const { file_name: name, coco_url: url } = image;
  if (name !== undefined) return typeof name === "string" ? name.replaceAll("\\", "/") : name;
  return typeof url === "string" ? url.split("/").pop() : undefined;
}

/** The file of a URL below the folder that it was taken from, such as `train2017/000000000009.jpg`. */
function nameWithFolder({ coco_url: url }: Entry): string | undefined {
  if (typeof url !== "string") return undefined;
  const [name, folder] = url.replace(/^[a-z]+:\/\/[^/]*\//i, "").split("/").reverse();
  return folder && name ? `${folder}/${name}` : undefined;
}

/**
 * The names under which an image's file may be found, in the order in which they are tried. LVIS's lists have photos of
 * `train2017` and of `val2017`, and say which in `coco_url` only: the image root may be a folder of all photos, or that
 * above both.
 */
export function fileNamesOf(image: Entry): unknown[] {
  const name = fileNameOf(image), below = nameWithFolder(image);
  if (below === undefined) return [name];
  if (image.file_name === undefined) return [below, name];
  return `/${below}`.endsWith(`/${name}`) ? [name, below] : [name];
}

/**
 * Finds the file of an image below the image root.
 *
 * @param root real path of the image root
 * @param image as the annotation file lists it
 */
export async function resolveImage(root: string, image: Entry): Promise<SafePath> {
  for (const name of fileNamesOf(image)) {
    const place = await resolveInside(root, name);
    if (place.kind !== "missing") return place;
  }
  return await resolveInside(root, fileNameOf(image));
}
