/**
 * Hits as GeoJSON, for QGIS and other maps.
 *
 * @module
 */
import type { Georeference } from "../images/mod.ts";
import { longitudeLatitude, toMap } from "../images/mod.ts";
import type { SceneHit } from "./scene_hits.ts";

/** A collection of GeoJSON features, one a hit. */
export interface HitCollection {
  /** GeoJSON's own name. */
  type: "FeatureCollection";
  /** The coordinate reference system where it is not WGS 84: GDAL and QGIS read this older member. */
  crs?: { type: "name"; properties: { name: string } };
  /** A polygon a hit. */
  features: {
    type: "Feature";
    properties: {
      query: string;
      rank: number;
      score: number;
      left: number;
      top: number;
      width: number;
      height: number;
    };
    geometry: { type: "Polygon"; coordinates: [number, number][][] };
  }[];
}

/**
 * Hits as GeoJSON: in longitude and latitude (RFC 7946) where the scene's system is WGS 84, web Mercator or UTM on
 * WGS 84; else in the scene's own system, named in `crs`; else, also where the system has no EPSG code, in px, rows
 * counting down from 0, which is how QGIS shows an image without a place.
 *
 * @param hits of each query, the best first // Q lists
 * @param queries what was searched, Q texts
 * @param georeference of the scene, if it has one
 * @returns an object to be written as JSON
 */
export function hitsToGeoJson(
  hits: readonly (readonly SceneHit[])[],
  queries: readonly string[],
  georeference?: Georeference,
): HitCollection {
  // coordinates without the name of their system would be taken for degrees
  const place = georeference?.epsg === undefined ? undefined : georeference;
  const degrees = place && longitudeLatitude(place);
  const point = degrees ??
    ((column: number, row: number): [number, number] =>
      place ? toMap(place, column, row) : [column, row === 0 ? 0 : -row]);
  const name = place && !degrees ? `urn:ogc:def:crs:EPSG::${place.epsg}` : undefined;
  return {
    type: "FeatureCollection",
    ...(name === undefined ? {} : { crs: { type: "name", properties: { name } } }),
    features: hits.flatMap((found, q) =>
      found.map(({ box, score }, i) => {
        const { left, top, width, height } = box, right = left + width, bottom = top + height;
        // counter-clockwise on the map, and closed, as RFC 7946 wants
        const ring = [[left, top], [left, bottom], [right, bottom], [right, top], [left, top]];
        return {
          type: "Feature" as const,
          properties: { query: queries[q], rank: i + 1, score, left, top, width, height },
          geometry: {
            type: "Polygon" as const,
            coordinates: [ring.map(([column, row]) => point(column, row))],
          },
        };
      })
    ),
  };
}
