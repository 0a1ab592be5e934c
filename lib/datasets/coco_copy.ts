/**
 * Somebody's copy of COCO: where its files lie, and what its annotations say of some of its photographs.
 *
 * @module
 */
import { basename, join } from "node:path";
import { entriesIn } from "../runtime/files.ts";
import type { ShowOptions } from "../runtime/progress.ts";
import { type Json, openAnnotations } from "./coco_file.ts";
import { flagsOf } from "./coco_flags.ts";
import { IdMap, idOf } from "./coco_ids.ts";
import { fileNamesOf } from "./coco_image.ts";
import { showReading } from "./read_progress.ts";

/** Where photographs are looked for. */
export interface CocoCopy {
  /** Files of annotations, in the order in which they are read. */
  annotations: readonly string[];
  /** Folders of images, in the order in which they are tried. */
  images: readonly string[];
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

/** A photograph as annotations have it. */
export interface Entry {
  image: Json;
  objects: Json[];
  crowds: Json[];
}

/** What annotations say of the photographs of a list. */
export class FoundPhotos {
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
  async read(path: string, signal: AbortSignal, options: ShowOptions): Promise<void> {
    const attempt = `Cannot pick photographs out of ${path}`;
    const shown = showReading(path, options);
    try {
      const lists = await openAnnotations(path, attempt, { signal, onProgress: shown.update });
      const own = new IdMap<Entry>();
      for (const image of lists.images) {
        const name = this.#nameOf(image), id = idOf(image.id);
        if (name === undefined || id === undefined || this.entries.has(name)) continue;
        const entry = { image: { ...image, file_name: name }, objects: [], crowds: [] };
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
        found.value[flagsOf(annotation).crowd ? "crowds" : "objects"].push(annotation);
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
