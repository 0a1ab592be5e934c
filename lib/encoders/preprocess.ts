/**
 * What a model's preprocessor_config.json asks for, and the part of it that belongs to encoders:
 * bytes (P, S, S, 3) to normalised numbers (P, 3, S, S).
 *
 * @module
 */
import type { Filter, Preprocessing } from "../images/mod.ts";
import { FILTERS } from "../images/preprocessing.ts";

/** Preprocessing with the numbers that bytes are normalised by. */
export interface ModelPreprocessing extends Preprocessing {
  /** Mean of each colour channel, of values in [0, 1]. */
  mean: number[];
  /** Standard deviation of each colour channel. */
  std: number[];
  /** What a byte is multiplied by first. */
  scale: number;
}

type Size = number | { shortest_edge?: number; height?: number; width?: number } | undefined;

interface PreprocessorConfig {
  size?: Size;
  crop_size?: Size;
  do_center_crop?: boolean;
  do_rescale?: boolean;
  do_normalize?: boolean;
  rescale_factor?: number;
  image_mean?: number[];
  image_std?: number[];
  /** Pillow's number of a filter. */
  resample?: number;
  /** The next four are jina-clip's. */
  resize_mode?: string;
  interpolation?: string;
  mean?: number[];
  std?: number[];
}

/** The side of a square size, however it is written; undefined when it is not square or not given. */
function squareSide(size: Size): number | undefined {
  if (typeof size === "number" || size === undefined) return size;
  if (size.shortest_edge !== undefined) return size.shortest_edge;
  return size.height === size.width ? size.height : undefined;
}

/** Pillow's numbers of the filters that there are. */
const RESAMPLE: Record<number, Filter> = { 2: "bilinear", 3: "bicubic" };

/** jina-clip's own way of writing, in that of the others. */
function inHubsWords(config: PreprocessorConfig): PreprocessorConfig {
  const { resize_mode: mode, size, interpolation, mean, std } = config;
  if (mode === undefined) return config;
  if (typeof size !== "number" || (mode !== "shortest" && mode !== "squash")) {
    throw new Error(`Cannot read preprocessing: resize_mode "${mode}" is not supported`);
  }
  return {
    size: mode === "squash" ? { height: size, width: size } : { shortest_edge: size },
    crop_size: size,
    do_center_crop: mode === "shortest",
    resample: interpolation === "bicubic" ? 3 : 2,
    image_mean: mean,
    image_std: std,
  };
}

/** The filter that a model asks for, where it is not that of the mode. */
function filterOf(resample: number | undefined, mode: Preprocessing["mode"]): Filter | undefined {
  if (resample === undefined) return undefined;
  const filter = RESAMPLE[resample];
  if (filter === undefined) {
    throw new Error(
      `Cannot read preprocessing: resample must be 2 (bilinear) or 3 (bicubic), got ${resample}`,
    );
  }
  return filter === FILTERS[mode] ? undefined : filter;
}

/**
 * Reads a model's preprocessing.
 *
 * @param given the content of preprocessor_config.json
 * @param mode what to use in place of the model's own way of resizing, its filter included
 * @throws {Error} If the model's images are not squares, are cropped from larger ones, or are resized in a way
 * that there is not.
 */
export function readPreprocessing(
  given: PreprocessorConfig,
  mode?: Preprocessing["mode"],
): ModelPreprocessing {
  const config = inHubsWords(given);
  const resized = squareSide(config.size), cropped = squareSide(config.crop_size);
  // A size with both sides squashes an image; CLIP's, with the shortest edge alone, needs the crop.
  const crops = config.do_center_crop ?? false;
  const size = crops ? cropped ?? resized : resized;
  if (size === undefined || !Number.isInteger(size) || size < 1) {
    throw new Error("Cannot read preprocessing: size and crop_size name no square");
  }
  if (crops && resized !== undefined && resized !== size && mode !== "squash") {
    throw new Error(
      `Cannot read preprocessing: images resized to ${resized} px and cropped to ${size} px are not supported`,
    );
  }
  const own = crops ? "clip" : "squash", normalize = config.do_normalize ?? true;
  const filter = mode === undefined ? filterOf(config.resample, own) : undefined;
  return {
    mode: mode ?? own,
    size,
    ...(filter && { filter }),
    mean: normalize ? config.image_mean ?? [0.5, 0.5, 0.5] : [0, 0, 0],
    std: normalize ? config.image_std ?? [0.5, 0.5, 0.5] : [1, 1, 1],
    scale: config.do_rescale ?? true ? config.rescale_factor ?? 1 / 255 : 1,
  };
}

/** Makes the 3 x 256 table of what each byte of each channel becomes. */
export function normalizationTable({ mean, std, scale }: ModelPreprocessing): Float32Array {
  const table = new Float32Array(3 * 256); // (3, 256)
  for (let channel = 0; channel < 3; channel++) {
    for (let byte = 0; byte < 256; byte++) {
      table[256 * channel + byte] = (byte * scale - mean[channel]) / std[channel];
    }
  }
  return table;
}

/**
 * Normalises images and moves channels to the front.
 *
 * @param bytes images (P, S, S, 3)
 * @param from index of the first image
 * @param count number of images to take
 * @param size S
 * @param table from `normalizationTable`
 * @param out receives (count, 3, S, S)
 */
export function normalizePatches(
  bytes: Uint8Array,
  from: number,
  count: number,
  size: number,
  table: Float32Array,
  out: Float32Array,
): void {
  const area = size * size;
  let source = from * 3 * area;
  for (let image = 0; image < count; image++) {
    const red = image * 3 * area, green = red + area, blue = green + area;
    for (let pixel = 0; pixel < area; pixel++, source += 3) {
      out[red + pixel] = table[bytes[source]];
      out[green + pixel] = table[256 + bytes[source + 1]];
      out[blue + pixel] = table[512 + bytes[source + 2]];
    }
  }
}
