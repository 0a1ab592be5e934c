/**
 * Recall as lines: against k, against the number of patches or of vectors, with a panel for each data set.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { RecallRow } from "../retrieval/mod.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import { type Facets, type KeyEntry, plot } from "./plot.ts";
import { checkRows } from "./rows.ts";
import { textWidth, titleCase } from "./svg.ts";
import { methodScales, methodStyle, THEME } from "./theme.ts";

/** One measured recall, with the line and the panel that it belongs to. */
export interface LineRow extends RecallRow {
  /** The line: `"cc@k"`, `"DetailCLIP, cc"`; its first word gives the colour. A line of one point is a dot. */
  series: string;
  /** The panel, such as a data set or a size of objects; one panel unless told. */
  panel?: string;
  /** A short label at the point, such as its k. */
  point?: string;
  /** How the line is drawn; unless told, lines of one colour differ in their dashes. */
  line?: "solid" | "dashed" | "dotted";
}

/** What the horizontal axis shows. */
export interface RecallAxis {
  /** What it counts. */
  label: string;
  /** `"log"` for numbers over several magnitudes; linear unless told. */
  type?: "linear" | "log";
  /** Where it has numbers; at round ones unless told. */
  ticks?: readonly number[];
  /** A value that is pointed at. */
  mark?: number;
}

/** Options of {@linkcode recallLines}. */
export interface RecallLinesOptions extends FigureOptions {
  /** Levels over a whole panel: methods that the horizontal axis does not concern, such as the full image. */
  references?: readonly (RecallRow & { panel?: string })[];
}

const DASHES = { solid: "", dashed: "7 4", dotted: "2 4" } as const;
const LINES = ["solid", "dashed", "dotted"] as const;

/** Panels narrower than this, in px, stand below each other. */
const LEAST_PANEL = 170;

/** A row, in per cent. */
type Drawn<T> = T & { x: number; y: number; y1: number; y2: number; panel: string };

/** Rows as they are drawn, from left to right; refuses what the axis cannot show. */
function pointsOf<T extends LineRow>(
  rows: readonly T[],
  x: (row: T) => number,
  { label, type }: Pick<RecallAxis, "label" | "type">,
): Drawn<T>[] {
  checkRows(rows, (row) => `${row.panel ?? ""} ${row.series} at ${x(row)}`, "lines of recall");
  const wrong = rows.find((row) => !(Number.isFinite(x(row)) && (type !== "log" || x(row) > 0)));
  if (wrong) {
    throw new RangeError(`Cannot draw lines of recall: ${wrong.method} has ${x(wrong)} (${label})`);
  }
  return rows.map((row): Drawn<T> => ({
    ...row,
    panel: row.panel ?? "",
    ...{ x: x(row), y: 100 * row.value, y1: 100 * row.low, y2: 100 * row.high },
  })).sort((a, b) => a.x - b.x);
}

/**
 * Lines of recall with confidence bands, and one vertical axis for all panels.
 *
 * @param rows one row a point, all of one metric
 * @param x the number of a row that the horizontal axis shows
 * @param axis of that number
 * @param options title, card and references
 * @throws {RangeError} when there are no rows, two for one place, or a number that the axis cannot show
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recallLines } from "detailclip";
 * const row = { metric: "recall@1", low: 0.4, high: 0.6, value: 0.5, series: "cc@k" };
 * const rows = [2, 3].map((k) => ({ ...row, k, method: `cc@${k}`, cover: `cc@${k}` }));
 * const figure = recallLines(rows, ({ k }) => k, { label: "k of cc@k" });
 * assert(figure.alt.includes("cc@k: 50.0 % at 2 to 50.0 % at 3"));
 * ```
 */
