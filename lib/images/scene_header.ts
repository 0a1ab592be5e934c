/**
 * What the header of a scene says, before a pixel is read.
 *
 * @module
 */
import { fromFile, type GeoTIFF, type GeoTIFFImage } from "geotiff";
import { ALPHA, OTHER_COMPRESSIONS } from "./bands.ts";
import { DEFAULT_MAX_PIXELS } from "./decode.ts";
import type { AllowedFormat } from "./format.ts";
import { type Georeference, readGeoreference } from "./georeference.ts";
import { ImageError } from "./image_error.ts";
import { sharp } from "./sharp.ts";
import { describePages } from "./tiff.ts";
import { checkWork } from "./work.ts";

/** The layout of a scene's file. */
export interface SceneHeader {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Samples a pixel, alpha included. */
  bands: number;
  /** Bits a sample. */
  bits: 8 | 16;
  /** Which band is alpha, from 0, if one is. */
  alpha?: number;
  /** Whether a window can be read without all that stands before it. */
  tiled: boolean;
  /**
   * Whether sharp reads its samples as they are: it does not where there are more bands, where each is stored by itself,
   * or where it has to guess what a band is.
   */
  bySharp: boolean;
  /** The sample that stands for no data, where the file names one (GDAL's). */
  noData?: number;
  /** Where it lies on the earth. */
  place?: Georeference;
  /** What is to be said of its pages, of which the first is read. */
  pagesNote?: string;
}

/** Photometric interpretations of TIFF 6.0 that are read; the others are refused by name. */
const READ = new Set([1, 2, 6]); // BlackIsZero, RGB, YCbCr
const PHOTOMETRIC: Record<number, string> = {
  0: "white is zero",
  3: "palette",
  4: "transparency mask",
  5: "CMYK",
  8: "Lab",
};
const SAMPLE_FORMATS: Record<number, string> = { 2: "signed", 3: "float", 4: "undefined" };
/** Zstandard, which geotiff has and sharp has not; its LERC of several bands comes out wrong. */
const BY_GEOTIFF = 50000;
/** More samples a pixel than these sharp refuses, or takes for something else. */
const SHARP_BANDS = 4;
/** Samples of a tile or strip that has to be held for a window. */
const MAX_BLOCK = 2 ** 27;

/** The values of a field, of which geotiff gives a single one as a number. */
function list(values: unknown): number[] {
  return typeof values === "number" ? [values] : Array.from(values as ArrayLike<number>);
}

/** The one value of a field that has one a sample. */
function common(path: string, name: string, values: unknown, none: number) {
  const all = new Set(list(values ?? [none]));
  if (all.size === 1) return [...all][0];
  throw new ImageError(path, `samples of different ${name} are not supported`, [...all].join(", "));
}

/** Reads the header of a TIFF. */
async function tiffHeader(path: string, image: GeoTIFFImage): Promise<SceneHeader> {
  const directory = image.getFileDirectory();
  const value = async (tag: Parameters<typeof directory.loadValue>[0]) =>
    directory.hasTag(tag) ? await directory.loadValue(tag) : undefined;
  const [width, height] = [image.getWidth(), image.getHeight()];
  if (!(width >= 1 && height >= 1)) throw new Error("its directory gives no size");
  const bits = common(path, "depths", await value("BitsPerSample"), 1);
  const format = common(path, "formats", await value("SampleFormat"), 1);
  if (format !== 1 || (bits !== 8 && bits !== 16)) {
    const kind = SAMPLE_FORMATS[format] ?? (format === 1 ? "unsigned" : `format ${format}`);
    throw new ImageError(
      path,
      `pixel type ${kind} ${bits} bit is not supported`,
      "8 and 16 bits a channel are",
    );
  }
  const colours = Number(await value("PhotometricInterpretation") ?? 1);
  if (!READ.has(colours)) {
    const name = PHOTOMETRIC[colours] ?? `number ${colours}`;
    throw new ImageError(path, "colours are not supported in a scene", name);
  }
  const compression = Number(await value("Compression") ?? 1);
  const other = OTHER_COMPRESSIONS[compression];
  if (other && compression !== BY_GEOTIFF) {
    throw new ImageError(path, `compression ${other} is not supported`, `${compression}`);
  }
  const orientation = Number(await value("Orientation") ?? 1);
  if (orientation !== 1) {
    throw new ImageError(
      path,
      "a scene must be stored upright",
      `its orientation is ${orientation}`,
    );
  }
  const bands = image.getSamplesPerPixel();
  const extra = list(await value("ExtraSamples") ?? []);
  const alpha = extra.findIndex((kind) => ALPHA.includes(kind)); // 0 is a band of its own
  const separate = Number(await value("PlanarConfiguration") ?? 1) === 2;
  const own = colours === 1 ? 1 : 3, colour = bands - (alpha < 0 ? 0 : 1);
  const isNamed = bands - extra.length === own && (own === 3 || colour === 1);
  const bySharp = bands <= SHARP_BANDS && !separate && isNamed && !other;
  checkBlock(path, image, {
    bySharp,
    separate,
    rows: Number(await value("RowsPerStrip") ?? height),
  });
  return {
    width,
    height,
    bands,
    bits,
    alpha: alpha < 0 ? undefined : bands - extra.length + alpha,
    tiled: image.isTiled,
    bySharp,
    noData: image.getGDALNoData() ?? undefined,
    place: await readGeoreference(image),
  };
}

