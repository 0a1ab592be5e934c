/**
 * How similar prompts are to images that show their class and to images that do not (Fig. 8).
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { Figure, FigureOptions } from "./figure.ts";
import { plot } from "./plot.ts";
import { checkRows } from "./rows.ts";
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

/** Numbers of the axis, of which those inside the bins are drawn. */
const TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

const NAMES = { positives: "shows the class", negatives: "does not" };

const DASH = "4 3";

const meanText = ({ logMean }: SimilarityHistogramRow) =>
  Number.isFinite(logMean) ? (10 ** logMean).toFixed(3) : "none above 0";

/** What a row's panel is called. */
function panelOf({ method, vectors }: SimilarityHistogramRow): string {
  const count = Math.round(vectors);
  return `${method} (${count} vector${count === 1 ? "" : "s"})`;
}

/** The outline of the bins, on a step. */
function stepsOf(row: SimilarityHistogramRow) {
  return row.edges.map((edge, i) => ({
    panel: panelOf(row),
    x: 10 ** edge,
    share: row.shares[i] ?? 0,
  }));
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
  const [first, last] = [10 ** edges[0], 10 ** edges[edges.length - 1]];
  const means = rows.filter(({ logMean }) => Number.isFinite(logMean)).map((row) => {
    const others = rows.filter((other) => other.method === row.method && other !== row);
    const right = others.every(({ logMean }) => !(logMean > row.logMean));
    return { ...row, panel: panelOf(row), x: 10 ** row.logMean, right };
  });
  const facet = { fy: "panel" };
  const meanLabel = (right: boolean) =>
    Plot.text(means.filter((mean) => mean.right === right), {
      ...{ x: "x", text: meanText, frameAnchor: "top", lineAnchor: "top", dy: 1, ...facet },
      ...{ textAnchor: right ? "start" : "end", dx: right ? 4 : -4, fontWeight: 600 },
      ...{ stroke: THEME.paper, strokeWidth: 3, fill: inkOf },
    });
  return plot({
    title: "Similarities of prompts and images",
    alt: "Similarity of prompts with images that show their class, and with those that do not: " +
      methods.map(([method, group]) => `${method} ${group.map(meanText).join(" and ")}`).join("; "),
    key: [
      { label: NAMES.positives, color: THEME.soft, marker: "square" },
      { label: NAMES.negatives, color: THEME.ink, marker: null, dash: DASH },
    ],
    note: noteOf(rows),
    ...options,
    height: methods.length * 136 + 70,
    marginLeft: 12,
    marginRight: 12,
    fy: { padding: 0.34, domain: [...new Set(rows.map(panelOf))] },
    x: {
      ...{ type: "log", domain: [first, last], label: "cosine similarity (log scale)" },
      ticks: TICKS.filter((tick) => tick >= first * (1 - 1e-9) && tick <= last * (1 + 1e-9)),
      ...{ tickFormat: String, grid: true },
    },
    y: { domain: [0, 1.3 * top], axis: null },
    marks: [
      Plot.ruleY([0], { stroke: THEME.line }),
      ...rows.flatMap((row) => {
        const positive = row.kind === "positives", points = stepsOf(row);
        const stroke = positive ? methodStyle(row.method).color : THEME.ink;
        const steps = { x: "x", curve: "step-after", ...facet } as const;
        return [
          positive
            ? Plot.areaY(points, { ...steps, y: "share", fill: stroke, fillOpacity: 0.28 })
            : null,
          Plot.lineY(points, {
            ...{ ...steps, y: "share", stroke, strokeWidth: 1.5 },
            strokeDasharray: positive ? "" : DASH,
          }),
        ];
      }),
      Plot.ruleX(means, {
        ...{ x: "x", stroke: inkOf, strokeWidth: 1.8, strokeDasharray: "6 3", ...facet },
      }),
      meanLabel(true),
      meanLabel(false),
    ],
  });
}

/** Colour of what is said of a row. */
const inkOf = {
  value: ({ method, kind }: SimilarityHistogramRow) =>
    kind === "positives" ? methodStyle(method).ink : THEME.ink,
  scale: null,
} as const;

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
