/**
 * One name for a data set: its format and where it lies, or the path alone.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, resolve } from "node:path";
import { callersFolder } from "../../runtime/cache_dir.ts";
import { didYouMean } from "../../runtime/nearest.ts";
import { ARCHIVES } from "../folder_files.ts";
import { isJson, locateCoco, looksLikeCoco } from "./locate_coco.ts";
import {
  DATASET_FORMATS,
  type DatasetFormat,
  type DatasetPlace,
  type DatasetSource,
  type Draw,
  DRAWN_SHARE,
  type ImageFolder,
  type LocatedDataset,
} from "./place.ts";
import { kindOf, labelledParts, type Signs, signsIn } from "./signs.ts";
import { parseYoloConfig } from "./yolo.ts";

const error = (name: string, why: string) => new Error(`Cannot find data set ${name}: ${why}`);

/** Whether a file's name ends as that of an archive does. */
const isArchive = (path: string) => ARCHIVES.has(extname(path).slice(1).toLowerCase());

/** A path as it is meant where a task was called. */
const fromCaller = (path: string) => resolve(callersFolder(), path);

/** The two paths of a name, `ANNOTATIONS:IMAGES`; a colon may be part of a path. */
function pathsOf(text: string): [annotations: string, images?: string] {
  const isThere = (path: string) => existsSync(fromCaller(path));
  if (isThere(text)) return [text];
  const colons = [...text.matchAll(/:/g)].map(({ index }) => index);
  const both = colons.map((at): [string, string] => [text.slice(0, at), text.slice(at + 1)]);
  return both.find(([one, other]) => isThere(one) && isThere(other)) ??
    both.find(([one]) => isThere(one)) ?? [text];
}

/** What is searched and what is learned from, of the parts that have labels. */
function withParts(source: DatasetSource, parts: ReadonlySet<string>): LocatedDataset {
  const of = (part: string): DatasetPlace => {
    const { annotations, root } = source;
    return { annotations, root, part };
  };
  const searched = ["test", "val", "train"].find((part) => parts.has(part));
  if (searched === undefined) return source;
  const found = { ...source, part: searched };
  if (searched === "train" || !parts.has("train")) return found;
  if (searched === "test" && parts.has("val")) {
    return { ...found, train: of("train"), val: of("val") };
  }
  const drawn = (take: Draw["take"]) => ({ ...of("train"), draw: { size: DRAWN_SHARE, take } });
  return { ...found, train: drawn("rest"), val: drawn("drawn") };
}

/** The only file of a folder that speaks for a format. */
function onlyFile(name: string, folder: string, files: readonly string[]): string {
  if (files.length === 1) return join(folder, files[0]);
  throw error(
    name,
    files.length === 0 ? "there is none" : `it could be ${files.join(" or ")}; name it`,
  );
}

/** The folder that the parts of a `data.yaml` are relative to. */
function yoloRoot(yaml: string, path: string | undefined): string {
  const folder = dirname(yaml);
  if (path === undefined) return folder;
  return [resolve(folder, path), resolve(dirname(folder), path)].find((one) =>
    kindOf(one) === "folder"
  ) ?? folder;
}

function locateYolo(name: string, yaml: string, images: string | undefined): LocatedDataset {
  let config;
  try {
    config = parseYoloConfig(readFileSync(yaml, "utf8").replace(/^\ufeff/, ""));
  } catch (cause) {
    throw error(name, `${yaml}: ${(cause as Error).message.split("\n")[0]}`);
  }
  const root = images ?? yoloRoot(yaml, config.path);
  const isThere = (path: string) =>
    [root, dirname(yaml)].some((base) =>
      existsSync(resolve(base, path)) || existsSync(resolve(base, path.replace(/^(?:\.\.\/)+/, "")))
    );
  const parts = [...config.parts].filter(([, paths]) => paths.every(isThere));
  const source: DatasetSource = { source: "yolo", annotations: yaml, root };
  return withParts(source, new Set(parts.map(([part]) => part)));
}