/** What is to be said of the pages of a TIFF; of one whose further directories are damaged, nothing. */
async function pagesOf(tiff: GeoTIFF): Promise<Pick<SceneHeader, "pagesNote">> {
  const subfileOf = async (page: number) => {
    const image = await tiff.getImage(page).catch(() => undefined);
    const directory = image?.getFileDirectory();
    if (!directory?.hasTag("NewSubfileType")) return image && 0;
    return Number(await directory.loadValue("NewSubfileType"));
  };
  const pagesNote = describePages(await subfileOf(0) ?? 0, await subfileOf(1));
  return pagesNote === undefined ? {} : { pagesNote };
}

/** Refuses a file of which a window cannot be read without more than memory should hold. */
function checkBlock(
  path: string,
  image: GeoTIFFImage,
  { bySharp, separate, rows }: { bySharp: boolean; separate: boolean; rows: number },
): void {
  const striped = !image.isTiled && !bySharp; // sharp copies strips into tiles line by line
  if (!image.isTiled && !striped) return;
  const [width, height] = image.isTiled
    ? [image.getTileWidth(), image.getTileHeight()]
    : [image.getWidth(), Math.min(rows, image.getHeight())];
  const samples = width * height * (separate ? 1 : image.getSamplesPerPixel());
  if (samples <= MAX_BLOCK) return;
  throw new ImageError(
    path,
    "too many pixels",
    `its ${
      image.isTiled ? "tiles" : "strips"
    } have ${samples} samples each, the limit is ${MAX_BLOCK}; ` +
      "gdal_translate -co TILED=YES writes smaller ones",
  );
}

/** Reads the header of an image that is no TIFF. */
async function otherHeader(path: string, format: AllowedFormat): Promise<SceneHeader> {
  const options = { limitInputPixels: false, pages: 1 } as const;
  const found = await sharp(path, options).metadata();
  const { width, height, depth, hasAlpha, orientation = 1, isProgressive } = found;
  if (isProgressive || (format !== "png" && format !== "jpeg")) { // it is decoded as a whole
    checkWork(found, format, { maxPixels: DEFAULT_MAX_PIXELS, path });
  }
  const channels = found.space === "cmyk" ? 3 : found.channels; // it is read as RGB
  if (depth !== "uchar" && depth !== "ushort") {
    throw new ImageError(
      path,
      `pixel type ${depth} is not supported`,
      "8 and 16 bits a channel are",
    );
  }
  if (orientation !== 1) {
    throw new ImageError(
      path,
      "a scene must be stored upright",
      `its orientation is ${orientation}`,
    );
  }
  const bits = depth === "uchar" ? 8 : 16, alpha = hasAlpha ? channels - 1 : undefined;
  return { width, height, bands: channels, bits, alpha, tiled: false, bySharp: true };
}

/**
 * Reads the header of a scene whose format is allowed.
 *
 * @param path the file
 * @param format what the file is, by its content
 * @throws {ImageError} when its pixels are of a kind that no window is made of, or the header is damaged
 */
export async function readHeader(path: string, format: AllowedFormat): Promise<SceneHeader> {
  try {
    if (format !== "tiff") return await otherHeader(path, format);
    const tiff = await fromFile(path);
    try {
      return { ...await tiffHeader(path, await tiff.getImage(0)), ...await pagesOf(tiff) };
    } finally {
      await tiff.close();
    }
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const detail = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new ImageError(path, "truncated or corrupt", detail, { cause: error });
  }
}
