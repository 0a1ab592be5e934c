/**
 * Which samples of a pixel are its colour, which is its transparency, and what is neither.
 *
 * @module
 */
import type { Metadata } from "sharp";
import type { z } from "zod";
import { COUNT, type Fields, listOf, oneOf, settings } from "../runtime/settings.ts";
import { ImageError } from "./image_error.ts";
import type { TiffHeader } from "./tiff.ts";

/** How the samples of an image become 8-bit RGB, where a data set says so: as it changes pixels, it is configuration. */
export interface PixelConfig {
  /** The bands that are red, green and blue, numbered from 1 as GDAL does; the first three unless given. */
  bands?: [red: number, green: number, blue: number];
  /**
   * Samples of 16 bits lose their lower 8 (`none`, unless given), or each band is stretched between its 2nd and 98th
   * percentile in the image, without pixels that are transparent or marked as no data (`percentile`).
   */
  stretch?: "none" | "percentile";
}

/** What a {@linkcode PixelConfig} may say. */
export const PIXEL_FIELDS: Fields<PixelConfig> = {
  bands: listOf(COUNT).refine((bands) => bands.length === 3, {
    error: "must be three numbers of bands, from 1 on",
  }).optional() as unknown as z.ZodType<PixelConfig["bands"]>,
  stretch: oneOf("none", "percentile").optional(),
};

/** The same by itself. */
export const PIXEL_SCHEMA: z.ZodType<PixelConfig> = settings<PixelConfig>(PIXEL_FIELDS);

/** What is not the default; `undefined` where everything is. */
export function changedPixels({ bands, stretch }: PixelConfig): PixelConfig | undefined {
  if (!bands && stretch !== "percentile") return undefined;
  return { ...(bands && { bands }), ...(stretch === "percentile" && { stretch }) };
}

/** How the samples of a pixel are meant. */
export interface BandPlan {
  /** `cmyk` has four places of colour, the others one or three. */
  kind: "colour" | "cmyk";
  /** Places of the colour among the samples, from 0 on. */
  colour: number[];
  /** Place of the transparency. */
  alpha?: number;
  /** Whether a decoder that knows grey, RGB and RGB with alpha alone gets the same. */
  plain: boolean;
  /** What is left out, for people. */
  note?: string;
}

const RGB = 2, PALETTE = 3, CMYK = 5, YCBCR = 6;
const PHOTOMETRICS: Readonly<Record<number, string>> = {
  4: "transparency mask",
  8: "CIE L*a*b*",
  9: "ICC L*a*b*",
  10: "ITU L*a*b*",
  32803: "colour filter array",
  32844: "LogL",
  32845: "LogLuv",
};
const JPEG_COMPRESSION = 7;
/** Ways to compress a TIFF that sharp does not have. */
export const OTHER_COMPRESSIONS: Readonly<Record<number, string>> = {
  33003: "JPEG 2000",
  33005: "JPEG 2000",
  34661: "JBIG",
  34676: "SGILog",
  34677: "SGILog",
  34712: "JPEG 2000",
  34887: "LERC",
  34925: "LZMA",
  50000: "Zstandard",
  50002: "JPEG XL",
};
/** InkSet of inks that are not cyan, magenta, yellow and black. */
const OTHER_INKS = 2;
/** Bits of samples that are decoded, and of those that there are elsewhere. */
const SMALL_BITS = [1, 2, 4, 8, 16], LARGE_BITS = [10, 12, 14, 24, 32, 64, 128];
/** ExtraSamples that say transparency: premultiplied, straight, and Corel's. */
export const ALPHA: readonly number[] = [1, 2, 999];

/**
 * Refuses a TIFF whose colours or samples no 8-bit sRGB can be made of without a guess.
 *
 * @throws {ImageError} with a reason that names them
 */
