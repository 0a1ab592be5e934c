/**
 * How similar prompts are to images that show their class and to images that do not (Fig. 8).
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { AXIS, drawPanel, type Panel } from "./panel.ts";
import { checkRows } from "./rows.ts";
import { element, textLine, textWidth } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

/** How the pairs of one kind of one method are spread over the logarithm of their similarity. */
export interface SimilarityHistogramRow {
  /** How images are scored. */
  method: string;
  /** Number of vectors an image. */
  vectors: number;
  /** Whether the images show the prompt's class. */
  kind: "positives" | "negatives";
  /** Number of pairs. */
  pairs: number;
  /** Number of them with a similarity of 0 or less, which has no logarithm. */
  nonPositive: number;
  /** Mean of the decimal logarithms. */
  logMean: number;
  /** Edges of the bins in decimal logarithms, equally far apart. */
  edges: readonly number[];
  /** Share of the pairs that have a logarithm in each bin. */
  shares: readonly number[];
}

const HEIGHT = 132, TOP = 32, BOTTOM = 6, FOOT = 44, GAP = 4;

/** Ticks of a log axis. */
const TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/** What the two kinds are called. */
const NAMES = { positives: "shows the class", negatives: "does not" };

/** The outline of a histogram: steps from zero to zero. */
function outline({ edges, shares }: SimilarityHistogramRow): { x: number; y: number }[] {
  const [first, last] = [edges[0], edges[edges.length - 1]];
  return [
    { x: first, y: 0 },
    ...shares.flatMap((y, i) => [{ x: edges[i], y }, { x: edges[i + 1], y }]),
    { x: last, y: 0 },
  ];
}

/** How a kind is drawn: one filled, the other an outline in dashes. */
function look({ method, kind }: SimilarityHistogramRow) {
  const style = methodStyle(method);
  return kind === "positives"
    ? { color: style.color, ink: style.ink, fill: 0.28, dash: undefined }
    : { color: THEME.ink, ink: THEME.ink, fill: 0, dash: "4 3" };
}

/** One method: two outlines, each with its mean. */
function drawMethod(rows: readonly SimilarityHistogramRow[], width: number, top: number): Panel {
  const { edges } = rows[0];
  const panel = drawPanel({
    width,
    height: HEIGHT,
    marginTop: TOP,
    marginBottom: BOTTOM,
    marginLeft: 2,
    marginRight: 2,
    x: { domain: [edges[0], edges[edges.length - 1]], axis: null },
    y: { domain: [0, 1.06 * top], axis: null },
    color: { type: "identity" },
    marks: [
      Plot.ruleY([0], { stroke: THEME.line }),
      Plot.ruleX(ticksIn(edges).map(Math.log10), { stroke: THEME.line }),
      ...rows.flatMap((row) => {
        const { color, fill, dash } = look(row);
        const points = outline(row);
        return [
          Plot.areaY(points, { x: "x", y1: 0, y2: "y", fill: color, fillOpacity: fill }),
          Plot.lineY(points, {
            ...{ x: "x", y: "y", stroke: color },
            ...{ strokeWidth: 1.6, strokeDasharray: dash },
          }),
        ];
      }),
    ],
  });
  panel.markup += rows.map((row) => meanLine(row, rows, panel)).join("") + heading(rows);
  return panel;
}

const ticksIn = (edges: readonly number[]) =>
  TICKS.filter((tick) =>
    Math.log10(tick) >= edges[0] - 1e-9 && Math.log10(tick) <= edges[edges.length - 1] + 1e-9
  );

const meanText = ({ logMean }: SimilarityHistogramRow) =>
  Number.isFinite(logMean) ? (10 ** logMean).toFixed(3) : "none above 0";

