/**
 * Recall against k on several data sets, of the patches and of the vector that they are fused into.
 *
 * @module
 */
import type { RecallRow } from "../retrieval/mod.ts";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { recallPoint } from "./line_panel.ts";
import { recallPanels } from "./recall_panels.ts";
import { methodStyle } from "./theme.ts";

/** One measured recall, with its k, line and panel. */
export interface KRow extends RecallRow {
  /** 1/c of its cover; 1 is the whole image. */
  k: number;
  /** The line: `"cc@k"`, `"grid@k"`, `"DetailCLIP"`. */
  series: string;
  /** The panel, such as a data set with a metric; one panel unless told. */
  panel?: string;
}

/** Options of {@linkcode recallByCover}. */
export interface RecallByCoverOptions extends FigureOptions {
  /** Levels over a whole panel: methods without k, such as the full image. */
  references?: readonly (RecallRow & { panel?: string })[];
  /** Panels in a row; all of them unless told. */
  columns?: number;
  /** A k that is pointed at. */
  mark?: number;
}

/**
 * Recall against k (Fig. 11), with a panel for each data set. Bands are confidence intervals.
 *
 * @param rows one row a line and k
 * @throws RangeError when there are no rows, or two for one point
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recallByCover } from "detailclip";
 * const row = { metric: "recall@1", low: 0.4, high: 0.6, value: 0.5 };
 * const rows = [2, 3].map((k) => ({ ...row, k, method: `cc@${k}`, cover: `cc@${k}`, series: "cc@k" }));
 * assert(recallByCover(rows).alt.includes("cc@k"));
 * ```
 */
export function recallByCover(
  rows: readonly KRow[],
  { references = [], columns = 2, mark, ...options }: RecallByCoverOptions = {},
): Figure {
  const panels = [...Map.groupBy(rows, (row) => row.panel ?? "")].map(([title, group]) => ({
    title,
    series: [...Map.groupBy(group, (row) => row.series)].map(([label, line]) => ({
      label,
      style: methodStyle(label),
      markers: true,
      points: line.map((row) => recallPoint(row.k, row)).sort((a, b) => a.x - b.x),
    })),
    references: references.filter((row) => (row.panel ?? "") === title),
  }));
  const ks = [...new Set(rows.map(({ k }) => k))].sort((a, b) => a - b);
  const names = [...new Set(rows.map(({ series }) => series))];
  const inARow = Math.min(columns, panels.length);
  return frame({
    title: "Recall against k",
    alt: `Recall against k of ${names.join(", ")}${
      panels.length > 1 ? `, on ${panels.map(({ title }) => title).join(", ")}` : ""
    }`,
    width: inARow > 1 ? 900 : 760,
    ...options,
  }, (width) =>
    recallPanels({
      width,
      columns: inARow,
      panels,
      rows,
      place: (row) => `${row.panel ?? ""} ${row.series} at k = ${row.k}`,
      figure: "recall against k",
      x: {
        label: "k: the smallest patch is 1/k of the image’s side",
        ticks: ks.filter((k) => ks.length <= 8 || k % 2 === 1),
        format: String,
        mark,
      },
    }));
}
