/**
 * Writes CLEVR-DS data sets: images, and COCO annotations in three splits.
 *
 * @module
 */
import { join } from "node:path";
import { canonicalJson, sha256, writeAtomic } from "../../files.ts";
import { operationSignal } from "../../interrupt.ts";
import { createRandom } from "../../random.ts";
import { encodeJpeg } from "../../images/encode.ts";
import {
  imageName,
  type ImageRecord,
  isIntact,
  type Recipe,
  recordScene,
  type SplitName,
  splitOf,
  SPLITS,
  writeSplits,
} from "./annotations.ts";
import { clevrDsClasses, loadPyramids } from "./classes.ts";
import { CLEVR_DS_VARIANTS, type ClevrDsVariant, planScene } from "./recipe.ts";
import { drawScene } from "./scene.ts";
import { SPRITE_FAMILIES, type SpriteFamily } from "./sprites.ts";

/** Raised whenever the same seed gives other pictures. */
const VERSION = 1;
const JPEG_QUALITY = 92;

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
  /** How many images are in work at a time; has no influence on the result. */
  concurrency?: number;
  /**
   * Stops the run; what is finished stays, and the next run goes on from there. By default an interrupt
   * does (`operationSignal`).
   */
  signal?: AbortSignal;
  /** Called after every image. */
  onProgress?: (done: number, total: number) => void;
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

const partName = (index: number) => `${imageName(index)}.json`;

function refuse(directory: string, why: string): never {
  throw new RangeError(`Cannot generate CLEVR-DS in ${directory}: ${why}`);
}

/** Refuses what cannot be generated. */
function checkOptions(directory: string, recipe: Recipe, images: number): void {
  const fail = (why: string) => refuse(directory, why);
  if (!Number.isInteger(images) || images < 1 || images > 999_999) {
    fail(`images must be an integer from 1 to 999999, got ${images}`);
  }
  if (!Number.isInteger(recipe.size) || recipe.size < 160 || recipe.size > 1000) {
    fail(`size must be an integer from 160 to 1000, got ${recipe.size}`);
  }
  if (!CLEVR_DS_VARIANTS.includes(recipe.variant)) fail(`unknown variant "${recipe.variant}"`);
  if (!SPRITE_FAMILIES.includes(recipe.family)) fail(`unknown family "${recipe.family}"`);
}

/** Notes the recipe in its folder, and refuses a folder that holds another one. */
async function claimFolder(directory: string, recipe: Recipe): Promise<void> {
  const file = join(directory, "recipe.json");
  const text = canonicalJson(recipe);
  const found = await Deno.readTextFile(file).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (found === undefined) await writeAtomic(file, text);
  else if (found !== text) refuse(directory, `it holds scenes of another recipe, ${found}`);
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

/** Runs `work` on 0..count-1 with a few in flight; on failure waits for those, then throws. */
async function forEachIndex(
  count: number,
  concurrency: number,
  signal: AbortSignal,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0, failed = false;
  const worker = async () => {
    try {
      while (next < count && !failed) {
        signal.throwIfAborted();
        await work(next++);
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
  const { splits = SPLITS, concurrency = 4, onProgress } = options;
  const { signal = operationSignal() } = options;
  const recipe: Recipe = { version: VERSION, seed, variant, family, size };
  signal.throwIfAborted();
  checkOptions(directory, recipe, images);

  const { slugs, names, distractors } = await clevrDsClasses(variant);
  const sprite = await loadPyramids([...slugs, ...distractors], family);
  // Only now: a family that lacks an object must not leave its recipe in the folder.
  await claimFolder(directory, recipe);
  const wanted = Array.from({ length: images }, (_, index) => index)
    .filter((index) => splits.includes(splitOf(index)));
  const records: ImageRecord[] = new Array(wanted.length);
  let done = 0, drawn = 0;
  await forEachIndex(wanted.length, concurrency, signal, async (place) => {
    const index = wanted[place];
    let record = await readRecord(directory, index);
    if (!record) {
      const random = createRandom(seed).fork(`${variant} ${index}`);
      const plan = planScene(random.fork("plan"), variant, slugs, distractors);
      const scene = drawScene(random, plan, { size, overlap: variant !== "reduced", sprite });
      const bytes = await encodeJpeg(scene.image, JPEG_QUALITY);
      const text = canonicalJson(recordScene(index, sha256(bytes), scene));
      // The image first: a record always tells of an image that is complete.
      await writeAtomic(join(directory, "images", imageName(index)), bytes);
      await writeAtomic(join(directory, "records", partName(index)), text);
      record = JSON.parse(text) as ImageRecord; // as a later run will read it, keys in that order
      drawn++;
    }
    records[place] = record;
    onProgress?.(++done, wanted.length);
  });
  const annotations = await writeSplits(directory, recipe, names, records, splits);
  return { images: join(directory, "images"), annotations, drawn, kept: wanted.length - drawn };
}
