/**
 * Recall of several methods on several data sets, as dots (Fig. 5, Table 2).
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { RecallRow } from "../retrieval/mod.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { type Facets, plot } from "./plot.ts";
import { chancesOf, checkRows, percentText, trainingNotes } from "./rows.ts";
import { clipText, textWidth, titleCase } from "./svg.ts";
import { methodScales, methodStyle, THEME } from "./theme.ts";

/** One recall, with the panel that it stands in. */
export interface DotRow extends Pick<RecallRow, "method" | "metric" | "value" | "trained"> {
  /** Lower bound of its interval, where it has one. */
  low?: number;
  /** Upper bound of its interval, where it has one. */
  high?: number;
  /** The panel: a data set. */
  panel: string;
  /** The block of panels, with its own lines: "Here", "The paper". One block unless told. */
  block?: string;
  /** What an uninformed ranking reaches: drawn as a dotted line. */
  chance?: number;
}

const LINE = 24, VALUE = 36;

/** Panels with less room than this, in px, stand below each other. */
const LEAST_PANEL = 120;

/** A line of the figure: a method, or the name of a block above its methods. */
interface DotLine {
  id: string;
  method?: string;
  block: string;
}

/** Lines from the top; a block has a heading where it has a name. */
function linesOf(rows: readonly DotRow[]): DotLine[] {
  const blocks = [...Map.groupBy(rows, ({ block = "" }) => block)];
  return blocks.flatMap(([block, group]): DotLine[] => [
    ...(block ? [{ id: block, block }] : []),
    ...[...new Set(group.map(({ method }) => method))]
      .map((method) => ({ id: `${block}\n${method}`, method, block })),
  ]);
}

/** A row as it is drawn: in per cent, on its line. */
type Dot = DotRow & { x: number; x1: number; x2: number; y: string };

function dotOf(row: DotRow): Dot {
  const { value, low = value, high = value, block = "", method } = row;
  return { ...row, x: 100 * value, x1: 100 * low, x2: 100 * high, y: `${block}\n${method}` };
}

/** Where a method of a block was not run, in the panels that the block has. */
function gapsOf(
  named: readonly DotLine[],
  panels: readonly string[],
  dots: readonly Dot[],
): { panel: string; y: string }[] {
  return named.flatMap(({ id, block }) =>
    panels.filter((panel) => {
      const there = dots.filter((dot) => dot.panel === panel && (dot.block ?? "") === block);
      return there.length > 0 && !there.some(({ y }) => y === id);
    }).map((panel) => ({ panel, y: id }))
  );
}

/** The panel that lines are named in, where panels stand beside each other. */
type Everywhere = { fx?: () => string };

/** Names of methods, and of blocks above them, left of the panels. */
function lineNames(
  lines: readonly DotLine[],
  { room, width, everywhere }: { room: number; width: number; everywhere: Everywhere },
): Plot.Markish[] {
  return [
    Plot.text(lines, {
      ...{ y: "id", text: ({ method, block }) => method ?? block, ...everywhere },
      ...{ frameAnchor: "left", textAnchor: "end", dx: -10, fontSize: 12, fontWeight: 600 },
      fill: { value: ({ method }) => method ? methodStyle(method).ink : THEME.ink, scale: null },
      filter: ({ method }) => method !== undefined,
    }),
    Plot.text(lines, {
      ...{ y: "id", text: ({ block }) => clipText(block, width - 56, 12.5, 600), ...everywhere },
      ...{ frameAnchor: "left", textAnchor: "start", dx: -room, fontSize: 12.5 },
      ...{ fontWeight: 600, fill: THEME.ink },
      filter: ({ method }) => method === undefined,
    }),
  ];
}

/** Each recall with its interval and its number. */
function dotMarks(dots: readonly Dot[], inFacets: Facets): Plot.Markish[] {
  return [
    Plot.ruleY(dots, {
      ...{ y: "y", x1: "x1", x2: "x2", stroke: "method", strokeWidth: 2, ...inFacets },
    }),
    Plot.dot(dots, {
      ...{ y: "y", x: "x", fill: "method", symbol: "method", r: 4.4, ...inFacets },
      ...{ stroke: THEME.paper, strokeWidth: 1 },
    }),
    Plot.text(dots, {
      ...{ y: "y", x: "x2", text: ({ value }) => percentText(value, 1), ...inFacets },
      ...{ textAnchor: "start", dx: 8, fontSize: 11, fontWeight: 600 },
      ...{ stroke: THEME.paper, strokeWidth: 3 },
      fill: { value: ({ method }) => methodStyle(method).ink, scale: null },
    }),
  ];
}