/** The mean on the log scale, named on the side that looks away from the other one. */
function meanLine(
  row: SimilarityHistogramRow,
  rows: readonly SimilarityHistogramRow[],
  panel: Panel,
): string {
  if (!Number.isFinite(row.logMean)) return ""; // no pair has a logarithm
  const { color, ink } = look(row);
  const x = panel.x(row.logMean);
  const others = rows.filter((other) => other !== row && Number.isFinite(other.logMean));
  const right = others.length > 0
    ? others.every((other) => other.logMean < row.logMean)
    : row.kind === "positives";
  const text = `${NAMES[row.kind]}: ${meanText(row)}`;
  const space = textWidth(text, 11.5) + 8;
  const toRight = right ? x + space <= panel.width : x - space < 0;
  return element("path", {
    d: `M${x},${TOP - 12}V${HEIGHT - BOTTOM}`,
    stroke: color,
    "stroke-width": 1.8,
    "stroke-dasharray": "6 3",
  }) +
    textLine(text, x + (toRight ? 5 : -5), TOP - 3, {
      size: 11.5,
      fill: ink,
      weight: 600,
      anchor: toRight ? "start" : "end",
      halo: true,
    });
}

/** Name of the method, and how many vectors it keeps. */
function heading(rows: readonly SimilarityHistogramRow[]): string {
  const [{ method, vectors }] = rows;
  const count = `${Math.round(vectors)} vector${Math.round(vectors) === 1 ? "" : "s"} an image`;
  return textLine(method, 0, 12, { size: 13, weight: 600, fill: methodStyle(method).ink }) +
    textLine(count, textWidth(method, 13) + 12, 12, { size: 11.5, fill: THEME.soft });
}

/**
 * Histograms of similarities on a log scale, one panel a method below the other. Filled: images that show the class;
 * dashed outline: images that do not. Vertical lines: means on the log scale.
 *
 * @param rows two a method, with the same edges
 * @throws RangeError when there are no rows, two for one histogram, or edges differ
 */
export function similarityHistogram(
  rows: readonly SimilarityHistogramRow[],
  options: FigureOptions = {},
): Figure {
  checkRows(rows, ({ method, kind }) => `${kind} of ${method}`, "similarity histograms");
  const { edges } = rows[0];
  if (rows.some((row) => row.edges.join() !== edges.join())) {
    throw new RangeError("Cannot draw similarity histograms: their bins differ");
  }
  const methods = [...Map.groupBy(rows, ({ method }) => method)];
  const top = Math.max(...rows.flatMap(({ shares }) => shares), 1e-9);
  return frame({
    title: "Similarities of prompts and images",
    alt: "Similarity of prompts with images that show their class, and with those that do not: " +
      methods.map(([method, group]) => `${method} ${group.map(meanText).join(" and ")}`).join("; "),
    width: 760,
    note: noteOf(rows),
    ...options,
  }, (width) => {
    const panels = methods.map(([, group]) => drawMethod(group, width, top));
    const height = panels.length * (HEIGHT + GAP);
    const markup = panels.map((panel, i) =>
      element("g", { transform: `translate(0,${i * (HEIGHT + GAP)})` }, panel.markup)
    ).join("");
    return { markup: markup + axis(panels[0], edges, width, height), width, height: height + FOOT };
  });
}

/** The axis under the last panel. */
function axis(panel: Panel, edges: readonly number[], width: number, height: number): string {
  const ticks = ticksIn(edges).map((tick) =>
    textLine(String(tick), panel.x(Math.log10(tick)), height + 14, {
      size: AXIS.fontSize,
      fill: AXIS.color,
      anchor: panel.x(Math.log10(tick)) < 12 ? "start" : "middle",
    })
  );
  return ticks.join("") +
    textLine("cosine similarity, log scale", width / 2, height + 34, {
      size: 11.5,
      fill: THEME.soft,
      anchor: "middle",
    });
}

/** How to read it, and what has no place on a log scale. */
function noteOf(rows: readonly SimilarityHistogramRow[]): string {
  const lost = rows.flatMap((row) => {
    const { method, kind, pairs, nonPositive, shares } = row;
    const inBins = shares.reduce((sum, share) => sum + share, 0) * (pairs - nonPositive);
    const part = (count: number) => `${(100 * count / pairs).toFixed(1)} %`;
    if (pairs - inBins < 0.5) return [];
    return [`${method}, ${NAMES[kind]}: ${part(pairs - inBins)} (${part(nonPositive)})`];
  });
  const left = lost.length > 0
    ? `Not drawn are pairs left of the axis (in brackets: with 0 or less, which has no logarithm): ${
      lost.join("; ")
    }.`
    : "No pair lies outside.";
  return `Share of pairs by bin; vertical lines: means on the log scale. ${left}`;
}
