/**
 * Files of a data set: what a folder holds, the text of a label file, which image a label file is of.
 *
 * @module
 */
import { extname, join } from "node:path";
import { readImageFrame } from "../../images/frame.ts";
import { ImageError } from "../../images/image_error.ts";
import { IMAGE_ENDINGS, kindOfEntry } from "../folder_files.ts";
import type { AnnotationFrame } from "../frames.ts";
import { resolveInside } from "../paths.ts";
import { openRawNames } from "../raw_names.ts";

/** A label file of one image is far smaller; what is larger is none. */
const MAX_LABEL_BYTES = 64 * 2 ** 20;

/** Files that are read at a time. */
const AT_A_TIME = 16;

/** What a folder's name says of the part of a data set that it holds, as `train2017` and `VisDrone2019-DET-val` do. */
const PART =
  /(?:^|[-_. ])(train|val|test)(?:ing|id|idation)?(?:\d{4})?(?:[-_. ](?:dev|challenge|set|images?|labels?))*$/i;

/** The part that a folder of the path names: `train`, `val` or `test`; the first such folder counts. */
export function partOf(path: string): string | undefined {
  for (const folder of path.split("/").slice(0, -1)) {
    const [, part] = PART.exec(folder) ?? [];
    if (part !== undefined) return part.toLowerCase();
  }
  return undefined;
}

/** A file's name without folders and ending: what an image and its label file have in common. */
export function stemOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.slice(0, name.length - extname(name).length);
}

const ENDINGS = new Set(IMAGE_ENDINGS.split(", "));

/** Whether a file's name ends as that of an image does. */
export function isImageName(path: string): boolean {
  return ENDINGS.has(extname(path).toLowerCase());
}

/**
 * All files below a folder, as paths relative to it with `/`, in one order on every machine. Links to folders are not
 * followed.
 *
 * @param root real path of the folder
 * @param signal stops the walk with its reason
 * @param onOther told of links to folders, and of names that are not UTF-8
 */
export async function filesBelow(
  root: string,
  signal: AbortSignal,
  onOther: (kind: "linkedFolders" | "outsideFolders" | "notUtf8", path: string) => void,
): Promise<string[]> {
  const found: string[] = [], rawNames = openRawNames();
  const walk = async (folder: string): Promise<void> => {
    for (const name of rawNames.in(join(root, folder))) onOther("notUtf8", join(folder, name));
    for await (const entry of Deno.readDir(join(root, folder))) {
      signal.throwIfAborted();
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const kind = await kindOfEntry(root, join(root, path), entry);
      if (kind === "folder") await walk(path);
      else if (kind === "linkedFolder" || kind === "outsideFolder") onOther(`${kind}s`, path);
      else found.push(path);
    }
  };
  try {
    await walk("");
  } finally {
    rawNames.close();
  }
  return found.sort((a, b) => (a < b ? -1 : 1));
}

/** Runs a work for every item, several at a time, and returns the results in the items' order. */
export async function mapFiles<T, R>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += AT_A_TIME) {
    signal.throwIfAborted();
    results.push(...await Promise.all(items.slice(start, start + AT_A_TIME).map(work)));
  }
  return results;
}

/** The encoding that a byte order mark or an XML declaration names; UTF-8 without any. */
function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  return /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(head)?.[1] ?? "utf-8";
}

/**
 * Text of bytes, without a byte order mark.
 *
 * @throws {Error} when they are no text in their encoding
 */
export function textOf(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes);
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`it is not ${encoding} text`, { cause });
  }
  if (text.includes("\0")) throw new Error("it is not text");
  return text;
}

/** Why there is no text where there is no file. */
export const MISSING = "it is missing";

/**
 * The text of a label file below a root, or in words why there is none. A link that leads out of the root is not read.
 *
 * @param root real path of the folder that it must be in
 * @param path relative to it
 */
export async function readLabel(
  root: string,
  path: string,
): Promise<{ text: string } | { why: string }> {
  try {
    const place = await resolveInside(root, path);
    if (place.kind !== "file") {
      return { why: place.kind === "unsafe" ? "it leads elsewhere" : MISSING };
    }
    const { isFile, size } = await Deno.stat(place.path);
    if (!isFile) return { why: "it is no file" };
    if (size > MAX_LABEL_BYTES) return { why: `it has ${size} bytes, too many for one image` };
    return { text: textOf(await Deno.readFile(place.path)) };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

/** The lines of a text that are not blank, with their numbers from 1 on. */
export function linesOf(text: string): { line: string; number: number }[] {
  return text.split(/\r\n|\r|\n/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== "");
}

/**
 * The size of an image below a root, upright or as it is stored; `undefined` where it cannot be read, which decoding will
 * say.
 */
export async function sizeBelow(
  root: string,
  path: string,
  frame: AnnotationFrame,
): Promise<{ width: number; height: number } | undefined> {
  const place = await resolveInside(root, path);
  if (place.kind !== "file") return undefined;
  try {
    return (await readImageFrame(place.path))[frame];
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}

/** The real path of a folder. */
export async function realFolder(path: string, attempt: string): Promise<string> {
  try {
    const real = await Deno.realPath(path);
    if ((await Deno.stat(real)).isDirectory) return real;
  } catch (cause) {
    throw new Error(`${attempt}: folder ${path}: ${(cause as Error).message}`, { cause });
  }
  throw new Error(`${attempt}: ${path} is not a folder`);
}
