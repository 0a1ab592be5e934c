/**
 * From an image of a data set to patches: everything that runs ahead of the encoder.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { type Box, coverBoxes } from "../covers/cover.ts";
import { type Cover, type CoverSpec, makeCover, toImageBox } from "../covers/mod.ts";
import { type DatasetImage, placedObjects } from "../datasets/dataset.ts";
import { canonicalJson, sha256, sha256File } from "../runtime/files.ts";
import {
  type CutMethod,
  ImageError,
  type PatchBatch,
  type PixelConfig,
  type Preprocessing,
  type RgbImage,
  type Scene,
} from "../images/mod.ts";
import { type CutImage, cutImage, type CutJob } from "./cut_image.ts";
import { type HashIndex, stampOf } from "./hashes.ts";
import { contentOf, imageKey } from "./key.ts";
import { type CopiedPatches, copyPatches, type FindPatches, hasAllPatches } from "./reuse.ts";

/** Bytes of an image file that are read into memory at most. */
export const DEFAULT_MAX_BYTES = 512 * 2 ** 20;

/** What preparing images needs to know. */
export interface PrepareOptions {
  /** How images are cut. */
  cover: CoverSpec;
  /** The encoder's preprocessing. */
  preprocessing: Preprocessing;
  /** How patches are cut out. */
  method: CutMethod;
  /** Limit on an image's pixels; the default of `decodeImage` when left out. */
  maxPixels?: number;
  /** How pixels become RGB, where that is not the default. */
  pixels?: PixelConfig;
  /** Called with what was done to the pixels of an image. */
  onNote?: (image: DatasetImage, note: string) => void;
  /** Limit on the size of an image's file. */
  maxBytes: number;
  /** What other covers know of an image, and the length D of a feature. */
  known?: { find: FindPatches; dim: number };
  /** Remembered content hashes. */
  hashes: HashIndex;
  /** Decodes and cuts an image; here unless told. */
  cut?: (job: CutJob, signal: AbortSignal) => Promise<CutImage>;
  /** Stops the work. */
  signal: AbortSignal;
}

/** An image file that could be read: its key in the cache and, when it had to be read, its bytes. */
export interface IdentifiedImage {
  /** The image's key in the cache. */
  key: string;
  /** The file's content. */
  bytes?: Uint8Array;
  /** Size of the file in bytes. */
  size: number;
}

/** An image cut into patches. */
export interface PreparedImage {
  /** Which image of the data set it is. */
  image: DatasetImage;
  /** The image's key in the cache. */
  key: string;
  /** The patches to encode: (P, S, S, 3), or fewer than P where others are copied. */
  patches: PatchBatch;
  /** Features that are known, and the patches that are not: those are `patches`. */
  copied?: CopiedPatches;
  /** P boxes, in px of the image. */
  boxes: Box[];
  /** (P). */
  levels: Uint8Array;
}

const objectBoxes = (image: DatasetImage) => placedObjects(image).map(({ box }) => box);

/**
 * Turns a failure to read into a reason for the ledger; a permission that the process lacks spoils all
 * images alike, and an abort none.
 */
function readFailure(path: string, error: unknown, signal: AbortSignal): unknown {
  const general = error instanceof ImageError || error instanceof Deno.errors.NotCapable;
  if (general || signal.aborted) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ImageError(path, "unreadable file", detail, { cause: error });
}

/** Reads a file whole, unless it is larger than allowed. */
async function readImage(path: string, options: PrepareOptions): Promise<Uint8Array> {
  const { size } = await Deno.stat(path);
  if (size > options.maxBytes) {
    throw new ImageError(path, "too many bytes", `${size}; the limit is ${options.maxBytes}`);
  }
  return await readFile(path, { signal: options.signal });
}

/** What is known of the files of scenes, each hashed once a process: a scene has hundreds of tiles. */
const sceneHashes = new WeakMap<Scene, Promise<{ hash: string; stamp: string }>>();

/** The SHA-256 that stands for a tile of a scene: of the file's, the box, and how samples become pixels. */
async function identifyPart(
  { path, part }: DatasetImage & Required<Pick<DatasetImage, "part">>,
  { hashes }: PrepareOptions,
): Promise<string> {
  const { scene, box } = part;
  const hashFile = async () => {
    const info = await Deno.stat(path), known = hashes.get(path, info), stamp = stampOf(info);
    if (known !== undefined) return { hash: known, stamp };
    const hash = await sha256File(path);
    hashes.set(path, info, hash);
    return { hash, stamp };
  };
  let hashing = sceneHashes.get(scene);
  if (!hashing) {
    sceneHashes.set(scene, hashing = hashFile());
    hashing.catch(() => sceneHashes.delete(scene));
  }
  const { hash } = await hashing;
  const { left, top, width, height } = box;
  return sha256(canonicalJson([hash, [left, top, width, height], scene.rendering]));
}