export function recallLines<T extends LineRow>(
  rows: readonly T[],
  x: (row: T) => number,
  { label, type = "linear", ticks, mark }: RecallAxis,
  { references = [], width = 760, title, ...card }: RecallLinesOptions = {},
): Figure {
  const points = pointsOf(rows, x, { label, type });
  const levels = references.map((row) => ({
    ...row,
    panel: row.panel ?? "",
    y: 100 * row.value,
  }));
  const panels = [...new Set(rows.map((row) => row.panel ?? ""))];
  const names = [...new Set(rows.map(({ series }) => series))];
  const { color, symbol } = methodScales([...names, ...levels.map(({ method }) => method)]);
  const across = panels.length * LEAST_PANEL <= width - 80 || panels.length === 1;
  const facet: Facets = panels.length === 1 ? {} : { [across ? "fx" : "fy"]: "panel" };
  const metric = titleCase(metricOf([...rows, ...references]));
  const domain = domainOver([
    ...points.flatMap(({ y, y1, y2 }) => [y, y1, y2]),
    ...levels.map(({ y }) => y),
  ]);
  const all = points.map((point) => point.x);
  const room = (width - 90) / (across ? panels.length : 1);
  return plot({
    title: title ?? `${metric} against ${label}`,
    alt: `${metric} against ${label}. ${panels.map((panel) => spoken(panel, points)).join(". ")}`,
    key: [...names.map((name) => keyOf(name, rows)), ...levelKeys(levels)],
    ...{ width, ...card, color, symbol },
    height: across ? 330 : panels.length * 230 + 60,
    marginRight: 10,
    ...(panels.length > 1 &&
      (across ? { fx: { domain: panels } } : { fy: { domain: panels, padding: 0.22 } })),
    x: {
      ...{ label, type, inset: 9, tickFormat: String },
      domain: [Math.min(...all), Math.max(...all)],
      ticks: fitting(ticks ?? roundTicks(all, type), all, { type, room }),
    },
    y: { label: `${metric}, %`, domain, ticks: 5, grid: true },
    marks: [
      mark === undefined ? null : Plot.ruleX([mark], {
        ...{ stroke: THEME.match, strokeWidth: 14, strokeOpacity: 0.45 },
      }),
      Plot.ruleY(levels, {
        ...{ y: "y", stroke: "method", strokeDasharray: "5 4", strokeWidth: 1.5, ...facet },
      }),
      ...names.flatMap((name) => lineMarks(name, { rows, points, facet })),
      Plot.dot(points, {
        ...{ x: "x", y: "y", fill: "series", symbol: "series", r: 3.6, ...facet },
        ...{ stroke: THEME.paper, strokeWidth: 1 },
      }),
      pointLabels(points, facet),
    ],
  });
}

/** A line with its band; a whisker where it has one point in a panel. */
function lineMarks(
  name: string,
  { rows, points, facet }: {
    rows: readonly LineRow[];
    points: readonly Drawn<LineRow>[];
    facet: Facets;
  },
): Plot.Markish[] {
  const line = points.filter(({ series }) => series === name);
  const alone = line.filter(({ panel }) =>
    line.filter((other) => other.panel === panel).length === 1
  );
  return [
    Plot.areaY(line, {
      ...{ x: "x", y1: "y1", y2: "y2", fill: "series", fillOpacity: 0.15, ...facet },
    }),
    Plot.ruleX(alone, {
      ...{ x: "x", y1: "y1", y2: "y2", stroke: "series", strokeWidth: 2, ...facet },
    }),
    Plot.lineY(line, {
      ...{ x: "x", y: "y", stroke: "series", strokeWidth: 2.2, ...facet },
      strokeDasharray: dashOf(name, rows),
    }),
  ];
}

/** The one metric of all rows. */
function metricOf(rows: readonly RecallRow[]): string {
  const metrics = [...new Set(rows.map(({ metric }) => metric))];
  if (metrics.length === 1) return metrics[0];
  throw new RangeError(`Cannot draw lines of recall: rows are of ${metrics.join(" and ")}`);
}

/** Whole tens (or, where lines lie close, fives or ones) around all values, inside 0 to 100. */
function domainOver(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const step = [1, 2, 5, 10, 20].find((step) => (most - least) / step <= 6) ?? 20;
  const low = Math.min(100 - step, Math.floor(least / step) * step);
  return [Math.max(0, low), Math.min(100, Math.max(low + step, Math.ceil(most / step) * step))];
}

/** 1, 2, 5, 10 … between the ends of a log axis; whole numbers on a linear one. */
function roundTicks(values: readonly number[], type: "linear" | "log"): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const inside = type === "log"
    ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
    : [...new Set(values)].sort((a, b) => a - b);
  const between = inside.filter((tick) => tick >= low && tick <= high);
  return between.length > 1 ? between : [...new Set([low, high])];
}

