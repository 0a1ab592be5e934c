/**
 * The shared theme: Observable Plot on the card of every figure.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type Content, type Figure, type FigureOptions, frame } from "./figure.ts";
import { element, textWidth, wrapText } from "./svg.ts";
import { type Marker, methodStyle, THEME } from "./theme.ts";

// one document serves all figures: Plot only creates elements with it
const { document } = parseHTML("<html><body></body></html>");

/** What Plot is told to draw; titles and widths are the card's. */
export type PlotMarks = Omit<
  Plot.PlotOptions,
  "title" | "subtitle" | "caption" | "figure" | "document" | "width" | "style"
>;

/** The channel that says in which panel a mark's rows stand: panels beside each other, or below; none where there is one. */
export type Facets = Partial<Record<"fx" | "fy", string>>;

/** An entry of the key above a plot. */
export interface KeyEntry {
  /** What it says. */
  label: string;
  /** Its colour; that of the method called `label` unless told, as for the others. */
  color?: string;
  /** Shape of its marker; none where it is `null`. */
  marker?: Marker | null;
  /** Dashes of its line; a solid line where it is `""`, none unless told. */
  dash?: string;
  /** Whether the marker is open. */
  open?: boolean;
}

/** What stands around plots. */
export interface CardOptions extends FigureOptions {
  /** Says what is seen. */
  title: string;
  /** The figure in words, for those who do not see it; the title and the axes unless told. */
  alt?: string;
  /** Methods, or other entries, that are named above the plots. */
  key?: readonly (string | KeyEntry)[];
}

/** Options of {@linkcode plot}. */
export type ThemedPlotOptions = CardOptions & PlotMarks;

const SIZE = 11.5, FACET = 12.5, KEY_LINE = 20, SAMPLE = 26;

/**
 * A plot with the look of all figures: a card with a title, light grid, soft axes, readable facet labels. `options` are
 * those of `Plot.plot`; what is said there goes before the theme.
 *
 * @param options title, subtitle, note and width of the card; marks and scales of the plot
 * @returns what shows itself as the last value of a cell
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as Plot from "@observablehq/plot";
 * import { methodScales, plot } from "detailclip/plots";
 * const rows = [{ method: "full image", value: 0.2 }, { method: "cc@10", value: 0.9 }];
 * const figure = plot({
 *   title: "Two methods",
 *   ...methodScales(rows.map(({ method }) => method)),
 *   x: { percent: true, label: "Recall@1, %" },
 *   marks: [Plot.dot(rows, { x: "value", y: "method", fill: "method", symbol: "method" })],
 * });
 * assert(figure.svg.startsWith("<svg") && figure.alt.includes("Recall@1, %"));
 * ```
 */
export function plot(
  { title, subtitle, note, width, alt, key, ...marks }: ThemedPlotOptions,
): Figure {
  const card = { title, subtitle, note, width, alt, key };
  return plots(card, [marks]);
}

/**
 * Several plots on one card, for what has different axes.
 *
 * @param card title, subtitle, note, width and key; `columns` in a row, one unless told
 * @param list what each plot draws, from the left and from the top
 */
export function plots(
  { columns = 1, key = [], width = 760, note, subtitle, ...card }: CardOptions & {
    columns?: number;
  },
  list: readonly PlotMarks[],
): Figure {
  const axes = list.map(({ x, y }) =>
    [y, x].map((scale) => scale && "label" in scale ? scale.label : undefined).filter(Boolean)
      .join(" against ")
  );
  const alt = card.alt ?? [card.title, ...new Set(axes.filter(Boolean))].join(". ");
  return frame({ ...card, subtitle, note, width, alt }, (inner) => {
    const head = keyRow(key, inner), gap = 18;
    const across = inner < 480 ? 1 : columns; // on a narrow card below each other
    const each = Math.floor((inner - gap * (across - 1)) / across);
    let y = head.height, markup = head.markup;
    for (let i = 0; i < list.length; i += across) {
      const row = list.slice(i, i + across).map((options) => draw(options, each));
      row.forEach((drawn, n) =>
        markup += element(
          "g",
          { transform: `translate(${n * (each + gap)},${y})` },
          drawn.markup,
        )
      );
      y += Math.max(...row.map(({ height }) => height)) + gap;
    }
    return { markup, width: inner, height: y - gap };
  });
}

/** The look of axes; what a plot says of its own goes before it. */
const AXIS = { tickSize: 0, tickPadding: 7 } as const;

/** Draws a plot and returns its elements without Plot's own style sheet. */
export function draw(options: PlotMarks, width: number): Content {
  const { marks = [], x, y, fx, fy, ...rest } = options;
  const themed: Plot.PlotOptions = {
    marginLeft: 44,
    marginBottom: 46,
    ...rest,
    width,
    x: { ...AXIS, labelOffset: 40, ...x },
    y: { ...AXIS, ...y },
    fx: { axis: null, padding: 0.12, ...fx },
    fy: { axis: null, padding: 0.2, ...fy },
  };
  const render = (how: Plot.PlotOptions) =>
    Plot.plot({ ...how, document: document as unknown as Document });
  // the first drawing says how wide facets are, and so how their labels break
  const first = render({ ...themed, marks });
  const labels = facetLabels(first, width, fx ?? undefined, fy ?? undefined);
  const log = logAxes(first, { x: themed.x!, y: themed.y! });
  const svg = render({
    ...themed,
    ...log.scales,
    marginTop: options.marginTop ?? 20 + labels.height + (y && "label" in y && y.label ? 10 : 0),
    marks: [...log.marks, ...marks, ...labels.marks],
  });
  svg.querySelector("style")?.remove();
  for (const grid of svg.querySelectorAll('[aria-label$="-grid"]')) {
    grid.setAttribute("stroke", THEME.line);
    grid.setAttribute("stroke-opacity", "1");
  }
  const markup = element("g", {
    "text-anchor": "middle",
    "font-size": SIZE,
    fill: THEME.soft,
    color: THEME.soft,
  }, svg.innerHTML);
  return { markup, width, height: Number(svg.getAttribute("height")) };
}

