/**
 * The lists of a COCO-format annotation file of any size: the annotations are never in memory together.
 *
 * @module
 */
import { parseAnnotations } from "./coco_json.ts";
import { type MemberHandlers, MemberReader } from "./json_members.ts";

/** An item of a list. */
export type Json = Record<string, unknown>;

/** What annotations say, in COCO's words, whatever format they came in. */
export interface AnnotationLists {
  /** The images that it lists: `id`, `file_name`, and `width` and `height` where they are known. */
  images: Json[];
  /** Its categories: `id` and `name`. */
  categories: Json[];
  /**
   * Its annotations; those of a file are read anew each time: `image_id`, `category_id`, `bbox`, and `corners` of an
   * oriented box, x and y of the four, in px.
   */
  annotations: Iterable<Json> | AsyncIterable<Json>;
  /** Those of them that the benchmark of their format ignores (`difficult`): they are left out as a crowd is. */
  ignored?: ReadonlySet<Json>;
  /** Whether the workspace drew the images (`generateClevrDs`). */
  drawn?: boolean;
}

/** How a file is read. */
export interface ReadOptions {
  /** Stops the reading with its reason. */
  signal: AbortSignal;
  /** Told of the bytes that are done and the bytes that there are; each is read twice. */
  onProgress?: (done: number, total: number) => void;
}

const CHUNK = 2 ** 20;
const LISTS = ["images", "categories", "annotations"] as const;

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The bytes of a file, in pieces that are overwritten by the next one. */
async function* bytesOf(path: string, { signal, onProgress }: ReadOptions, pass: 0 | 1) {
  using file = await Deno.open(path);
  const { isFile, size } = await file.stat(), buffer = new Uint8Array(CHUNK);
  if (!isFile) throw new RangeError("it is not a regular file, and has to be read twice");
  for (let done = 0;;) {
    signal.throwIfAborted();
    const count = await file.read(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
    done += count;
    onProgress?.(pass * size + Math.min(done, size), 2 * size);
  }
}

/** Collects the items of a list, each with a look at whether it is an object. */
function itemsOf(key: string, text: string, before: number): Json[] {
  const items = parseAnnotations(text);
  if (!Array.isArray(items)) throw new RangeError(`it has no list "${key}"`);
  const wrong = items.findIndex((item) => !isRecord(item));
  if (wrong >= 0) throw new RangeError(`${key}[${before + wrong}] is not an object`);
  return items;
}

/** Puts what is wrong with a file into words. */
function failure(attempt: string, cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || !(cause instanceof Error)) return cause;
  if (cause instanceof TypeError) {
    return new Error(`${attempt}: it holds no object with images and annotations`, { cause });
  }
  const why = cause instanceof SyntaxError ? `it is not JSON (${cause.message})` : cause.message;
  return new Error(`${attempt}: ${why}`, { cause });
}

/** Images and categories; annotations are looked for and passed over. */
async function readOutline(path: string, options: ReadOptions) {
  const lists = { images: [] as Json[], categories: [] as Json[] };
  const seen = new Set<string>();
  let drawn = false;
  const reader = new MemberReader({
    onMember(key, first) {
      const list = LISTS.find((name) => name === key);
      if (list === undefined) return key === "info" ? "whole" : "nothing";
      if (seen.has(key)) throw new RangeError(`it has two lists "${key}"`);
      if (first !== "[") throw new RangeError(`it has no list "${key}"`);
      seen.add(key);
      return key === "annotations" ? "nothing" : "items";
    },
    onText(key, text) {
      if (key === "info") {
        const info = parseAnnotations(text);
        drawn = isRecord(info) && isRecord(info.recipe);
      } else {
        const list = lists[key as keyof typeof lists];
        for (const item of itemsOf(key, text, list.length)) list.push(item);
      }
    },
  });
  for await (const bytes of bytesOf(path, options, 0)) reader.write(bytes);
  reader.end();
  const missing = LISTS.find((key) => !seen.has(key));
  if (missing !== undefined) throw new RangeError(`it has no list "${missing}"`);
  return { ...lists, drawn };
}

/** The annotations, as they are read. */
async function* readList(path: string, options: ReadOptions): AsyncGenerator<Json> {
  let found: Json[] = [], before = 0;
  const handlers: MemberHandlers = {
    onMember: (key) => key === "annotations" ? "items" : "nothing",
    onText: (key, text) => found = found.concat(itemsOf(key, text, before + found.length)),
  };
  const reader = new MemberReader(handlers);
  for await (const bytes of bytesOf(path, options, 1)) {
    reader.write(bytes);
    yield* found;
    before += found.length;
    found = [];
  }
  reader.end(); // it may have changed since its outline was read
}

/**
 * Opens an annotation file: images and categories are read, annotations as they are asked for.
 *
 * @param path of the file
 * @param attempt beginning of error messages
 * @param options a signal, and who is told of the progress
 * @throws {Error} when it cannot be read or is not COCO JSON
 */
export async function openAnnotations(
  path: string,
  attempt: string,
  options: ReadOptions,
): Promise<AnnotationLists> {
  const saying = async function* () {
    try {
      yield* readList(path, options);
    } catch (cause) {
      throw failure(attempt, cause, options.signal);
    }
  };
  try {
    const outline = await readOutline(path, options);
    return { ...outline, annotations: { [Symbol.asyncIterator]: saying } };
  } catch (cause) {
    throw failure(attempt, cause, options.signal);
  }
}
