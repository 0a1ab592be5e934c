/**
 * Where the pixels of a GeoTIFF lie on the earth.
 *
 * @module
 */
import type { GeoTIFFImage } from "geotiff";
import proj4 from "proj4";

/** From pixels of a scene to coordinates. */
export interface Georeference {
  /** EPSG code of the coordinate reference system, where the file names one. */
  epsg?: number;
  /**
   * x = a column + b row + c, y = d column + e row + f, in units of the system: [a, b, c, d, e, f]. Whole numbers are
   * the corners of pixels, (0, 0) the top left one of the image.
   */
  affine: readonly [number, number, number, number, number, number];
}

/** What GeoTIFF writes for a system that no EPSG code names. */
const USER_DEFINED = 32767;

/** Reads the place of a GeoTIFF; nothing where it has none. */
export async function readGeoreference(image: GeoTIFFImage): Promise<Georeference | undefined> {
  const directory = image.getFileDirectory();
  const numbers = async (tag: "ModelTransformation" | "ModelPixelScale" | "ModelTiepoint") =>
    directory.hasTag(tag) ? Array.from(await directory.loadValue(tag) as number[]) : [];
  const affine = affineOf(
    await numbers("ModelTransformation"),
    await numbers("ModelPixelScale"),
    await numbers("ModelTiepoint"),
  );
  if (!affine?.every(Number.isFinite)) return undefined;
  const keys = image.getGeoKeys() ?? {};
  // a projection without a code of its own names the geographic system that it is based on, too
  const isProjected = keys.ProjectedCSTypeGeoKey !== undefined || keys.GTModelTypeGeoKey === 1;
  const code = Number(isProjected ? keys.ProjectedCSTypeGeoKey : keys.GeographicTypeGeoKey);
  const epsg = code > 0 && code !== USER_DEFINED ? code : undefined;
  const half = keys.GTRasterTypeGeoKey === 2 ? 0.5 : 0; // then whole numbers are the centres of pixels
  const [a, b, c, d, e, f] = affine;
  return { epsg, affine: [a, b, c - half * (a + b), d, e, f - half * (d + e)] };
}

/** The affine map of GeoTIFF's three fields, a 4 x 4 matrix, or a scale and a point that is tied. */
function affineOf(
  matrix: number[],
  scale: number[],
  tie: number[],
): [number, number, number, number, number, number] | undefined {
  if (matrix.length === 16) {
    return [matrix[0], matrix[1], matrix[3], matrix[4], matrix[5], matrix[7]];
  }
  if (scale.length < 2 || tie.length < 6) return undefined;
  const [column, row, , x, y] = tie, [width, height] = scale;
  return [width, 0, x - column * width, 0, -height, y + row * height];
}

/** The proj4 definition of WGS 84, web Mercator and the UTM zones on WGS 84, which most scenes are in. */
function definitionOf(epsg: number): string | undefined {
  if (epsg === 4326) return "+proj=longlat +datum=WGS84";
  if (epsg === 3857) {
    return "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m";
  }
  const zone = epsg % 100, family = epsg - zone;
  if (zone < 1 || zone > 60 || (family !== 32600 && family !== 32700)) return undefined;
  return `+proj=utm +zone=${zone}${family === 32700 ? " +south" : ""} +datum=WGS84 +units=m`;
}

/** A point of a scene in px as coordinates of its system. */
export function toMap({ affine: [a, b, c, d, e, f] }: Georeference, column: number, row: number): [
  number,
  number,
] {
  return [a * column + b * row + c, d * column + e * row + f];
}

/**
 * Makes a function from pixels to longitude and latitude (degrees, WGS 84).
 *
 * @param place of the scene
 * @returns the function; nothing where the scene's system is none of WGS 84, web Mercator and UTM on WGS 84
 */
export function longitudeLatitude(
  place: Georeference,
): ((column: number, row: number) => [longitude: number, latitude: number]) | undefined {
  const definition = place.epsg === undefined ? undefined : definitionOf(place.epsg);
  if (!definition) return undefined;
  const { inverse } = proj4("+proj=longlat +datum=WGS84", definition);
  return (column, row) => inverse(toMap(place, column, row)) as [number, number];
}
