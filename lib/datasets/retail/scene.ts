/**
 * A generated retail scene: products on the shelves of a shop, with the exact box of each.
 *
 * Paper: Unity-Retail (§5.1, A.2) has 16 classes of products; its scenes are not public. Products here are renderings of
 * classes of CLEVR-DS, which the embedded encoder knows; shelves, price tags and cartons are plain drawings.
 *
 * @module
 */
import type { Box } from "../../covers/mod.ts";
import { compositeRgba } from "../../images/rgba.ts";
import type { RgbImage } from "../../images/mod.ts";
import type { Random } from "../../numeric/random.ts";
import { drawSprite, type SpritePyramid, turnedSide } from "../clevr_ds/pyramid.ts";

/** Slugs of the 16 products, in the order of the classes. */
export const PRODUCTS: readonly string[] = [
  ...["red_apple", "banana", "pineapple", "watermelon", "carrot", "broccoli", "croissant"],
  ...["pretzel", "doughnut", "cheese_wedge", "teapot", "wine_glass", "teddy_bear", "soccer_ball"],
  ...["light_bulb", "alarm_clock"],
];

/** Objects of a scene at least and at most. */
export const RETAIL_OBJECTS = [9, 19] as const;

/** Shelves of a scene, and places on each. */
const SHELVES = 4, PLACES = 6;
/** Products of a kind that stand side by side at most: its facings. */
const FACINGS = 4;
/** Larger side of a product as a share of the image's side. */
const SIDES = [0.08, 0.14] as const;
/** Thickness of a board, and of the rail for price tags that is part of it, as shares of the image's side. */
const BOARD = 0.035, RAIL = 0.02;
/** How many of the places without a product hold a carton. */
const CARTONS = 0.75;

type Colour = readonly [red: number, green: number, blue: number];
const WALLS: readonly Colour[] = [[206, 204, 198], [186, 194, 202], [214, 206, 190]];
const BOARDS: readonly Colour[] = [[240, 240, 238], [150, 116, 82], [128, 132, 138]];

/** A product as it was drawn. */
export interface RetailObject {
  /** Index into {@linkcode PRODUCTS}. */
  category: number;
  /** The smallest box of whole px around what is visible of it. */
  box: Box;
}

/** A finished scene. */
export interface RetailScene {
  /** The picture (size, size, 3). */
  image: RgbImage;
  /** Its objects, shelf by shelf from the left. */
  objects: RetailObject[];
}

/** Fills a rectangle, from a colour at its top to another at its foot. */
function fill(image: RgbImage, { left, top, width, height }: Box, above: Colour, below = above) {
  const [x0, x1] = [left, left + width].map((x) => Math.min(image.width, Math.max(0, x)));
  for (let y = Math.max(0, top); y < Math.min(image.height, top + height); y++) {
    const share = (y - top) / height;
    for (let at = (y * image.width + x0) * 3; at < (y * image.width + x1) * 3; at += 3) {
      for (let c = 0; c < 3; c++) image.data[at + c] = above[c] + (below[c] - above[c]) * share;
    }
  }
}

const times = (colour: Colour, factor: number) =>
  colour.map((value) => Math.min(255, value * factor)) as unknown as Colour;

/**
 * Decides what stands where: 9 to 19 places have a product, in groups of one to four of a kind.
 *
 * @param random the source of chance
 * @returns of each place, shelf by shelf from the left, the product's index and the number of its group
 */
export function planShelves(random: Random): ({ category: number; group: number } | undefined)[] {
  const places = random.shuffle(Array.from({ length: SHELVES * PLACES }, (_, place) => place));
  const taken = places.slice(0, random.integer(...RETAIL_OBJECTS)).sort((a, b) => a - b);
  const order = random.shuffle(PRODUCTS.map((_, category) => category));
  const plan: ReturnType<typeof planShelves> = Array(SHELVES * PLACES).fill(undefined);
  for (let group = 0; taken.length > 0; group++) {
    const category = order[group % order.length];
    for (const place of taken.splice(0, random.integer(1, FACINGS))) {
      plan[place] = { category, group };
    }
  }
  return plan;
}

