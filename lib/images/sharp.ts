/**
 * The one place that imports sharp, with the settings under which the whole room runs.
 *
 * @module
 */
import sharp, { type Sharp } from "sharp";

// libvips keeps recent operations and files for reuse; a run over a folder never asks twice for the
// same ones, so that cache would only hold memory.
sharp.cache(false);

// One thread an image: parallelism comes from working on several images while the encoder infers.
// More threads would compete with it for the same cores, and fragment glibc's heap.
sharp.concurrency(1);

/**
 * Loaders of libvips for other formats than those that are decoded; the first three are in the build that sharp brings.
 * Blocking is for the whole process with all of its threads. So they are blocked by name: to block all, and then to
 * unblock some, would fail what another thread reads in between.
 */
const OTHER_LOADERS = [
  ...["Svg", "Vips", "Raw", "Analyze", "Csv", "DcRaw", "Fits", "Jp2k", "Jxl", "Magick", "Magick7"],
  ...["Mat", "Matrix", "Nifti", "OpenExr", "OpenSlide", "Openslide", "Pdf", "Ppm", "Rad", "Uhdr"],
];
// No file reaches one of these decoders, whatever it looks like.
sharp.block({ operation: OTHER_LOADERS.map((name) => `VipsForeignLoad${name}`) });

const SVG = { operation: ["VipsForeignLoadSvg"] };
/** How often a drawing is begun anew: another thread that ends one may block it. */
const ATTEMPTS = 30;
let drawings = 0;

/**
 * Lets SVG be rendered as long as `work` lasts: for drawings of the workspace's own.
 *
 * @param work renders; begun anew where another thread blocked SVG meanwhile
 */
export async function withSvg<T>(work: () => Promise<T>): Promise<T> {
  drawings++;
  try {
    for (let attempt = 1;; attempt++) {
      sharp.unblock(SVG);
      try {
        return await work();
      } catch (error) {
        // libvips shares its messages among threads, too: they do not tell what failed
        if (attempt === ATTEMPTS) throw error;
      }
    }
  } finally {
    if (--drawings === 0) sharp.block(SVG);
  }
}

export { sharp };

/** What decodes images, by version: another one may read what this one refuses. */
export const DECODER: string = `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`;

/** A pipeline that reads raw pixels of 8 bits a channel. */
export function rawInput(
  image: { width: number; height: number; data: Uint8Array },
  channels: 1 | 3 | 4,
): Sharp {
  const { width, height, data } = image;
  if (data.length !== width * height * channels) {
    throw new RangeError(
      `Cannot read pixels: ${width}x${height} px with ${channels} channel(s) need ` +
        `${width * height * channels} bytes, got ${data.length}`,
    );
  }
  // The pixels are in memory already: sharp's limit guards decoding, and would refuse large raw
  // input.
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

/** Runs a pipeline to raw samples of 8 bits, or of 16 in the machine's order; a view without copying. */
export async function toRaw(
  pipeline: Sharp,
  depth: "uchar" | "ushort" = "uchar",
): Promise<{ width: number; height: number; channels: number; data: Uint8Array }> {
  const { data, info } = await pipeline.raw({ depth }).toBuffer({ resolveWithObject: true });
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { width: info.width, height: info.height, channels: info.channels, data: bytes };
}
