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
 * Finds the file of an image below the image root. LVIS's lists have photos of `train2017` and of `val2017`, and say
 * which in `coco_url` only: the root may be a folder of all photos, or that above both.
 *
 * @param root real path of the image root
 * @param image as the annotation file lists it
 */
export async function resolveImage(root: string, image: Entry): Promise<SafePath> {
  const name = fileNameOf(image), below = nameWithFolder(image);
  if (below === undefined) return await resolveInside(root, name);
  if (image.file_name === undefined) {
    const place = await resolveInside(root, below);
    return place.kind === "missing" ? await resolveInside(root, name) : place;
  }
  const place = await resolveInside(root, name);
  if (place.kind !== "missing" || !`/${below}`.endsWith(`/${name}`)) return place;
  const found = await resolveInside(root, below);
  return found.kind === "file" ? found : place;
}