/**
 * Dots of recall with confidence whiskers: a column for each data set, a line for each method. Blocks stand under
 * each other, so that numbers of different experiments are not taken for one.
 *
 * @param rows one row a method, panel and block, all of one metric; all in order of first appearance
 * @throws RangeError when there are no rows, or two for one dot
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recallDots } from "detailclip";
 * const row = { metric: "recall@1", value: 0.21, low: 0.19, high: 0.23 };
 * const figure = recallDots([{ ...row, method: "full image", panel: "CLEVR-DS" }]);
 * assert(figure.alt.includes("CLEVR-DS: full image 21.0 %"));
 * ```
 */
export function recallDots(
  rows: readonly DotRow[],
  { width = 860, ...options }: FigureOptions = {},
): Figure {
  checkRows(rows, (row) => `${row.method}, ${row.panel}, ${row.block ?? ""}`, "recall dots");
  const panels = [...new Set(rows.map(({ panel }) => panel))];
  const lines = linesOf(rows), named = lines.filter(({ method }) => method);
  const room = Math.ceil(Math.max(...named.map(({ method }) => textWidth(method!, 12, 600)))) + 14;
  const across = (width - 60 - room) / panels.length >= LEAST_PANEL + VALUE;
  const facet = across ? "fx" : "fy", first = panels[0];
  const dots = rows.map(dotOf), gaps = gapsOf(named, panels, dots);
  const chances = chancesOf(rows, ({ panel }) => panel);
  const metric = titleCase(rows[0].metric);
  const inFacets: Facets = panels.length > 1 ? { [facet]: "panel" } : {};
  const everywhere: Everywhere = across && panels.length > 1 ? { fx: () => first } : {};
  return plot({
    title: "Recall by method and data set",
    alt: `${metric}. ${spoken(rows)}`,
    note: noteOf(rows),
    ...{ width, ...options },
    ...methodScales(rows.map(({ method }) => method)),
    marginLeft: room,
    marginRight: 0,
    height: (across ? 1 : panels.length) * (lines.length * LINE + 30) + 66,
    ...(panels.length > 1 &&
      (across
        ? { fx: { domain: panels } }
        : { fy: { domain: panels, padding: 30 / (lines.length * LINE + 30) } })),
    x: {
      ...{ domain: [0, 100], ticks: across ? [0, 50, 100] : [0, 25, 50, 75, 100] },
      ...{ insetLeft: 8, insetRight: VALUE, grid: true, label: `${metric}, %` },
    },
    y: { type: "point", domain: lines.map(({ id }) => id), padding: 0.6, axis: null },
    marks: [
      Plot.ruleY(named, { y: "id", stroke: THEME.line, strokeDasharray: "1 3" }),
      ...lineNames(lines, { room, width, everywhere }),
      Plot.ruleX(chances, {
        ...{ x: "chance", stroke: THEME.ink, strokeDasharray: "1 3", strokeWidth: 1.5 },
        ...inFacets,
      }),
      ...dotMarks(dots, inFacets),
      Plot.text(gaps, {
        ...{ y: "y", x: () => 0, text: () => "not run", textAnchor: "start", dx: 2, ...inFacets },
        ...{ fill: THEME.soft, stroke: THEME.paper, strokeWidth: 3 },
      }),
    ],
  });
}

/** Every recall in words, panel by panel. */
function spoken(rows: readonly DotRow[]): string {
  const panels = Object.groupBy(
    rows,
    ({ block = "", panel }) => `${block && `${block}, `}${panel}`,
  );
  return Object.entries(panels).map(([name, group]) => {
    const said = group!.map(({ method, value }) => `${method} ${percentText(value, 1)} %`);
    return `${name}: ${said.join(", ")}`;
  }).join("; ");
}

function noteOf(rows: readonly DotRow[]): string {
  const whiskers = rows.some(({ low, high }) => low !== undefined && low !== high);
  const chance = rows.some((row) => row.chance !== undefined);
  return [
    ...(whiskers ? ["Whiskers: 95 % bootstrap interval."] : []),
    ...(chance ? ["Dotted line: random ranking."] : []),
    ...trainingNotes(rows),
  ].join(" ");
}
