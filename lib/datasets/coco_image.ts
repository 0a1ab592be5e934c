/**
 * What an image of COCO-format annotations says of its file.
 *
 * @module
 */

/**
 * Where the file may lie: by its name, or in the folder that its URL has, as images of LVIS are of several of COCO's
 * (`train2017`, `val2017`).
 */
export function fileNamesOf(image: Readonly<Record<string, unknown>>): unknown[] {
  const url = image.coco_url;
  const inFolder = typeof url === "string" ? /[^/]+\/[^/]+$/.exec(url)?.[0] : undefined;
  return [fileNameOf(image), ...(inFolder === undefined ? [] : [inFolder])];
}

/**
 * COCO calls it `file_name`; LVIS gives the URL that the file was taken from instead. The separators of annotations
 * that were written on Windows become `/`: no honest file name contains a backslash.
 */
export function fileNameOf(image: Readonly<Record<string, unknown>>): unknown {
  const { file_name: name, coco_url: url } = image;
  if (name !== undefined) return typeof name === "string" ? name.replaceAll("\\", "/") : name;
  return typeof url === "string" ? url.split("/").pop() : undefined;
}
