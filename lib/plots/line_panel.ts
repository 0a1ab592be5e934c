/**
 * Lines with confidence bands and labels at their ends: the panel shared by several figures.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { Content } from "./figure.ts";
import { type EndLabel, endLabels } from "./labels.ts";
import { AXIS, drawPanel, GRID, type Panel, tickTexts } from "./panel.ts";
import { element, textLine, textWidth } from "./svg.ts";
import { type MethodStyle, THEME } from "./theme.ts";

/** A point of a line, with its confidence interval where it has one. */
export interface Point {
  /** Place on the horizontal axis. */
  x: number;
  /** Value. */
  y: number;
  /** Lower bound. */
  low?: number;
  /** Upper bound. */
  high?: number;
}

/** A recall, which is a share, as a point in per cent. */
export function recallPoint(
  x: number,
  { value, low, high }: { value: number; low: number; high: number },
): Point {
  return { x, y: 100 * value, low: 100 * low, high: 100 * high };
}

/** One line. */
export interface Line {
  /** What stands at its end; empty where a panel beside it says so. */
  label: string;
  /** Style of the method. */
  style: MethodStyle;
  /** Points from left to right. */
  points: readonly Point[];
  /** Whether each point gets a marker. */
  markers?: boolean;
  /** A dash pattern. */
  dash?: string;
  /** A thinner line: for what is computed rather than measured. */
  thin?: boolean;
}

/** A horizontal line over the whole panel. */
export interface Reference {
  /** What stands above it. */
  label: string;
  /** Its value. */
  y: number;
  /** Style of the method. */
  style: MethodStyle;
}

/** One axis. */
export interface AxisOptions {
  label: string;
  type?: "linear" | "log" | "sqrt";
  domain?: readonly [number, number];
  ticks?: readonly number[];
  format?: (value: number) => string;
  /** A value that is pointed at. */
  mark?: number;
}

/** What a line panel shows. */
export interface LinePanelOptions {
  width: number;
  height: number;
  title?: string;
  x: AxisOptions;
  y: AxisOptions;
  series: readonly Line[];
  references?: readonly Reference[];
}

/** A band behind what is pointed at. */
const MARK = { stroke: THEME.match, strokeWidth: 14, strokeOpacity: 0.45 } as const;

const MARGIN = { top: 34, bottom: 42, left: 44 };

/** Draws lines, bands, markers and references, and labels them directly. */
export function linePanel(options: LinePanelOptions): Panel {
  const { series, width, height, references = [] } = options;
  const longest = Math.max(...series.map(({ label }) => textWidth(label, 12)));
  const marginRight = Math.ceil(longest) + 26;
  const panel = drawPanel({
    width,
    height,
    marginTop: MARGIN.top,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    marginRight,
    x: { ...scaleOf(options.x), axis: null },
    y: scaleOf(options.y),
    color: { type: "identity" },
    symbol: { type: "identity" },
    marks: [
      Plot.gridY(options.y.ticks ?? [], GRID),
      tickTexts(options.x.ticks ?? [], options.x.format),
      Plot.axisY(options.y.ticks ?? [], { ...AXIS, tickFormat: options.y.format }),
      ...(options.x.mark === undefined ? [] : [Plot.ruleX([options.x.mark], MARK)]),
      Plot.ruleY(references, {
        y: "y",
        stroke: (r: Reference) => r.style.color,
        strokeDasharray: "5 4",
        strokeWidth: 1.5,
      }),
      ...series.flatMap(seriesMarks),
    ],
  });
  const drawn = series.filter(({ label, points }) => label && points.length > 0);
  const labels = endLabels(
    drawn.map(({ label, style, points }): EndLabel => {
      const last = points[points.length - 1];
      return { text: label, style, x: panel.x(last.x), y: panel.y(last.y) };
    }),
    width - marginRight + 20,
  );
  panel.markup += labels +
    references.map((reference) => referenceLabel(reference, panel, series, references)).join("") +
    axisLabels(options, width - marginRight);
  return panel;
}

function scaleOf({ type = "linear", domain }: AxisOptions): Plot.ScaleOptions {
  return { type, ...(domain && { domain: [...domain] }) };
}

function seriesMarks({ points, style, markers, dash, thin }: Line): Plot.Markish[] {
  const drawn = [...points];
  const banded = drawn.filter(({ low, high }) => low !== undefined && high !== undefined);
  return [
    Plot.areaY(banded, { x: "x", y1: "low", y2: "high", fill: style.color, fillOpacity: 0.16 }),
    Plot.lineY(drawn, {
      x: "x",
      y: "y",
      stroke: style.color,
      strokeWidth: thin ? 1.5 : 2.25,
      strokeDasharray: dash,
    }),
    ...(markers
      ? [Plot.dot(drawn, {
        x: "x",
        y: "y",
        symbol: style.marker,
        r: 3.6,
        fill: style.color,
        stroke: THEME.paper,
        strokeWidth: 1.2,
      })]
      : []),
  ];
}

/** Just above its line, below it where the line above is too near, at the end of the panel where the lines are farther away. */
function referenceLabel(
  reference: Reference,
  panel: Panel,
  series: readonly Line[],
  references: readonly Reference[],
): string {
  const y = panel.y(reference.y);
  const crowded = references.some((other) => panel.y(other.y) < y && y - panel.y(other.y) < 13);
  const xs = series.flatMap(({ points }) => points.map((point) => point.x));
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const distance = (x: number) =>
    Math.min(
      ...series.flatMap(({ points }) =>
        points.filter((point) => Math.abs(point.x - x) <= (last - first) * 0.25)
          .map((point) => Math.abs(panel.y(point.y) - panel.y(reference.y) + 8))
      ),
    );
  const atStart = distance(first) >= distance(last);
  const x = panel.x(atStart ? first : last);
  return textLine(reference.label, x, crowded ? y + 14 : y - 5, {
    size: 11.5,
    fill: reference.style.ink,
    weight: 600,
    anchor: atStart ? "start" : "end",
    halo: true,
  });
}

function axisLabels({ title, x, y, height }: LinePanelOptions, right: number): string {
  const middle = (MARGIN.left + right) / 2;
  const soft = { size: 11.5, fill: THEME.soft };
  return (title ? textLine(title, 0, 12, { size: 13, weight: 600 }) : "") +
    textLine(y.label, title ? textWidth(title, 13) + 14 : 0, 12, soft) +
    textLine(x.label, middle, height - 4, { ...soft, anchor: "middle" });
}

/** Panels of one size side by side, `columns` in a row. */
export function arrange(panels: readonly Panel[], columns: number, gap: number): Content {
  const { width, height } = panels[0];
  const markup = panels.map((panel, i) => {
    const x = (i % columns) * (width + gap), y = Math.floor(i / columns) * (height + gap);
    return element("g", { transform: `translate(${x},${y})` }, panel.markup);
  }).join("");
  const rows = Math.ceil(panels.length / columns);
  return {
    markup,
    width: columns * (width + gap) - gap,
    height: rows * (height + gap) - gap,
  };
}
