import assert from "node:assert/strict";
import type { Georeference } from "../images/mod.ts";
import { hitsToGeoJson } from "./geojson.ts";

const HITS = [[{ box: { left: 10, top: 20, width: 30, height: 40 }, score: 0.5 }], []];
const affine = [2, 0, 600_000, 0, -2, 5_000_000] as const;

/** Twice the signed area of a ring: positive where it runs counter-clockwise. */
function area(ring: [number, number][]): number {
  return ring.slice(1).reduce((sum, [x, y], i) => sum + ring[i][0] * y - x * ring[i][1], 0);
}

function ringOf(place?: Georeference) {
  const { crs, features } = hitsToGeoJson(HITS, ["ship", "car"], place);
  assert.equal(features.length, 1);
  const { geometry: { coordinates: [ring] }, properties } = features[0];
  assert.deepEqual(properties, {
    query: "ship",
    rank: 1,
    score: 0.5,
    left: 10,
    top: 20,
    width: 30,
    height: 40,
  });
  assert.deepEqual(ring[0], ring.at(-1));
  assert.ok(area(ring) > 0, "counter-clockwise");
  return { crs: crs?.properties.name, ring };
}

Deno.test("geojson: degrees where the system is known, its own coordinates and name where not", () => {
  const utm = ringOf({ epsg: 32632, affine });
  assert.equal(utm.crs, undefined);
  for (const [x, y] of utm.ring) {
    assert.ok(x > 10.2 && x < 10.3 && y > 45.1 && y < 45.2, `${x} ${y}`);
  }
  const swiss = ringOf({ epsg: 2056, affine });
  assert.equal(swiss.crs, "urn:ogc:def:crs:EPSG::2056");
  assert.deepEqual(swiss.ring[0], [600_020, 4_999_960]);
  assert.deepEqual(
    ringOf({ affine }),
    ringOf(),
    "coordinates of an unnamed system would pass for degrees",
  );
});

Deno.test("geojson: px with rows counting down where there is no place", () => {
  const { crs, ring } = ringOf();
  assert.equal(crs, undefined);
  assert.deepEqual(ring, [[10, -20], [10, -60], [40, -60], [40, -20], [10, -20]]);
});