/** Parts that Pascal VOC lists beside its annotations, or those that folders name. */
function vocParts(folder: string, files: readonly string[]): Set<string> {
  for (const lists of ["ImageSets/Main", "ImageSets", "Main"]) {
    const found = ["train", "val", "test"].filter((part) =>
      existsSync(join(folder, lists, `${part}.txt`))
    );
    if (found.length > 0) return new Set(found);
  }
  return labelledParts(files);
}

/** Of ten sequences SOLO has seven, one and two of a part, where it has so many. */
function soloParts(folder: string): Set<string> {
  const names = new Set(readdirSync(folder)), ten = Array.from({ length: 10 }, (_, i) => i);
  const whole = ten.every((i) => names.has(`sequence.${i}`));
  return new Set(whole ? ["train", "val", "test"] : []);
}

/** A data set of a known format. */
function located(
  name: string,
  format: DatasetFormat,
  [path, images]: [string, string?],
  files: readonly string[],
): LocatedDataset {
  const folder = kindOf(path) === "folder";
  if (format === "coco") return locateCoco(path, images);
  if (format === "yolo") {
    return locateYolo(name, folder ? onlyFile(name, path, files) : path, images);
  }
  if (format === "xview") {
    const annotations = folder ? onlyFile(name, path, files) : path, beside = dirname(annotations);
    const root = images ?? ["train_images", "images"].map((one) => join(beside, one))
      .find((one) => kindOf(one) === "folder") ??
      beside;
    return { source: format, annotations, root };
  }
  if (!folder) throw error(name, `${path} is not a folder`);
  const source = { source: format, annotations: path, root: images ?? path };
  if (format === "solo") return withParts(source, soloParts(path));
  return withParts(source, format === "voc" ? vocParts(path, files) : labelledParts(files));
}

/** Of several formats that a folder may be in, the one that it is in. */
function formatOf(
  name: string,
  folder: string,
  { files, images }: Signs,
): DatasetFormat | "folder" {
  const formats = [...files.keys()];
  if (formats.length === 1) return formats[0];
  if (formats.length > 1) {
    const candidates = formats.map((format) => `${format}:${folder}`).join(" or ");
    throw error(name, `it could be ${candidates}; name it so`);
  }
  const json = readdirSync(folder).filter(isJson);
  const coco = json.some((file) => looksLikeCoco(join(folder, file)));
  if (coco || (json.length > 0 && !images)) return "coco";
  if (images) return "folder";
  const found = `it holds neither annotations (of ${DATASET_FORMATS.join(", ")}) nor images`;
  const archives = readdirSync(folder).filter(isArchive);
  if (archives.length === 0) throw error(name, found);
  const [first] = archives.sort(), others = archives.length - 1;
  throw error(name, `${found}; unpack ${first}${others > 0 ? ` and ${others} more` : ""}`);
}

