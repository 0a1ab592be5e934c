/**
 * Photographs by name, picked out of somebody's copy of a data set in COCO's format.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { operationSignal } from "../runtime/interrupt.ts";
import { readTextIfThere, temporaryPath, writeAtomic } from "../runtime/files.ts";
import type { ShowOptions } from "../runtime/progress.ts";
import { type CocoCopy, type Entry, FoundPhotos } from "./coco_copy.ts";
import type { Json } from "./coco_file.ts";

/** Photographs that are picked. */
export interface PhotoList {
  /** What the list is called. */
  name: string;
  /** File names, in the order in which the photographs are searched. */
  images: readonly string[];
}

/** Names that were not picked, by what is amiss. */
export interface Left {
  /** Those that no file of annotations lists. */
  unlisted: string[];
  /** Those that are listed, and no folder has. */
  missing: string[];
  /** Those whose files are empty, or cannot be read. */
  unreadable: string[];
}

/** What was picked, and what was not. */
export interface Picked extends Left {
  /** The annotations that were written. */
  annotations: string;
  /** The folder of the photographs. */
  images: string;
  /** Photographs that are there now. */
  photos: number;
  /** Their annotated objects. */
  objects: number;
  /** Classes of these. */
  classes: number;
  /** Regions of crowds: they say that a photograph is no wrong answer, but of no object where it is. */
  crowds: number;
}

/** Options of {@linkcode pickPhotos}. */
export interface PickOptions extends ShowOptions {
  /** Stops it; what was copied stays. */
  signal?: AbortSignal;
}

/** The first file of a name that folders have. */
async function fileIn(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name), stat = await Deno.stat(path).catch(() => undefined);
    if (stat?.isFile) return path;
  }
}

/** Whether a file holds these bytes. */
async function isCopy(path: string, bytes: Uint8Array): Promise<boolean> {
  const there = await Deno.readFile(path);
  return there.every((byte, i) => byte === bytes[i]);
}

/** Copies a photograph, whole or not at all; one that is there already stays. */
async function copyPhoto(from: string, to: string): Promise<"copied" | "unreadable"> {
  const bytes = await Deno.readFile(from).catch(() => new Uint8Array());
  if (bytes.length === 0) return "unreadable";
  await Deno.mkdir(dirname(to), { recursive: true });
  const there = await Deno.stat(to).catch(() => undefined);
  if (there?.size === bytes.length && await isCopy(to, bytes)) return "copied";
  if (there) {
    throw new Error(`Cannot pick photographs: ${to} is there already and is another file`);
  }
  const temporary = temporaryPath(to);
  await Deno.writeFile(temporary, bytes);
  await Deno.rename(temporary, to);
  return "copied";
}

/** What is kept of an annotation: polygons and masks would be most of the file. */
const withoutMask = ({ segmentation: _, ...object }: Json): Json => object;

/** The photographs that are there, copied, and the names of the others by what is amiss. */
async function collect(
  { name: list, images: names }: PhotoList,
  { entries }: FoundPhotos,
  { folders, to, signal }: { folders: readonly string[]; to: string; signal: AbortSignal },
): Promise<{ picked: Entry[]; left: Left }> {
  const left: Left = { unlisted: [], missing: [], unreadable: [] }, picked: Entry[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    const entry = entries.get(name), from = entry && await fileIn([...folders, to], name);
    if (entry === undefined) left.unlisted.push(name);
    else if (from === undefined) left.missing.push(name);
    else if (await copyPhoto(from, join(to, name)) === "unreadable") left.unreadable.push(name);
    else picked.push(entry);
  }
  if (picked.length > 0) return { picked, left };
  throw new Error(`Cannot pick photographs of ${list}: ${leftText(left)}`);
}

/**
 * Picks the photographs of a list out of a copy of COCO into a folder of their own: `instances.json` and `images/`, a data set
 * that everything takes as `coco:FOLDER/instances.json:FOLDER/images`. What is not there is named, and does not stop the rest;
 * a later call adds it.
 *
 * @param list which ones
 * @param copy where they are looked for
 * @param out the folder; made where there is none, and nothing that somebody else put there is replaced
 * @throws {Error} when annotations cannot be read, none of the photographs is there, or files of others are in the way
 */
export async function pickPhotos(
  list: PhotoList,
  copy: CocoCopy,
  out: string,
  { signal = operationSignal(), ...shown }: PickOptions = {},
): Promise<Picked> {
  const annotations = join(out, "instances.json"), images = join(out, "images");
  const before = await readTextIfThere(annotations);
  if (before !== undefined && !isOwn(before, list)) {
    throw new Error(
      `Cannot pick photographs of ${list.name}: ${annotations} is there already and is another list`,
    );
  }
  const found = new FoundPhotos(list.images);
  for (const path of copy.annotations) {
    if (!found.isWhole) await found.read(path, signal, shown);
  }
  // what an earlier call took from another copy
  if (before !== undefined && !found.isWhole) await found.read(annotations, signal, shown);
  const how = { folders: copy.images, to: images, signal };
  const { picked, left } = await collect(list, found, how);
  const objects = picked.flatMap(({ objects }) => objects);
  const crowds = picked.flatMap(({ crowds }) => crowds);
  const lists = {
    info: { list: list.name },
    images: picked.map(({ image }) => image),
    categories: found.categories ?? [],
    annotations: [...objects, ...crowds].map(withoutMask),
  };
  await writeAtomic(annotations, JSON.stringify(lists) + "\n");
  return {
    ...{ annotations, images, photos: picked.length, objects: objects.length },
    classes: new Set(objects.map(({ category_id }) => category_id)).size,
    crowds: crowds.length,
    ...left,
  };
}

/** Whether annotations were written by an earlier call for the same list. */
function isOwn(text: string, { name }: PhotoList): boolean {
  try {
    return JSON.parse(text).info?.list === name;
  } catch {
    return false;
  }
}

/** Names that are shown; the others are counted. */
const SHOWN = 5;

/** What was not picked, in words; nothing where all was. */
export function leftText({ unlisted, missing, unreadable }: Left): string {
  const text = (names: readonly string[], why: string) => {
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
    return names.length === 0
      ? []
      : [`${names.length} ${why} (${names.slice(0, SHOWN).join(", ")}${more})`];
  };
  return [
    ...text(unlisted, "that no annotations list"),
    ...text(missing, "that annotations list and no folder has"),
    ...text(unreadable, "whose files are empty or cannot be read"),
  ].join("; ");
}
