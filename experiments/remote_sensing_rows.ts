/**
 * Tables and views of the remote-sensing experiment.
 *
 * @module
 */
import { type Box, percent } from "detailclip";
import type { SceneHit } from "detailclip/retrieval";
import type { FoundRow, RemoteSensingRun } from "./remote_sensing.ts";

/** Covers in rows: what each costs, what it finds over all, and of each class. */
export function tableOfCovers(rows: readonly FoundRow[]): Record<string, string | number>[] {
  return rows.filter((row) => row.class === undefined).map((
    { cover, patches, density, found },
  ) => ({
    cover,
    patches,
    "a megapixel": Number(density.toPrecision(3)),
    "found, %": percent(found),
    ...Object.fromEntries(
      rows.filter((row) => row.cover === cover && row.class !== undefined)
        .map((row) => [`${row.class} (${row.objects})`, percent(row.found)]),
    ),
  }));
}

/**
 * The hits of a class on the last cover, as many as it has objects.
 *
 * @throws {RangeError} when the scene has no such class
 */
export function hitsOf({ scene, hits }: RemoteSensingRun, word: string): SceneHit[] {
  const category = scene.categories.indexOf(word);
  if (category < 0) {
    throw new RangeError(`Cannot show ${word}: the scene has ${scene.categories.join(", ")}`);
  }
  const count = scene.objects.filter((object) => object.category === category).length;
  return [...hits.values()].at(-1)![category].slice(0, count);
}

/** Side of the window that is shown, in px. */
const SHOWN = 640;

/** Of windows around each hit the one that holds most of them; in the middle of the scene where there is no hit. */
export function windowAround({ scene }: RemoteSensingRun, hits: readonly SceneHit[]): Box {
  const width = Math.min(SHOWN, scene.width), height = Math.min(SHOWN, scene.height);
  const around = ({ left, top, width: w, height: h }: Box): Box => ({
    left: Math.min(scene.width - width, Math.max(0, Math.round(left + (w - width) / 2))),
    top: Math.min(scene.height - height, Math.max(0, Math.round(top + (h - height) / 2))),
    ...{ width, height },
  });
  const held = (window: Box) =>
    hits.filter(({ box }) =>
      box.left >= window.left && box.left + box.width <= window.left + width &&
      box.top >= window.top && box.top + box.height <= window.top + height
    ).length;
  const windows = hits.map(({ box }) => around(box)).map((window) => ({
    window,
    held: held(window),
  }));
  const whole = around({ left: 0, top: 0, width: scene.width, height: scene.height });
  return windows.reduce((best, one) => one.held > best.held ? one : best, {
    window: whole,
    held: 0,
  }).window;
}