/**
 * Finds the data set that a name stands for: `coco:JSON:IMAGES`, `voc:DIR`, `yolo:DIR`, `dota:DIR`, `visdrone:DIR`,
 * `xview:GEOJSON:IMAGES`, `solo:DIR`, `folder:DIR`, or a path alone, whose format is recognised by what lies there. Where
 * there are parts, `test` is searched, or else `val`, as papers do where no labels of the test images are public; with
 * `train` fusions can learn, and where `val` is searched the images to choose by are drawn from those of `train`: 5,000
 * of COCO and LVIS, of others one in eight.
 *
 * `half:` before a name that has no images to learn from draws them: half of the images are searched, the other half are
 * learned from, of which one in four is drawn to choose by. `val2017:` (or another of COCO's folders) searches the images of
 * that folder alone: the lists of LVIS have images of several.
 *
 * @param name as somebody writes it; relative paths are meant from where a task was called
 * @throws {Error} when there is nothing at the path, or it may be in several formats, which are named
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { locateDataset } from "detailclip/datasets";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/photo.jpg`, "");
 * assert.deepEqual(locateDataset(folder), { source: "folder", root: folder });
 * assert.throws(() => locateDataset(`dota:${folder}/none`), /there is nothing at .*none/);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function locateDataset(name: string): LocatedDataset | ImageFolder {
  const [, choice, whole] = CHOICE.exec(name) ?? [];
  if (whole !== undefined && !existsSync(fromCaller(name))) {
    return /^half$/i.test(choice) ? halved(name, whole) : ofPart(name, choice, whole);
  }
  const known = [...DATASET_FORMATS, "folder"] as const;
  const [, prefix, rest] = /^([a-z][\w-]+):(.+)$/is.exec(name) ?? [];
  const given = known.find((format) => format === prefix?.toLowerCase());
  if (given === undefined && prefix !== undefined && !existsSync(fromCaller(name))) {
    throw error(name, `there is no format ${prefix}${didYouMean(prefix, known)}`);
  }
  const [first, second] = pathsOf(given === undefined ? name : rest);
  const path = fromCaller(first), images = second === undefined ? undefined : fromCaller(second);
  const kind = kindOf(path);
  if (kind === undefined) throw error(name, `there is nothing at ${path}`);
  if (images !== undefined && kindOf(images) !== "folder") {
    throw error(name, `${images} is not a folder`);
  }
  if (given === "folder") return { source: given, root: path };
  const signs = kind === "folder" ? signsIn(path) : undefined;
  const format = given ?? (signs ? formatOf(name, path, signs) : formatOfFile(name, path));
  if (format === "folder") return { source: format, root: path };
  return located(name, format, [path, images], signs?.files.get(format) ?? []);
}

/** Which images of a data set are searched: half of them, or those of one of COCO's folders. */
const CHOICE = /^(half|(?:train|val|test)\d{4}):(.+)$/is;

/** The images of one of COCO's folders, of annotations that have several. */
function ofPart(name: string, part: string, whole: string): LocatedDataset {
  const found = locateDataset(whole);
  if (found.source === "coco") return { ...found, part };
  throw error(name, `${whole} has no part ${part}: it is not in COCO's format`);
}

/** The halves of a data set that has no images to learn from. */
function halved(name: string, whole: string): LocatedDataset {
  const found = locateDataset(whole);
  if (found.source === "folder") {
    throw error(name, `${found.root} is a folder of images without annotations`);
  }
  const { source, train, val, ...place } = found;
  if (train ?? val) throw error(name, `${whole} has images to learn from without half:`);
  return {
    ...{ source, ...place, draw: { size: 1 / 2, take: "rest" } },
    train: { ...place, draw: { size: 1 / 2, take: "drawn", after: DRAWN_SHARE } },
    val: { ...place, draw: { size: DRAWN_SHARE, take: "drawn" } },
  };
}

/** The format of a file of annotations, by its ending. */
function formatOfFile(name: string, path: string): DatasetFormat {
  const formats: [RegExp, DatasetFormat][] = [
    [/\.json$/i, "coco"],
    [/\.ya?ml$/i, "yolo"],
    [/\.geojson$/i, "xview"],
  ];
  const found = formats.find(([ending]) => ending.test(path));
  if (found) return found[1];
  if (isArchive(path)) throw error(name, `${basename(path)} is an archive: unpack it`);
  throw error(name, `${basename(path)} is no file of annotations: .json, .yaml or .geojson`);
}

/** Whether all paths of a name are absolute, so that it means the same from everywhere. */
export function isAbsoluteName(name: string): boolean {
  const choice = CHOICE.exec(name);
  if (choice) return isAbsoluteName(choice[2]);
  const rest = /^[a-z]\w+:(.+)$/is.exec(name)?.[1] ?? name;
  return pathsOf(rest).every((path) => path !== undefined && isAbsolute(path));
}
