/**
 * Writes CLEVR-DS data sets: images, and COCO annotations in three splits.
 *
 * @module
 */
import { join } from "node:path";
import {
  canonicalJson,
  entriesIn,
  readTextIfThere,
  removeLeftovers,
  writeAtomic,
} from "../../runtime/files.ts";
import { operationSignal } from "../../runtime/interrupt.ts";
import {
  checkSettings,
  COUNT,
  type Fields,
  integer,
  number,
  oneOf,
  settings,
} from "../../runtime/settings.ts";
import {
  imageName,
  type ImageRecord,
  isIntact,
  type Recipe,
  type SplitName,
  splitOf,
  SPLITS,
  writeSplits,
} from "./annotations.ts";
import { clevrDsClasses } from "./classes.ts";
import { drawingThreads, startDrawing } from "./draw_threads.ts";
import { CLEVR_DS_VARIANTS, type ClevrDsVariant, OBJECTS_RANGE } from "./recipe.ts";
import { SPRITE_FAMILIES, type SpriteFamily } from "./sprites.ts";

/** Raised whenever the same seed gives other pictures. */
const VERSION = 1;

/** Options of {@linkcode generateClevrDs}. */
export interface GenerateOptions {
  /** Seed of the data set; image i depends on it and on i alone. */
  seed: number;
  /** Number of images, all splits together. */
  images: number;
  /** Which splits to draw and write; all by default. The others keep their place in the ratio 7:1:2. */
  splits?: readonly SplitName[];
  /** Which scenes; default `mixed`. */
  variant?: ClevrDsVariant;
  /** Style of the objects; default `fluent-3d`. */
  family?: SpriteFamily;
  /** Side of the images in px, 160 to 1000; default 480. Sprites have 256 px and are never enlarged. */
  size?: number;
  /** Mean number of objects an image, 3 to 25; 13.78 unless told. Not of `reduced`, which has its own. */
  objects?: number;
  /** Only so many of the classes, 2 to 138, evenly from the whole list. Not of `reduced`, which has its own. */
  classes?: number;
  /**
   * Threads that draw (default: as many as the machine has cores, 16 at most, fewer for few images); each
   * has its own sprites, some 100 MB. Without influence on the result, as is `concurrency`.
   */
  threads?: number;
  /** How many images are in work at a time (default: two a thread, 4 at least). */
  concurrency?: number;
  /**
   * Stops the run; what is finished stays, and the next run goes on from there. By default an interrupt
   * does (`operationSignal`).
   */
  signal?: AbortSignal;
  /** Called at the start and after every image, which may have been there or been `drawn`. */
  onProgress?: (done: number, total: number, drawn: number) => void;
}

/** What was generated. */
export interface GeneratedDataset {
  /** Folder of the images. */
  images: string;
  /** COCO annotation file of each split; those that were not asked for need not exist. */
  annotations: Record<SplitName, string>;
  /** Images drawn by this run. */
  drawn: number;
  /** Images that were there already. */
  kept: number;
}

const RECIPE = "recipe.json";
const partName = (index: number) => `${imageName(index)}.json`;

/** What decides which images there are. */
type Images =
  & Required<Pick<GenerateOptions, "images" | "variant" | "size">>
  & Pick<GenerateOptions, "objects" | "classes">;

const [FEWEST, MOST] = OBJECTS_RANGE;

/** What images there can be. */
export const IMAGE_FIELDS: Fields<Images> = {
  images: integer("an integer from 1 to 999999", 1, 999_999),
  variant: oneOf(...CLEVR_DS_VARIANTS),
  size: integer("an integer from 160 to 1000", 160, 1000),
  objects: number(`a number from ${FEWEST} to ${MOST}`, (n) => n >= FEWEST && n <= MOST)
    .optional(),
  classes: integer("an integer from 2 to 138", 2, 138).optional(),
};

type Numbers = Omit<GenerateOptions, "splits" | "signal" | "onProgress">;
const OPTIONS = settings<Numbers>({
  ...IMAGE_FIELDS,
  seed: integer("an integer"),
  family: oneOf(...SPRITE_FAMILIES),
  threads: COUNT.optional(),
  concurrency: COUNT.optional(),
});

function refuse(directory: string, why: string): never {
  throw new RangeError(`Cannot generate CLEVR-DS in ${directory}: ${why}`);
}

/** Whether a folder holds scenes of this recipe; refuses one that holds another's. */
async function holdsRecipe(directory: string, recipe: Recipe): Promise<boolean> {
  const found = await readTextIfThere(join(directory, RECIPE));
  if (found !== undefined && found !== canonicalJson(recipe)) {
    refuse(
      directory,
      `it holds scenes of another recipe, ${found}; name another folder, or delete it`,
    );
  }
  return found !== undefined;
}

/** Reads the record of an image that an earlier run finished, if it is still intact. */
async function readRecord(directory: string, index: number): Promise<ImageRecord | undefined> {
  try {
    const text = await Deno.readTextFile(join(directory, "records", partName(index)));
    const record = JSON.parse(text) as ImageRecord;
    return await isIntact(directory, record) ? record : undefined;
  } catch {
    return undefined; // absent or damaged: the image is drawn anew, and comes out the same
  }
}

