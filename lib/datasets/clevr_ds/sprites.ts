/**
 * The objects of CLEVR-DS as pictures. ShapeNet, whose models the paper renders, cannot be shipped; the
 * objects here are openly licensed emoji renderings, read from pinned npm packages. `fluent-3d` is installed with
 * the workspace, each of the others when it is first drawn:
 *
 * | family | package | licence | use |
 * |---|---|---|---|
 * | `fluent-3d` | `@lobehub/fluent-emoji-3d` | MIT | scenes, training |
 * | `fluent-flat` | `@iconify-json/fluent-emoji-flat` | MIT | training |
 * | `twemoji` | `@iconify-json/twemoji` | CC-BY-4.0 | training |
 * | `fxemoji` | `@iconify-json/fxemoji` | Apache-2.0 | training |
 * | `noto` | `@iconify-json/noto` | Apache-2.0 | held out: never in training |
 *
 * @module
 */
import { createRequire } from "node:module";
import { decodeRgba, type RgbaImage } from "../../images/rgba.ts";
import { type FindIconFile, type IconFamily, openIconSet } from "./icon_sets.ts";

/** A set of drawings in one style, from one package. */
export type SpriteFamily = "fluent-3d" | "fluent-flat" | "noto" | "twemoji" | "fxemoji";

/** All families; `noto` is the one that no training ever sees. */
export const SPRITE_FAMILIES: readonly SpriteFamily[] = [
  "fluent-3d",
  "fluent-flat",
  "noto",
  "twemoji",
  "fxemoji",
];

/** Side in px of the square in which every sprite is drawn before it is trimmed. */
export const SPRITE_SIDE = 256;

/** Alpha (of 255) from which a pixel counts as part of an object, in trimming and in boxes. */
export const SOLID_ALPHA = 26;

const resolve = createRequire(import.meta.url).resolve;

/** The part of an Iconify icon set that is read. */
interface IconSet {
  width: number;
  height: number;
  icons: Record<string, { body: string; width?: number; height?: number }>;
  aliases?: Record<string, { parent: string }>;
}

/** fxemoji names its icons in its own words; most are the slug without underscores, these are not. */
const FXEMOJI_NAMES: Record<string, string> = {
  camel: "dromedarycamel",
  castle: "europeancastle",
  ear_of_corn: "earofmaize",
  eggplant: "aubergine",
  gem_stone: "gem",
  high_heeled_shoe: "heels",
  backpack: "schoolsatchel",
  locomotive: "steamlocomotive",
  pizza: "sliceofpizza",
  racing_car: "racecar",
  snowman: "snowmanwithoutsnow",
  telephone: "blacktelephone",
  wrapped_gift: "present",
};

/** What fxemoji draws as something else, or inside an opaque picture; it counts as not drawn. */
const FXEMOJI_UNFIT = new Set(["ferris_wheel", "sailboat", "sunglasses", "umbrella"]);

const cache = new Map<string, Promise<unknown>>();

/** Reads something once; a failed read is forgotten, so that it can be tried again. */
function once<T>(key: string, read: () => Promise<T>): Promise<T> {
  const known = cache.get(key) as Promise<T> | undefined;
  if (known) return known;
  const reading = read();
  cache.set(key, reading);
  reading.catch(() => cache.delete(key));
  return reading;
}

function readJson<T>(path: string): Promise<T> {
  return once(path, async () => JSON.parse(await Deno.readTextFile(path)) as T);
}

/** Emoji and English name of every slug of `unicode-emoji-json`. */
function readEmoji(): Promise<Map<string, { codePoints: string; name: string }>> {
  return once("emoji by slug", async () => {
    const table = await readJson<Record<string, { name: string; slug: string }>>(
      resolve("unicode-emoji-json/data-by-emoji.json"),
    );
    return new Map(
      Object.entries(table).map(([emoji, { name, slug }]) => {
        const codePoints = [...emoji].map((char) => char.codePointAt(0)!.toString(16)).join("-");
        return [slug, { codePoints, name }];
      }),
    );
  });
}

/**
 * The English name of a class, such as "red apple".
 *
 * @param slug the emoji's slug in npm `unicode-emoji-json`, such as `red_apple`
 * @returns its name
 * @throws {Error} when there is no such emoji
 */
