/**
 * Rows as tables: Markdown for terminals and the README, polars for notebooks.
 *
 * @module
 */
import pl from "nodejs-polars";
import { type Interval, trainedText } from "../retrieval/mod.ts";
import type { ResultRow } from "./results.ts";

/** A share as per cent with one decimal, such as `"22.5"`. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}

/** A difference in points with its sign, such as `"+3.1"` or `"−0.4"`. */
export function signed(points: number, digits = 1): string {
  return `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(digits)}`;
}

/** The bounds of an interval, in per cent or points: `"[45.4, 48.3]"`. */
function boundsText({ low, high }: Pick<Interval, "low" | "high">): string {
  return `[${percent(low)}, ${percent(high)}]`.replaceAll("-", "−");
}

/** A share with its interval, such as `"72.7 [71.4, 74.0]"`. */
export const percentBetween = (share: Interval): string =>
  `${percent(share.value)} ${boundsText(share)}`;

/** A difference of shares with its interval in points, such as `"+46.8 [45.4, 48.3]"`. */
export const signedBetween = (difference: Interval): string =>
  `${signed(100 * difference.value)} ${boundsText(difference)}`;

/** The paper's number for a method, in per cent as printed there, or `undefined`. */
export type PaperColumn = Record<string, number | undefined>;

/** What {@linkcode recallMarkdown} shows. */
export interface MarkdownOptions {
  /** Metrics, a column each. */
  metrics?: readonly string[];
  /** Which part of the data. */
  subset?: string;
  /** A last column with the paper's numbers by method, and its heading. */
  paper?: { heading: string; values: PaperColumn };
}

/** A method as tables print it: with what it was trained on, where it was. */
export function methodText({ method, trained }: Pick<ResultRow, "method" | "trained">): string {
  return trained ? `${method} (${trainedText(trained)})` : method;
}

/**
 * A recall table in Markdown, in per cent; the interval stands behind the first metric.
 *
 * @param rows rows of one run
 * @param options columns to show
 */
export function recallMarkdown(rows: readonly ResultRow[], options: MarkdownOptions = {}): string {
  const { metrics = ["recall@1", "recall@3", "recall@5"], subset, paper } = options;
  const title = (metric: string) => metric[0].toUpperCase() + metric.slice(1);
  const head = ["method", "vectors", ...metrics.map(title), ...(paper ? [paper.heading] : [])];
  const methods = Map.groupBy(subsetRows(rows, subset), methodText);
  const body = [...methods].map(([text, group]) => [
    text,
    vectorsText(group[0]),
    ...metrics.map((metric, i) => {
      const row = group.findLast((row) => row.metric === metric);
      if (!row) return "";
      const known = row.low === row.high; // as that of chance
      const interval = i === 0 && !known ? ` (${percent(row.low)}–${percent(row.high)})` : "";
      return percent(row.value) + interval;
    }),
    ...(paper ? [paper.values[group[0].method]?.toFixed(2) ?? ""] : []),
  ]);
  return markdownTable(head, body, head.map((_, c) => c > 0));
}

/** Mean number of vectors an image; nothing where none is scored. */
function vectorsText({ vectors }: ResultRow): string {
  if (vectors === 0) return "";
  return Number.isInteger(vectors) ? `${vectors}` : vectors.toFixed(1);
}

/**
 * A table in Markdown, its columns padded to one width as `deno fmt` wants them.
 *
 * @param head names of the columns
 * @param body a cell a column in every line
 * @param right which columns are aligned to the right; none unless told
 */
export function markdownTable(
  head: readonly string[],
  body: readonly (readonly string[])[],
  right: readonly boolean[] = [],
): string {
  const widths = head.map((_, c) => Math.max(...[head, ...body].map((line) => line[c].length)));
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((x, c) => right[c] ? x.padStart(widths[c]) : x.padEnd(widths[c])).join(" | ")
    } |`;
  const rule = widths.map((w, c) => right[c] ? "-".repeat(w - 1) + ":" : "-".repeat(w));
  return [line(head), line(rule), ...body.map(line)].join("\n");
}

/** Rows of one part of the data, which is what most figures draw. */
export function subsetRows<T extends ResultRow>(rows: readonly T[], subset = "all"): T[] {
  return rows.filter((row) => row.subset === subset);
}

/**
 * Rows as a data frame of polars, which notebooks show as an HTML table.
 *
 * @param rows objects, a row each; what one of them lacks is null
 * @returns a column for every key of any row, in the order in which they first appear; numbers are floats
 *
 * @example Recall@1 of every method on every part of the data
 * ```ts
 * import assert from "node:assert/strict";
 * import pl from "nodejs-polars";
 * import { toDataFrame } from "detailclip";
 *
 * const frame = toDataFrame([
 *   { method: "cc@5", subset: "all", metric: "recall@1", value: 0.82 },
 *   { method: "cc@5", subset: "small", metric: "recall@1", value: 0.75 },
 *   { method: "cc@5", subset: "all", metric: "recall@3", value: 0.95 },
 * ]);
 * const table = frame.filter(pl.col("metric").eq(pl.lit("recall@1")))
 *   .pivot("value", { index: "method", on: "subset" });
 * assert.deepEqual(table.toRecords(), [{ method: "cc@5", all: 0.82, small: 0.75 }]);
 * ```
 */
export function toDataFrame(rows: readonly object[]): pl.DataFrame {
  // polars looks at the first hundred rows only, and drops without a word what it did not see there
  const inferSchemaLength = Math.max(rows.length, 1);
  return pl.DataFrame(rows.map((row) => ({ ...row })), { inferSchemaLength });
}

/**
 * A recall with its interval in per cent, such as `72.7 (71.1–74.3)`, of the columns `value`, `low` and `high`.
 *
 * @param name of the column
 *
 * @example Methods by metric
 * ```ts
 * import assert from "node:assert/strict";
 * import pl from "nodejs-polars";
 * import { recallText, toDataFrame } from "detailclip";
 *
 * const row = { method: "cc@5", value: 0.82, low: 0.81, high: 0.834 };
 * const table = toDataFrame([{ ...row, metric: "recall@1" }])
 *   .select("method", "metric", recallText()).pivot("recall, %", { index: "method", on: "metric" });
 * assert.deepEqual(table.toRecords(), [{ method: "cc@5", "recall@1": "82.0 (81.0–83.4)" }]);
 * ```
 */
export function recallText(name: string = "recall, %"): pl.Expr {
  const percent = (column: string) => pl.col(column).mul(100).round(1);
  return pl.format("{} ({}–{})", percent("value"), percent("low"), percent("high")).alias(name);
}

/**
 * A difference with its interval in points, such as `3.9 (3.1 to 4.8)`, of the columns `value`, `low` and `high`.
 *
 * @param name of the column
 */
export function differenceText(name: string = "points"): pl.Expr {
  const points = (column: string) => pl.col(column).mul(100).round(1);
  return pl.format("{} ({} to {})", points("value"), points("low"), points("high")).alias(name);
}
