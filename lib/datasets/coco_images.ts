/**
 * The images that COCO-format annotations list, each file once.
 *
 * @module
 */
import type { Json } from "./coco_file.ts";
import { IdMap, idOf } from "./coco_ids.ts";
import { fileNameOf, resolveImage } from "./coco_image.ts";
import { type ListedImage, withClasses } from "./coco_judged.ts";
import type { DatasetImage } from "./dataset.ts";
import type { SafePath } from "./paths.ts";
import { type DatasetReport, note } from "./report.ts";

/** Images by their id; `null` where one is listed that is left out, and was counted. */
export type ImageMap = IdMap<DatasetImage | null>;

type Size = Pick<DatasetImage, "width" | "height">;

/** The images of a file of annotations, and where they were found. */
export interface ReadImages {
  images: DatasetImage[];
  /** Those whose files exist, and their copies. */
  present: DatasetImage[];
  byId: ImageMap;
  /** Each with the entries that list it. */
  entries: ListedImage[];
  /** A file that is listed in another size, too, with the image that it is: its boxes are of that size. */
  copies: [copy: DatasetImage, of: DatasetImage][];
}

const PATHS_AT_A_TIME = 64;

/** A side of an image, which some tools write as text. */
function side(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number > 0 ? number : undefined;
}

function sizeOf(entry: Json): Size {
  const [width, height] = [side(entry.width), side(entry.height)];
  return width !== undefined && height !== undefined ? { width, height } : {};
}

/** Whether two sizes are both known and not the same. */
function sizesDiffer(one: Size, other: Size): boolean {
  if (one.width === undefined || other.width === undefined) return false;
  return one.width !== other.width || one.height !== other.height;
}

/** Entries as they are added. */
class Listing {
  readonly byId: ImageMap = new IdMap();
  /** By their real paths: a link is another spelling. */
  readonly #byFile = new Map<string, DatasetImage>();
  readonly #files = new Map<DatasetImage, string>();
  /** Files that share an id with another one: which annotations are theirs cannot be told. */
  readonly #ambiguous = new Set<string>();
  readonly #entries: ListedImage[] = [];
  readonly #present: DatasetImage[] = [];
  readonly #copies = new Map<DatasetImage, DatasetImage>();

  constructor(readonly report: DatasetReport, readonly keepMissing: boolean) {}

  add(entry: Json, place: SafePath): void {
    const id = idOf(entry.id);
    const what = `image ${JSON.stringify(entry.id)} (${JSON.stringify(fileNameOf(entry))})`;
    if (id === undefined) return note(this.report, "unusableIds", what);
    const file = place.kind === "unsafe" ? undefined : place.file;
    const twin = file === undefined ? undefined : this.#byFile.get(file);
    if (this.byId.has(id)) return this.#addAgain(id, what, file);
    this.byId.set(id, null); // known, so that its annotations are not those of an unknown image
    if (place.kind === "unsafe") return note(this.report, "unsafePaths", what);
    const size = sizeOf(entry);
    if (twin) return this.#addTwin(id, entry, { twin, size, what });
    if (place.kind === "missing") {
      note(this.report, "missingImages", what);
      if (!this.keepMissing) return;
    }
    const image: DatasetImage = { id: place.id, path: place.path, ...size, objects: [] };
    this.#byFile.set(place.file, image);
    this.#files.set(image, place.file);
    this.byId.set(id, image);
    this.#entries.push([image, entry]);
    if (place.kind === "file") this.#present.push(image);
  }

  /** An id that is listed a second time: of the same file, or else of none that can be told. */
  #addAgain(id: number | string, what: string, file?: string): void {
    const found = this.byId.find(id), first = "value" in found ? found.value : null;
    const before = first ? this.#fileOf(first) : undefined;
    if (first && before === file) return note(this.report, "duplicateImages", what);
    note(this.report, "conflictingImages", what);
    if (file !== undefined) this.#ambiguous.add(file);
    if (!first) return;
    this.#ambiguous.add(before!);
    this.byId.set(id, null);
    note(this.report, "conflictingImages", `image ${JSON.stringify(id)} (${first.id}), before it`);
  }

  #fileOf(image: DatasetImage): string {
    return this.#files.get(this.#copies.get(image) ?? image)!;
  }

  /** A file that is listed under another id, or another spelling: one image with the boxes of both. */
  #addTwin(
    id: number | string,
    entry: Json,
    { twin, size, what }: { twin: DatasetImage; size: Size; what: string },
  ): void {
    note(this.report, "duplicateImages", what);
    this.#entries.push([twin, entry]);
    if (!sizesDiffer(twin, size)) return void this.byId.set(id, Object.assign(twin, size));
    const copy: DatasetImage = { id: twin.id, path: twin.path, ...size, objects: [] };
    this.byId.set(id, copy);
    this.#copies.set(copy, twin);
    this.#present.push(copy);
  }

  /** What was found. */
  finish(): ReadImages {
    const isUsed = (image: DatasetImage) => !this.#ambiguous.has(this.#fileOf(image));
    return {
      images: [...this.#byFile.values()].filter(isUsed),
      present: this.#present.filter(isUsed),
      byId: this.byId,
      entries: this.#entries.filter(([image]) => isUsed(image)),
      copies: [...this.#copies].filter(([copy]) => isUsed(copy)),
    };
  }
}

/**
 * Reads the images, those that cannot be used left out and counted. A file that is listed twice is one image; of several
 * files under one id none is used.
 *
 * @param listed as the file has them
 * @param imageRoot folder that `file_name` is relative to
 * @param options `keepMissing` images whose files do not exist; `report` and `signal` as of `datasetOf`
 * @throws {Error} when the image root does not exist
 */
export async function readImages(
  listed: readonly Json[],
  imageRoot: string,
  { keepMissing, report, signal }: {
    keepMissing: boolean;
    report: DatasetReport;
    signal: AbortSignal;
  },
): Promise<ReadImages> {
  const root = await Deno.realPath(imageRoot).catch((cause) => {
    throw new Error(`Cannot load data set: image folder ${imageRoot}: ${cause.message}`, { cause });
  });
  const listing = new Listing(report, keepMissing);
  report.listed = listed.length;
  for (let start = 0; start < listed.length; start += PATHS_AT_A_TIME) {
    signal.throwIfAborted();
    const part = listed.slice(start, start + PATHS_AT_A_TIME);
    const found = await Promise.all(part.map((entry) => resolveImage(root, entry)));
    part.forEach((entry, i) => listing.add(entry, found[i]));
  }
  return listing.finish();
}

/**
 * Gives the objects of a copy to its image, once their boxes are in px of the file. Where they cannot be, as the file is
 * of another shape or cannot be read, they say that the image may show their classes.
 *
 * @param copies as {@linkcode readImages} found them
 * @param isAligned whether the boxes of a copy could be brought to its file
 * @param report counts those that could not
 */
export function mergeCopies(
  copies: ReadImages["copies"],
  isAligned: (copy: DatasetImage) => boolean,
  report: DatasetReport,
): void {
  for (const [copy, of] of copies) {
    const { objects, notExhaustive = [], width, height } = copy;
    const merges = isAligned(copy) && !copy.boxesRefused;
    if (merges) of.objects.push(...objects);
    else note(report, "conflictingImages", `${of.id} listed as ${width} x ${height} px, too`);
    const unsure = [...notExhaustive, ...(merges ? [] : objects.map(({ category }) => category))];
    if (unsure.length > 0) of.notExhaustive = withClasses(of.notExhaustive, unsure);
  }
}
