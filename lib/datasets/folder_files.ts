/**
 * What the files of a folder are, as far as can be told before they are decoded.
 *
 * @module
 */
import { ALLOWED_FORMATS, SNIFF_BYTES, sniffFormat } from "../images/format.ts";
import { isInside } from "./paths.ts";

const ENDINGS = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "tif", "tiff", "avif"];
/** Endings of pictures that are read where the file is, all the same, of a format that can be. */
const OTHER_PICTURES = new Set([
  ...["apng", "avifs", "bmp", "dib", "exr", "hdr", "heic", "heif", "hif", "ico", "j2k", "jp2"],
  ...["jpf", "jpm", "jpx", "jxl", "pbm", "pgm", "pjp", "pjpeg", "pnm", "ppm", "psd", "svg", "tga"],
]);
/** Endings of raw photos: what they hold as TIFF is a preview, or what the sensor saw. */
const RAW = new Set(["3fr", "arw", "cr2", "cr3", "dng", "iiq", "nef", "orf", "pef", "raf", "rw2"]);
/** Endings of archives, which have to be unpacked. */
export const ARCHIVES: ReadonlySet<string> = new Set([
  "7z",
  "gz",
  "rar",
  "tar",
  "tbz",
  "tgz",
  "txz",
  "zip",
  "zst",
]);

/** What files of images end in, for messages. */
export const IMAGE_ENDINGS: string = ENDINGS.map((ending) => `.${ending}`).join(", ");

const ALLOWED = new Set<string | undefined>(ALLOWED_FORMATS);
const IMAGES = new Set(ENDINGS);

/** The format that the first bytes of a file name; `undefined` for none, or where it cannot be read. */
async function formatOf(path: string): Promise<string | undefined> {
  try {
    using file = await Deno.open(path);
    const head = new Uint8Array(SNIFF_BYTES);
    return sniffFormat(head.subarray(0, await file.read(head) ?? 0));
  } catch {
    return undefined;
  }
}

/** What a file is taken for, with the name under which it is counted unless it is listed as an image. */
export type FileKind =
  | { kind: "image" | "other" }
  | { kind: "format" | "archive"; name: string };

/**
 * Tells by its ending whether a file is an image; of formats that are seldom readable, by its first bytes. A file with
 * the ending of an image that is none is found out when it is decoded.
 *
 * @param path of a regular file
 * @param look whether the file may be opened
 */
export async function kindOfFile(path: string, look: boolean): Promise<FileKind> {
  const ending = /\.([^./]+)$/.exec(path)?.[1].toLowerCase() ?? "";
  if (IMAGES.has(ending)) return { kind: "image" };
  if (ARCHIVES.has(ending)) return { kind: "archive", name: ending };
  if (!OTHER_PICTURES.has(ending) && !RAW.has(ending)) return { kind: "other" };
  const format = look ? await formatOf(path) : undefined;
  if (ALLOWED.has(format) && !(RAW.has(ending) && format === "tiff")) return { kind: "image" };
  return { kind: "format", name: RAW.has(ending) ? ending : format ?? ending };
}

/** What an entry of a folder is, links followed. */
export type Entry = "file" | "folder" | "linkedFolder" | "outsideFile" | "outsideFolder" | "other";

/**
 * Tells what an entry of a folder is. A link that leads nowhere counts as a file: decoding it says why it cannot be read.
 *
 * @param root real path of the folder that links must not leave
 * @param path of the entry
 * @param entry as the folder lists it
 */
export async function kindOfEntry(
  root: string,
  path: string,
  { isDirectory, isFile, isSymlink }: Deno.DirEntry,
): Promise<Entry> {
  if (!isSymlink) return isDirectory ? "folder" : isFile ? "file" : "other";
  let inside: boolean, target: Deno.FileInfo;
  try {
    inside = isInside(root, await Deno.realPath(path));
    target = await Deno.stat(path);
  } catch {
    return "file";
  }
  if (target.isDirectory) return inside ? "linkedFolder" : "outsideFolder";
  if (!target.isFile) return "other"; // a pipe would be waited for
  return inside ? "file" : "outsideFile";
}
