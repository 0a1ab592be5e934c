/**
 * Recall of several methods as bars (Figs. 5 and 6).
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { RecallRow } from "../retrieval/mod.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { type Facets, plot } from "./plot.ts";
import { chancesOf, checkRows, percentText, trainingNotes } from "./rows.ts";
import { textWidth, titleCase } from "./svg.ts";
import { methodScales, methodStyle, THEME } from "./theme.ts";

const BAR = 30, VALUE = 34;

/** Panels with less room than this, in px, stand below each other. */
const LEAST_PANEL = 110;

/** A recall, with what else is known of it. */
export interface BarRow extends RecallRow {
  /** What an uninformed ranking reaches: drawn as a dotted line. */
  chance?: number;
  /** The paper's number: drawn as an open diamond. */
  paper?: number;
}

/**
 * Bars of recall with confidence whiskers, one panel a metric, one bar a method. The paper's numbers
 * and chance are marked where rows carry them.
 *
 * @param rows one row a method and metric; both in order of first appearance
 * @throws RangeError when there are no rows, or two for one bar
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recallBars } from "detailclip";
 * const row = { cover: "full", metric: "recall@1", value: 0.21, low: 0.19, high: 0.23 };
 * const figure = recallBars([{ ...row, method: "full image" }], { title: "One bar" });
 * assert(figure.svg.startsWith("<svg") && figure.alt.includes("full image 21 %"));
 * ```
 */
export function recallBars(
  rows: readonly BarRow[],
  { width = 760, ...options }: FigureOptions = {},
): Figure {
  checkRows(rows, (row) => `${row.method}, ${row.metric}`, "recall bars");
  const methods = [...new Set(rows.map((row) => row.method))];
  const panels = [...new Set(rows.map((row) => row.metric))];
  const room = Math.ceil(Math.max(...methods.map((m) => textWidth(m, 12, 600)))) + 14;
  const across = (width - 60 - room) / panels.length >= LEAST_PANEL + VALUE;
  const bars = rows.map((row) => ({
    ...row,
    panel: titleCase(row.metric),
    ...{ x: 100 * row.value, x1: 100 * row.low, x2: 100 * row.high },
    theirs: row.paper === undefined ? undefined : 100 * row.paper,
  }));
  const chances = chancesOf(rows, ({ metric }) => titleCase(metric));
  const facet: Facets = { [across ? "fx" : "fy"]: "panel" };
  const everywhere = across ? { fx: () => titleCase(panels[0]) } : {};
  const spoken = methods.map((method) =>
    `${method} ` + rows.filter((row) => row.method === method)
      .map((row) => `${percentText(row.value)} % ${row.metric}`).join(", ")
  );
  return plot({
    title: "Recall by method",
    alt: `Recall: ${spoken.join("; ")}`,
    note: legend(rows),
    ...{ width, ...options },
    ...methodScales(methods),
    marginLeft: room,
    marginRight: 0,
    marginBottom: 30,
    height: (across ? 1 : panels.length) * (methods.length * BAR + 30) + 36,
    ...(across
      ? { fx: { domain: panels.map(titleCase) } }
      : { fy: { domain: panels.map(titleCase), padding: 30 / (methods.length * BAR + 30) } }),
    x: {
      ...{ domain: [0, 100], ticks: [0, 50, 100], tickFormat: (t: number) => `${t} %` },
      ...{ insetRight: VALUE, insetLeft: 2, label: null },
    },
    y: { domain: methods, paddingInner: 0.34, paddingOuter: 0.17, axis: null },
    marks: [
      Plot.gridX([0, 25, 50, 75, 100]),
      Plot.text(methods, {
        ...{ y: (method) => method, frameAnchor: "left", textAnchor: "end", dx: -10 },
        ...{ fontSize: 12, fontWeight: 600, ...everywhere },
        fill: { value: (method) => methodStyle(method).ink, scale: null },
      }),
      Plot.barX(bars, { x: "x", y: "method", fill: "method", ...facet }),
      Plot.ruleX(chances, {
        ...{ x: "chance", stroke: THEME.ink, strokeDasharray: "1 3", strokeWidth: 1.5, ...facet },
      }),
      ...whiskersOf(bars, facet),
      Plot.dot(bars.filter(({ theirs }) => theirs !== undefined), {
        ...{ x: "theirs", y: "method", r: 4.5, ...facet },
        symbol: "diamond",
        ...{ fill: THEME.paper, stroke: THEME.ink, strokeWidth: 1.4 },
      }),
      Plot.text(bars, {
        ...{ x: ({ x2, theirs = 0 }) => Math.max(x2, theirs), y: "method", ...facet },
        ...{ text: ({ value }) => percentText(value), textAnchor: "start" },
        ...{ dx: 9, fontSize: 12.5, fontWeight: 600, fill: THEME.ink },
        ...{ stroke: THEME.paper, strokeWidth: 3 },
      }),
    ],
  });
}

/** The intervals of bars, light under dark: a whisker shows on its bar and beside it. */
function whiskersOf(
  bars: readonly { method: string; x1: number; x2: number }[],
  facet: Facets,
): Plot.Markish[] {
  const wide = bars.filter(({ x1, x2 }) => x2 > x1);
  const line = { y: "method", x1: "x1", x2: "x2", ...facet };
  const end = { y: "method", stroke: THEME.ink, strokeWidth: 1.3, inset: 7, ...facet };
  return [
    Plot.ruleY(wide, { ...line, stroke: THEME.paper, strokeWidth: 3.5 }),
    Plot.ruleY(wide, { ...line, stroke: THEME.ink, strokeWidth: 1.3 }),
    Plot.tickX(wide, { ...end, x: "x1" }),
    Plot.tickX(wide, { ...end, x: "x2" }),
  ];
}

function legend(rows: readonly BarRow[]): string | undefined {
  const parts = ["Whiskers: 95 % bootstrap interval."];
  if (rows.some((row) => row.paper !== undefined)) parts.push("Open diamond: the paper’s number.");
  if (rows.some((row) => row.chance !== undefined)) parts.push("Dotted line: random ranking.");
  return [...parts, ...trainingNotes(rows)].join(" ");
}
