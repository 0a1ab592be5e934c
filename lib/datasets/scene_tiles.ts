/**
 * A scene as a data set of its tiles, so that extraction, cache and ledger serve it like any folder of images.
 *
 * @module
 */
import { basename } from "node:path";
import type { Box } from "../covers/mod.ts";
import type { Scene } from "../images/mod.ts";
import { createDataset, type Dataset } from "./dataset.ts";
import { emptyReport } from "./report.ts";

/**
 * Makes a data set of the tiles of a scene, without annotations. An image's id names its place: `scene.tif@left,top`.
 *
 * @param scene the scene
 * @param tiles in px of the scene, see `sceneCover`
 * @returns a data set of which no image is ever read but by its window
 */
export function sceneTiles(scene: Scene, tiles: readonly Box[]): Dataset {
  const name = basename(scene.path);
  return createDataset({
    name,
    categories: [],
    images: tiles.map((box) => ({
      id: `${name}@${box.left},${box.top}`,
      path: scene.path,
      width: box.width,
      height: box.height,
      objects: [],
      part: { scene, box },
    })),
    annotated: false,
    report: { ...emptyReport(), listed: tiles.length },
  });
}
