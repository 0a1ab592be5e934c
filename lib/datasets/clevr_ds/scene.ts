/**
 * Draws one CLEVR-DS scene: lays the objects out on a floor, nearer ones lower in the picture, and composes
 * ground, shadows and sprites, with the exact box of every object.
 *
 * @module
 */
import type { Random } from "../../numeric/random.ts";
import type { Box } from "../../covers/cover.ts";
import type { RgbImage } from "../../images/decode.ts";
import { compositeRgba, type RgbaImage } from "../../images/rgba.ts";
import { drawGround, type Light, randomLight } from "./ground.ts";
import { Occlusion } from "./occlusion.ts";
import { drawSprite, type SpritePyramid, turnedSide } from "./pyramid.ts";
import { MIN_VISIBLE, type PlannedObject, SIDE_RANGES } from "./recipe.ts";
import { applyShadow, castShadow } from "./shadow.ts";

/** An object as it was drawn. */
export interface SceneObject extends PlannedObject {
  /** The tight box in px of the object as drawn, hidden parts included; never cut by the image's edge. */
  box: Box;
  /** Its visible pixels. */
  area: number;
  /** Its visible pixels as a fraction of all its pixels. */
  visible: number;
}

/** A finished scene. */
export interface Scene {
  /** The picture (size, size, 3). */
  image: RgbImage;
  /** The objects in the order of the plan. */
  objects: SceneObject[];
}

/** Options of {@linkcode drawScene}. */
export interface SceneOptions {
  /** Side of the square picture in px. */
  size: number;
  /** Whether objects may hide parts of each other. */
  overlap: boolean;
  /** Gives the sprite of a slug. */
  sprite: (slug: string) => SpritePyramid;
}

const BORDER = 3; // px between any object and the edge of the image
const GAP = 4; // px between boxes where nothing may overlap
const TRIES = 40; // random places before every place is tried
const SCENE_TRIES = 12; // layouts before giving up, each with smaller large objects

/** Draws an object at a size of its group; `depth` is 0 at the horizon and 1 in front. */
function poseObject(
  random: Random,
  plan: PlannedObject,
  light: Light,
  depth: number,
  shrink: number,
  { size, sprite }: SceneOptions,
): RgbaImage {
  const [least, most] = SIDE_RANGES[plan.size];
  // Mild perspective: what stands further back is drawn from the smaller part of the range.
  const share = plan.size === "small"
    ? 0.35 * depth + 0.65 * random.next()
    : random.next() * shrink;
  const angle = random.uniform(-1, 1) * (random.next() < 0.5 ? 0.05 : 0.2);
  const pyramid = sprite(plan.slug);
  const brightness = random.uniform(0.9, 1.08),
    tint = () => brightness * random.uniform(0.97, 1.03);
  const whole = turnedSide(pyramid, angle);
  return drawSprite(pyramid, {
    scale: Math.min(1, (least + share * (most - least)) * size / whole),
    angle,
    flip: random.next() < 0.5,
    gains: [tint(), tint(), tint()],
    shade: -Math.sign(light.shear) * random.uniform(0.02, 0.08), // brighter where the light comes from
  });
}

/** Finds a place for one object: near its depth at first, then anywhere on the floor. */
function placeObject(
  random: Random,
  stage: Occlusion,
  object: RgbaImage,
  rows: { first: number; last: number; wanted: number },
  { size, overlap }: SceneOptions,
): boolean {
  const lastLeft = size - BORDER - object.width;
  const attempt = (left: number, top: number) =>
    (overlap || stage.isApart(object, left, top, GAP)) &&
    stage.place(object, left, top, MIN_VISIBLE);
  for (let i = 0; i < TRIES; i++) {
    const spread = (rows.last - rows.first) * i / TRIES;
    const top = Math.round(rows.wanted + random.uniform(-1, 1) * spread);
    const inside = Math.min(rows.last, Math.max(rows.first, top));
    if (attempt(random.integer(BORDER, lastLeft), inside)) return true;
  }
  const step = Math.max(4, Math.round(size / 60));
  const places: [number, number][] = [];
  for (let top = rows.first; top <= rows.last; top += step) {
    for (let left = BORDER; left <= lastLeft; left += step) places.push([left, top]);
  }
  return random.shuffle(places).some(([left, top]) => attempt(left, top));
}

/** Lays out a whole scene, or returns undefined when it does not fit this time. */
function layOut(
  random: Random,
  plan: readonly PlannedObject[],
  light: Light,
  horizon: number,
  shrink: number,
  options: SceneOptions,
): Occlusion | undefined {
  const stage = new Occlusion(options.size);
  for (const planned of plan) {
    const depth = random.next();
    const object = poseObject(random, planned, light, depth, shrink, options);
    // Feet stand on the floor: below the horizon and inside the image, as does the head.
    const first = Math.max(BORDER, horizon + Math.round(options.size * 0.02) - object.height);
    const last = options.size - BORDER - object.height;
    const wanted = Math.round(first + depth * (last - first));
    if (!placeObject(random, stage, object, { first, last, wanted }, options)) return undefined;
  }
  return stage;
}

/**
 * Draws a scene.
 *
 * @param random the source of chance; equal generators and plans give equal scenes
 * @param plan the objects, large ones first
 * @param options size of the picture, overlap, and where sprites come from
 * @returns the picture and its objects
 * @throws {Error} when the objects find no room
 */
export function drawScene(
  random: Random,
  plan: readonly PlannedObject[],
  options: SceneOptions,
): Scene {
  const light = randomLight(random.fork("light"));
  const ground = drawGround(random.fork("ground"), options.size, light);
  let stage: Occlusion | undefined;
  for (let i = 0; i < SCENE_TRIES && !stage; i++) {
    const shrink = 1 - i / SCENE_TRIES;
    stage = layOut(random.fork(`layout ${i}`), plan, light, ground.horizon, shrink, options);
  }
  if (!stage) {
    throw new Error(
      `Cannot draw scene: ${plan.length} objects find no room in ${options.size} px`,
    );
  }
  const farToNear = [...stage.placed].sort((a, b) =>
    (a.top + a.object.height) - (b.top + b.object.height)
  );
  for (const { object, left, top } of farToNear) {
    applyShadow(ground.image, castShadow(object, light), left, top);
    compositeRgba(ground.image, object, left, top);
  }
  const objects = stage.placed.map(({ object, left, top, area, visible }, i) => ({
    ...plan[i],
    box: { left, top, width: object.width, height: object.height },
    area: visible,
    visible: visible / area,
  }));
  return { image: ground.image, objects };
}