export function checkTiff(header: TiffHeader, path?: string): void {
  const { photometric, samples, compression, bits, sampleFormat, extraSamples, inkSet } = header;
  const kinds: Record<number, string> = { 2: "int", 3: "float", 5: "complex int", 6: "complex" };
  const kind = kinds[sampleFormat] ?? "uint", unknown = OTHER_COMPRESSIONS[compression];
  if (unknown) {
    throw new ImageError(path, `compression ${unknown} is not supported`, `${compression}`);
  }
  if (![...SMALL_BITS, ...LARGE_BITS].includes(bits)) {
    throw new ImageError(path, "truncated or corrupt", `samples of ${bits} bits`);
  }
  if (kind !== "uint" || !SMALL_BITS.includes(bits)) {
    // Elevation models, raw science: they have no agreed white, so that no guess is made.
    const detail = "unsigned samples of 1, 2, 4, 8 and 16 bits are";
    throw new ImageError(path, `pixel type ${kind}${bits} is not supported`, detail);
  }
  const refuse = (what: string, detail: string) => {
    throw new ImageError(path, `colour space ${what} is not supported`, detail);
  };
  if (photometric === YCBCR && compression !== JPEG_COMPRESSION) {
    refuse("YCbCr", "of a TIFF that is not compressed as JPEG");
  }
  const name = PHOTOMETRICS[photometric];
  if (name !== undefined || photometric > YCBCR) {
    refuse(name ?? "unknown", `${photometric}; grey, RGB, palette and CMYK are`);
  }
  const colours = samples - extraSamples.filter((kind) => ALPHA.includes(kind)).length;
  if (photometric === 0 && colours > 2) refuse("WhiteIsZero", `with ${colours} bands`);
  if (photometric === CMYK && (samples < 4 || inkSet === OTHER_INKS)) {
    refuse("separated", `of ${samples} inks${inkSet === OTHER_INKS ? " that are not CMYK" : ""}`);
  }
}

/** Where a TIFF says that transparency is: `ExtraSamples` names the last samples of a pixel. */
function alphaOf({ samples, extraSamples }: TiffHeader): number | undefined {
  const first = samples - extraSamples.length;
  const found = extraSamples.findIndex((kind) => ALPHA.includes(kind));
  return found < 0 || first < 0 ? undefined : first + found;
}

/** How many samples of a pixel are its colour, as far as a TIFF names it. */
function coloursOf({ photometric }: TiffHeader): number {
  return photometric === CMYK ? 4 : photometric === RGB ? 3 : 1;
}

/** Whether a TIFF has samples beyond those of its colour and does not say what they are. */
export function lacksExtraSamples(header: TiffHeader): boolean {
  const { photometric, samples, extraSamples } = header;
  const named = photometric === PALETTE || photometric === YCBCR;
  return !named && samples - extraSamples.length !== coloursOf(header);
}

/** Number of samples, transparency and kind of colour, by the TIFF's own header or by the decoder's. */
function describeSamples({ channels, hasAlpha, space }: Metadata, tiff?: TiffHeader) {
  if (tiff && tiff.photometric !== PALETTE && tiff.photometric !== YCBCR) {
    return { samples: tiff.samples, alpha: alphaOf(tiff), colours: coloursOf(tiff) };
  }
  const alpha = hasAlpha ? channels - 1 : undefined;
  const colours = space === "cmyk" ? 4 : channels - (hasAlpha ? 1 : 0);
  return { samples: channels, alpha, colours };
}

/**
 * Decides what the samples of a pixel are. Only what says so is transparency: near infrared as a fourth band is not,
 * and more bands than three are taken from the front unless `bands` names others.
 *
 * @param metadata as the decoder reads it
 * @param tiff header of a TIFF
 * @param config which bands are wanted
 * @param path for messages
 * @throws {ImageError} when a band is wanted that the image does not have
 */
export function planBands(
  metadata: Metadata,
  tiff: TiffHeader | undefined,
  { bands }: PixelConfig,
  path?: string,
): BandPlan {
  const { samples, alpha, colours } = describeSamples(metadata, tiff);
  const others = Array.from({ length: samples }, (_, i) => i).filter((i) => i !== alpha);
  if (bands && colours === 4) throw new ImageError(path, "has no bands to choose", "it is CMYK");
  if (bands) {
    const missing = bands.find((band) => band > samples);
    if (missing !== undefined) {
      throw new ImageError(path, `has no band ${missing}`, `it has ${samples}`);
    }
    const ordinary = samples - (alpha === undefined ? 0 : 1) === 3 && String(bands) === "1,2,3";
    return { kind: "colour", colour: bands.map((band) => band - 1), alpha, plain: ordinary };
  }
  if (colours === 4) {
    const note = others.length > 4
      ? `the first 4 of ${samples} bands are used, as CMYK`
      : undefined;
    return { kind: "cmyk", colour: others.slice(0, 4), alpha, plain: false, note };
  }
  const colour = others.slice(0, others.length >= 3 ? 3 : 1);
  const plain = others.length === colour.length && colours === colour.length &&
    (alpha === undefined || alpha === samples - 1);
  if (others.length === colour.length) return { kind: "colour", colour, alpha, plain };
  const names = colour.map((band) => band + 1).join(", ");
  const note = colour.length === 3
    ? `bands ${names} of ${samples} are used as red, green and blue (others: the setting bands)`
    : `band ${names} of ${samples} is used`;
  return { kind: "colour", colour, alpha, plain: false, note };
}

/** Whether the decoder takes the first band for grey: as RGB it is there three times. */
export function isGreyFirst({ space }: Metadata): boolean {
  return space === "b-w" || space === "grey16";
}
