/**
 * Unity Perception's SOLO: frames of generated scenes, in a folder a sequence.
 *
 * Format: as Unity's pysolotools read it: `sequence.N/stepM.frame_data.json` with captures, whose `filename` is in the
 * same folder; `annotation_definitions.json` names the classes of the labeller of boxes.
 *
 * @module
 */
import { join } from "node:path/posix";
import { parseAnnotations } from "../coco_json.ts";
import { mapFiles, readLabel, realFolder } from "./files.ts";
import type { Lists } from "./lists.ts";
import type { DatasetPlace } from "./place.ts";

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const recordsIn = (value: unknown): Json[] => Array.isArray(value) ? value.filter(isRecord) : [];

/** Whether a `@type` is one of Unity's; older versions have another prefix. */
const isType = (type: unknown, name: string) =>
  typeof type === "string" && type.endsWith(`.${name}`);

/** The frames below a folder, in the order of sequences and steps. */
export const FRAME: RegExp = /(?:^|\/)sequence\.(\d+)\/step(\d+)\.frame_data\.json$/;

/** Of ten sequences seven are for training, one to choose by and two to search: SOLO has no parts of its own. */
function partOfSequence(sequence: number): string {
  const place = sequence % 10;
  return place < 7 ? "train" : place < 8 ? "val" : "test";
}

/** A frame's file, with its sequence and step. */
interface FrameFile {
  path: string;
  sequence: number;
  step: number;
}

function framesIn(files: readonly string[]): FrameFile[] {
  return files.flatMap((path) => {
    const [, sequence, step] = FRAME.exec(path) ?? [];
    return step === undefined ? [] : [{ path, sequence: Number(sequence), step: Number(step) }];
  }).sort((a, b) => a.sequence - b.sequence || a.step - b.step);
}

/** A file of JSON below the root. */
async function readJson(root: string, path: string): Promise<unknown> {
  const read = await readLabel(root, path);
  if ("why" in read) throw new Error(read.why);
  return parseAnnotations(read.text);
}

/** Names of the classes that labellers of boxes know, by id; of several labellers one id may have several. */
type Classes = Map<unknown, unknown[]>;

/** Reads the classes. */
async function classesIn(root: string, lists: Lists): Promise<Classes> {
  const file = "annotation_definitions.json", names: Classes = new Map();
  let definitions: unknown;
  try {
    definitions = await readJson(root, file);
  } catch (cause) {
    throw lists.error(`${file}: ${(cause as Error).message}`, cause);
  }
  for (const definition of recordsIn(isRecord(definitions) && definitions.annotationDefinitions)) {
    if (!isType(definition["@type"], "BoundingBox2DAnnotation")) continue;
    for (const { label_id: id, label_name: name } of recordsIn(definition.spec)) {
      names.set(id, [...new Set([...names.get(id) ?? [], name])]);
    }
  }
  if (names.size === 0) throw lists.error(`${file} defines no labels of 2D boxes`);
  return names;
}

/** Tells frames that `metadata.json` counts and that are not there. */
async function countFrames(root: string, found: number, lists: Lists): Promise<void> {
  const metadata = await readJson(root, "metadata.json").catch(() => undefined);
  const total = isRecord(metadata) ? Number(metadata.totalFrames) : NaN;
  if (!(total > found)) return;
  lists.note("missingFrames", `metadata.json says ${total} frames, there are ${found}`);
  lists.report.missingFrames = total - found;
}

/** A picture of a frame. */
interface Capture {
  filename: unknown;
  dimension: unknown;
  /** Its boxes; none where no labeller of boxes ran. */
  values?: unknown[];
}

/** Pictures of a frame, with their boxes. */
function capturesOf(frame: unknown): Capture[] {
  return recordsIn(isRecord(frame) && frame.captures)
    .filter((capture) => isType(capture["@type"], "RGBCamera"))
    .map(({ filename, dimension, annotations }) => {
      const boxes = recordsIn(annotations)
        .filter((annotation) => isType(annotation["@type"], "BoundingBox2DAnnotation"));
      return {
        ...{ filename, dimension },
        ...(boxes.length > 0 && { values: boxes.flatMap(({ values }) => values ?? []) }),
      };
    });
}

/** Two finite numbers. */
function pairOf(value: unknown): [number, number] | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  return value.every((one) => typeof one === "number") ? value as [number, number] : undefined;
}

/** Reads SOLO's frames: every picture of a camera is an image. */
export async function readSolo(
  { annotations, part }: DatasetPlace,
  lists: Lists,
  signal: AbortSignal,
): Promise<void> {
  const root = await realFolder(annotations, lists.attempt);
  const frames = framesIn(await lists.filesBelow(root, signal));
  if (frames.length === 0) throw lists.error("it holds no sequence.N/stepM.frame_data.json");
  const wanted = frames.filter(({ sequence }) =>
    part === undefined || partOfSequence(sequence) === part
  );
  if (wanted.length === 0) {
    throw lists.error(`of its ${frames.length} frames none is of its part ${part}`);
  }
  await countFrames(root, frames.length, lists);
  const classes = await classesIn(root, lists);
  for (const [id, [name, ...others]] of classes) {
    lists.categories.push({ id, name });
    for (const other of others) lists.categories.push({ id: `${id} ${other}`, name: other });
  }
  const read = await mapFiles(wanted, signal, async ({ path }) => {
    try {
      const captures = capturesOf(await readJson(root, path));
      if (captures.length === 0) throw new Error("it has no capture of a camera");
      return captures;
    } catch (error) {
      return (error as Error).message;
    }
  });
  for (const [i, captures] of read.entries()) {
    const { path } = wanted[i];
    if (typeof captures === "string") lists.note("brokenLabels", `${path}: ${captures}`);
    else for (const one of captures) addCapture(one, { path, classes }, lists);
  }
}

function addCapture(
  { filename, dimension, values }: Capture,
  { path, classes }: { path: string; classes: Classes },
  lists: Lists,
): void {
  if (typeof filename !== "string" || filename === "") {
    return lists.note("brokenLabels", `${path}: a capture has no filename`);
  }
  const name = join(path, "..", filename.replaceAll("\\", "/")), said = pairOf(dimension);
  if (!values) return lists.note("unlabelledImages", name);
  const image = lists.addImage(name, said && { width: said[0], height: said[1] });
  values.forEach((value, i) => {
    const where = `${path}, box ${i}`;
    const { labelId, labelName, origin, dimension }: Json = isRecord(value) ? value : {};
    const at = pairOf(origin),
      extent = pairOf(dimension),
      [first, ...others] = classes.get(labelId) ?? [];
    const named = labelName === undefined || !others.includes(labelName) ? first : labelName;
    if (!at || !extent) return lists.note("brokenAnnotations", `${where}: no origin and dimension`);
    if (labelName !== undefined && named !== undefined && labelName !== named) {
      const names = `${JSON.stringify(labelName)}, not ${JSON.stringify(named)}`;
      return lists.note("brokenAnnotations", `${where}: its labelId's name is ${names}`);
    }
    if (labelName === undefined && others.length > 0) {
      return lists.note("brokenAnnotations", `${where}: several labels have its labelId`);
    }
    const category = named === first ? labelId as number : `${labelId} ${named}`;
    lists.addObject({ where, image, category, bbox: [...at, ...extent] });
  });
}
