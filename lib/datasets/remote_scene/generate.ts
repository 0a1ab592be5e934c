/**
 * A generated remote-sensing scene: ships on water and vehicles on ground, a few px long, with exact oriented boxes.
 *
 * @module
 */
import type { Corners, Point } from "../dataset.ts";
import type { Box } from "../../covers/mod.ts";
import type { RgbImage } from "../../images/mod.ts";
import { createRandom } from "../../numeric/random.ts";
import { loadPyramids } from "../clevr_ds/classes.ts";
import { drawCentred, type SpritePyramid } from "../clevr_ds/pyramid.ts";
import { spriteName } from "../clevr_ds/sprites.ts";
import { createTerrain, type Terrain } from "./terrain.ts";

/** What decides a generated scene. */
export interface RemoteSceneConfig {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Equal seeds give equal scenes. */
  seed: number;
  /** Objects a megapixel at most; 40 unless told. The coast has none. */
  density?: number;
  /** Shortest and longest object, along its longer side, in px; 8 to 30 unless told. */
  lengths?: [shortest: number, longest: number];
  /** Objects are turned by up to this many degrees to either side; 180 unless told. */
  turn?: number;
}

/** One object of a scene. */
export interface RemoteObject {
  /** Index into the scene's categories. */
  category: number;
  /** Corners of its oriented box, clockwise from what is the top left one before it is turned. */
  corners: Corners;
  /** The smallest upright box of whole px around it. */
  box: Box;
}

/** A scene that is drawn window by window. */
export interface RemoteScene {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Names of the classes. */
  categories: string[];
  /** Its objects, row by row of the cells in which they lie. */
  objects: RemoteObject[];
  /** Draws a window: the same pixels whatever window they are drawn in. */
  draw(box: Box): RgbImage;
}

/** What floats and what drives; all are classes of CLEVR-DS, which the embedded encoder knows. */
const AFLOAT = ["sailboat"];
const ASHORE = [
  "bus",
  "fire_engine",
  "taxi",
  "tractor",
  "racing_car",
  "locomotive",
  "airplane",
  "helicopter",
];

/** An object and how it is drawn. */
interface Placed extends RemoteObject {
  sprite: SpritePyramid;
  scale: number;
  angle: number;
  flip: boolean;
  /** The top left corner of the square it is drawn in. */
  left: number;
  top: number;
  /** The side of that square. */
  side: number;
}

/**
 * Makes a scene. It holds the objects only; pixels are drawn when they are asked for.
 *
 * @param config its size, seed and objects
 * @throws {RangeError} when a value is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { remoteScene } from "detailclip/datasets";
 * const scene = await remoteScene({ width: 2000, height: 1500, seed: 7 });
 * const { data } = scene.draw({ left: 500, top: 0, width: 64, height: 32 });
 * assert(data.length === 64 * 32 * 3 && scene.objects.length > 20);
 * ```
 */
export async function remoteScene(config: RemoteSceneConfig): Promise<RemoteScene> {
  const { width, height, seed, density = 40, lengths = [8, 30], turn = 180 } = config;
  const [shortest, longest] = lengths, cell = 1000 / Math.sqrt(density);
  const counts = [width, height, shortest, longest].every((n) => Number.isSafeInteger(n) && n > 0);
  // an object turned by 45 degrees needs more room than its length
  const room = Math.ceil(1.5 * longest) + 4;
  const fits = counts && shortest <= longest && longest <= 150 && room <= cell && turn >= 0;
  if (!fits || !Number.isSafeInteger(seed)) {
    throw new RangeError(
      `Cannot make scene: it needs a size in px, a whole seed, objects of at most 150 px and ${room} px for each, ` +
        `got ${JSON.stringify(config)}`,
    );
  }
  const slugs = [...AFLOAT, ...ASHORE], sprites = await loadPyramids(slugs, "fluent-3d");
  const terrain = createTerrain(seed);
  const columns = Math.floor(width / cell), rows = Math.floor(height / cell);
  const placed: Placed[] = [];
  for (let n = 0; n < columns * rows; n++) {
    const random = createRandom(`${seed}/${n}`);
    const margin = room / 2, free = cell - room;
    const x = (n % columns) * cell + margin + random.uniform(0, free);
    const y = Math.floor(n / columns) * cell + margin + random.uniform(0, free);
    const names = namesAt(terrain, x, y);
    if (names.length === 0) continue;
    const slug = random.pick(names), sprite = sprites(slug);
    const { width: w, height: h } = sprite.levels[0];
    placed.push(place(
      {
        category: slugs.indexOf(slug),
        sprite,
        scale: random.uniform(shortest, longest) / Math.max(w, h),
        angle: random.uniform(-turn, turn) * Math.PI / 180,
        flip: random.next() < 0.5,
      },
      x,
      y,
    ));
  }
  const cells = indexByCell(placed, cell, columns);
  const categories = await Promise.all(slugs.map(spriteName));
  const objects = placed.map(({ category, corners, box }) => ({ category, corners, box }));
  return { width, height, categories, objects, draw: (box) => draw(terrain, cells(box), box) };
}

