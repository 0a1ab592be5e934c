/**
 * Recall of several methods as bars (Figs. 5 and 6).
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { RecallRow } from "../retrieval/mod.ts";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { AXIS, drawPanel, GRID, percentText } from "./panel.ts";
import { checkRows } from "./rows.ts";
import { element, textLine, textWidth, titleCase } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

const BAR = 30, HEAD = 26, FOOT = 28, GAP = 18;

/** Middle of a bar in px: with the paddings below, each takes BAR px. */
const rowCentre = (row: number) => HEAD + (row + 0.5) * BAR;

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
export function recallBars(rows: readonly BarRow[], options: FigureOptions = {}): Figure {
  checkRows(rows, (row) => `${row.method}, ${row.metric}`, "recall bars");
  const methods = [...new Set(rows.map((row) => row.method))];
  const metrics = [...new Set(rows.map((row) => row.metric))];
  const labelWidth = Math.ceil(Math.max(...methods.map((m) => textWidth(m, 13)))) + 14;
  const spoken = methods.map((method) =>
    `${method} ` + rows.filter((row) => row.method === method)
      .map((row) => `${percentText(row.value)} % ${row.metric}`).join(", ")
  );
  return frame({
    title: "Recall by method",
    alt: `Recall: ${spoken.join("; ")}`,
    width: 760,
    note: legend(rows),
    ...options,
  }, (width) => {
    const panelWidth = (width - labelWidth - GAP * (metrics.length - 1)) / metrics.length;
    const height = HEAD + methods.length * BAR + FOOT;
    const labels = methods.map((method, i) =>
      textLine(method, labelWidth - 14, rowCentre(i) + 4.5, {
        size: 13,
        weight: 600,
        fill: methodStyle(method).ink,
        anchor: "end",
      })
    ).join("");
    const panels = metrics.map((metric, i) =>
      element(
        "g",
        { transform: `translate(${labelWidth + i * (panelWidth + GAP)},0)` },
        textLine(titleCase(metric), 0, 13, { size: 13, weight: 600 }) +
          barPanel(rows.filter((row) => row.metric === metric), methods, panelWidth, height),
      )
    ).join("");
    return { markup: labels + panels, width, height };
  });
}

function legend(rows: readonly BarRow[]): string | undefined {
  const parts = ["Whiskers: 95 % bootstrap interval."];
  if (rows.some((row) => row.paper !== undefined)) parts.push("Open diamond: the paper’s number.");
  if (rows.some((row) => row.chance !== undefined)) parts.push("Dotted line: random ranking.");
  return parts.join(" ");
}

function barPanel(
  rows: readonly BarRow[],
  methods: readonly string[],
  width: number,
  height: number,
): string {
  const points = rows.map((row) => ({
    method: row.method,
    value: 100 * row.value,
    low: 100 * row.low,
    high: 100 * row.high,
    paper: row.paper === undefined ? undefined : 100 * row.paper,
    color: methodStyle(row.method).color,
  }));
  const chance = rows.find((row) => row.chance !== undefined)?.chance;
  const { markup, x } = drawPanel({
    width,
    height,
    marginTop: HEAD,
    marginBottom: FOOT,
    marginLeft: 2,
    marginRight: 34, // room for the value beside a full bar
    x: { domain: [0, 100] },
    y: { domain: [...methods], paddingInner: 0.34, paddingOuter: 0.17, axis: null },
    color: { type: "identity" },
    marks: [
      Plot.gridX([0, 25, 50, 75, 100], GRID),
      Plot.axisX([0, 50, 100], { ...AXIS, tickFormat: (t: number) => `${t} %` }),
      Plot.barX(points, { x: "value", y: "method", fill: "color", ry2: 2, ry1: 0 }),
      ...(chance === undefined ? [] : [
        Plot.ruleX([100 * chance], { stroke: THEME.ink, strokeDasharray: "1 3", strokeWidth: 1.5 }),
      ]),
      Plot.dot(points.filter((p) => p.paper !== undefined), {
        x: "paper",
        y: "method",
        symbol: "diamond",
        r: 4.5,
        fill: THEME.paper,
        stroke: THEME.ink,
        strokeWidth: 1.4,
      }),
    ],
  });
  const row = (method: string) => rowCentre(methods.indexOf(method));
  const whiskers = points.filter((p) => p.high > p.low).map((p) => {
    const [low, high, y] = [x(p.low), x(p.high), row(p.method)];
    const d = `M${low},${y - 4}V${y + 4}M${low},${y}H${high}M${high},${y - 4}V${y + 4}`;
    return element("path", { d, stroke: THEME.paper, "stroke-width": 3.5, fill: "none" }) +
      element("path", { d, stroke: THEME.ink, "stroke-width": 1.2, fill: "none" });
  });
  const values = points.map((p) =>
    textLine(
      p.value.toFixed(0),
      Math.max(x(p.high), p.paper === undefined ? 0 : x(p.paper) + 6) + 7,
      row(p.method) + 4.5,
      { size: 13, weight: 650, halo: true },
    )
  );
  return markup + whiskers.join("") + values.join("");
}
