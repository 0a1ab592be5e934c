/**
 * Panels of recall curves side by side, with one vertical axis for all of them: what figures that compare data
 * sets have in common.
 *
 * @module
 */
import type { RecallRow } from "../retrieval/mod.ts";
import type { Content } from "./figure.ts";
import {
  type AxisOptions,
  type Line,
  linePanel,
  type Point,
  type Reference,
} from "./line_panel.ts";
import type { Panel } from "./panel.ts";
import { checkRows } from "./rows.ts";
import { element, textLine, textWidth } from "./svg.ts";
import { methodStyle } from "./theme.ts";

/** A point in per cent, with a short label where it has one. */
export interface RecallPoint extends Point {
  /** What stands at the point, such as its k. */
  label?: string;
}

type LabelledLine = Omit<Line, "points"> & { points: readonly RecallPoint[] };

/** What {@linkcode recallPanels} draws. */
export interface RecallPanelsOptions<T extends RecallRow> {
  width: number;
  /** Panels in a row; all of them unless told. */
  columns?: number;
  panels: readonly {
    title: string;
    series: readonly LabelledLine[];
    references: readonly RecallRow[];
  }[];
  /** Everything that is drawn as points, for {@linkcode checkRows}. */
  rows: readonly T[];
  place: (row: T) => string;
  figure: string;
  x: AxisOptions;
}

const GAP = 14, HEIGHT = 320;

/** Draws the panels; two rows for one place are refused. Of three or more in a row only the last names its lines. */
export function recallPanels<T extends RecallRow>(options: RecallPanelsOptions<T>): Content {
  const { width, panels, rows, place, figure, x } = options;
  checkRows(rows, place, figure);
  const columns = options.columns ?? panels.length;
  const y = axisOver(panels.flatMap(({ series, references }) => [
    ...series.flatMap(({ points }) => points.flatMap((p) => [p.low ?? p.y, p.high ?? p.y])),
    ...references.map(({ value }) => 100 * value),
  ]));
  const names = panels.flatMap(({ series }) => series.map(({ label }) => textWidth(label, 12)));
  const room = columns < 3 ? 0 : Math.ceil(Math.max(...names)); // for the names, beside the last panel
  const narrow = (width - room - GAP * (columns - 1)) / columns;
  const markup = panels.map(({ title, series, references }, i) => {
    const last = (i + 1) % columns === 0 || i === panels.length - 1;
    const named = columns < 3 || last;
    const panel = linePanel({
      width: narrow + (named ? room : 0),
      height: HEIGHT,
      title,
      x,
      y: { label: `Recall${metricEnding(rows)}, %`, ...y },
      series: named ? series : series.map((line) => ({ ...line, label: "" })),
      references: references.map((row): Reference => ({
        label: row.method,
        style: methodStyle(row.method),
        y: 100 * row.value,
      })),
    });
    const left = (i % columns) * (narrow + GAP), top = Math.floor(i / columns) * (HEIGHT + GAP);
    const drawn = panel.markup + pointLabels(series, panel);
    return element("g", { transform: `translate(${left},${top})` }, drawn);
  });
  const height = Math.ceil(panels.length / columns) * (HEIGHT + GAP) - GAP;
  return { markup: markup.join(""), width, height };
}

/** "@1", where all rows are of one metric; nothing otherwise. */
function metricEnding(rows: readonly RecallRow[]): string {
  const endings = new Set(rows.map(({ metric }) => metric.replace(/^recall/, "")));
  return endings.size === 1 ? [...endings][0] : "";
}

/** Whole tens (or, where lines lie close, fives or ones) around all values, inside 0 to 100. */
function axisOver(
  values: readonly number[],
): Required<Pick<AxisOptions, "domain" | "ticks" | "format">> {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const step = [1, 2, 5, 10, 20].find((step) => (most - least) / step <= 6) ?? 20;
  const low = Math.max(0, Math.floor(least / step) * step);
  const high = Math.min(100, Math.max(low + step, Math.ceil(most / step) * step));
  const count = Math.round((high - low) / step);
  return {
    domain: [low, high],
    ticks: Array.from({ length: count + 1 }, (_, i) => Math.min(100, low + i * step)),
    format: String,
  };
}

/** Labels beside their points, where neither a marker nor another label is; those without room are left out. */
function pointLabels(series: readonly LabelledLine[], panel: Panel): string {
  const taken = series.flatMap(({ points }) =>
    points.map((point) => ({ x: panel.x(point.x), y: panel.y(point.y), width: 8, height: 8 }))
  );
  return series.flatMap((line) =>
    line.points.filter(({ label }) => label).map((point) => {
      const size = { width: textWidth(point.label!, 11) + 1, height: 10 };
      const [x, y] = [panel.x(point.x), panel.y(point.y)];
      const place = [[0, -13], [0, 13], [-9, -10], [10, 10], [-11, 0], [11, 0]]
        .map(([dx, dy]) => ({ x: x + dx, y: y + dy, ...size }))
        .find((box) => taken.every((other) => !overlap(box, other)));
      if (!place) return "";
      taken.push(place);
      return textLine(point.label!, place.x, place.y + 4, {
        size: 11,
        fill: line.style.ink,
        weight: 600,
        anchor: "middle",
        halo: true,
      });
    })
  ).join("");
}

/** A box by its centre. */
interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

function overlap(a: Place, b: Place): boolean {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 &&
    Math.abs(a.y - b.y) < (a.height + b.height) / 2;
}
