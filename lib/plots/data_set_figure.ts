/**
 * How many objects the images of data sets have, and how large those are.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { clipText, LARGE_SIDE } from "./contact_sheet.ts";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { AXIS, drawPanel, type Panel, percentText } from "./panel.ts";
import { checkRows } from "./rows.ts";
import { element, textLine } from "./svg.ts";
import { THEME } from "./theme.ts";

/** Objects of one data set, counted. */
export interface DataSetRow {
  /** Name of the data set. */
  dataset: string;
  /** Number of images that were counted. */
  images: number;
  /** Mean number of objects an image. */
  mean: number;
  /** The paper's, where it has one. */
  paperMean?: number;
  /** Number of images with 0, 1, 2, … objects. */
  counts: readonly number[];
  /** Number of objects by side, between {@linkcode SIDE_EDGES_LOG}; those of images of unknown size are not among them. */
  sides: readonly number[];
}

/** Edges of the sides of objects, as a share of the image's side: three to each doubling, from half a per cent on, LARGE_SIDE among them. */
export const SIDE_EDGES_LOG: readonly number[] = Array.from(
  { length: 24 },
  (_, i) => LARGE_SIDE * 2 ** ((i - 16) / 3),
);

const HEIGHT = 98, TOP = 26, BOTTOM = 8, FOOT = 44, LEFT = 0.42, GAP = 26;
const COLOR = "#0072b2", PALE = "#56b4e9", INK = "#005a8d";
const SIDE_TICKS = [0.5, 1, 2, 5, 10, 20, 50, 100];

/** Panels of a column share their horizontal axis. */
interface Column {
  width: number;
  domain: readonly [number, number];
  type: "linear" | "log";
  ticks: readonly number[];
  label: string;
}

/** Bars between edges, as high as their share; the highest fills the panel. */
interface Bar {
  from: number;
  to: number;
  share: number;
  color: string;
}

function drawBars(bars: readonly Bar[], { width, domain, type, ticks }: Column): Panel {
  const top = Math.max(...bars.map(({ share }) => share), 1e-9);
  return drawPanel({
    width,
    height: HEIGHT,
    marginTop: TOP,
    marginBottom: BOTTOM,
    marginLeft: 2,
    marginRight: 6,
    x: { type, domain: [...domain], axis: null },
    y: { domain: [0, top], axis: null },
    color: { type: "identity" },
    marks: [
      Plot.ruleX(ticks, { stroke: THEME.line }),
      Plot.rect(bars.filter(({ share }) => share > 0), {
        ...{ x1: "from", x2: "to", y1: 0, y2: "share", fill: "color" },
        ...{ stroke: THEME.paper, strokeWidth: 0.6 },
      }),
      Plot.ruleY([0], { stroke: THEME.soft }),
    ],
  });
}

/** A vertical line over the panel. */
const upright = (x: number, top: number, color: string, dash?: string) =>
  element("path", {
    d: `M${x},${top}V${HEIGHT - BOTTOM}`,
    stroke: color,
    "stroke-width": 1.6,
    "stroke-dasharray": dash,
  });

/** Images by number of objects, with the mean, and the paper's. */
function countsPanel(row: DataSetRow, column: Column): string {
  const all = row.counts.reduce((a, b) => a + b, 0) || 1;
  const bars = row.counts.map((count, n): Bar => ({
    from: n - 0.5,
    to: n + 0.5,
    share: count / all,
    color: PALE,
  })).filter(({ to }) => to <= column.domain[1]);
  const panel = drawBars(bars, column);
  const x = panel.x(Math.min(row.mean, column.domain[1]));
  const paper = row.paperMean !== undefined && row.paperMean <= column.domain[1]
    ? element("path", {
      d: diamond(panel.x(row.paperMean), HEIGHT - BOTTOM),
      fill: THEME.paper,
      stroke: THEME.ink,
      "stroke-width": 1.4,
    })
    : "";
  return panel.markup + upright(x, TOP - 4, INK) + paper +
    textLine(`mean ${row.mean.toFixed(1)}`, column.width - 6, 12, {
      size: 11.5,
      fill: INK,
      weight: 600,
      anchor: "end",
    });
}

const diamond = (x: number, y: number) =>
  `M${x},${y - 6}L${x + 5},${y}L${x},${y + 6}L${x - 5},${y}Z`;

/** Objects by side: small ones pale, large ones dark. */
function sidesPanel({ sides }: DataSetRow, column: Column): string {
  const all = sides.reduce((a, b) => a + b, 0) || 1;
  const bars = sides.map((count, i): Bar => {
    const [from, to] = [100 * SIDE_EDGES_LOG[i], 100 * SIDE_EDGES_LOG[i + 1]];
    const color = SIDE_EDGES_LOG[i] < LARGE_SIDE ? PALE : COLOR;
    return { from, to, share: count / all, color };
  });
  const panel = drawBars(bars, column), x = panel.x(100 * LARGE_SIDE);
  if (sides.every((count) => count === 0)) {
    return panel.markup +
      textLine("sides unknown", x, 12, { size: 11.5, fill: INK, anchor: "middle" });
  }
  const small = bars.reduce((sum, { share, color }) => color === PALE ? sum + share : sum, 0);
  const label = { size: 11.5, fill: INK, weight: 600 };
  return panel.markup + upright(x, 3, THEME.soft, "4 3") +
    textLine(`small ${percentText(small)} %`, x - 6, 12, { ...label, anchor: "end" }) +
    textLine(`large ${percentText(1 - small)} %`, x + 6, 12, label);
}

