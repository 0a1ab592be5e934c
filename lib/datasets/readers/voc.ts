/**
 * Pascal VOC's annotations: an XML file an image. DIOR and many tools (labelImg, CVAT) write the same.
 *
 * Format: the development kits of VOC2007 and VOC2012. Corners are 1-based pixels, the last one included: a box from
 * xmin = 1 to xmax = W holds all columns of the image.
 *
 * @module
 */
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { entriesIn } from "../../runtime/files.ts";
import { join } from "node:path";
import { isSet } from "../coco_flags.ts";
import { linesOf, mapFiles, readLabel, stemOf } from "./files.ts";
import { type Bbox, type Lists, numbersOf } from "./lists.ts";
import type { DatasetPlace } from "./place.ts";
import { foldersOf, type LabelFiles, type LabelledImage, pairFiles, pairsOfPart } from "./pairs.ts";

/** The classes of Pascal VOC, as words. */
export const VOC_CLASSES: readonly string[] = [
  ...["aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"],
  ...["dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa"],
  ...["train", "tv monitor"],
];

/** Pascal VOC writes some of its words together. */
const AS_WORDS: ReadonlyMap<string, string> = new Map([
  ["diningtable", "dining table"],
  ["pottedplant", "potted plant"],
  ["tvmonitor", "tv monitor"],
]);

const LABELS: LabelFiles = { ending: ".xml", folders: /ann|label|xml/i };

/** An object of an annotation. */
interface VocObject {
  name: string;
  difficult: boolean;
  /** In px; or in words what is wrong with it. */
  box: Bbox | string;
}

/** What an annotation says. */
interface VocAnnotation {
  size?: { width: number; height: number };
  objects: VocObject[];
}

const parser = new XMLParser({
  parseTagValue: false,
  isArray: (name) => name === "object",
});

type Node = Record<string, unknown>;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textIn = (node: unknown, key: string): string => {
  const value = isNode(node) ? node[key] : undefined;
  return typeof value === "string" ? value.trim() : "";
};

/**
 * What an annotation file says.
 *
 * @throws {Error} when it is no XML, or no annotation
 */
export function parseVoc(text: string): VocAnnotation {
  const checked = XMLValidator.validate(text);
  if (checked !== true) {
    throw new Error(`it is not XML (${checked.err.msg}, line ${checked.err.line})`);
  }
  const { annotation } = parser.parse(text) as Node;
  if (!isNode(annotation)) throw new Error("it holds no <annotation>");
  const [width, height] = ["width", "height"].map((key) => Number(textIn(annotation.size, key)));
  const sized = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  const objects = (annotation.object ?? []) as unknown[]; // "" where it is empty
  return { ...(sized && { size: { width, height } }), objects: objects.map(objectOf) };
}

function objectOf(object: unknown): VocObject {
  const name = textIn(object, "name"), bndbox = isNode(object) ? object.bndbox : undefined;
  const corners = numbersOf(["xmin", "ymin", "xmax", "ymax"].map((key) => textIn(bndbox, key)));
  const [x0, y0, x1, y1] = corners ?? [];
  return {
    name: AS_WORDS.get(name) ?? name,
    difficult: isSet(textIn(object, "difficult")),
    box: corners === undefined
      ? isNode(bndbox) ? "its bndbox is not four numbers" : "it has no bndbox"
      : [x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1],
  };
}

/** Parts that VOC lists by the names of their images, in `ImageSets/Main/train.txt` and beside it. */
export async function vocParts(folder: string): Promise<Map<string, Set<string>>> {
  const parts = new Map<string, Set<string>>();
  for (const path of ["ImageSets/Main", "ImageSets", "Main"]) {
    for (const { name } of await entriesIn(join(folder, path))) {
      const [, part] = /^(train|val|test)\.txt$/.exec(name) ?? [];
      if (part === undefined || parts.has(part)) continue;
      const read = await readLabel(await Deno.realPath(folder), `${path}/${name}`);
      if ("text" in read) {
        parts.set(part, new Set(linesOf(read.text).map(({ line }) => line.split(/\s+/)[0])));
      }
    }
  }
  return parts;
}

/** The pairs of a part: as a list of VOC's says, else as the folders do. */
async function wantedPairs(
  found: Awaited<ReturnType<typeof pairFiles>>,
  { annotations, part }: DatasetPlace,
  lists: Lists,
): Promise<LabelledImage[]> {
  const listed = part === undefined ? undefined : (await vocParts(annotations)).get(part);
  if (listed === undefined) return pairsOfPart(found, part, lists);
  const left = new Set(listed);
  const pairs = found.pairs.filter(({ label }) => left.delete(stemOf(label)));
  for (const stem of left) lists.note("unlabelledImages", stem);
  if (pairs.length === 0) throw lists.error(`no image of its part ${part} has a label file`);
  return pairs;
}

/** Reads Pascal VOC's annotations; `difficult` objects are left out, as its evaluation does, and counted. */
export async function readVoc(
  place: DatasetPlace,
  lists: Lists,
  signal: AbortSignal,
): Promise<void> {
  const folders = await foldersOf(place, lists);
  const all = await pairFiles(folders, LABELS, lists, signal);
  const wanted = new Set(await wantedPairs(all, place, lists)), found = new Set<string>();
  const read = await mapFiles(all.pairs, signal, async ({ label }) => {
    try {
      const file = await readLabel(folders.labels, label);
      if ("why" in file) throw new Error(file.why);
      return parseVoc(file.text);
    } catch (error) {
      return (error as Error).message;
    }
  });
  all.pairs.forEach((pair, i) => {
    const said = read[i];
    if (typeof said !== "string") {
      // of all parts, as all are to have the same classes
      for (const { name } of said.objects) if (name !== "") found.add(name);
    }
    if (!wanted.has(pair)) return;
    if (typeof said === "string") lists.note("brokenLabels", `${pair.label}: ${said}`);
    else addVocImage(pair, said, lists);
  });
  lists.addClasses(VOC_CLASSES, found);
}

function addVocImage(
  { label, image }: LabelledImage,
  { size, objects }: VocAnnotation,
  lists: Lists,
): void {
  const index = lists.addImage(image, size);
  objects.forEach(({ name, difficult, box }, i) => {
    const where = `${label}, object ${i + 1}`;
    if (typeof box === "string") lists.note("brokenAnnotations", `${where}: ${box}`);
    else if (name === "") lists.note("brokenAnnotations", `${where}: it has no name`);
    else {
      const object = { where, image: index, category: name, bbox: box };
      lists.addObject({ ...object, ignored: difficult });
    }
  });
}