function namesAt(terrain: Terrain, x: number, y: number): string[] {
  return terrain.isWater(x, y) ? AFLOAT : terrain.isGround(x, y) ? ASHORE : [];
}

/** Puts an object near a place: where its square has whole coordinates. */
function place(
  object: Pick<Placed, "category" | "sprite" | "scale" | "angle" | "flip">,
  x: number,
  y: number,
): Placed {
  const { sprite: { levels: [{ width, height }] }, scale, angle } = object;
  const side = Math.ceil(Math.hypot(width, height) * scale) + 2; // as drawCentred has it
  const left = Math.round(x - side / 2), top = Math.round(y - side / 2);
  const centre = [left + side / 2, top + side / 2], cos = Math.cos(angle), sin = Math.sin(angle);
  const corner = (right: number, down: number): Point => {
    const u = right * width * scale / 2, v = down * height * scale / 2;
    return [centre[0] + cos * u - sin * v, centre[1] + sin * u + cos * v];
  };
  const corners = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)] as const;
  return { ...object, corners, box: enclosing(corners), left, top, side };
}

/** The smallest box of whole px around corners. */
function enclosing(corners: readonly Point[]): Box {
  const xs = corners.map(([x]) => x), ys = corners.map(([, y]) => y);
  const left = Math.floor(Math.min(...xs)), top = Math.floor(Math.min(...ys));
  return {
    left,
    top,
    width: Math.ceil(Math.max(...xs)) - left,
    height: Math.ceil(Math.max(...ys)) - top,
  };
}

/** Finds the objects that may reach into a box: those of its cells and of the ones around. */
function indexByCell(placed: readonly Placed[], cell: number, columns: number) {
  const byCell = new Map<number, Placed>();
  for (const object of placed) {
    const column = Math.floor((object.left + object.side / 2) / cell);
    byCell.set(Math.floor((object.top + object.side / 2) / cell) * columns + column, object);
  }
  return ({ left, top, width, height }: Box): Placed[] => {
    const found: Placed[] = [];
    const from = (start: number) => Math.floor(start / cell) - 1;
    const to = (end: number) => Math.floor(end / cell) + 1;
    for (let row = Math.max(0, from(top)); row <= to(top + height); row++) {
      for (let column = Math.max(0, from(left)); column <= to(left + width); column++) {
        const object = column < columns ? byCell.get(row * columns + column) : undefined;
        if (object) found.push(object);
      }
    }
    return found;
  };
}

/** Draws the ground of a box, and the objects upon it. */
function draw(terrain: Terrain, objects: readonly Placed[], box: Box): RgbImage {
  const image = terrain.draw(box);
  for (const object of objects) {
    const { left, top, side } = object;
    const isOutside = left >= box.left + box.width || left + side <= box.left ||
      top >= box.top + box.height || top + side <= box.top;
    if (!isOutside) blend(image, object, box);
  }
  return image;
}

/** Lays an object over a picture. */
function blend(image: RgbImage, { sprite, scale, angle, flip, left, top }: Placed, box: Box): void {
  const pose = { scale, angle, flip, gains: [1, 1, 1], shade: 0 } as const;
  const { width: side, data } = drawCentred(sprite, pose); // (s, s, 4)
  for (let y = 0; y < side; y++) {
    const row = top + y - box.top;
    if (row < 0 || row >= box.height) continue;
    for (let x = 0; x < side; x++) {
      const column = left + x - box.left;
      if (column < 0 || column >= box.width) continue;
      const from = (y * side + x) * 4,
        to = (row * box.width + column) * 3,
        alpha = data[from + 3] / 255;
      for (let c = 0; c < 3; c++) {
        image.data[to + c] += Math.round(alpha * (data[from + c] - image.data[to + c]));
      }
    }
  }
}