/** Those of the ticks whose numbers do not touch in a panel of `room` px. */
function fitting(
  ticks: readonly number[],
  values: readonly number[],
  { type, room }: { type: "linear" | "log"; room: number },
): number[] {
  const scale = (value: number) => type === "log" ? Math.log(value) : value;
  const [low, high] = [Math.min(...values), Math.max(...values)].map(scale);
  const place = (tick: number) => (room - 40) * (scale(tick) - low) / (high - low || 1);
  const kept: number[] = [];
  for (const tick of ticks) {
    const last = kept.at(-1);
    const needed = last === undefined ? 0 : textWidth(`${last}${tick}`, 11.5) / 2 + 8;
    if (last === undefined || place(tick) - place(last) >= needed) kept.push(tick);
  }
  return kept;
}

/** Dashes of a line: as its rows say, or as many lines of its colour there are before. */
function dashOf(name: string, rows: readonly LineRow[]): string {
  const told = rows.find(({ series }) => series === name)?.line;
  if (told) return DASHES[told];
  const { family } = methodStyle(name);
  const alike = [...new Set(rows.map(({ series }) => series))]
    .filter((series) => methodStyle(series).family === family);
  return DASHES[LINES[alike.indexOf(name) % LINES.length]];
}

/** A line's entry of the key; without a line where it has one point. */
function keyOf(name: string, rows: readonly LineRow[]): KeyEntry {
  const panels = rows.filter(({ series }) => series === name).map(({ panel }) => panel);
  const alone = new Set(panels).size === panels.length;
  return { label: name, ...(!alone && { dash: dashOf(name, rows) }) };
}

const levelKeys = (levels: readonly { method: string }[]): KeyEntry[] =>
  [...new Set(levels.map(({ method }) => method))]
    .map((label) => ({ label, marker: null, dash: "5 4" }));

/** Where each line of a panel begins and ends, in words. */
function spoken(panel: string, points: readonly Drawn<LineRow>[]): string {
  const say = ({ x, y }: { x: number; y: number }) => `${y.toFixed(1)} % at ${x}`;
  const lines = [...Map.groupBy(points.filter((p) => p.panel === panel), ({ series }) => series)];
  const said = lines.map(([name, line]) =>
    `${name}: ${[...new Set([line[0], line[line.length - 1]].map(say))].join(" to ")}`
  );
  return [panel, ...said].filter(Boolean).join("; ");
}

/** Labels beside their points, where neither a marker nor another label is; those without room are left out. */
function pointLabels(
  points: readonly Drawn<LineRow>[],
  facet: Facets,
): Plot.Markish {
  const named = points.filter(({ point }) => point);
  const how: Plot.TextOptions = {
    ...{ x: "x", y: "y", text: "point", fontSize: 11, fontWeight: 600, ...facet },
    ...{ fill: { value: ({ series }) => methodStyle(series).ink, scale: null } },
    ...{ stroke: THEME.paper, strokeWidth: 3 },
  };
  const placed = Plot.initializer(how, (_data, _facets, _channels, { x, y }) => {
    const place = (p: Drawn<LineRow>) => ({ x: Number(x!(p.x)), y: Number(y!(p.y)) });
    const taken = new Map(
      Object.entries(Object.groupBy(points, ({ panel }) => panel)).map(([panel, group]) => [
        panel,
        group!.map((p) => ({ ...place(p), width: 8, height: 8 })),
      ]),
    );
    const places = named.map((p) => {
      const at = place(p), others = taken.get(p.panel)!;
      const size = { width: textWidth(p.point!, 11, 600) + 1, height: 10 };
      const free = [[0, -13], [0, 13], [-9, -10], [10, 10], [-12, 0], [12, 0]]
        .map(([dx, dy]) => ({ x: at.x + dx, y: at.y + dy, ...size }))
        .find((box) => others.every((other) => !overlap(box, other)));
      if (free) others.push(free);
      return free;
    });
    return {
      channels: {
        x: { value: places.map((box) => box?.x ?? NaN) },
        y: { value: places.map((box) => box?.y ?? NaN) },
      },
    };
  });
  return Plot.text(named, placed as Plot.TextOptions);
}

/** A box by its centre. */
interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

const overlap = (a: Place, b: Place): boolean =>
  Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2;
