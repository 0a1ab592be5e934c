/**
 * What is found in a scene: the best patches of all tiles, each place once.
 *
 * @module
 */
import type { Box } from "../covers/cover.ts";
import type { Dataset } from "../datasets/mod.ts";
import type { FeatureStore } from "../features/mod.ts";
import { rowCount } from "../numeric/vectors.ts";

/** A place where a query matched. */
export interface SceneHit {
  /** The patch, in px of the scene. */
  box: Box;
  /** Cosine of patch and query. */
  score: number;
}

/** The patches of one tile. */
export interface TilePatches {
  /** Unit vectors. // (P, D) */
  features: Float32Array;
  /** P boxes, in px of the tile. */
  boxes: readonly Box[];
}

/** Takes tiles one by one; the memory needed is that of the hits, whatever the number of tiles. */
export interface HitFinder {
  /** Scores the patches of a tile, whose place in the scene is given. */
  add(patches: TilePatches, tile: Box): void;
  /** The hits of each query, the best first. // Q lists */
  finish(): SceneHit[][];
}

/** Options of {@linkcode createHitFinder}. */
export interface HitOptions {
  /** D, the length of a vector. */
  dim: number;
  /** Hits a query at most; 100 unless told. Fewer, where the best 32 times as many patches show fewer places. */
  count?: number;
  /**
   * Of two patches that share more than this fraction of the smaller one, only the better is a hit; 0.2 unless
   * told. Patches of all scales lie over each other, and so do tiles.
   */
  overlap?: number;
}

/** So many times the hits wanted are kept before those that show the same place fall away. */
const SPARE = 32;

/**
 * Makes a finder of the best places of a scene.
 *
 * @param queries one unit vector a query // (Q, D)
 * @returns a finder to which tiles are added
 * @throws {RangeError} when a length is not a multiple of `dim`, or an option is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createHitFinder } from "detailclip/retrieval";
 * const finder = createHitFinder(Float32Array.of(1, 0), { dim: 2 });
 * const box = { left: 5, top: 0, width: 10, height: 10 };
 * const tile = { left: 100, top: 200, width: 50, height: 50 };
 * finder.add({ features: Float32Array.of(0.6, 0.8), boxes: [box] }, tile);
 * const [[hit]] = finder.finish();
 * assert(hit.box.left === 105 && hit.box.top === 200 && Math.abs(hit.score - 0.6) < 1e-6);
 * ```
 */
export function createHitFinder(queries: Float32Array, options: HitOptions): HitFinder {
  const { dim, count = 100, overlap = 0.2 } = options;
  const rows = rowCount(queries, dim, "find hits");
  if (!Number.isSafeInteger(count) || count < 1 || !(overlap >= 0 && overlap < 1)) {
    throw new RangeError(
      `Cannot find hits: count must be a positive integer and overlap in [0, 1), got ${count}, ${overlap}`,
    );
  }
  const best = Array.from({ length: rows }, () => new BestHits(SPARE * count));
  return {
    add({ features, boxes }, tile) {
      if (features.length !== boxes.length * dim) {
        throw new RangeError(
          `Cannot find hits: ${boxes.length} boxes need ${boxes.length * dim} values, got ` +
            features.length,
        );
      }
      best.forEach((hits, q) => {
        const query = queries.subarray(q * dim, (q + 1) * dim);
        boxes.forEach((box, p) => {
          const score = dot(features, p * dim, query);
          if (Number.isNaN(score)) throw new RangeError("Cannot find hits: a value is NaN");
          if (!hits.admits(score)) return;
          const { width, height } = box;
          hits.push({
            score,
            box: { left: tile.left + box.left, top: tile.top + box.top, width, height },
          });
        });
      });
    },
    finish: () => best.map((hits) => distinct(hits.sorted(), count, overlap)),
  };
}

/**
 * Finds the best places of a scene in the features of its tiles; one shard of them is in memory at a time.
 *
 * @param store the features of the tiles
 * @param dataset the tiles, see `sceneTiles`
 * @param queries one unit vector a query // (Q, D)
 * @param options how many hits, and how far apart
 * @returns the hits of each query, the best first // Q lists
 * @throws {Error} as {@linkcode createHitFinder} does, or when a shard is damaged
 */
