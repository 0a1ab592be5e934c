/**
 * Panels: what Observable Plot draws, as markup to be placed in a figure, with labels beside lines.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Content } from "./figure.ts";
import { element } from "./svg.ts";
import { THEME } from "./theme.ts";

// one document serves all figures: Plot only creates elements with it
const { document } = parseHTML("<html><body></body></html>");

/** A drawn panel and the scales it used. */
export interface Panel extends Content {
  /** Value to px, horizontally. */
  x: (value: number) => number;
  /** Value to px, vertically. */
  y: (value: number) => number;
}

/** Draws a plot and returns its elements without Plot's own style sheet. */
export function drawPanel(options: Plot.PlotOptions & { width: number; height: number }): Panel {
  const svg = Plot.plot({
    ...options,
    document: document as unknown as Document,
  });
  svg.querySelector("style")?.remove();
  const apply = (name: "x" | "y") => {
    const scale = svg.scale(name);
    return (value: number) => scale ? Number(scale.apply(value)) : NaN;
  };
  const markup = element("g", {
    "text-anchor": "middle",
    "font-size": 11.5,
    fill: THEME.ink,
  }, svg.innerHTML);
  return { markup, width: options.width, height: options.height, x: apply("x"), y: apply("y") };
}

/** The common look of axes: a light grid, no ticks, soft figures. */
export const AXIS = {
  tickSize: 0,
  tickPadding: 8,
  fontSize: 11.5,
  color: THEME.soft,
  label: null,
} as const;

/** The common look of grids. */
export const GRID = { stroke: THEME.line, strokeOpacity: 1 } as const;

/**
 * Labels of a horizontal axis. Text rather than an axis: on a log scale Plot's own axis drops the
 * labels of 5 and 50.
 */
export function tickTexts(
  ticks: readonly number[],
  format: (value: number) => string = String,
): Plot.Markish {
  return Plot.text(ticks, {
    x: (tick: number) => tick,
    text: (tick: number) => format(tick),
    frameAnchor: "bottom",
    lineAnchor: "top",
    dy: 9,
    fill: AXIS.color,
    fontSize: AXIS.fontSize,
    fontVariant: "tabular-nums",
  });
}

/** A share as text in percent: 0.841 -> "84". */
export function percentText(share: number, digits = 0): string {
  return (100 * share).toFixed(digits);
}