/** Log axes as marks: of an axis that is a scale's option, Plot leaves out the labels of 5 and 50. */
function logAxes(
  svg: Plot.Plot,
  { x, y }: { x: Plot.ScaleOptions; y: Plot.ScaleOptions },
): { marks: Plot.Markish[]; scales: Pick<Plot.PlotOptions, "x" | "y"> } {
  const isDrawn = ({ type, ticks, axis }: Plot.ScaleOptions) =>
    type === "log" && Array.isArray(ticks) && axis !== null;
  const axis = (name: "x" | "y", { ticks, tickFormat, label, labelOffset }: Plot.ScaleOptions) => {
    const [low, high] = svg.scale(name)!.domain as [number, number];
    const inside = (ticks as number[]).filter((tick) => tick >= low && tick <= high);
    const text = typeof tickFormat === "function" ? tickFormat : String;
    const how = { ...AXIS, label, labelOffset, text } as object;
    return name === "x" ? Plot.axisX(inside, how) : Plot.axisY(inside, how);
  };
  return {
    marks: [isDrawn(x) ? axis("x", x) : null, isDrawn(y) ? axis("y", y) : null],
    scales: {
      ...(isDrawn(x) && { x: { ...x, axis: null } }),
      ...(isDrawn(y) && { y: { ...y, axis: null } }),
    },
  };
}

/** Labels of facets, above them at their left, broken to their width. */
function facetLabels(
  svg: (SVGElement | HTMLElement) & Plot.Plot,
  width: number,
  ...shown: (Plot.ScaleOptions | undefined)[]
): { marks: Plot.Markish[]; height: number } {
  const [fx, fy] = ["fx", "fy"].map((name, i) =>
    shown[i]?.axis === undefined ? svg.scale(name as Plot.ScaleName) : undefined
  );
  const text = (name: string, value: unknown, lines: string[], dy: number) =>
    Plot.text([value], {
      [name]: () => value,
      text: () => lines.join("\n"),
      frameAnchor: "top-left",
      lineAnchor: "bottom",
      textAnchor: "start",
      dy,
      fontSize: FACET,
      fontWeight: 600,
      fill: THEME.ink,
      facetAnchor: name === "fx" ? "top" : "left",
    });
  const names = (values: Iterable<unknown>, room: number) =>
    [...values].map((value) => ({ value, lines: wrapText(String(value), room, FACET, 600) }));
  const rows = fy ? names(fy.domain as Iterable<unknown>, width) : [];
  const columns = fx ? names(fx.domain as Iterable<unknown>, fx.bandwidth! + 6) : [];
  const height = (rows.length ? 8 : 0) +
    Math.max(0, ...columns.map(({ lines }) => lines.length * FACET * 1.1));
  return {
    marks: [
      ...rows.map(({ value, lines }) => text("fy", value, lines, -9)),
      ...columns.map(({ value, lines }) => text("fx", value, lines, rows.length ? -26 : -11)),
    ],
    height,
  };
}

/** Markers and names of methods in rows as wide as the card. */
function keyRow(key: readonly (string | KeyEntry)[], width: number): Content {
  if (key.length === 0) return { markup: "", width, height: 0 };
  let x = 0, y = 0;
  const entries = key.map((entry) => {
    const told: KeyEntry = typeof entry === "string" ? { label: entry } : entry;
    const { color, marker, ink } = methodStyle(told.label);
    const sample = told.dash === undefined ? 14 : SAMPLE;
    const room = sample + textWidth(told.label, 12, 600) + 20;
    if (x > 0 && x + room - 20 > width) [x, y] = [0, y + KEY_LINE];
    const placed = { color, marker, ...told, ink: told.color ?? ink, x, y: y + 8, sample };
    x += room;
    return placed;
  });
  const height = y + KEY_LINE + 6;
  const svg = Plot.plot({
    document: document as unknown as Document,
    ...{ width, height, margin: 0, x: { type: "identity" }, y: { type: "identity" }, axis: null },
    color: { type: "identity" },
    symbol: { type: "identity" },
    marks: [
      ...entries.filter(({ dash }) => dash !== undefined).map((entry) =>
        Plot.ruleY([entry], {
          x1: "x",
          x2: ({ x }) => x + SAMPLE - 6,
          y: "y",
          stroke: "color",
          strokeWidth: 2,
          strokeDasharray: entry.dash,
        })
      ),
      Plot.dot(entries.filter(({ marker }) => marker), {
        x: ({ x, sample }) => x + (sample === SAMPLE ? (SAMPLE - 6) / 2 : 5),
        y: "y",
        r: 4,
        symbol: "marker",
        fill: ({ open, color }) => open ? THEME.paper : color,
        stroke: ({ open, color }) => open ? color : THEME.paper,
        strokeWidth: 1.4,
      }),
      Plot.text(entries, {
        x: ({ x, sample }) => x + sample,
        y: "y",
        text: "label",
        textAnchor: "start",
        fontSize: 12,
        fontWeight: 600,
        fill: "ink",
      }),
    ],
  });
  svg.querySelector("style")?.remove();
  return { markup: element("g", { "font-size": 12 }, svg.innerHTML), width, height };
}