/** Draws the wall, then boards with their rails. */
function drawShelves(random: Random, image: RgbImage): void {
  const { height: size, width } = image, wall = random.pick(WALLS), board = random.pick(BOARDS);
  const light = random.uniform(0.9, 1.05), thick = Math.round(BOARD * size);
  for (let shelf = 0; shelf < SHELVES; shelf++) {
    const top = Math.round(shelf * size / SHELVES), foot = footOf(shelf, size);
    const back = { left: 0, top, width, height: foot - top };
    fill(image, back, times(wall, 0.72 * light), times(wall, light)); // in the shade of the board above
    fill(image, { left: 0, top: foot, width, height: thick }, board, times(board, 0.9));
    const rail = Math.round(RAIL * size), railTop = foot + thick - rail;
    fill(image, { left: 0, top: railTop, width, height: rail }, times(board, 0.75));
  }
}

/** Where the products of a shelf stand, in px from the top. */
const footOf = (shelf: number, size: number) =>
  Math.round((shelf + 1) * size / SHELVES) - Math.round(BOARD * size);

/** A price tag on the rail, with a line for the price. */
function drawTag(random: Random, image: RgbImage, centre: number, foot: number): void {
  const size = image.height, width = Math.round(0.06 * size), height = Math.round(0.016 * size);
  const top = foot + Math.round((BOARD - RAIL) * size) + 1, left = Math.round(centre - width / 2);
  fill(image, { left, top, width, height }, [250, 250, 244]);
  const line = { left: left + 3, top: top + Math.floor(height / 3), width: 0, height: 2 };
  fill(image, { ...line, width: Math.round(width * random.uniform(0.3, 0.7)) }, [196, 40, 36]);
}

/** A carton: no product of any class. */
function drawCarton(random: Random, image: RgbImage, centre: number, foot: number): void {
  const size = image.height, width = Math.round(random.uniform(0.07, 0.13) * size);
  const height = Math.round(random.uniform(0.07, 0.16) * size);
  const [left, top] = [Math.round(centre - width / 2), foot - height];
  const tint = (): Colour => [0, 1, 2].map(() => random.integer(50, 225)) as unknown as Colour;
  const front = tint(), stripe = Math.round(height * random.uniform(0.15, 0.4));
  fill(image, { left, top, width, height }, times(front, 1.06), times(front, 0.9));
  const label = { left, top: top + Math.round(height * random.uniform(0.2, 0.4)), width };
  fill(image, { ...label, height: stripe }, tint());
  fill(image, { left: left + width - 3, top, width: 3, height }, times(front, 0.7));
}

/**
 * Draws a scene.
 *
 * @param random the source of chance; equal generators give equal scenes
 * @param options side of the picture in px, and where sprites of {@linkcode PRODUCTS} come from
 */
export function drawRetail(
  random: Random,
  { size, sprite }: { size: number; sprite: (slug: string) => SpritePyramid },
): RetailScene {
  const image: RgbImage = { width: size, height: size, data: new Uint8Array(size * size * 3) };
  drawShelves(random.fork("shelves"), image);
  const objects: RetailObject[] = [], sides = new Map<number, number>();
  planShelves(random.fork("plan")).forEach((planned, place) => {
    const own = random.fork(`place ${place}`), foot = footOf(Math.floor(place / PLACES), size);
    const centre = (place % PLACES + 0.5 + own.uniform(-0.06, 0.06)) * size / PLACES;
    if (planned === undefined) {
      if (own.next() < CARTONS) drawCarton(own, image, centre, foot);
      return;
    }
    const { category, group } = planned, pyramid = sprite(PRODUCTS[category]);
    const share = sides.getOrInsertComputed(group, () => own.uniform(...SIDES));
    const angle = own.uniform(-0.08, 0.08), gain = own.uniform(0.9, 1.06);
    const pose = { angle, flip: own.next() < 0.5, gains: [gain, gain, gain], shade: 0.04 } as const;
    const scale = Math.min(1, share * size / turnedSide(pyramid, angle));
    const product = drawSprite(pyramid, { ...pose, scale });
    const { width, height } = product, left = Math.round(centre - width / 2), top = foot - height;
    fill(image, { left: left + 2, top: foot, width: width - 4, height: 2 }, [70, 66, 60]); // its shadow
    compositeRgba(image, product, left, top);
    drawTag(own, image, centre, foot);
    objects.push({ category, box: { left, top, width, height } });
  });
  return { image, objects };
}
