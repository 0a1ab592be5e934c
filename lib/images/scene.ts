/**
 * Scenes: images of any size, of which windows are read and never the whole.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { fromFile } from "geotiff";
import type { Box } from "../covers/cover.ts";
import { CACHE_DIR } from "../runtime/cache_dir.ts";
import { createLocked, removeLeftovers, sha256, temporaryPath } from "../runtime/files.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import { acquireLock } from "../runtime/lock.ts";
import { notice } from "../runtime/notice.ts";
import { type ProgressOutput, showStep } from "../runtime/progress.ts";
import type { PixelConfig } from "./bands.ts";
import type { RgbImage } from "./decode.ts";
import { readImageFile } from "./file.ts";
import { type AllowedFormat, sniffFormat } from "./format.ts";
import type { Georeference } from "./georeference.ts";
import { ImageError } from "./image_error.ts";
import { readHeader, type SceneHeader } from "./scene_header.ts";
import { createMapper, LevelFinder, type Levels, type Samples } from "./scene_levels.ts";
import { sharp } from "./sharp.ts";

/** Options of {@linkcode openScene} that change no pixel. */
export interface SceneOptions {
  /** Folder of tiled copies; `.cache/scenes` unless told. */
  cacheDir?: string;
  /** Where progress shows. */
  output?: ProgressOutput;
}

/** A scene of which windows can be read. */
export interface Scene {
  /** The file, as it was given. */
  path: string;
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Where it lies on the earth, if the file says so. */
  place?: Georeference;
  /** Everything but the file's bytes that decides its pixels. */
  rendering: { bands: number[]; levels?: Levels };
  /**
   * Reads a window: the same pixels as that part of the whole.
   *
   * @param box in px of the scene
   * @throws {RangeError} when it leaves the scene
   * @throws {ImageError} when that part of the file is damaged
   */
  window(box: Box): Promise<RgbImage>;
}

/** Windows by which levels are found: so many along each side, of this many px. */
const SAMPLES_ALONG = 8, SAMPLE_SIDE = 256;

/**
 * Opens a scene. A file that is not tiled is copied once into one that is, with a notice: of a striped one, or a PNG,
 * a window cannot be read without all that stands before it. Memory is bounded by the windows, whatever the size.
 *
 * @param path a TIFF (GeoTIFF, BigTIFF) of 8 or 16 bits and any number of bands, or any image that is decoded
 * @param config which bands (of one without colours the first alone), and how 16 bits become 8: by `percentile` unless
 *   told, where 2 % of the scene's pixels become black and 2 % white, a band, by a sample of 64 windows; 8 bits are kept
 *   (`none`) unless told
 * @param options where tiled copies go
 * @returns the scene
 * @throws {ImageError} when it is no image of an allowed format, not upright, or of another kind of pixels
 * @throws {RangeError} when a band does not exist
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openScene, writeTiledTiff } from "detailclip/images";
 * const path = await Deno.makeTempFile({ suffix: ".tif" });
 * const grey = ({ width, height }: { width: number; height: number }) =>
 *   Promise.resolve(new Uint8Array(width * height * 3).fill(99));
 * await writeTiledTiff(path, { width: 3000, height: 2000, bands: 3, bits: 8 }, grey);
 * const scene = await openScene(path);
 * const { data } = await scene.window({ left: 2900, top: 0, width: 100, height: 50 });
 * assert(scene.width === 3000 && data.length === 100 * 50 * 3 && data[0] === 99);
 * await Deno.remove(path);
 * ```
 */
