/**
 * Recall against the number of patches an image is cut into: what more patches buy, and what is left of it
 * when they are fused.
 *
 * @module
 */
import type { RecallRow } from "../retrieval/mod.ts";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { type Line, recallPoint } from "./line_panel.ts";
import { recallPanels, type RecallPoint } from "./recall_panels.ts";
import { methodStyle } from "./theme.ts";

/** One measured recall, with the line and the panel that it belongs to. */
export interface PatchRecallRow extends RecallRow {
  /** Patches an image, the whole image included. */
  patches: number;
  /** The line: `"cc@k"`, `"DetailCLIP of cc@k"`; its first word gives the colour. */
  series: string;
  /** The panel, such as a data set or a size of objects; one panel unless told. */
  panel?: string;
  /** A short label at the point, such as its k. */
  point?: string;
  /** How the line is drawn; solid unless told. */
  line?: "solid" | "dashed" | "dotted";
}

/** Options of {@linkcode recallAgainstPatches}. */
export interface RecallAgainstPatchesOptions extends FigureOptions {
  /** Levels over a whole panel: methods with one vector, such as the full image. */
  references?: readonly (RecallRow & { panel?: string })[];
  /** Says what the horizontal axis counts. */
  x?: string;
  /** Panels in a row; all of them unless told. */
  columns?: number;
}

/** Round numbers of patches, of which those between the first and the last point are drawn. */
const TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
const DASHES = { solid: undefined, dashed: "7 4", dotted: "2 4" } as const;

/** The ticks inside a range, or its ends where there are not two. */
function ticksIn(low: number, high: number): number[] {
  const inside = TICKS.filter((tick) => tick >= low && tick <= high);
  return inside.length > 1 ? inside : [...new Set([low, high])];
}

function pointOf(row: PatchRecallRow): RecallPoint {
  return { ...recallPoint(row.patches, row), ...(row.point && { label: row.point }) };
}

/** The lines of one panel. */
function linesOf(
  rows: readonly PatchRecallRow[],
): (Omit<Line, "points"> & { points: RecallPoint[] })[] {
  return [...Map.groupBy(rows, (row) => row.series)].map(([label, line]) => ({
    label,
    style: methodStyle(label),
    dash: DASHES[line[0].line ?? "solid"],
    markers: true,
    points: line.map(pointOf).sort((a, b) => a.x - b.x),
  }));
}

/**
 * Recall against the number of patches (Fig. 7), on a log axis, with a panel for each data set or size of
 * objects. Bands are confidence intervals.
 *
 * @param rows one row a point
 * @throws RangeError when there are no rows, two for one point, or a number of patches is not positive
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recallAgainstPatches } from "detailclip";
 * const row = { cover: "cc@5", metric: "recall@1", low: 0.7, high: 0.8, value: 0.75 };
 * const figure = recallAgainstPatches([
 *   { ...row, method: "cc@5", series: "cc@k", patches: 39, line: "dashed" },
 *   { ...row, method: "DetailCLIP", series: "DetailCLIP", patches: 39 },
 * ]);
 * assert(figure.alt.includes("cc@k: 75.0 % at 39"));
 * ```
 */
export function recallAgainstPatches(
  rows: readonly PatchRecallRow[],
  options: RecallAgainstPatchesOptions = {},
): Figure {
  const { references = [], x = "patches an image (log scale)", columns, ...how } = options;
  const wrong = rows.find(({ patches }) => !(patches > 0 && Number.isFinite(patches)));
  if (wrong) {
    throw new RangeError(
      `Cannot draw recall against patches: ${wrong.method} has ${wrong.patches} patches`,
    );
  }
  const counts = rows.map(({ patches }) => patches);
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  const lines = [...Map.groupBy(rows, (row) => row.panel ?? "")].map(([title, group]) => ({
    title,
    series: linesOf(group),
    references: references.filter((row) => (row.panel ?? "") === title),
  }));
  const said = lines.map(({ title, series }) =>
    [title, ...series.map(({ label, points }) => `${label}: ${ends(points)}`)].filter(Boolean)
      .join("; ")
  );
  return frame({
    title: "Recall against the number of patches",
    alt: `Recall against the number of patches. ${said.join(". ")}`,
    width: lines.length > 1 ? 900 : 760,
    ...how,
  }, (width) =>
    recallPanels({
      width,
      columns,
      panels: lines,
      rows,
      place: (row) => `${row.panel ?? ""} ${row.series} at ${row.patches} patches`,
      figure: "recall against patches",
      x: {
        label: x,
        type: "log",
        domain: [low / 1.15, high * 1.15],
        ticks: ticksIn(low, high),
        format: String,
      },
    }));
}

/** Where a line begins and ends, in words. */
function ends(points: readonly RecallPoint[]): string {
  const [first, last] = [points[0], points[points.length - 1]];
  const say = ({ x, y }: RecallPoint) => `${y.toFixed(1)} % at ${x}`;
  return first === last ? say(first) : `${say(first)} to ${say(last)}`;
}