/** Ticks and their label under a column. */
function axisUnder({ width, domain, type, ticks, label }: Column, y: number): string {
  const place = (tick: number) => {
    const [low, high] = type === "log" ? domain.map(Math.log) : domain;
    const at = type === "log" ? Math.log(tick) : tick;
    return 2 + (width - 8) * (at - low) / (high - low);
  };
  return ticks.map((tick) =>
    textLine(String(tick), place(tick), y + 10, {
      size: AXIS.fontSize,
      fill: AXIS.color,
      anchor: place(tick) > width - 16 ? "end" : place(tick) < 8 ? "start" : "middle",
    })
  ).join("") +
    textLine(label, width / 2, y + 30, { size: 11.5, fill: THEME.soft, anchor: "middle" });
}

/** The number of objects at which the axis ends: that of all images but one in a hundred, and of all where that is at most 50. */
function mostObjects(rows: readonly DataSetRow[]): number {
  const ends = rows.map(({ counts }) => {
    if (counts.length <= 51) return counts.length - 1;
    const all = counts.reduce((a, b) => a + b, 0);
    let rest = 0;
    return counts.findIndex((count) => (rest += count) >= 0.99 * all);
  });
  return Math.max(10, ...ends);
}

/**
 * Two histograms a data set: images by number of objects, and objects by side as a share of the image's side, on a log
 * axis. Large objects are darker. The paper's mean number of objects is an open diamond.
 *
 * @param rows one a data set
 * @throws RangeError when there are no rows, two for one data set, or sides that do not fit {@linkcode SIDE_EDGES_LOG}
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dataSetFigure } from "detailclip";
 * import { SIDE_EDGES_LOG } from "detailclip/plots";
 * const sides = SIDE_EDGES_LOG.slice(1).map((edge) => edge > 0.05 && edge < 0.1 ? 10 : 0);
 * const figure = dataSetFigure([{ dataset: "photos", images: 3, mean: 2, counts: [0, 1, 1, 1], sides }]);
 * assert(figure.alt.includes("photos 2.0 objects an image"));
 * ```
 */
export function dataSetFigure(rows: readonly DataSetRow[], options: FigureOptions = {}): Figure {
  checkRows(rows, ({ dataset }) => dataset, "data sets");
  const wrong = rows.find(({ sides }) => sides.length !== SIDE_EDGES_LOG.length - 1);
  if (wrong) {
    throw new RangeError(
      `Cannot draw data sets: ${wrong.dataset} has ${wrong.sides.length} ranges of sides, ` +
        `not ${SIDE_EDGES_LOG.length - 1}`,
    );
  }
  const most = mostObjects(rows), step = most > 100 ? 50 : most > 20 ? 10 : 2;
  return frame({
    title: "Objects an image, and their size",
    alt: `Objects an image and their size: ${
      rows.map(({ dataset, mean }) => `${dataset} ${mean.toFixed(1)} objects an image`).join("; ")
    }`,
    note: noteOf(rows, most),
    width: 900,
    ...options,
  }, (width) => {
    const left: Column = {
      width: LEFT * (width - GAP),
      domain: [0, most + 0.5],
      type: "linear",
      ticks: Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step),
      label: "objects an image",
    };
    const right: Column = {
      width: width - GAP - left.width,
      domain: [100 * SIDE_EDGES_LOG[0], 100 * SIDE_EDGES_LOG[SIDE_EDGES_LOG.length - 1]],
      type: "log",
      ticks: SIDE_TICKS,
      label: "side of an object, % of the image’s side (log)",
    };
    const markup = rows.map((row, i) =>
      element(
        "g",
        { transform: `translate(0,${i * HEIGHT})` },
        textLine(clipText(row.dataset, left.width - 80, 13), 0, 12, { size: 13, weight: 600 }) +
          countsPanel(row, left) +
          element("g", { transform: `translate(${left.width + GAP},0)` }, sidesPanel(row, right)),
      )
    ).join("");
    const foot = rows.length * HEIGHT;
    const axes = axisUnder(left, foot) +
      element("g", { transform: `translate(${left.width + GAP},0)` }, axisUnder(right, foot));
    return { markup: markup + axes, width, height: foot + FOOT };
  });
}

/** How to read it, and what lies outside. */
function noteOf(rows: readonly DataSetRow[], most: number): string {
  const cut = rows.filter(({ counts }) => counts.length - 1 > most)
    .map(({ dataset, counts }) => `${dataset} has images with up to ${counts.length - 1}`);
  const unsized = rows.flatMap(({ dataset, counts, sides }) => {
    const objects = counts.reduce((sum, count, n) => sum + n * count, 0);
    const known = sides.reduce((a, b) => a + b, 0);
    return known < objects ? [`${percentText(1 - known / objects, 1)} % of ${dataset}`] : [];
  });
  return [
    "Height: share of the images (left) and of the objects (right), each panel to its own maximum.",
    ...(rows.some(({ paperMean }) => paperMean !== undefined)
      ? ["Vertical line: mean; open diamond: the paper’s."]
      : ["Vertical line: mean."]),
    `Where small ends the paper does not say: here at ${
      100 * LARGE_SIDE
    } %, between the two groups of CLEVR-DS.`,
    ...(cut.length > 0 ? [`Not drawn: ${cut.join("; ")}.`] : []),
    ...(unsized.length > 0
      ? [
        `Without a side, as their annotations do not say how large images are: ${
          unsized.join(", ")
        }.`,
      ]
      : []),
  ].join(" ");
}
