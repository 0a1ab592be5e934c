/**
 * From the bytes of an image to its patches: a job that is told all it needs, so that another thread can do it. Such a
 * thread loads what is imported here, and no more.
 *
 * @module
 */
import type { Box, Cover } from "../covers/cover.ts";
import { type CoverSpec, makeCover } from "../covers/spec.ts";
import type { PixelConfig } from "../images/bands.ts";
import { type CutMethod, cutPatches } from "../images/cut.ts";
import { decodeImage, ImageError, type RgbImage } from "../images/decode.ts";
import type { PatchBatch, Preprocessing } from "../images/preprocessing.ts";

/** An image to be cut. */
export interface CutJob {
  /** The file's content, or the pixels of a tile, which its scene has decoded. */
  source: Uint8Array | RgbImage;
  /** The file, for messages. */
  path: string;
  /** How it is cut. */
  cover: CoverSpec;
  /** Boxes of its objects, in px. */
  objects: Box[];
  /** The size for which these were read, where it is known. */
  annotated?: { width: number; height: number };
  /** The encoder's preprocessing. */
  preprocessing: Preprocessing;
  /** How patches are cut out. */
  method: CutMethod;
  /** Limit on the image's pixels; the default of `decodeImage` when left out. */
  maxPixels?: number;
  /** How pixels become RGB, where that is not the default. */
  pixels?: PixelConfig;
  /** Patches that need not be cut, if the image is of this size: all but the missing ones. */
  known?: { width: number; height: number; missing: number[] };
}

/** An image that was cut. */
export interface CutImage {
  /** Its size in px. */
  width: number;
  height: number;
  /** The patches: those that are missing if `usesKnown`, else all. */
  patches: PatchBatch;
  /** Whether it has the size of what is known of it. */
  usesKnown: boolean;
  /** What was done to its pixels. */
  notes: string[];
}

/** Refuses boxes on an image that is not of the size for which they were read: its file changed since. */
function checkFrame({ path, cover, objects, annotated }: CutJob, { width, height }: RgbImage) {
  if (cover.scheme !== "objects" || objects.length === 0 || !annotated) return;
  if (annotated.width === width && annotated.height === height) return;
  throw new ImageError(
    path,
    "boxes are of another size than the image",
    `annotated as ${annotated.width} x ${annotated.height} px, decoded to ${width} x ${height} px`,
  );
}

/** The part of a cover that has yet to be encoded. */
function onlyMissing(cover: Cover, missing: readonly number[]): Cover {
  const wanted = new Set(missing);
  let patch = 0;
  return { ...cover, levels: cover.levels.map((level) => level.filter(() => wanted.has(patch++))) };
}

/**
 * Decodes an image and cuts it.
 *
 * @param job all that decides the result
 * @param signal stops the work with its reason
 * @throws {Error} when the image cannot be decoded, covered or cut
 */
export async function cutImage(job: CutJob, signal?: AbortSignal): Promise<CutImage> {
  const { source, cover: spec, objects, preprocessing, method, maxPixels, known } = job;
  const notes: string[] = [], onNote = (note: string) => notes.push(note);
  const image = source instanceof Uint8Array // (H, W, 3)
    ? await decodeImage(source, { ...job.pixels, maxPixels, onNote, signal })
    : source;
  const { width, height } = image;
  checkFrame(job, image);
  const cover = makeCover(spec, { width, height, objects });
  // Known under another size, which only a damaged store can say: then it knows nothing.
  const usesKnown = known?.width === width && known.height === height;
  const wanted = usesKnown ? onlyMissing(cover, known.missing) : cover;
  const patches = await cutPatches(image, wanted, preprocessing, { method, signal }); // (P, S, S, 3)
  return { width, height, patches, usesKnown, notes };
}