export async function findSceneHits(
  store: Pick<FeatureStore, "dim" | "images">,
  dataset: Pick<Dataset, "images">,
  queries: Float32Array,
  options: Omit<HitOptions, "dim"> = {},
): Promise<SceneHit[][]> {
  const finder = createHitFinder(queries, { ...options, dim: store.dim });
  const places = new Map(dataset.images.map(({ id, part }) => [id, part!.box]));
  for await (const { imageId, ...patches } of store.images()) {
    finder.add(patches, places.get(imageId)!);
  }
  return finder.finish();
}

function dot(values: Float32Array, at: number, query: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += values[at + i] * query[i];
  return sum;
}

/** By score; equal scores by place, so that the order of tiles does not matter. */
function compare(a: SceneHit, b: SceneHit): number {
  return b.score - a.score || a.box.top - b.box.top || a.box.left - b.box.left ||
    a.box.width - b.box.width || a.box.height - b.box.height;
}

/** The best of many hits, at least `limit` of them. */
class BestHits {
  #hits: SceneHit[] = [];
  #least = -Infinity;

  constructor(readonly limit: number) {}

  /** Whether a score is among the best so far; equal ones are, as their place may come first. */
  admits(score: number): boolean {
    return score >= this.#least;
  }

  push(hit: SceneHit): void {
    this.#hits.push(hit);
    if (this.#hits.length < 2 * this.limit) return;
    this.#hits = this.sorted().slice(0, this.limit);
    this.#least = this.#hits.at(-1)!.score;
  }

  sorted(): SceneHit[] {
    return this.#hits.toSorted(compare);
  }
}

/** The first hits that do not lie over a better one. */
function distinct(hits: readonly SceneHit[], count: number, overlap: number): SceneHit[] {
  const kept: SceneHit[] = [];
  for (const hit of hits) {
    if (kept.length === count) break;
    if (!kept.some(({ box }) => shared(box, hit.box) > overlap)) kept.push(hit);
  }
  return kept;
}

/** The part of the smaller box that lies in the other. */
function shared(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  return width * height / Math.min(a.width * a.height, b.width * b.height);
}

/** What is found of a class. */
export interface FoundClass {
  /** Index of the class. */
  category: number;
  /** Its objects. */
  objects: number;
  /** {@linkcode rPrecision} of its hits, a share from 0 to 1. */
  found: number;
}

/**
 * R-precision of each class that a scene has, and over all objects.
 *
 * @param hits a list a class, the best first
 * @param objects of all classes, upright boxes in px of the scene
 * @param k of the cover, 1/c
 * @returns the classes that have objects, and the share of all objects that is found; NaN where there is none
 */
export function foundByClass(
  hits: readonly (readonly SceneHit[])[],
  objects: readonly { category: number; box: Box }[],
  k: number,
): { classes: FoundClass[]; found: number } {
  const classes = hits.flatMap((ranked, category): FoundClass[] => {
    const boxes = objects.filter((object) => object.category === category).map(({ box }) => box);
    const count = boxes.length;
    return count === 0 ? [] : [{ category, objects: count, found: rPrecision(ranked, boxes, k) }];
  });
  const sum = classes.reduce((sum, { objects, found }) => sum + objects * found, 0);
  return { classes, found: sum / classes.reduce((sum, { objects }) => sum + objects, 0) };
}

/**
 * R-precision of hits: of the first R, R being the number of objects, the share that shows an object which none before
 * has shown. A hit shows an object that lies wholly inside it and is larger than |hit| / k^2 (paper eq. 4): a window
 * that merely happens to hold it, as a whole tile does, shows nothing.
 *
 * @param hits of one class, the best first
 * @param objects of that class, upright boxes in px of the scene
 * @param k of the cover, 1/c
 * @returns a share from 0 to 1; NaN where there is no object
 */
export function rPrecision(hits: readonly SceneHit[], objects: readonly Box[], k: number): number {
  const left = new Set(objects);
  for (const { box } of hits.slice(0, objects.length)) {
    for (const object of left) {
      const isInside = object.left >= box.left && object.top >= box.top &&
        object.left + object.width <= box.left + box.width &&
        object.top + object.height <= box.top + box.height;
      if (!isInside || object.width * object.height * k * k <= box.width * box.height) continue;
      left.delete(object);
      break;
    }
  }
  return (objects.length - left.size) / objects.length;
}
