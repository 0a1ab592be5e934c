/**
 * YOLO's label files, upright (YOLO) and oriented (YOLO-OBB), with the `data.yaml` that names classes and parts.
 *
 * Format: docs.ultralytics.com/datasets/detect and /obb: `class cx cy width height`, or `class x1 y1 … x4 y4`, as shares
 * of the image. A polygon of a segmentation gives the box around it; of a pose (`kpt_shape`) its box counts.
 *
 * @module
 */
import { dirname, join, relative, resolve, sep } from "node:path";
import { parse } from "yaml";
import { isInside } from "../paths.ts";
import {
  isImageName,
  linesOf,
  mapFiles,
  MISSING,
  readLabel,
  realFolder,
  sizeBelow,
  textOf,
} from "./files.ts";
import { type Bbox, type Lists, numbersOf } from "./lists.ts";
import type { DatasetPlace } from "./place.ts";

/** How far outside of the image a share may lie before it is no share: as Ultralytics' own reader has it. */
const TOLERANCE = 0.01;

/** What a `data.yaml` says. */
export interface YoloConfig {
  /** Folder that the parts are relative to, where it names one. */
  path?: string;
  /** Folders of images, or lists of them, by part. */
  parts: Map<string, string[]>;
  /** Class names; indices that have none are empty. */
  names: string[];
  /** Whether labels are those of poses: key points follow a box. */
  pose: boolean;
}

/**
 * Reads the text of a `data.yaml`.
 *
 * @throws {Error} when it is no YAML, or names no classes
 */
export function parseYoloConfig(text: string): YoloConfig {
  const yaml: unknown = parse(text);
  if (typeof yaml !== "object" || yaml === null) throw new Error("it is no data.yaml");
  const { path, names, nc, kpt_shape: points, ...others } = yaml as Record<string, unknown>;
  const parts = new Map<string, string[]>();
  for (const part of ["train", "val", "test"]) {
    const value = others[part] ?? (part === "val" ? others.valid : undefined);
    const paths = [value].flat().filter((one) => typeof one === "string" && one !== "") as string[];
    if (paths.length > 0) parts.set(part, paths);
  }
  const all = namesOf(names);
  if (typeof nc === "number" && nc !== all.length) {
    throw new Error(`it has ${all.length} names of classes, and says nc: ${nc}`);
  }
  const folder = typeof path === "string" && path !== "" ? { path } : {};
  return { ...folder, parts, names: all, pose: points !== undefined && points !== null };
}

/** Names of the classes, from a list or from names by index. */
function namesOf(names: unknown): string[] {
  if (typeof names !== "object" || names === null) throw new Error("it names no classes");
  const found: string[] = [];
  for (const [key, name] of Object.entries(names)) {
    const index = Number(key);
    const named = typeof name === "string" || typeof name === "number";
    if (
      !Number.isInteger(index) || index < 0 || index > 99_999 || !named || `${name}`.trim() === ""
    ) {
      throw new Error(`its class ${key} is ${JSON.stringify(name)}, not a name by its index`);
    }
    found[index] = `${name}`;
  }
  const missing = Array.from(found).indexOf(undefined as unknown as string);
  if (missing >= 0 || found.length === 0) {
    throw new Error(`its class ${Math.max(0, missing)} has no name`);
  }
  return found;
}

/** Where a part is said to be: below the root as it stands, without `../` (Roboflow), or from where the YAML lies. */
function candidates(path: string, bases: readonly string[]): string[] {
  const ways = [path, path.replace(/^(?:\.\.\/)+/, "")];
  return bases.flatMap((base) => ways.map((way) => resolve(base, way)));
}

/** Images of one path of a part: of a folder, or those that a list names. */
async function imagesAt(
  path: string,
  { root, yaml }: { root: string; yaml: string },
  lists: Lists,
  signal: AbortSignal,
): Promise<string[]> {
  const idOf = (file: string) => relative(root, file).replaceAll(sep, "/");
  for (const place of candidates(path.replaceAll("\\", "/"), [root, dirname(yaml)])) {
    if (!isInside(root, place)) continue;
    const stat = await Deno.stat(place).catch(() => undefined);
    if (stat?.isDirectory) {
      const files = (await lists.filesBelow(place, signal)).filter(isImageName);
      return files.map((file) => idOf(join(place, file)));
    }
    if (!stat?.isFile) continue;
    const read = await readLabel(root, idOf(place));
    if ("why" in read) throw lists.error(`${place}: ${read.why}`);
    const inList = (line: string) => {
      const [own, ofRoot] = [dirname(place), root].map((base) =>
        resolve(base, line.replaceAll("\\", "/"))
      );
      return line.startsWith("./") ? own : ofRoot;
    };
    return linesOf(read.text).map(({ line }) => idOf(inList(line)));
  }
  throw lists.error(`there is no ${path} in ${root}, where its images should be`);
}