export async function openScene(
  path: string,
  config: PixelConfig = {},
  options: SceneOptions = {},
): Promise<Scene> {
  const signal = operationSignal();
  signal.throwIfAborted();
  const format = await readImageFile(path, (head) => sniffFormat(head) as AllowedFormat);
  const header = await readHeader(path, format);
  if (header.pagesNote) notice(`${path}: ${header.pagesNote}`, options.output);
  const bands = chooseBands(path, header, config.bands);
  const file = header.bySharp && !header.tiled ? await tiledCopy(path, header, options) : path;
  const samples = (box: Box) => readSamples({ path, file }, header, bands, box);
  const { stretch = header.bits === 16 ? "percentile" : "none" } = config;
  const levels = stretch === "percentile" ? await findLevels(header, samples, signal) : undefined;
  const toRgb = createMapper(header.bits, levels);
  const { width, height, place } = header;
  return {
    path,
    width,
    height,
    place,
    rendering: { bands, levels },
    window: async (box) => {
      requireInside(path, header, box);
      return toRgb(await samples(box));
    },
  };
}

/** The bands for red, green and blue, from 0. */
function chooseBands(path: string, header: SceneHeader, wanted?: readonly number[]): number[] {
  const colours = header.bands - (header.alpha === undefined ? 0 : 1);
  const named = wanted ?? (colours < 3 ? [1, 1, 1] : [1, 2, 3]);
  for (const band of named) {
    if (Number.isSafeInteger(band) && band >= 1 && band <= header.bands && named.length === 3) {
      continue;
    }
    throw new RangeError(
      `Cannot open scene ${path}: bands must be three from 1 to ${header.bands}, got ${named}`,
    );
  }
  return named.map((band) => band - 1);
}

function requireInside(path: string, { width, height }: SceneHeader, box: Box): void {
  const numbers = [box.left, box.top, box.width, box.height];
  const inside = numbers.every(Number.isSafeInteger) && box.left >= 0 && box.top >= 0 &&
    box.width >= 1 && box.height >= 1 && box.left + box.width <= width &&
    box.top + box.height <= height;
  if (inside) return;
  throw new RangeError(
    `Cannot read window of ${path}: ${box.width}x${box.height} at ${box.left},${box.top} leaves its ` +
      `${width}x${height} px`,
  );
}

/** Reads the chosen bands of a window, and alpha: from the file itself, or its tiled copy. */
async function readSamples(
  { path, file }: { path: string; file: string },
  header: SceneHeader,
  bands: number[],
  box: Box,
): Promise<Samples> {
  const { bits, alpha } = header, { width, height } = box;
  const chosen = alpha === undefined ? bands : [...bands, alpha];
  try {
    const all = header.bySharp ? await windowBySharp(file, header, box) : undefined;
    const data = all ? pick(all, header.bands, chosen) : await windowByGeotiff(file, chosen, box);
    return { width, height, data, bits };
  } catch (error) {
    throw await failure(path, file, error);
  }
}

/** What a failure to read says: that the content is damaged only where the file can be opened still. */
async function failure(path: string, file: string, error: unknown): Promise<Error> {
  operationSignal().throwIfAborted();
  const detail = error instanceof Error ? error.message.split("\n")[0] : String(error);
  try {
    (await Deno.open(file)).close();
  } catch (cause) {
    return new ImageError(path, "unreadable file", (cause as Error).message, { cause });
  }
  return new ImageError(path, "truncated or corrupt", detail, { cause: error });
}

/** The space in which sharp hands on samples as they are. */
function spaceOf({ bands, alpha, bits }: SceneHeader): "rgb16" | "grey16" | "srgb" | "b-w" {
  const grey = bands - (alpha === undefined ? 0 : 1) < 3;
  return bits === 16 ? (grey ? "grey16" : "rgb16") : grey ? "b-w" : "srgb";
}

/** All samples of a window of a tiled file. */
async function windowBySharp(file: string, header: SceneHeader, box: Box) {
  const { bands, bits } = header, space = spaceOf(header);
  const options = { failOn: "warning", limitInputPixels: false, sequentialRead: false } as const;
  const { data, info } = await sharp(file, { ...options, pages: 1, ignoreIcc: true })
    .extract(box).pipelineColourspace(space).toColourspace(space)
    .raw({ depth: bits === 8 ? "uchar" : "ushort" }).toBuffer({ resolveWithObject: true });
  if (info.channels !== bands) throw new Error(`${info.channels} bands instead of ${bands}`);
  return bits === 8
    ? new Uint8Array(data.buffer, data.byteOffset, data.length)
    : new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
}

