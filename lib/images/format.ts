/**
 * Which format a file is in, from its first bytes. Asked before any decoder sees the file, so that
 * a decoder outside the allow-list is never reached, whatever the file is called.
 *
 * @module
 */

/** Formats that are decoded; everything else is refused by name. */
export const ALLOWED_FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "avif"] as const;

/** One of {@linkcode ALLOWED_FORMATS}. */
export type AllowedFormat = typeof ALLOWED_FORMATS[number];

/** How many bytes of a file's head {@linkcode sniffFormat} wants to see. */
export const SNIFF_BYTES = 1024;

/**
 * Signatures at fixed places: format, offset, bytes as text (latin-1). Those of the allowed formats are what libvips
 * chooses its loaders by, so that none of them can be passed with bytes that another loader would take.
 */
const SIGNATURES: readonly (readonly [format: string, offset: number, text: string])[] = [
  ["jpeg", 0, "\xff\xd8\xff"],
  ["png", 0, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"],
  ["gif", 0, "GIF87a"],
  ["gif", 0, "GIF89a"],
  ["tiff", 0, "II*\0"],
  ["tiff", 0, "MM\0*"],
  ["tiff", 0, "II+\0"], // BigTIFF
  ["tiff", 0, "MM\0+"],
  ["pdf", 0, "%PDF-"],
  ["postscript", 0, "%!PS"],
  ["psd", 0, "8BPS"],
  ["jxl", 0, "\xff\x0a"],
  ["jxl", 4, "JXL \r\n"],
  ["jp2", 4, "jP  \r\n"],
  ["jp2", 0, "\xff\x4f\xff\x51"],
  ["exr", 0, "v/1\x01"],
  ["hdr", 0, "#?RADIANCE"],
  ["bmp", 0, "BM"],
  ["ico", 0, "\0\0\x01\0"],
];

/**
 * Names the format of a file from its head.
 *
 * @param head the first bytes of the file, {@linkcode SNIFF_BYTES} or all there are
 * @returns a lower-case name such as `jpeg`, `avif` or `svg`, or `undefined` when it is no known
 *   image
 */
export function sniffFormat(head: Uint8Array): string | undefined {
  const text = Array.from(head.subarray(0, SNIFF_BYTES), (b) => String.fromCharCode(b)).join("");
  if (text.startsWith("ftyp", 4)) return mediaFormat(head, text);
  if (text.startsWith("RIFF")) return /^WEBPVP8[ LX]/.test(text.slice(8)) ? "webp" : undefined;
  for (const [format, offset, signature] of SIGNATURES) {
    if (text.startsWith(signature, offset)) return format;
  }
  if (/^(\xef\xbb\xbf)?\s*<(\?xml|!--|!doctype svg|svg)/i.test(text) && /<svg[\s>]/i.test(text)) {
    return "svg";
  }
  return undefined;
}

/** The format of an ISO media file (AVIF, HEIC, MP4 …), which names its brands in the first box. */
function mediaFormat(head: Uint8Array, text: string): string | undefined {
  const size = new DataView(head.buffer, head.byteOffset).getUint32(0);
  if (size < 16 || size % 4 !== 0 || size > head.length) return undefined;
  const brands = text.slice(8, size).match(/[^]{4}/g) ?? [];
  brands.splice(1, 1); // the second field is a version
  if (brands.some((brand) => brand === "avif" || brand === "avis")) return "avif";
  return brands.some((brand) => /^(hei|hev|mif1|msf1)/.test(brand)) ? "heif" : undefined;
}

/**
 * The format that a decoder says it reads, in the words of {@linkcode sniffFormat}.
 *
 * @param metadata as sharp reads it; HEIF is AVIF when its pixels are AV1
 */
export function decodedFormat(
  { format, compression }: { format: string; compression?: string },
): string {
  return format === "heif" && compression === "av1" ? "avif" : format;
}
