/**
 * Files that are two things at once: the signature of an accepted format, and a picture in a format that is not
 * accepted. Whoever decodes the second one can be told by its size.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { type Random } from "../../lib/numeric/random.ts";

/** Width and height in px of the pictures that nobody may see; no sample has it. */
export const SECRET_SIZE: [number, number] = [77, 33];

const encoder = new TextEncoder();
const latin = (text: string) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

/** An SVG, or one whose few bytes take for ever to draw. */
function svg(inside: string, attributes = ""): string {
  const [width, height] = SECRET_SIZE;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `width="${width}" height="${height}"${attributes}>${inside}</svg>`;
}
const PICTURE = svg(`<rect width="99%" height="99%" fill="#f0f"/>`);
const BOMB = svg(
  `<defs><g id="a0"><rect width="1" height="1"/></g>` +
    Array.from(
      { length: 16 },
      (_, i) => `<g id="a${i + 1}">${`<use xlink:href="#a${i}"/>`.repeat(6)}</g>`,
    ).join("") +
    `</defs><use xlink:href="#a16"/>`,
);

/** Pictures in formats that are not accepted. */
const PAYLOADS: Record<string, () => Uint8Array> = {
  svg: () => encoder.encode(PICTURE),
  "svg bomb": () => encoder.encode(BOMB),
  "svg with entities": () =>
    encoder.encode(
      `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${svg("<text>&x;</text>")}`,
    ),
  svgz: () => new Uint8Array(gzipSync(PICTURE)),
  pnm: () => join(latin(`P6 ${SECRET_SIZE.join(" ")} 255\n`), new Uint8Array(3 * 77 * 33)),
  pdf: () =>
    latin(`%PDF-1.4\n1 0 obj<</Type/Page/MediaBox[0 0 77 33]>>endobj\ntrailer<</Root 1 0 R>>`),
  csv: () => latin(Array.from({ length: 33 }, () => Array(77).fill(7).join(",")).join("\n")),
  hdr: () =>
    latin(`#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 33 +X 77\n` + "\x01".repeat(4 * 77 * 33)),
  fits: () => latin("SIMPLE  =                    T".padEnd(80) + "NAXIS1  = 77".padEnd(80)),
  vips: () =>
    join(Uint8Array.of(0x08, 0xf2, 0xa6, 0xb6, 77, 0, 0, 0, 33, 0, 0, 0), new Uint8Array(5000)),
  bmp: () =>
    join(
      latin("BM"),
      new Uint8Array(16),
      Uint8Array.of(77, 0, 0, 0, 33, 0, 0, 0),
      new Uint8Array(9000),
    ),
  heic: () =>
    join(Uint8Array.of(0, 0, 0, 24), latin("ftypheic\0\0\0\0heicmif1"), new Uint8Array(200)),
  jxl: () => join(Uint8Array.of(0xff, 0x0a), new Uint8Array(200)),
  jp2: () => join(Uint8Array.of(0, 0, 0, 12), latin("jP  \r\n\x87\n"), new Uint8Array(200)),
  html: () => encoder.encode(`<html><body>${PICTURE}</body></html>`),
};

/** Signatures of accepted formats: where they stand, and what. */
const SIGNATURES: readonly (readonly [name: string, offset: number, text: string])[] = [
  ["jpeg", 0, "\xff\xd8\xff\xe0"],
  ["png", 0, "\x89PNG\r\n\x1a\n"],
  ["gif", 0, "GIF89a"],
  ["riff", 0, "RIFF\xff\0\0\0WEBP"],
  ["webp", 8, "WEBP"],
  ["webp chunk", 8, "WEBPVP8 "],
  ["avif", 4, "ftypavif"],
  ["avis", 4, "ftypavis"],
  ["mif1", 4, "ftypmif1"],
  ["tiff", 0, "II*\0"],
  ["big tiff", 0, "MM\0+"],
];

/** How a signature and a picture become one file. */
const WAYS: Record<
  string,
  (offset: number, mark: string, payload: Uint8Array, whole: Uint8Array) => Uint8Array
> = {
  "in a comment": (offset, mark, payload) =>
    join(
      latin("<!--".padEnd(offset, " ").slice(0, Math.max(4, offset)) + mark + " -->\n"),
      payload,
    ),
  "as the declaration": (offset, mark, payload) =>
    join(latin("<?x ".padEnd(offset, " ").slice(0, Math.max(4, offset)) + mark + " ?>\n"), payload),
  "before it": (offset, mark, payload) => join(latin(" ".repeat(offset) + mark), payload),
  "over its first bytes": (offset, mark, payload) =>
    join(payload.subarray(0, offset), latin(mark), payload.subarray(offset + mark.length)),
  "after it": (offset, mark, payload) => join(payload, latin(" ".repeat(offset) + mark)),
  "within a whole image": (_offset, _mark, payload, whole) =>
    join(whole.subarray(0, 40), payload, whole.subarray(40)),
  "behind a whole image": (_offset, _mark, payload, whole) => join(whole, payload),
  "in front of a whole image": (_offset, _mark, payload, whole) => join(payload, whole),
};

/**
 * Makes a file that is two things at once.
 *
 * @param random decides what, and how
 * @param wholes images of accepted formats
 * @returns the file, and what it is
 */
export function makePolyglot(
  random: Random,
  wholes: readonly Uint8Array[],
): { bytes: Uint8Array; done: string; way: string } {
  // half of them are SVG, which has by far the richest renderer
  const kind = random.next() < 0.5
    ? random.pick(["svg", "svg bomb"])
    : random.pick(Object.keys(PAYLOADS));
  const [name, offset, mark] = random.pick(SIGNATURES), way = random.pick(Object.keys(WAYS));
  const padding = random.next() < 0.3 ? " ".repeat(random.integer(1, 1200)) : "";
  const payload = join(latin(padding), PAYLOADS[kind]());
  const bytes = WAYS[way](offset, mark, payload, random.pick(wholes));
  return { bytes, done: `${kind}, ${name} ${way}${padding && `, ${padding.length} spaces`}`, way };
}