export async function spriteName(slug: string): Promise<string> {
  const emoji = (await readEmoji()).get(slug);
  if (!emoji) throw new Error(`Cannot name sprite: no emoji has the slug "${slug}"`);
  return emoji.name;
}

const withoutSelector = (codePoints: string) => codePoints.replaceAll("-fe0f", "");

/** The WebP file of a 3-D sprite, with or without the variation selector in its name. */
async function readFluent3d(codePoints: string): Promise<Uint8Array | undefined> {
  for (const name of new Set([codePoints, withoutSelector(codePoints), `${codePoints}-fe0f`])) {
    try {
      return await Deno.readFile(resolve(`@lobehub/fluent-emoji-3d/assets/${name}.webp`));
    } catch { /* the next spelling */ }
  }
  return undefined;
}

/** The name of an icon in an Iconify set, or undefined when the set does not draw that emoji. */
async function iconName(family: IconFamily, find: FindIconFile, slug: string, codePoints: string) {
  if (family === "fxemoji") return FXEMOJI_NAMES[slug] ?? slug.replaceAll("_", "");
  const byCodePoints = await readJson<Record<string, string>>(find("chars.json"));
  return byCodePoints[codePoints] ?? byCodePoints[withoutSelector(codePoints)];
}

/** An icon as an SVG document. */
async function readSvg(family: IconFamily, slug: string, codePoints: string) {
  if (family === "fxemoji" && FXEMOJI_UNFIT.has(slug)) return undefined;
  const find = await once(`files of ${family}`, () => openIconSet(family));
  const name = await iconName(family, find, slug, codePoints);
  const set = await readJson<IconSet>(find("icons.json"));
  const icon = set.icons[name] ?? set.icons[set.aliases?.[name]?.parent ?? ""];
  if (!icon) return undefined;
  const width = icon.width ?? set.width, height = icon.height ?? set.height;
  return new TextEncoder().encode(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
      `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${icon.body}</svg>`,
  );
}

/**
 * Cuts away the transparent border of a picture.
 *
 * @param image the picture (H, W, 4)
 * @param alpha from this alpha on a pixel counts as visible
 * @returns a new picture, as large as the visible part
 * @throws {Error} when no pixel is visible
 */
export function trimRgba(image: RgbaImage, alpha: number = SOLID_ALPHA): RgbaImage {
  const { width, height, data } = image;
  let left = width, top = height, right = -1, bottom = -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[(y * width + x) * 4 + 3] < alpha) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (right < 0) throw new Error("Cannot trim picture: no pixel is visible");
  const w = right - left + 1, h = bottom - top + 1;
  const out = new Uint8Array(w * h * 4);
  for (let y = 0; y < h; y++) {
    const from = ((top + y) * width + left) * 4;
    out.set(data.subarray(from, from + w * 4), y * w * 4);
  }
  return { width: w, height: h, data: out };
}

/**
 * Reads one object in one style, trimmed to what is visible.
 *
 * @param slug the emoji's slug in npm `unicode-emoji-json`, such as `red_apple`
 * @param family the style
 * @returns straight-alpha pixels (h, w, 4), at most 256 px a side; undefined when the family does not
 *   draw this object
 * @throws {Error} when there is no such emoji, or the family's package cannot be installed
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadSprite } from "detailclip/datasets";
 * const apple = await loadSprite("red_apple", "noto");
 * assert(apple !== undefined && Math.max(apple.width, apple.height) > 200);
 * ```
 */
export function loadSprite(slug: string, family: SpriteFamily): Promise<RgbaImage | undefined> {
  return once(`${family}/${slug}`, async () => {
    const emoji = (await readEmoji()).get(slug);
    if (!emoji) throw new Error(`Cannot load sprite: no emoji has the slug "${slug}"`);
    const bytes = family === "fluent-3d"
      ? await readFluent3d(emoji.codePoints)
      : await readSvg(family, slug, emoji.codePoints);
    if (!bytes) return undefined;
    return trimRgba(await decodeRgba(bytes, { width: SPRITE_SIDE }));
  });
}
