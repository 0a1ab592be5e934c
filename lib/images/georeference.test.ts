import assert from "node:assert/strict";
import { longitudeLatitude, readGeoreference, toMap } from "./georeference.ts";
import { openScene } from "./scene.ts";
import { type MapGrid, writeTiledTiff } from "./tiled_tiff.ts";

async function placeOf(map?: MapGrid) {
  const path = await Deno.makeTempFile({ suffix: ".tif" });
  const render = ({ width, height }: { width: number; height: number }) =>
    Promise.resolve(new Uint8Array(width * height * 3));
  try {
    await writeTiledTiff(path, { width: 64, height: 32, bands: 3, bits: 8, map }, render);
    return (await openScene(path)).place;
  } finally {
    await Deno.remove(path);
  }
}

/** Degrees beside those of pyproj 3.7 (PROJ 9.5). */
function assertNear(found: readonly number[], expected: readonly number[]): void {
  found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9, `${found}`));
}

Deno.test("georeference: pixels to the coordinates of the scene's system and to degrees", async () => {
  const place = (await placeOf({ epsg: 32632, origin: [691_000, 5_335_000], pixel: [0.5, 0.5] }))!;
  assert.equal(place.epsg, 32632);
  assert.deepEqual(toMap(place, 0, 0), [691_000, 5_335_000]);
  assert.deepEqual(toMap(place, 856, 470), [691_428, 5_334_765]);
  assertNear(longitudeLatitude(place)!(856, 470), [11.573142952466295, 48.1373175805753]);
});

Deno.test("georeference: degrees stay, other systems have none, and no place is none", async () => {
  const degrees = (await placeOf({ epsg: 4326, origin: [10, 50], pixel: [0.1, 0.2] }))!;
  assertNear(longitudeLatitude(degrees)!(10, 5), [11, 49]);
  const swiss = (await placeOf({ epsg: 2056, origin: [2_600_000, 1_200_000], pixel: [1, 1] }))!;
  assert.equal(swiss.epsg, 2056);
  assert.equal(longitudeLatitude(swiss), undefined);
  const south = (await placeOf({ epsg: 32733, origin: [500_000, 6_000_000], pixel: [10, 10] }))!;
  assertNear(longitudeLatitude(south)!(0, 0), [15, -36.14471809881776]);
  const web = (await placeOf({ epsg: 3857, origin: [1_288_000, 6_130_000], pixel: [1, 1] }))!;
  assertNear(longitudeLatitude(web)!(0, 0), [11.570300859459435, 48.13893577321173]);
  assert.equal(await placeOf(), undefined);
});

Deno.test("georeference: a projection without a code is not the degrees that it is based on; pixels are areas unless said", async () => {
  const fields: Record<string, number[]> = {
    ModelPixelScale: [10, 10, 0],
    ModelTiepoint: [0, 0, 0, 500_000, 5_000_000, 0],
  };
  const read = (keys: Record<string, number>) =>
    readGeoreference({
      getFileDirectory: () => ({
        hasTag: (tag: string) => tag in fields,
        loadValue: (tag: string) => Promise.resolve(fields[tag]),
      }),
      getGeoKeys: () => keys,
    } as never);
  const own = (await read({
    GTModelTypeGeoKey: 1,
    ProjectedCSTypeGeoKey: 32767,
    GeographicTypeGeoKey: 4326,
  }))!;
  assert.equal(own.epsg, undefined);
  assert.deepEqual(toMap(own, 0, 0), [500_000, 5_000_000]);
  const points = (await read({ ProjectedCSTypeGeoKey: 32632, GTRasterTypeGeoKey: 2 }))!;
  assert.equal(points.epsg, 32632);
  assert.deepEqual(toMap(points, 0, 0), [499_995, 5_000_005]);
  assert.equal((await read({ GeographicTypeGeoKey: 4326, GTModelTypeGeoKey: 2 }))!.epsg, 4326);
});