/** The label file of an image: in `labels` where the image is in `images`, else beside it. */
function labelOf(root: string, image: string): string {
  const path = join(root, image).replaceAll(sep, "/");
  const at = path.lastIndexOf("/images/");
  const moved = at < 0 ? path : `${path.slice(0, at)}/labels/${path.slice(at + "/images/".length)}`;
  const label = isInside(root, moved) ? relative(root, moved).replaceAll(sep, "/") : image;
  return label.replace(/\.[^./]+$/, "") + ".txt";
}

/** A label file, whose ending may be written in capitals. */
async function readEither(root: string, label: string): ReturnType<typeof readLabel> {
  const found = await readLabel(root, label);
  const isMissing = "why" in found && found.why === MISSING;
  return isMissing ? await readLabel(root, label.replace(/txt$/, "TXT")) : found;
}

/**
 * A line of a label file, as shares of the image; or in words what is wrong with it.
 *
 * @param line of the file
 * @param pose whether key points follow its box: they are no polygon
 */
export function yoloLine(
  line: string,
  pose: boolean = false,
): { category: number; values: number[] } | string {
  const numbers = numbersOf(line.split(/\s+/));
  if (numbers === undefined) return "it holds something else than numbers";
  const [category, ...all] = numbers, values = pose ? all.slice(0, 4) : all;
  if (values.length !== 4 && (values.length < 6 || values.length % 2 !== 0)) {
    return `it has ${numbers.length} numbers, not 5 of a box nor 7, 9, … of a polygon`;
  }
  if (!values.every((value) => value >= -TOLERANCE && value <= 1 + TOLERANCE)) {
    return "its numbers are no shares of the image";
  }
  return { category, values };
}

/** Reads YOLO's label files. An image without one shows nothing, as YOLO means it, and is counted. */
export async function readYolo(
  place: DatasetPlace,
  lists: Lists,
  signal: AbortSignal,
): Promise<void> {
  const { annotations: yaml, part } = place;
  let config: YoloConfig;
  try {
    config = parseYoloConfig(textOf(await Deno.readFile(yaml)));
  } catch (cause) {
    throw lists.error((cause as Error).message.split("\n")[0], cause);
  }
  const paths = part === undefined ? [...config.parts.values()].flat() : config.parts.get(part);
  if (!paths?.length) {
    const known = [...config.parts.keys()].join(", ") || "none";
    throw lists.error(`it has no part ${part ?? "at all"} (there are: ${known})`);
  }
  const root = await realFolder(place.root, lists.attempt);
  const images = new Set<string>();
  for (const path of paths) {
    for (const image of await imagesAt(path, { root, yaml }, lists, signal)) images.add(image);
  }
  lists.addCategories(config.names);
  const read = await mapFiles([...images], signal, async (image) => {
    const label = labelOf(root, image);
    return {
      image,
      label,
      size: await sizeBelow(root, image, lists.annotationFrame),
      found: await readEither(root, label),
    };
  });
  if (read.every(({ found }) => "why" in found && found.why === MISSING)) {
    throw lists.error(
      `none of its ${read.length} images has a label file, such as ${read[0]?.label}`,
    );
  }
  for (const image of read) addYoloImage(image, config, lists);
}

/** An image, and what was found of it. */
interface YoloImage {
  image: string;
  label: string;
  size?: { width: number; height: number };
  found: Awaited<ReturnType<typeof readLabel>>;
}

function addYoloImage(
  { image, label, size, found }: YoloImage,
  { pose }: YoloConfig,
  lists: Lists,
): void {
  if ("why" in found) {
    if (found.why !== MISSING) return lists.note("brokenLabels", `${label}: ${found.why}`);
    lists.note("backgroundImages", image);
    lists.addImage(image);
    return;
  }
  const index = lists.addImage(image); // its size is not told, but read from its file
  for (const { line, number } of linesOf(found.text)) {
    const parsed = yoloLine(line, pose), where = `${label}, line ${number}`;
    if (typeof parsed === "string") lists.note("brokenAnnotations", `${where}: ${parsed}`);
    else if (!size) lists.note("withoutBox", `${where}: the size of its image cannot be read`);
    else {
      const { category, values } = parsed, object = { where, image: index, category };
      const scaled = values.map((value, i) => value * (i % 2 === 0 ? size.width : size.height));
      const [x, y, width, height] = scaled;
      const bbox: Bbox = [x - width / 2, y - height / 2, width, height];
      lists.addObject(values.length === 4 ? { ...object, bbox } : { ...object, polygon: scaled });
    }
  }
}
