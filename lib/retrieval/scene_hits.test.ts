import assert from "node:assert/strict";
import type { Box } from "../covers/cover.ts";
import { createRandom } from "../numeric/random.ts";
import { createHitFinder, foundByClass, rPrecision, type SceneHit } from "./scene_hits.ts";

const SCENE = 1000, SIDE = 20, TILE = 100;

/** Random patches of tiles that do not overlap, in two dimensions. */
function randomTiles(seed: number) {
  const random = createRandom(seed);
  return Array.from({ length: (SCENE / TILE) ** 2 }, (_, n) => {
    const tile = {
      left: TILE * (n % 10),
      top: TILE * Math.floor(n / 10),
      width: TILE,
      height: TILE,
    };
    const boxes = Array.from({ length: 30 }, () => ({
      left: random.integer(0, TILE - SIDE),
      top: random.integer(0, TILE - SIDE),
      width: SIDE,
      height: SIDE,
    }));
    const angles = boxes.map(() => random.uniform(0, 2 * Math.PI));
    return {
      tile,
      boxes,
      features: Float32Array.from(angles.flatMap((a) => [Math.cos(a), Math.sin(a)])),
    };
  });
}

const QUERIES = Float32Array.of(1, 0, 0, 1);

function find(tiles: ReturnType<typeof randomTiles>, count: number): SceneHit[][] {
  const finder = createHitFinder(QUERIES, { dim: 2, count });
  for (const { tile, ...patches } of tiles) finder.add(patches, tile);
  return finder.finish();
}

/** Greedy suppression over all patches at once, written without the finder's own parts. */
function expected(tiles: ReturnType<typeof randomTiles>, q: number, count: number): Box[] {
  const all = tiles.flatMap(({ tile, boxes, features }) =>
    boxes.map((box, p) => ({
      score: Math.fround(features[2 * p + q]),
      box: { ...box, left: tile.left + box.left, top: tile.top + box.top },
    }))
  ).sort((a, b) => b.score - a.score);
  const kept: Box[] = [];
  for (const { box } of all) {
    const apart = kept.every((other) => {
      const x = SIDE - Math.abs(other.left - box.left), y = SIDE - Math.abs(other.top - box.top);
      return x <= 0 || y <= 0 || x * y <= SIDE * SIDE / 5;
    });
    if (apart && kept.length < count) kept.push(box);
  }
  return kept;
}

Deno.test("scene hits: the best places, each once, whatever the order of tiles", () => {
  const tiles = randomTiles(1), hits = find(tiles, 10);
  for (const q of [0, 1]) {
    assert.deepEqual(hits[q].map(({ box }) => box), expected(tiles, q, 10));
    assert.ok(hits[q].every(({ score }, i) => i === 0 || score <= hits[q][i - 1].score));
  }
  assert.deepEqual(find(tiles.toReversed(), 10), hits);
});

Deno.test("scene hits: one object in overlapping tiles and patches of two scales is one hit", () => {
  const finder = createHitFinder(Float32Array.of(1, 0), { dim: 2, count: 5 });
  const box = (left: number, side: number) => ({ left, top: 0, width: side, height: side });
  const tile = (left: number) => ({ left, top: 0, width: 100, height: 100 });
  const near = [Float32Array.of(0.9, 0), Float32Array.of(0.8, 0)];
  finder.add({
    features: Float32Array.of(...near[0], ...near[1]),
    boxes: [box(80, 10), box(75, 25)],
  }, tile(0));
  finder.add(
    { features: Float32Array.of(...near[0], 0.1, 0), boxes: [box(0, 10), box(50, 10)] },
    tile(80),
  );
  const [hits] = finder.finish();
  assert.deepEqual(hits.map((hit) => hit.box.left), [80, 130]);
});

Deno.test("scene hits: nonsense is refused", () => {
  const finder = createHitFinder(QUERIES, { dim: 2 });
  const tile = { left: 0, top: 0, width: 9, height: 9 };
  const add = (...values: number[]) => () =>
    finder.add({ features: Float32Array.from(values), boxes: [tile] }, tile);
  assert.throws(add(1), /1 boxes need 2 values, got 1/);
  assert.throws(add(NaN, 0), /a value is NaN/);
  assert.throws(
    () => createHitFinder(QUERIES, { dim: 2, count: 0 }),
    /count must be a positive integer/,
  );
  assert.throws(() => createHitFinder(QUERIES, { dim: 3 }), /not a whole number of vectors of 3/);
  assert.deepEqual(finder.finish(), [[], []]);
});

Deno.test("R-precision: each object once, wholly inside, by a window that answers for it, among the first R", () => {
  const square = (left: number, side: number) => ({ left, top: 0, width: side, height: side });
  const hit = (box: Box): SceneHit => ({ box, score: 0 });
  const objects = [square(10, 10), square(100, 10), square(200, 10), square(300, 10)];
  const hits = [
    hit(square(5, 20)), // shows the first
    hit(square(8, 30)), // shows it again
    hit(square(95, 12)), // cuts the second
    hit(square(150, 100)), // as wide as k objects: too wide for the third
    hit(square(295, 20)), // shows the fourth, too late
  ];
  assert.equal(rPrecision(hits, objects, 10), 0.25);
  assert.equal(rPrecision(hits.slice(3), objects, 10), 0.25);
  assert.equal(rPrecision(hits.slice(3), objects, 11), 0.5);
  assert.equal(rPrecision([], objects, 10), 0);
  assert.ok(Number.isNaN(rPrecision(hits, [], 10)));
});

Deno.test("what is found over all classes is weighted by their objects; classes without any are left out", () => {
  const at = (left: number) => ({ left, top: 0, width: 10, height: 10 });
  const hit = (left: number): SceneHit => ({ box: at(left), score: 0 });
  const objects = [0, 0, 0, 2].map((category, i) => ({ category, box: at(20 * i) }));
  const hits = [[hit(0), hit(20), hit(100)], [hit(60)], [hit(0), hit(60)]];
  assert.deepEqual(foundByClass(hits, objects, 10), {
    classes: [
      { category: 0, objects: 3, found: 2 / 3 },
      { category: 2, objects: 1, found: 0 },
    ],
    found: 0.5,
  });
  assert.ok(Number.isNaN(foundByClass(hits, [], 10).found));
});
