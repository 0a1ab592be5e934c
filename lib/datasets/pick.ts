/**
 * Photographs by name, picked out of somebody's copy of a data set in COCO's format.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { operationSignal } from "../runtime/interrupt.ts";
import { entriesIn, readTextIfThere, temporaryPath, writeAtomic } from "../runtime/files.ts";
import type { ShowOptions } from "../runtime/progress.ts";
import { type Json, openAnnotations } from "./coco_file.ts";
import { IdMap, idOf } from "./coco_ids.ts";
import { fileNamesOf } from "./coco_image.ts";
import { showReading } from "./read_progress.ts";

/** Photographs that are picked. */
export interface PhotoList {
  /** What the list is called. */
  name: string;
  /** File names, in the order in which the photographs are searched. */
  images: readonly string[];
}

/** Where photographs are looked for. */
export interface CocoCopy {
  /** Files of annotations, in the order in which they are read. */
  annotations: readonly string[];
  /** Folders of images, in the order in which they are tried. */
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
  /** Regions of crowds, which say of no object where it is; they are left out. */
  crowds: number;
}

/** COCO's own files of objects. */
const OFFICIAL = /^instances_(?:train|val)\d{4}\.json$/;

/** Folders that photographs of COCO lie in, below that of a copy. */
const FOLDERS = ["train2017", "val2017", "images/train2017", "images/val2017", "images", ""];

/**
 * The files of a copy of COCO in its own layout: `annotations/instances_train2017.json` and `train2017/`, those of `val`, or a
 * part of them.
 *
 * @param folder of the copy
 * @throws {Error} when it cannot be read, or has no such annotations
 */
export async function cocoCopy(folder: string): Promise<CocoCopy> {
  const here = async (path: string) =>
    (await entriesIn(path)).map(({ name }) => name).filter((name) => OFFICIAL.test(name)).sort()
      .map((name) => join(path, name));
  const annotations = [...await here(join(folder, "annotations")), ...await here(folder)];
  if (annotations.length === 0) {
    throw new Error(
      `Cannot pick photographs out of ${folder}: it has no annotations/instances_train2017.json or ` +
        "instances_val2017.json",
    );
  }
  return { annotations, images: FOLDERS.map((name) => join(folder, name)) };
}

/** Options of {@linkcode pickPhotos}. */
export interface PickOptions extends ShowOptions {
  /** Stops it; what was copied stays. */
  signal?: AbortSignal;
}

/** A photograph as annotations have it. */
interface Entry {
  image: Json;
  objects: Json[];
  crowds: number;
}

/** What annotations say of the photographs of a list. */
class Found {
  readonly entries = new Map<string, Entry>();
  categories?: Json[];
  #wanted: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#wanted = new Set(names);
  }

  get isWhole(): boolean {
    return this.entries.size === this.#wanted.size;
  }

  /** Takes what one file says of those that no file before it has. */
  async read(path: string, signal: AbortSignal, options: PickOptions): Promise<void> {
    const attempt = `Cannot pick photographs out of ${path}`;
    const shown = showReading(path, options);
    try {
      const lists = await openAnnotations(path, attempt, { signal, onProgress: shown.update });
      const own = new IdMap<Entry>();
      for (const image of lists.images) {
        const name = this.#nameOf(image), id = idOf(image.id);
        if (name === undefined || id === undefined || this.entries.has(name)) continue;
        const entry = { image: { ...image, file_name: name }, objects: [], crowds: 0 };
        this.entries.set(name, entry);
        own.set(id, entry);
      }
      const named = JSON.stringify(lists.categories.map(({ id, name }) => [id, name]));
      const before = this.categories?.map(({ id, name }) => [id, name]);
      if (before && JSON.stringify(before) !== named) {
        throw new Error(`${attempt}: its categories are not those of the file before it`);
      }
      this.categories = lists.categories;
      for await (const annotation of lists.annotations) {
        const found = own.find(annotation.image_id);
        if (!("value" in found)) continue;
        if (annotation.iscrowd) found.value.crowds++;
        else found.value.objects.push(annotation);
      }
    } finally {
      await shown.finish();
    }
  }

  /** The name by which an image is in the list. */
  #nameOf(image: Json): string | undefined {
    return fileNamesOf(image).map((name) => typeof name === "string" ? basename(name) : "")
      .find((name) => this.#wanted.has(name));
  }
}

/** The first file of a name that folders have. */
async function fileIn(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name), stat = await Deno.stat(path).catch(() => undefined);
    if (stat?.isFile) return path;
  }
}

/** Copies a photograph, whole or not at all; one that is there already stays. */
async function copyPhoto(from: string, to: string): Promise<"copied" | "unreadable"> {
  const bytes = await Deno.readFile(from).catch(() => new Uint8Array());
  if (bytes.length === 0) return "unreadable";
  await Deno.mkdir(dirname(to), { recursive: true });
  const there = await Deno.stat(to).catch(() => undefined);
  if (there?.size === bytes.length) return "copied";
  if (there) {
    throw new Error(`Cannot pick photographs: ${to} is there already and is another file`);
  }
  const temporary = temporaryPath(to);
  await Deno.writeFile(temporary, bytes);
  await Deno.rename(temporary, to);
  return "copied";
}

/** What is kept of an object: polygons would be most of the file. */
const objectOf = ({ segmentation: _, ...object }: Json): Json => object;

/** The photographs that are there, copied, and the names of the others by what is amiss. */
async function collect(
  { name: list, images: names }: PhotoList,
  { entries }: Found,
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
  const found = new Found(list.images);
  for (const path of copy.annotations) {
    if (!found.isWhole) await found.read(path, signal, shown);
  }
  const how = { folders: copy.images, to: images, signal };
  const { picked, left } = await collect(list, found, how);
  const objects = picked.flatMap(({ objects }) => objects);
  const lists = {
    info: { list: list.name },
    images: picked.map(({ image }) => image),
    categories: found.categories ?? [],
    annotations: objects.map(objectOf),
  };
  await writeAtomic(annotations, JSON.stringify(lists) + "\n");
  return {
    ...{ annotations, images, photos: picked.length, objects: objects.length },
    classes: new Set(objects.map(({ category_id }) => category_id)).size,
    crowds: picked.reduce((sum, { crowds }) => sum + crowds, 0),
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
