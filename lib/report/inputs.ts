/**
 * Files of one's own that a configuration names, which can change while the configuration stays.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileNamesOf } from "../datasets/coco_image.ts";
import { parseAnnotations } from "../datasets/coco_json.ts";
import { MemberReader } from "../datasets/json_members.ts";
import { ownEncoderFolder } from "../encoders/locate.ts";

/** Size and time of change. */
function stateOf(path: string): string {
  try {
    const { size, mtimeMs } = statSync(path);
    return `${size} ${mtimeMs}`;
  } catch {
    return "missing";
  }
}

/** Annotations as they were read. */
interface Annotations {
  /** What the file was like. */
  state: string;
  /** SHA-256 of its content. */
  digest: string;
  /** What the file of each image that it names may be called. */
  names: string[][];
}

/** By path: the same large JSON is not read for every figure. */
const annotationsRead = new Map<string, Annotations>();

/** Takes the bytes of annotations and collects what the files of the images may be called. */
function createNameReader(): { write(bytes: Uint8Array): void; end(): string[][] } {
  let names: string[][] = [], broken = false;
  const reader = new MemberReader({
    onMember: (key) => key === "images" ? "items" : "nothing",
    onText(_, text) {
      const images = parseAnnotations(text) as Record<string, unknown>[];
      names = names.concat(
        images.map((image) => fileNamesOf(image).filter((name) => typeof name === "string")),
      );
    },
  });
  // Of what is not COCO's format there are none, which loading it says.
  const attempt = (work: () => void) => {
    try {
      if (!broken) work();
    } catch {
      broken = true;
    }
  };
  return {
    write: (bytes) => attempt(() => reader.write(bytes)),
    end() {
      attempt(() => reader.end());
      return broken ? [] : names.filter(({ length }) => length > 0);
    },
  };
}

/** Annotations of a file of any size; `undefined` where it cannot be read, which is said where the data set is loaded. */
function annotationsAt(path: string): Annotations | undefined {
  const state = stateOf(path), known = annotationsRead.get(path);
  if (known?.state === state) return known;
  const hash = createHash("sha256"), names = createNameReader();
  try {
    const file = openSync(path, "r"), buffer = new Uint8Array(2 ** 20);
    try {
      for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
        const bytes = buffer.subarray(0, count);
        hash.update(bytes);
        names.write(bytes);
      }
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
  const read = { state, digest: hash.digest("hex"), names: names.end() };
  annotationsRead.set(path, read);
  return read;
}

/** What all files of a folder are like now. */
function* folderStates(folder: string): Generator<string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of names.sort()) {
    const path = join(folder, name);
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) yield `${name} ${stateOf(path)}`;
  }
}

const isFolder = (path: unknown): path is string =>
  typeof path === "string" && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * What annotations and their images are like now: content of the one, size and time of the others. Where a folder has
 * the annotations, or their file does not name the images, all files count.
 */
function* dataStates(annotations: string, root: unknown, source: unknown): Generator<string> {
  const found = annotationsAt(annotations);
  if (found !== undefined) yield found.digest;
  if (source === undefined || source === "coco") {
    if (found === undefined || typeof root !== "string") return;
    for (const names of found.names) {
      const name = names.find((name) => existsSync(join(root, name))) ?? names[0];
      yield `${name} ${stateOf(join(root, name))}`;
    }
    return;
  }
  for (const folder of new Set([annotations, root])) {
    if (isFolder(folder)) yield* folderStates(folder);
  }
}

/** What the files of an encoder's folder are like now. */
function* encoderStates(id: string): Generator<string> {
  const folder = ownEncoderFolder(id);
  if (folder !== undefined) yield* folderStates(folder);
}

/** What all files are like that a value names, at any depth. */
function* states(value: unknown, key?: string, of?: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  const { annotations, root, id, source = of } = value as Record<string, unknown>;
  if (typeof annotations === "string") yield* dataStates(annotations, root, source);
  if (key === "encoder" && typeof id === "string") yield* encoderStates(id);
  for (const [name, inner] of Object.entries(value)) yield* states(inner, name, source);
}

/**
 * Six hexadecimal digits that change whenever a file does that a configuration names: annotations of any split, the
 * images that they name, and an encoder that is not part of this repository.
 *
 * @param config one configuration or several, or settings beside them
 * @returns `undefined` where it names no such files, or none that can be read
 */
export function inputsPrint(config: unknown): string | undefined {
  const all = [...states(config)];
  if (all.length === 0) return undefined;
  return createHash("sha256").update(all.join("\n")).digest("hex").slice(0, 6);
}
