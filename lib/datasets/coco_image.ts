/**
 * What an image of COCO-format annotations says of its file.
 *
 * @module
 */

/**
 * COCO calls it `file_name`; LVIS gives the URL that the file was taken from instead. The separators of annotations
 * that were written on Windows become `/`: no honest file name contains a backslash.
 */
export function fileNameOf(image: Readonly<Record<string, unknown>>): unknown {
  const { file_name: name, coco_url: url } = image;
  if (name !== undefined) return typeof name === "string" ? name.replaceAll("\\", "/") : name;
  return typeof url === "string" ? url.split("/").pop() : undefined;
}