/** The chosen bands of all. */
function pick<T extends Uint8Array | Uint16Array>(all: T, bands: number, chosen: number[]): T {
  if (chosen.length === bands && chosen.every((band, i) => band === i)) return all;
  const Samples = all.constructor as new (length: number) => T;
  const data = new Samples(all.length / bands * chosen.length);
  for (let from = 0, to = 0; from < all.length; from += bands) {
    for (const band of chosen) data[to++] = all[from + band];
  }
  return data;
}

/** The chosen bands of a window of a TIFF of many bands, or one that stores band by band. */
async function windowByGeotiff(file: string, chosen: number[], box: Box) {
  const { left, top, width, height } = box;
  const tiff = await fromFile(file);
  try {
    const window = [left, top, left + width, top + height];
    const read = await (await tiff.getImage(0)).readRasters({
      window,
      samples: [...new Set(chosen)],
      interleave: true,
    });
    const bands = [...new Set(chosen)];
    return pick(
      read as Uint8Array | Uint16Array,
      bands.length,
      chosen.map((c) => bands.indexOf(c)),
    );
  } finally {
    await tiff.close();
  }
}

/** Levels of the whole scene from a sample of windows, spread evenly. */
async function findLevels(
  { width, height, bits, noData }: SceneHeader,
  samples: (box: Box) => Promise<Samples>,
  signal: AbortSignal,
): Promise<Levels> {
  const finder = new LevelFinder(bits, noData);
  const places = (side: number) => {
    const length = Math.min(side, SAMPLE_SIDE), room = side - length;
    const all = Array.from(
      { length: SAMPLES_ALONG },
      (_, i) => Math.floor(i * room / (SAMPLES_ALONG - 1)),
    );
    return { length, starts: [...new Set(all)] };
  };
  const x = places(width), y = places(height);
  for (const top of y.starts) {
    for (const left of x.starts) {
      signal.throwIfAborted();
      finder.add(await samples({ left, top, width: x.length, height: y.length }));
    }
  }
  return finder.levels();
}

/** Copies a scene into a tiled file, once; libvips reads and writes it line by line. */
async function tiledCopy(
  path: string,
  header: SceneHeader,
  { cacheDir = join(CACHE_DIR, "scenes"), output }: SceneOptions,
): Promise<string> {
  const { size, mtime } = await Deno.stat(path);
  const name = sha256(JSON.stringify([resolve(path), size, mtime?.getTime()])).slice(0, 20);
  const copy = join(cacheDir, `${name}.tif`);
  const isThere = () => Deno.stat(copy).then(() => true, () => false);
  if (await isThere()) return copy;
  const space = spaceOf(header);
  notice(`${path} is not tiled: windows are read from a tiled copy, ${copy}`, output);
  await Deno.mkdir(cacheDir, { recursive: true });
  await removeLeftovers(cacheDir);
  using _lock = await acquireLock(`${copy}.lock`, { doing: `tiles ${path}`, output });
  if (await isThere()) return copy; // who was waited for has made it
  const temporary = temporaryPath(copy);
  using _alive = await createLocked(temporary); // what a killed process leaves is not locked
  try {
    await showStep(
      `Tile ${path}`,
      () =>
        sharp(path, { failOn: "warning", limitInputPixels: false, pages: 1, ignoreIcc: true })
          .pipelineColourspace(space).toColourspace(space)
          .tiff({
            tile: true,
            tileWidth: 256,
            tileHeight: 256,
            compression: "deflate",
            bigtiff: true,
          })
          .toFile(temporary),
      { output },
    );
    operationSignal().throwIfAborted();
    await Deno.rename(temporary, copy);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw await failure(path, path, error);
  }
  return copy;
}
