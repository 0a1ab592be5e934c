/**
 * The class lists of CLEVR-DS, from `data/classes/`.
 *
 * @module
 */
import type { RgbaImage } from "../../images/rgba.ts";
import { buildPyramid, type SpritePyramid } from "./pyramid.ts";
import type { ClevrDsVariant } from "./recipe.ts";
import { loadSprite, type SpriteFamily, spriteName } from "./sprites.ts";

/** Slugs and names of what appears in one variant. */
export interface ClevrDsClasses {
  /** Slugs of the classes, in class order. */
  slugs: string[];
  /** English names of the classes, such as "red apple". */
  names: string[];
  /** Slugs of the objects that are no class. */
  distractors: string[];
}

async function readSlugs(name: string): Promise<string[]> {
  const file = new URL(`../../../data/classes/${name}.json`, import.meta.url);
  return (JSON.parse(await Deno.readTextFile(file)) as { slugs: string[] }).slugs;
}

/**
 * Reads the classes of a variant.
 *
 * @param variant which scenes are made; `reduced` has 51 classes, all others 138
 * @param count only so many of them, evenly from the whole list; all unless told
 * @returns slugs and names
 */
export async function clevrDsClasses(
  variant: ClevrDsVariant = "mixed",
  count: number = Infinity,
): Promise<ClevrDsClasses> {
  const all = await readSlugs(variant === "reduced" ? "clevr-ds-reduced" : "clevr-ds");
  const kept = Math.min(count, all.length);
  const slugs = Array.from({ length: kept }, (_, i) => all[Math.floor(i * all.length / kept)]);
  const distractors = variant === "S" || variant === "L"
    ? await readSlugs("clevr-ds-distractors")
    : [];
  return { slugs, names: await Promise.all(slugs.map(spriteName)), distractors };
}

/**
 * Loads the sprites of all given objects, ready to be drawn.
 *
 * @param slugs the objects
 * @param family the style
 * @returns a function that gives the sprite of a slug
 * @throws {Error} when the family does not draw one of them
 */
export async function loadPyramids(
  slugs: readonly string[],
  family: SpriteFamily,
): Promise<(slug: string) => SpritePyramid> {
  const pyramids = new Map<string, SpritePyramid>();
  for (const slug of slugs) {
    const sprite: RgbaImage | undefined = await loadSprite(slug, family);
    if (!sprite) throw new Error(`Cannot load sprites: family ${family} does not draw "${slug}"`);
    pyramids.set(slug, buildPyramid(sprite));
  }
  return (slug) => {
    const pyramid = pyramids.get(slug);
    if (!pyramid) throw new Error(`Cannot draw "${slug}": its sprite was not loaded`);
    return pyramid;
  };
}
