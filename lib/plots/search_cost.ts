/**
 * What a query and an image cost, by the number of vectors that an image keeps (Table 6).
 *
 * @module
 */
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { type Line, linePanel } from "./line_panel.ts";
import type { Panel } from "./panel.ts";
import { checkRows } from "./rows.ts";
import { element, textLine } from "./svg.ts";
import { type MethodStyle, methodStyle, THEME } from "./theme.ts";

/** The time of one query. */
export interface SearchTimeRow {
  /** Vectors an image. */
  vectors: number;
  /** Number of images. */
  images: number;
  /** Milliseconds. */
  ms: number;
}

/** Options of {@linkcode searchCostFigure}. */
export interface SearchCostOptions extends FigureOptions {
  /** D: an image's float32 vectors take 4·D bytes each. */
  dim: number;
}

const HEIGHT = 330, BAR = 46, BARS = 210, GAP = 30;

const round = (value: number) => Number(value.toPrecision(3)).toLocaleString("en");
const label = (vectors: number) => `${vectors} vector${vectors === 1 ? "" : "s"}`;

/** Powers of ten around all values. */
function decades(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/** Patches, one vector, or a few: as the methods that keep so many are drawn. */
function styleOf(vectors: number, most: number): MethodStyle {
  if (vectors === 1) return methodStyle("DetailCLIP");
  return methodStyle(vectors === most ? "cc" : "DetailCLIP+");
}

/**
 * Milliseconds a query against the number of images, both on log scales, and kilobytes an image.
 *
 * @param rows one row a number of vectors and of images
 * @param options `dim`: D
 * @throws RangeError when there are no rows, or two for one point
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { searchCostFigure } from "detailclip";
 * const rows = [{ vectors: 1, images: 100, ms: 0.1 }, { vectors: 1, images: 1000, ms: 1 }];
 * assert(searchCostFigure(rows, { dim: 256 }).alt.includes("1 vector: 1 ms"));
 * ```
 */
export function searchCostFigure(
  rows: readonly SearchTimeRow[],
  { dim, ...options }: SearchCostOptions,
): Figure {
  checkRows(rows, (row) => `${label(row.vectors)} and ${row.images} images`, "search costs");
  const counts = [...new Set(rows.map(({ vectors }) => vectors))].sort((a, b) => b - a);
  const series = counts.map((vectors): Line => ({
    label: label(vectors),
    style: styleOf(vectors, counts[0]),
    markers: true,
    points: rows.filter((row) => row.vectors === vectors)
      .map(({ images, ms }) => ({ x: images, y: ms })).sort((a, b) => a.x - b.x),
  }));
  const ends = series.map(({ points, label }) => `${label}: ${round(points.at(-1)!.y)} ms`);
  return frame({
    title: "What a query and an image cost",
    alt: `Time of a query at ${round(Math.max(...rows.map(({ images }) => images)))} images: ${
      ends.join(", ")
    }`,
    width: 860,
    ...options,
  }, (width) => {
    const left = width - BARS - GAP;
    const lines = timePanel(rows, series, left);
    const bars = memoryBars(counts, dim);
    const markup = lines.markup +
      element("g", { transform: `translate(${left + GAP},0)` }, bars);
    return { markup, width, height: HEIGHT };
  });
}

/** The lines, with the numbers of the largest collection. */
function timePanel(
  rows: readonly SearchTimeRow[],
  series: readonly Line[],
  width: number,
): Panel {
  const times = decades(rows.map(({ ms }) => ms));
  const sizes = [...new Set(rows.map(({ images }) => images))].sort((a, b) => a - b);
  const [first, last] = [sizes[0], sizes[sizes.length - 1]];
  const panel = linePanel({
    width,
    height: HEIGHT,
    title: "Time",
    x: {
      label: "images",
      type: "log",
      domain: first === last ? [first / 2, last * 2] : [first, last],
      ticks: sizes,
      format: (size) => size.toLocaleString("en"),
    },
    y: {
      label: "ms a query",
      type: "log",
      domain: [times[0], times[times.length - 1]],
      ticks: times,
      format: (ms) => ms >= 1 ? ms.toLocaleString("en") : String(Number(ms.toPrecision(1))),
    },
    series,
  });
  panel.markup += series.map(({ points, style }) => {
    const { x, y } = points[points.length - 1];
    return textLine(round(y), panel.x(x) - 4, panel.y(y) - 9, {
      size: 11.5,
      fill: style.ink,
      weight: 600,
      anchor: "end",
      halo: true,
    });
  }).join("");
  return panel;
}

/** Bytes, as bars from 0. */
function memoryBars(counts: readonly number[], dim: number): string {
  const most = counts[0], room = BARS - 70;
  const bars = counts.map((vectors, i) => {
    const y = 34 + i * BAR, length = Math.max(1, room * vectors / most);
    const { color, ink } = styleOf(vectors, most);
    const kilobytes = vectors * dim * Float32Array.BYTES_PER_ELEMENT / 1000;
    return textLine(label(vectors), 0, y + 8, { size: 12, fill: ink, weight: 600 }) +
      element("rect", { x: 0, y: y + 13, width: length, height: 14, fill: color, rx: 1 }) +
      textLine(`${round(kilobytes)} kB`, length + 6, y + 24.5, { size: 11.5, fill: ink });
  });
  return textLine("Memory", 0, 12, { size: 13, weight: 600 }) +
    textLine("kB an image", 60, 12, { size: 11.5, fill: THEME.soft }) + bars.join("");
}
