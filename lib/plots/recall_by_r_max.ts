/**
 * Recall against r_max, the size of the largest object of an image (Table 1, eq. 1).
 *
 * @module
 */
import type { RecallRow } from "../retrieval/mod.ts";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { arrange, type Line, linePanel, recallPoint } from "./line_panel.ts";
import { checkRows } from "./rows.ts";
import { methodStyle } from "./theme.ts";

/** A recall on the images whose largest object is at most so large. */
export interface RMaxRow extends RecallRow {
  /** Threshold of r_max: a share of the image's area, above 0. */
  rMax: number;
  /** What stands at the end of its line; the colour is that of the method. */
  line: string;
  /** The panel, such as a data set; one panel unless told. */
  panel?: string;
}

const GAP = 22, HEIGHT = 310;
const DASHES = [undefined, "7 4", "2 4"];

/** Round numbers from 0 to at least the greatest value, at most six; an interval may reach beyond 100 %, the axis does not. */
function ticksTo(value: number): number[] {
  const most = Math.min(100, value);
  const step = [1, 2, 5, 10, 20, 25].find((step) => most / step <= 5) ?? 25;
  return Array.from({ length: Math.max(2, Math.ceil(most / step - 1e-9) + 1) }, (_, i) => i * step);
}

/** Half decades that hold all thresholds. */
function decades(rows: readonly RMaxRow[]): number[] {
  const least = Math.min(...rows.map(({ rMax }) => rMax));
  const halves = Math.max(1, Math.ceil(-2 * Math.log10(least) - 1e-9));
  return Array.from({ length: halves + 1 }, (_, i) => 10 ** ((i - halves) / 2));
}

/** The lines of a panel; those of one method differ in their dashes. */
function linesOf(rows: readonly RMaxRow[]): Line[] {
  const drawn = new Map<string, number>();
  return [...Map.groupBy(rows, ({ line }) => line)].map(([label, line]) => {
    const style = methodStyle(line[0].method), before = drawn.get(style.family) ?? 0;
    drawn.set(style.family, before + 1);
    const points = line.map((row) => recallPoint(row.rMax, row)).sort((a, b) => a.x - b.x);
    return { label, style, dash: DASHES[before % DASHES.length], markers: true, points };
  });
}

/**
 * Recall on the images whose largest object covers at most a share of the image (r_max), on a log axis. Each panel has
 * a vertical axis of its own, from 0: data sets differ in level, and slopes are compared. Bands are confidence intervals.
 *
 * @param rows one row a line and threshold
 * @throws RangeError when there are no rows, two for one point, or a threshold is not above 0 and at most 1
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recallByRMax } from "detailclip";
 * const row = { method: "full image", cover: "full", metric: "recall@1", line: "full image" };
 * const rows = [0.1, 1].map((rMax) => ({ ...row, rMax, value: 0.2, low: 0.1, high: 0.3 }));
 * assert(recallByRMax(rows).alt.includes("full image 20.0 to 20.0 %"));
 * ```
 */
export function recallByRMax(rows: readonly RMaxRow[], options: FigureOptions = {}): Figure {
  checkRows(
    rows,
    ({ panel = "", line, rMax }) => `${panel} ${line} at ${rMax}`,
    "recall against r_max",
  );
  const outside = rows.find(({ rMax }) => !(rMax > 0 && rMax <= 1));
  if (outside) {
    throw new RangeError(
      `Cannot draw recall against r_max: it must be above 0 and at most 1, got ${outside.rMax}`,
    );
  }
  const panels = [...Map.groupBy(rows, ({ panel = "" }) => panel)]
    .map(([title, group]) => ({ title, group, series: linesOf(group) }));
  const ticks = decades(rows), columns = Math.min(2, panels.length);
  const ends = panels.map(({ title, series }) =>
    `${title ? `${title}, ` : ""}${
      series.map(({ label, points }) =>
        `${label} ${points[0].y.toFixed(1)} to ${points.at(-1)!.y.toFixed(1)} %`
      ).join(", ")
    }`
  );
  return frame({
    title: "Recall by the size of the largest object of an image",
    alt: `Recall from the smallest to the largest threshold of r_max: ${ends.join("; ")}`,
    width: columns > 1 ? 900 : 760,
    ...options,
  }, (width) =>
    arrange(
      panels.map(({ title, group, series }) => {
        const top = ticksTo(
          Math.max(...group.map(({ value, high }) => 100 * Math.max(value, high))),
        );
        return linePanel({
          width: (width - GAP * (columns - 1)) / columns,
          height: HEIGHT,
          title,
          x: {
            label: "largest object at most, % of the image’s area (log)",
            type: "log",
            domain: [ticks[0] / 1.15, 1],
            ticks,
            format: (share) => String(Number((100 * share).toPrecision(2))),
          },
          y: { label: "%", domain: [0, top[top.length - 1]], ticks: top, format: String },
          series,
        });
      }),
      columns,
      GAP,
    ));
}
