/**
 * Where annotations in COCO's format lie, and their images: a file, a folder with `test.json`, COCO's and LVIS's own layout.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { LocatedDataset } from "./place.ts";
import { COCO_KEYS, headOf, kindOf } from "./signs.ts";

/** COCO's and LVIS's own files: those of objects, with the part that they annotate. */
const OFFICIAL = /^((?:instances|lvis_v\d(?:\.\d)?)_)(train|val)(\d{4})?\.json$/;

/** Training images that are drawn to choose by, where the official validation images are searched. */
const CHOSEN_BY = 5000;

/** Whether a file is JSON by its name. */
export const isJson = (name: string): boolean => /\.json$/i.test(name);

/** Whether a file of JSON begins as annotations in COCO's format do: other tools leave JSON beside images, too. */
export function looksLikeCoco(path: string): boolean {
  return isJson(path) && COCO_KEYS.test(headOf(path));
}

/** The file of annotations that is searched: the one that is named, `test.json` of a folder, or its only one. */
function annotationsAt(path: string): string {
  const fail = (why: string): never => {
    throw new Error(`Cannot find data set ${path}: ${why}`);
  };
  if (kindOf(path) === "file") return path;
  const json = readdirSync(path).filter(isJson).sort();
  const known = json.filter((name) => looksLikeCoco(join(path, name)));
  const here = known.length > 0 ? known : json; // where none is, reading the only one says why
  const inner = join(path, "annotations");
  const below = kindOf(inner) === "folder" ? readdirSync(inner).sort() : [];
  const found = [
    ...here,
    ...below.filter((name) => OFFICIAL.test(name)).map((name) => join("annotations", name)),
  ];
  const official = found.filter((name) => OFFICIAL.exec(basename(name))?.[2] === "val");
  const searched = found.includes("test.json")
    ? ["test.json"]
    : official.length > 0
    ? official
    : found.filter((name) => name !== "train.json" && name !== "val.json");
  if (searched.length === 1) return join(path, searched[0]);
  return fail(
    `it holds ${
      found.length === 0 ? "no .json file" : found.join(", ")
    }; name the file of annotations ` +
      "that is to be searched, or call it test.json",
  );
}

/** The first file name that annotations give, as far as their beginning shows it. */
function firstFile(annotations: string): string | undefined {
  return /"file_name"\s*:\s*"([^"\\]+)"/.exec(headOf(annotations))?.[1];
}

/**
 * The folder of the images: `images` beside the annotations, COCO's own (`annotations/…_val2017.json`), the one that holds
 * COCO's (LVIS's images are of several), or theirs; of those the one that has the first image.
 */
function imagesBeside(annotations: string): string {
  const folder = dirname(annotations), above = dirname(folder);
  const [, part] = /_([^_]+)\.json$/.exec(basename(annotations)) ?? [];
  const ofCoco = basename(folder) === "annotations" && part !== undefined;
  const parts = ["train2017", "val2017"];
  const holders = OFFICIAL.test(basename(annotations))
    ? [folder, above].filter((one) => parts.some((name) => kindOf(join(one, name)) === "folder"))
    : [];
  const candidates = [
    join(folder, "images"),
    ...(ofCoco ? [join(above, part)] : []),
    ...holders,
    folder,
  ]
    .filter((path) => kindOf(path) === "folder");
  const name = firstFile(annotations);
  return candidates.find((path) => name !== undefined && existsSync(join(path, name))) ??
    candidates[0] ?? folder;
}

/**
 * A data set in COCO's format. With `train.json` and `val.json` beside it fusions can learn; so they can from COCO's and
 * LVIS's training images, of which 5,000 are drawn to choose by.
 *
 * @param path a file of annotations, or a folder with one
 * @param images the folder of its images, where it is told
 */
export function locateCoco(path: string, images?: string): LocatedDataset {
  const annotations = annotationsAt(path), root = images ?? imagesBeside(annotations);
  const found: LocatedDataset = { source: "coco", annotations, root };
  const [train, val] = ["train", "val"].map((part) => join(dirname(annotations), `${part}.json`));
  if ([train, val].every((file) => file !== annotations && existsSync(file))) {
    return { ...found, train: { annotations: train, root }, val: { annotations: val, root } };
  }
  const [, prefix, part, year = ""] = OFFICIAL.exec(basename(annotations)) ?? [];
  const official = join(dirname(annotations), `${prefix}train${year}.json`);
  if (part !== "val" || !existsSync(official)) return found;
  const place = {
    annotations: official,
    root: imagesOfTrain(root, year) ?? imagesBeside(official),
  };
  return {
    ...found,
    train: { ...place, draw: { size: CHOSEN_BY, take: "rest" } },
    val: { ...place, draw: { size: CHOSEN_BY, take: "drawn" } },
  };
}

/** COCO's training images lie beside those that are searched. */
function imagesOfTrain(root: string, year: string): string | undefined {
  const beside = join(dirname(root), `train${year}`);
  return year !== "" && kindOf(beside) === "folder" ? beside : undefined;
}