/**
 * Finds the key of an image, from the remembered hash of its file or by reading it.
 *
 * @throws {ImageError} when the file cannot be read
 */
export async function identifyImage(
  image: DatasetImage,
  options: PrepareOptions,
): Promise<IdentifiedImage> {
  const { cover, hashes, maxBytes, signal } = options;
  const { path } = image;
  const key = (hash: string) => imageKey(hash, cover, objectBoxes(image));
  try {
    if (image.part) {
      return { key: key(await identifyPart({ ...image, part: image.part }, options)), size: 0 };
    }
    const info = await Deno.stat(path);
    if (!info.isFile) {
      throw new ImageError(path, info.isDirectory ? "is a directory" : "is not a regular file");
    }
    const known = hashes.get(path, info);
    if (known !== undefined) return { key: key(known), size: info.size };
    // What is too large to read is hashed all the same, so that the ledger knows it by its content.
    const bytes = info.size > maxBytes ? undefined : await readImage(path, options);
    const hash = bytes ? sha256(bytes) : await sha256File(path);
    hashes.set(path, info, hash);
    return { key: key(hash), bytes, size: info.size };
  } catch (error) {
    throw readFailure(path, error, signal);
  }
}

/** The boxes of a cover in px of the image, and their levels. */
function place(cover: Cover, width: number, height: number) {
  const boxes = coverBoxes(cover).map((box) => toImageBox(cover, box, width, height));
  const levels = Uint8Array.from(cover.levels.flatMap((level, index) => level.map(() => index)));
  return { boxes, levels };
}

/** What is known of the cover of an image of the given key; nothing where an image of its size is not. */
function lookUp(
  image: DatasetImage,
  key: string,
  { cover: spec, known }: PrepareOptions,
): { width: number; height: number; cover: Cover; copied: CopiedPatches } | undefined {
  let cover: Cover | undefined;
  const coverOf = ({ width, height }: { width: number; height: number }) =>
    cover ??= makeCover(spec, { width, height, objects: objectBoxes(image) });
  const found = known?.find(contentOf(key), (found) => hasAllPatches(found, coverOf(found)));
  if (!known || !found) return undefined;
  const { width, height } = found;
  return {
    width,
    height,
    cover: coverOf(found),
    copied: copyPatches(found, coverOf(found), known.dim),
  };
}

/** Reads a tile, and makes sure that the scene's file is still the one that was hashed. */
async function readPart(path: string, { scene, box }: NonNullable<DatasetImage["part"]>) {
  const pixels = await scene.window(box), known = await sceneHashes.get(scene);
  if (known?.stamp === stampOf(await Deno.stat(path))) return pixels;
  sceneHashes.delete(scene);
  throw new ImageError(path, "unreadable file", "it changed while it was read");
}

/**
 * Decodes an image and cuts it into patches, those that are not known from another cover. The key returned is that
 * of the bytes which were decoded, whatever happened to the file since it was identified; where all patches are
 * known nothing is read, and it is the key as identified.
 *
 * @throws Error when the image cannot be decoded, covered or cut
 */
export async function prepareImage(
  image: DatasetImage,
  identified: IdentifiedImage,
  options: PrepareOptions,
): Promise<PreparedImage> {
  const { cover: spec, method, maxPixels, signal, cut = cutImage } = options;
  const { mode, size, filter } = options.preprocessing, preprocessing = { mode, size, filter };
  let { key, bytes } = identified;
  let found = identified.size > options.maxBytes ? undefined : lookUp(image, key, options);
  if (found?.copied.missing.length === 0) {
    const { cover, copied, width, height } = found;
    const patches = { count: 0, size: preprocessing.size, data: new Uint8Array() };
    return { image, key, patches, copied, ...place(cover, width, height) };
  }
  let pixels: RgbImage | undefined; // (H, W, 3)
  if (image.part) pixels = await readPart(image.path, image.part);
  else if (bytes === undefined) {
    try {
      bytes = await readImage(image.path, options);
    } catch (error) {
      throw readFailure(image.path, error, signal);
    }
    const read = imageKey(sha256(bytes), spec, objectBoxes(image));
    if (read !== key) found = undefined; // the file changed under our eyes
    key = read;
  }
  const { width: across, height: down, path } = image, objects = objectBoxes(image);
  const known = found &&
    { width: found.width, height: found.height, missing: found.copied.missing };
  const { width, height, patches, usesKnown, notes } = await cut({
    ...{ source: pixels ?? bytes!, path, cover: spec, objects, preprocessing, method, maxPixels },
    ...(across !== undefined && down !== undefined &&
      { annotated: { width: across, height: down } }),
    ...{ pixels: options.pixels, known },
  }, signal);
  for (const note of notes) options.onNote?.(image, note);
  const cover = makeCover(spec, { width, height, objects });
  const copied = usesKnown ? found?.copied : undefined;
  return { image, key, patches, copied, ...place(cover, width, height) };
}
