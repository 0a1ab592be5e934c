/**
 * What an image of COCO-format annotations says of its file.
 *
 * @module
 */

/** COCO calls it `file_name`; LVIS gives the URL that the file was taken from instead. */
export function fileNameOf(image: Readonly<Record<string, unknown>>): unknown {
  if (image.file_name !== undefined) return image.file_name;
  return typeof image.coco_url === "string" ? image.coco_url.split("/").pop() : undefined;
}