/** Runs `work` on all items with a few in flight; on failure waits for those, then throws. */
async function forEach<T>(
  items: readonly T[],
  concurrency: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0, failed = false;
  const worker = async () => {
    try {
      while (next < items.length && !failed) {
        signal.throwIfAborted();
        await work(items[next++]);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const results = await Promise.allSettled(Array.from({ length: concurrency }, worker));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/**
 * Draws images and records them, save those that another process has recorded by then. The folder gets its
 * recipe with the first of them.
 */
async function drawInto(
  directory: string,
  recipe: Recipe,
  indices: readonly number[],
  { threads = drawingThreads(indices.length), concurrency = Math.max(4, 2 * threads), signal }:
    & Pick<GenerateOptions, "threads" | "concurrency">
    & { signal: AbortSignal },
  note: (record: ImageRecord, drawn: boolean) => void,
): Promise<void> {
  using drawing = await startDrawing(recipe, Math.min(threads, concurrency, indices.length));
  // Only with the first image: a family that lacks an object must not leave its recipe in the folder.
  const claim = async () => {
    if (await holdsRecipe(directory, recipe)) return; // another process may have come first
    await writeAtomic(join(directory, RECIPE), canonicalJson(recipe));
  };
  for (const folder of ["", "images", "records"]) await removeLeftovers(join(directory, folder));
  let claimed: Promise<void> | undefined;
  await forEach(indices, concurrency, signal, async (index) => {
    await claimed;
    const kept = claimed && await readRecord(directory, index);
    if (kept) return note(kept, false);
    const { bytes, record } = await drawing.draw(index);
    await (claimed ??= claim());
    // The image first: a record always tells of an image that is complete.
    await writeAtomic(join(directory, "images", imageName(index)), bytes);
    await writeAtomic(join(directory, "records", partName(index)), record);
    note(JSON.parse(record), true); // as a later run will read it, keys in that order
  });
}

/**
 * Generates a CLEVR-DS data set after the recipe of the paper (§4.2, A.2), with openly licensed emoji
 * renderings in place of the ShapeNet models, which cannot be redistributed.
 *
 * `directory` receives `images/000001.jpg` …, `train.json`, `val.json`, `test.json` (COCO, 7:1:2; `bbox` is the
 * whole object, hidden parts included, `area` its visible pixels, `size` is `small` or `large`; objects of no
 * class stand in `distractors`), `records/` (one small file an image, so that an interrupted run goes on) and
 * `recipe.json`. Every file is the same for the same seed.
 *
 * @param directory where to write
 * @param options seed, number of images, variant, style
 * @returns where the files are
 * @throws {RangeError} when an option is out of range or the folder holds another recipe
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateClevrDs } from "detailclip";
 * const directory = await Deno.makeTempDir();
 * const { annotations, drawn } = await generateClevrDs(directory, { seed: 7, images: 2 });
 * assert(drawn === 2 && annotations.test.endsWith("test.json"));
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function generateClevrDs(
  directory: string,
  options: GenerateOptions,
): Promise<GeneratedDataset> {
  const { seed, images, variant = "mixed", family = "fluent-3d", size = 480 } = options;
  const { splits = SPLITS, threads, concurrency, onProgress, objects, classes } = options;
  const { signal = operationSignal() } = options;
  const recipe: Recipe = { version: VERSION, seed, variant, family, size, objects, classes };
  signal.throwIfAborted();
  const numbers = { seed, images, variant, family, size, objects, classes, threads, concurrency };
  checkSettings(OPTIONS, numbers, `Cannot generate CLEVR-DS in ${directory}`);
  if (variant === "reduced" && (objects ?? classes) !== undefined) {
    refuse(directory, "the reduced set has objects and classes of its own (A.3)");
  }

  const wanted = Array.from({ length: images }, (_, index) => index)
    .filter((index) => splits.includes(splitOf(index)));
  const records = new Map<number, ImageRecord>();
  let drawn = 0;
  const tell = () => onProgress?.(records.size, wanted.length, drawn);
  const note = (record: ImageRecord, isNew: boolean) => {
    records.set(record.index, record);
    if (isNew) drawn++;
    tell();
  };
  tell();
  if (await holdsRecipe(directory, recipe)) {
    const entries = await entriesIn(join(directory, "records"));
    const there = new Set(entries.map(({ name }) => name));
    const recorded = wanted.filter((index) => there.has(partName(index)));
    await forEach(recorded, 4, signal, async (index) => {
      const record = await readRecord(directory, index);
      if (record) note(record, false);
    });
  }
  const missing = wanted.filter((index) => !records.has(index));
  if (missing.length > 0) {
    await drawInto(directory, recipe, missing, { threads, concurrency, signal }, note);
  }
  const { names } = await clevrDsClasses(variant, classes);
  const inOrder = wanted.map((index) => records.get(index)!);
  const annotations = await writeSplits(directory, recipe, names, inOrder, splits);
  return {
    images: join(directory, "images"),
    annotations,
    drawn,
    kept: wanted.length - drawn,
  };
}
