/**
 * Writes generated retail scenes as Unity Perception does: a SOLO data set.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { encodePng } from "../../images/mod.ts";
import { createRandom } from "../../numeric/random.ts";
import {
  canonicalJson,
  entriesIn,
  readTextIfThere,
  removeLeftovers,
  sha256,
  sha256File,
  writeAtomic,
} from "../../runtime/files.ts";
import { operationSignal } from "../../runtime/interrupt.ts";
import { checkSettings, type Fields, integer, oneOf, settings } from "../../runtime/settings.ts";
import { type SplitName, splitOf, SPLITS } from "../clevr_ds/annotations.ts";
import { loadPyramids } from "../clevr_ds/classes.ts";
import { SPRITE_FAMILIES, type SpriteFamily, spriteName } from "../clevr_ds/sprites.ts";
import { mapFiles } from "../readers/files.ts";
import { soloFiles, soloFrame, soloPaths } from "../writers/solo.ts";
import { drawRetail, PRODUCTS, type RetailScene } from "./scene.ts";

/** Raised whenever the same seed gives other pictures. */
const VERSION = 1;
const RECIPE = "recipe.json";

/** Images of the paper's Unity-Retail (Table 12). */
export const RETAIL_IMAGES = 1000;

/** What decides which scenes there are. */
export interface RetailRecipe {
  /** Seed of the data set; scene i depends on it and on i alone. */
  seed: number;
  /** How many scenes, all splits together. */
  images: number;
  /** Style of the products. */
  family: SpriteFamily;
  /** Side of the pictures in px. */
  size: number;
}

/** Options of {@linkcode generateRetail}. */
export interface RetailOptions extends RetailRecipe {
  /** Which splits to draw; all by default. */
  splits?: readonly SplitName[];
  /** Stops the run; what is finished stays, and the next run goes on from there. */
  signal?: AbortSignal;
  /** Called at the start and after every scene, which may have been there or been `drawn`. */
  onProgress?: (done: number, total: number, drawn: number) => void;
}

/** What scenes there can be. */
export const RETAIL_FIELDS: Fields<Omit<RetailRecipe, "seed">> = {
  images: integer("an integer from 1 to 999999", 1, 999_999),
  family: oneOf(...SPRITE_FAMILIES),
  size: integer("an integer from 160 to 1000", 160, 1000),
};
const RECIPE_SCHEMA = settings<RetailRecipe>({ ...RETAIL_FIELDS, seed: integer("an integer") });

/** Whether a scene was drawn before, and its picture is as it was then. */
async function isThere(directory: string, index: number): Promise<boolean> {
  const { image, frame } = soloPaths(index);
  try {
    const { metrics } = JSON.parse(await Deno.readTextFile(join(directory, frame)));
    return metrics[0].value === await sha256File(join(directory, image));
  } catch {
    return false; // absent or damaged: it is drawn anew, and comes out the same
  }
}

/** Writes a scene; its picture first, so that a frame always tells of a whole one. */
async function writeScene(
  directory: string,
  index: number,
  { image, objects }: RetailScene,
  categories: readonly string[],
): Promise<void> {
  const { width, height } = image, paths = soloPaths(index), png = await encodePng(image);
  await removeLeftovers(dirname(join(directory, paths.image)));
  await writeAtomic(join(directory, paths.image), png);
  const frame = { sequence: index, width, height, objects, sha256: sha256(png) };
  await writeAtomic(join(directory, paths.frame), soloFrame(frame, categories));
}

/** Writes what stands beside the sequences, of those that are there by now, where it is not there already. */
async function writeDefinitions(directory: string, categories: readonly string[]): Promise<void> {
  const names = (await entriesIn(directory)).filter(({ name }) => name.startsWith("sequence."));
  for (const [name, content] of Object.entries(soloFiles(categories, names.length))) {
    const path = join(directory, name);
    if (await readTextIfThere(path) !== content) await writeAtomic(path, content);
  }
}

/**
 * Generates retail scenes: 9 to 19 of 16 products on shelves, as a SOLO data set of a sequence a scene. Of ten sequences
 * seven are for training, one to choose by and two to search, as the paper splits Unity-Retail (7:1:2).
 *
 * @param directory where to write
 * @param options seed, number, style and size of the scenes
 * @returns how many scenes this run drew
 * @throws {RangeError} when an option is out of range or the folder holds other scenes
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateRetail, loadDataset } from "detailclip/datasets";
 * const root = await Deno.makeTempDir();
 * await generateRetail(root, { seed: 7, images: 10, family: "fluent-3d", size: 160, splits: ["val"] });
 * const dataset = await loadDataset({ source: "solo", annotations: root, root, part: "val" });
 * assert(dataset.images.length === 1 && dataset.images[0].objects.length >= 9);
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export async function generateRetail(
  directory: string,
  { splits = SPLITS, signal = operationSignal(), onProgress, ...recipe }: RetailOptions,
): Promise<{ drawn: number }> {
  const attempt = `Cannot generate retail scenes in ${directory}`;
  signal.throwIfAborted();
  checkSettings(RECIPE_SCHEMA, recipe, attempt);
  const text = canonicalJson({ version: VERSION, ...recipe });
  const found = await readTextIfThere(join(directory, RECIPE));
  if (found !== undefined && found !== text) {
    throw new RangeError(`${attempt}: it holds scenes of another recipe, ${found}`);
  }
  const wanted = Array.from({ length: recipe.images }, (_, index) => index)
    .filter((index) => splits.includes(splitOf(index)));
  const kept = await mapFiles(wanted, signal, (index) => isThere(directory, index));
  const missing = wanted.filter((_, i) => !kept[i]);
  let drawn = 0;
  const tell = () => onProgress?.(wanted.length - missing.length + drawn, wanted.length, drawn);
  tell();
  const categories = await Promise.all(PRODUCTS.map(spriteName));
  if (missing.length > 0) {
    const sprite = await loadPyramids(PRODUCTS, recipe.family); // fails before anything is written
    await writeAtomic(join(directory, RECIPE), text);
    await mapFiles(missing, signal, async (index) => {
      const random = createRandom(recipe.seed).fork(`retail ${index}`);
      const scene = drawRetail(random, { size: recipe.size, sprite });
      await writeScene(directory, index, scene, categories);
      drawn++;
      tell();
    });
  }
  await writeDefinitions(directory, categories);
  return { drawn };
}
