/**
 * Reads a data set of any format, behind one interface.
 *
 * @module
 */
import { basename } from "node:path";
import { operationSignal } from "../../runtime/interrupt.ts";
import { datasetOf, loadCoco, type LoadCocoOptions } from "../coco.ts";
import { type Dataset, filterImages } from "../dataset.ts";
import { emptyReport } from "../report.ts";
import { readDota } from "./dota.ts";
import { Lists, type Reader } from "./lists.ts";
import type { DatasetFormat, DatasetPlace, DatasetSource } from "./place.ts";
import { readSolo } from "./solo.ts";
import { readVisdrone } from "./visdrone.ts";
import { readVoc } from "./voc.ts";
import { readXview } from "./xview.ts";
import { readYolo } from "./yolo.ts";

const READERS: Readonly<Record<Exclude<DatasetFormat, "coco">, Reader>> = {
  voc: readVoc,
  yolo: readYolo,
  dota: readDota,
  visdrone: readVisdrone,
  xview: readXview,
  solo: readSolo,
};

/** The images that lie in one of COCO's folders, where one is told. */
function partOfCoco(dataset: Dataset, { annotations, part }: DatasetPlace): Dataset {
  if (part === undefined) return dataset;
  const found = filterImages(dataset, ({ id }) => id.startsWith(`${part}/`));
  if (found.images.length > 0) return found;
  throw new Error(
    `Cannot load data set ${annotations}: of its ${dataset.images.length} images none lies in a folder ${part}`,
  );
}

/**
 * Reads a data set whatever its format: COCO and LVIS (`coco`), Pascal VOC and DIOR (`voc`), YOLO and YOLO-OBB (`yolo`),
 * DOTA (`dota`), VisDrone (`visdrone`), xView (`xview`), Unity Perception's SOLO (`solo`). Whatever cannot be used is left
 * out and counted in the report; objects that a format marks as difficult or to be ignored are left out as a crowd is.
 *
 * @param source the format, its annotations, the folder of images and, where only one is wanted, the part
 * @param options as of {@linkcode loadCoco}
 * @throws {Error} when there are no annotations of that format, or none of that part
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { join } from "node:path";
 * import { loadDataset } from "detailclip";
 * const root = await Deno.makeTempDir();
 * await Deno.mkdir(join(root, "labelTxt"));
 * await Deno.writeTextFile(join(root, "labelTxt/P1.txt"), "gsd:0.1\n4 1 9 6 6 9 1 4 ship 0\n");
 * const options = { keepMissing: true }; // there is no image here
 * const dataset = await loadDataset({ source: "dota", annotations: root, root }, options);
 * const [{ box, corners }] = dataset.images[0].objects;
 * assert.deepEqual(box, { left: 1, top: 1, width: 8, height: 8 });
 * assert.deepEqual(corners![0], [4, 1]);
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export async function loadDataset(
  { source, ...place }: DatasetSource,
  { name = basename(place.annotations), signal = operationSignal(), ...others }: LoadCocoOptions =
    {},
): Promise<Dataset> {
  const { annotations, root } = place;
  const options = { ...others, name, signal };
  if (source === "coco") return partOfCoco(await loadCoco(annotations, root, options), place);
  signal.throwIfAborted();
  const attempt = `Cannot load data set ${annotations} as ${source}`, report = emptyReport();
  const lists = new Lists(report, attempt, options.annotationFrame);
  await READERS[source](place, lists, signal);
  return await datasetOf(lists, root, { ...options, attempt, report });
}
