/**
 * The photographs of `data/photos/coco-128.json`, which cannot be shipped:
 *
 *     deno task photos pick /data/coco     picks them out of a copy of COCO into runs/picked/, or where --out says
 *     deno task photos measure             measures on them what results/PHOTOS.md shows
 *
 * What is not in the copy is named, and no other file is replaced. Rows are filed under runs/; `--keep` puts them into results/, and writes that page anew.
 *
 * Exits with 0 when all photographs were picked, or all was measured, 1 when not, 2 when it was called wrongly, 130 when it was
 * stopped.
 *
 * @module
 */
import { join, resolve } from "node:path";
import listed from "../../data/photos/coco-128.json" with { type: "json" };
import {
  type CocoCopy,
  cocoCopy,
  leftText,
  type PhotoList,
  type Picked,
  pickPhotos,
} from "../../lib/datasets/mod.ts";
import { RUNS_DIR } from "../../lib/runtime/cache_dir.ts";
import { showStep } from "../../lib/runtime/progress.ts";
import {
  ENCODER_OPTIONS,
  encoderUsage,
  readEncoder,
  readOptions,
  UsageError,
} from "./arguments.ts";
import { printable } from "../../lib/runtime/notice.ts";
import type { MeasureCall } from "./photos_run.ts";
import { runTask } from "./task.ts";

const USAGE = `Usage: deno task photos pick COCO [IMAGES] [options] | measure [DATASET] [options]
  pick          the photographs of a list out of a copy of COCO: a folder with annotations/ and train2017/, or one file of
                annotations and the folder of its images
  measure       the tables of results/PHOTOS.md, on what pick took or any data set in COCO's format
  --out FOLDER  of pick: instances.json and images/ go there (runs/picked/${listed.name})
  --list FILE   of pick: JSON with a name and file names, such as data/photos/coco-128.json (that one)
  --keep        of measure: write to results/, which is committed, not to runs/; of the listed photographs and
                photo-clip alone
and of measure
${encoderUsage("photo-clip")}`;

const OPTIONS = {
  ...ENCODER_OPTIONS,
  out: { type: "string" },
  list: { type: "string" },
  keep: { type: "boolean", default: false },
} as const;

/** Where photographs of a list go unless told. */
const pickedInto = (name: string) => join(RUNS_DIR, "picked", name);

/** What the command line asks for. */
export type PhotosCall =
  | { action: "pick"; copy: readonly string[]; list?: string; out?: string }
  | { action: "measure" } & MeasureCall;

/**
 * Reads the command line.
 *
 * @throws {UsageError} when it is not understood
 */
export function readCall(args: string[]): PhotosCall {
  const { values, positionals } = readOptions({ args, options: OPTIONS, allowPositionals: true });
  const [action, ...places] = positionals, { keep, list, out } = values;
  const encoder = readEncoder(values), isOther = Object.keys(encoder).length > 0;
  const refuse = (why: string): never => {
    throw new UsageError(`Cannot read the command line: ${why}`);
  };
  if (action === "measure") {
    if (places.length > 1) refuse(`measure wants one data set, got ${places.length}`);
    if (list ?? out) refuse("--out and --list are for pick");
    if (keep && isOther) refuse("--keep is for photo-clip as it is");
    return { action, encoder, dataset: places[0] ?? pickedInto(listed.name), keep };
  }
  if (action !== "pick") return refuse(`expected pick or measure, got ${action ?? "nothing"}`);
  if (places.length < 1 || places.length > 2) {
    refuse(
      `pick wants a folder, or annotations and a folder of images; got ${places.length} paths`,
    );
  }
  if (keep || isOther) refuse("--keep and the encoder are for measure");
  return { action, copy: places, ...(list && { list }), ...(out && { out }) };
}

/** A list of one's own. */
async function readList(path: string): Promise<PhotoList> {
  const fail = (why: string): never => {
    throw new Error(`Cannot read list ${path}: ${why}`);
  };
  let list: Partial<PhotoList> | null = null;
  try {
    list = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    fail((error as Error).message);
  }
  const { name, images } = list ?? {};
  const plain = (text: unknown) => typeof text === "string" && /^[^/\\\0]+$/.test(text);
  if (!plain(name) || !Array.isArray(images) || images.length === 0 || !images.every(plain)) {
    fail('it must be { "name": "…", "images": ["….jpg", …] }, with names of files');
  }
  return { name: name!, images: [...new Set(images!)] };
}

/** What was picked, in lines. */
export function describePicked(list: PhotoList, picked: Picked): string {
  const { photos, objects, classes, crowds, annotations, images } = picked;
  const left = leftText(picked);
  const other = list.name === listed.name && left === "" &&
    (objects !== listed.objects || classes !== listed.classes);
  return [
    `${photos} of ${list.images.length} photographs of ${list.name}: ${objects} objects of ${classes} classes` +
    (crowds === 0
      ? ""
      : `; ${crowds} crowds, which are not judged (results/PHOTOS.md was measured without)`),
    ...(left === "" ? [] : [`not picked: ${left}`]),
    ...(other
      ? [
        `results/PHOTOS.md was measured with ${listed.objects} objects of ${listed.classes} classes`,
      ]
      : []),
    `as a data set: coco:${annotations}:${images}`,
  ].map(printable).join("\n");
}

/**
 * Picks photographs.
 *
 * @returns what to print, and whether all were there
 */
export async function pick(
  { copy: [place, images], list: path, out }: Extract<PhotosCall, { action: "pick" }>,
): Promise<{ text: string; whole: boolean }> {
  const list = path === undefined ? listed : await readList(path);
  const copy: CocoCopy = images === undefined
    ? await cocoCopy(place)
    : { annotations: [place], images: ["", "train2017", "val2017"].map((n) => join(images, n)) };
  const picked = await pickPhotos(list, copy, resolve(out ?? pickedInto(list.name)));
  return { text: describePicked(list, picked), whole: leftText(picked) === "" };
}

if (import.meta.main) {
  await runTask(USAGE, async () => {
    const call = readCall(Deno.args);
    if (call.action === "pick") {
      const { text, whole } = await pick(call);
      console.log(text);
      return whole ? 0 : 1;
    }
    const load = () => import("./photos_run.ts"); // with the whole library: a second or two
    const { measure } = await showStep("Load", load, { leaves: "never" });
    await measure(call, ["deno task photos", ...Deno.args].join(" "));
  });
}
