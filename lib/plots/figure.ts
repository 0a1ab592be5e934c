/**
 * Figures: SVG that shows itself in a notebook and saves itself to files.
 *
 * @module
 */
import { jupyterDisplay } from "../runtime/display.ts";
import { readTextIfThere, sha256, writeAtomic } from "../runtime/files.ts";
import { encodeJpeg, rasterizeSvg, resizeRgba, type RgbImage } from "../images/mod.ts";
import { card, element, roundGeometry, textLine, wellFormed, wrapText } from "./svg.ts";
import { THEME } from "./theme.ts";

/** Space in px between the edge of a figure and what is in it. */
export const PADDING = 20;

/** A finished figure. As the last value of a notebook cell it is drawn under the cell. */
export class Figure {
  /** The whole document, standing on an opaque card. */
  readonly svg: string;
  /** Width in px. */
  readonly width: number;
  /** Height in px. */
  readonly height: number;
  /** What the figure shows, in words. */
  readonly alt: string;

  /** Wraps SVG text. */
  constructor(svg: string, width: number, height: number, alt: string) {
    this.svg = svg;
    this.width = width;
    this.height = height;
    this.alt = alt;
  }

  /** How a notebook shows it. */
  [jupyterDisplay](): Record<string, string> {
    return { "image/svg+xml": this.svg, "text/plain": this.alt };
  }

  /** The SVG text. */
  toString(): string {
    return this.svg;
  }
}

/** What every figure can be told. */
export interface FigureOptions {
  /** Says what is seen; each figure has its own by default. */
  title?: string;
  /** Says how it was measured: data set, encoder, number of images. */
  subtitle?: string;
  /** A line under the figure. */
  note?: string;
  /** Width in px; 760 by default. */
  width?: number;
}

/** Content of a figure, drawn from (0, 0). */
export interface Content {
  /** SVG elements. */
  markup: string;
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
}

/** Puts title, content and note on a card. */
export function frame(
  options: FigureOptions & { title: string; width: number; alt: string },
  content: (width: number) => Content,
): Figure {
  const inner = options.width - 2 * PADDING;
  let y = PADDING, markup = "";
  const lines = (
    text: string | undefined,
    size: number,
    fill: string,
    weight: 400 | 600 = 400,
  ) => {
    for (const line of text ? wrapText(text, inner, size, weight) : []) {
      y += size;
      markup += textLine(line, PADDING, y, { size, fill, weight });
      y += size * 0.45;
    }
  };
  lines(options.title, 16, THEME.ink, 600);
  lines(options.subtitle, 12, THEME.soft);
  y += 10;
  const drawn = content(inner);
  markup += `<g transform="translate(${PADDING},${y})">${drawn.markup}</g>`;
  y += drawn.height;
  if (options.note) y += 8;
  lines(options.note, 11, THEME.soft);
  const height = Math.ceil(y + PADDING * 0.7);
  const svg = wellFormed(roundGeometry(card(options.width, height, options.alt, markup)));
  return new Figure(svg, options.width, height, options.alt);
}

/**
 * Figures below each other, as one: for a slider that moves several.
 *
 * @param figures from top to bottom
 * @throws {RangeError} when there are none
 */
export function stackFigures(figures: readonly Figure[]): Figure {
  if (figures.length === 0) throw new RangeError("Cannot stack figures: there are none");
  const width = Math.max(...figures.map((figure) => figure.width)), gap = 12;
  let height = -gap, content = "";
  for (const figure of figures) {
    content += figure.svg.replace("<svg ", `<svg y="${height + gap}" `);
    height += gap + figure.height;
  }
  const alt = figures.map((figure) => figure.alt).join("; ");
  const svg = element("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    ...{ width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": alt },
  }, content);
  return new Figure(svg, width, height, alt);
}

/** A picture that can stand in an SVG. */
export interface Picture {
  /** A data URI. */
  href: string;
  /** Width in px of the image, in which boxes are given. */
  width: number;
  /** Height in px of the image. */
  height: number;
}

/**
 * A picture for `<defs>`, embedded once and drawn by `<use>` wherever it is shown.
 *
 * @param picture the picture
 * @param size at which it is drawn
 * @returns the element, and its id, which clashes with that of no other figure in a page
 */
export function embedOnce(
  { href }: Picture,
  size: { width: number; height: number },
): { id: string; image: string } {
  const image = { href, ...size, preserveAspectRatio: "none" };
  // of the rounded size: the last digit of a float may differ between machines
  const id = `picture-${sha256(roundGeometry(element("image", image))).slice(0, 12)}`;
  return { id, image: element("image", { id, ...image }) };
}

/**
 * Makes a picture of an image: shrunk, as JPEG, so that a gallery stays small.
 *
 * @param image pixels (H, W, 3)
 * @param options `maxSide` is the longest side in px of what is embedded (default 480)
 * @returns a picture that keeps the size of the image for placing boxes
 */
export async function pictureOf(
  image: RgbImage,
  { maxSide = 480, quality = 75 }: { maxSide?: number; quality?: number } = {},
): Promise<Picture> {
  const { width, height } = image;
  const bytes = await encodeJpeg(await shrink(image, maxSide), quality, { mozjpeg: true });
  return { href: `data:image/jpeg;base64,${bytes.toBase64()}`, width, height };
}

async function shrink(image: RgbImage, maxSide: number): Promise<RgbImage> {
  const scale = maxSide / Math.max(image.width, image.height);
  if (scale >= 1) return image;
  const pixels = image.width * image.height;
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < 3; c++) rgba[p * 4 + c] = image.data[p * 3 + c];
  }
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  const small = await resizeRgba(
    { width: image.width, height: image.height, data: rgba },
    side(image.width),
    side(image.height),
  );
  const data = new Uint8Array(small.width * small.height * 3);
  for (let p = 0; p < small.width * small.height; p++) {
    for (let c = 0; c < 3; c++) data[p * 3 + c] = small.data[p * 4 + c];
  }
  return { width: small.width, height: small.height, data };
}

/** Options of {@linkcode saveFigure}. */
export interface SaveOptions {
  /** Whether a PNG of twice its size is written, too, for pages that show no SVG. */
  png?: boolean;
}

/**
 * Writes a figure as SVG.
 *
 * @param figure the figure
 * @param path where to, with or without `.svg`
 * @param options `png`: as a picture, too
 * @returns the figure, so that a cell can end with it
 */
export async function saveFigure(
  figure: Figure,
  path: string,
  { png = false }: SaveOptions = {},
): Promise<Figure> {
  const stem = path.replace(/\.(svg|png)$/, "");
  if (png) {
    await writeAtomic(`${stem}.png`, await rasterizeSvg(figure.svg, { width: 2 * figure.width }));
  }
  const same = await readTextIfThere(`${stem}.svg`) === figure.svg;
  if (!same) await writeAtomic(`${stem}.svg`, figure.svg);
  return figure;
}
