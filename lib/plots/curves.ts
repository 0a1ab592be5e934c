/**
 * Figures made of lines: patches against k, recall against k, recall against object size.
 *
 * @module
 */
import type { RecallRow, SizeRow } from "../retrieval/mod.ts";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { arrange, linePanel, type Point, type Reference, type Series } from "./line_panel.ts";
import { checkRows } from "./rows.ts";
import { titleCase } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

/** The number of patches of one cover. */
export interface PatchCountRow {
  /** Name of the cover: "cc@10", "grid@10", "verified" … */
  cover: string;
  /** k, the inverse of the effective scale sensitivity. */
  k: number;
  /** Number of patches, the whole image included. */
  patches: number;
}

/** Groups in order of first appearance. */
function groupBy<T>(rows: readonly T[], key: (row: T) => string): [string, T[]][] {
  return [...Map.groupBy(rows, key)];
}

/** Methods of one family share a colour; the second and third of them are dashed. */
function dashOf(name: string, names: readonly string[]): string | undefined {
  const { family } = methodStyle(name);
  const order = names.filter((other) => methodStyle(other).family === family).indexOf(name);
  return [undefined, "7 4", "2 4"][order % 3];
}

/** What a line of one method at several k is called: cc@5 and cc@10 are "cc@k". */
function familyLabel(names: readonly string[]): string {
  return names[0].replace(/@\d+/, "@k");
}

/** Round numbers up to at least `max`, at most six of them. */
function ticksTo(max: number): number[] {
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [0.2, 0.25, 0.5, 1, 2].map((s) => s * power).find((s) => max / s <= 5.01)!;
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, i) => i * step);
}

/**
 * Number of patches against k, over the (π²/6)·k² of the paper's appendix A.1 (Fig. 9).
 *
 * @param rows one row a cover and k
 * @throws RangeError when there are no rows, or two for one point
 */
export function patchCountFigure(
  rows: readonly PatchCountRow[],
  options: FigureOptions = {},
): Figure {
  checkRows(rows, (row) => `${row.cover} at k = ${row.k}`, "patch counts");
  const series = groupBy(rows, (row) => methodStyle(row.cover).family).map(([family, group]) => ({
    label: familyLabel(group.map((row) => row.cover)),
    style: methodStyle(family),
    markers: true,
    points: group.map((row) => ({ x: row.k, y: row.patches })).sort((a, b) => a.x - b.x),
  }));
  const ks = rows.map((row) => row.k), [first, last] = [Math.min(...ks), Math.max(...ks)];
  const square = Array.from({ length: 61 }, (_, i) => first + (last - first) * i / 60)
    .map((k) => ({ x: k, y: Math.PI ** 2 / 6 * k * k }));
  const style = { ...methodStyle("full"), color: THEME.soft, ink: THEME.soft };
  const curve: Series = { label: "(π²/6) k²", style, points: square, dash: "2 4", thin: true };
  const ticks = ticksTo(Math.max(...[curve, ...series].flatMap((s) => s.points.map((p) => p.y))));
  return frame({
    title: "Patches of one image against k",
    alt: `Number of patches against k: ${series.map((line) => line.label).join(", ")}`,
    width: 760,
    ...options,
  }, (width) =>
    linePanel({
      width,
      height: 340,
      x: {
        label: "k: smallest object is 1/k of its patch’s side",
        ticks: [...new Set(ks)].sort((a, b) => a - b),
        format: String,
      },
      y: {
        label: "patches per image",
        ticks,
        domain: [0, ticks[ticks.length - 1]],
        format: String,
      },
      series: [curve, ...series],
    }));
}

/** Points in percent from rows of recall. */
function recallPoints(rows: readonly RecallRow[], x: (row: RecallRow) => number): Point[] {
  return rows.map((row) => ({
    x: x(row),
    y: 100 * row.value,
    low: 100 * row.low,
    high: 100 * row.high,
  })).sort((a, b) => a.x - b.x);
}

const RECALL_AXIS = {
  domain: [0, 100],
  ticks: [0, 25, 50, 75, 100],
  format: String,
} as const;

/**
 * Recall against k for each patch scheme, one panel a metric (Fig. 11). Methods without k, such as
 * the full image and Patch-obj, are dashed lines.
 *
 * @param rows one row a method, k and metric
 * @throws RangeError when there are no rows with a k, or two for one point
 */
export function recallAgainstK(rows: readonly RecallRow[], options: FigureOptions = {}): Figure {
  const withK = rows.filter((row) => row.k !== undefined);
  checkRows(withK, (row) => `${row.method}, ${row.metric}`, "recall against k");
  const ks = [...new Set(withK.map((row) => row.k!))].sort((a, b) => a - b);
  const metrics = groupBy(rows, (row) => row.metric);
  const every = Math.ceil(ks.length * metrics.length / 24); // as many ticks as there is room for
  return frame({
    title: "Recall against k",
    alt: `Recall against k, ${metrics.map(([metric]) => metric).join(", ")}`,
    width: metrics.length > 1 ? 860 : 760,
    ...options,
  }, (width) => {
    const gap = 14, panelWidth = (width - gap * (metrics.length - 1)) / metrics.length;
    return arrange(
      metrics.map(([metric, group]) =>
        linePanel({
          width: panelWidth,
          height: 310,
          title: titleCase(metric),
          x: { label: "k", ticks: ks.filter((_, i) => i % every === 0), format: String },
          y: { label: "%", ...RECALL_AXIS },
          series: groupBy(
            group.filter((row) => row.k !== undefined),
            (row) => methodStyle(row.method).family,
          ).map(([family, line]): Series => ({
            label: familyLabel(line.map((row) => row.method)),
            style: methodStyle(family),
            markers: true,
            points: recallPoints(line, (row) => row.k!),
          })),
          references: group.filter((row) => row.k === undefined).map((row): Reference => ({
            label: row.method,
            style: methodStyle(row.method),
            y: 100 * row.value,
          })),
        })
      ),
      metrics.length,
      gap,
    );
  });
}

/**
 * Recall by size of the object, one line a method and one panel a metric, the last bin first: lines
 * part towards small objects, where their labels stand.
 *
 * @param rows one row a method, bin and metric
 * @throws RangeError when there are no rows, or two for one point
 */
export function recallBySize(rows: readonly SizeRow[], options: FigureOptions = {}): Figure {
  checkRows(rows, (row) => `${row.method}, ${row.metric}, ${row.bin}`, "recall by size");
  // the last bin first: lines part towards small objects, where their labels then stand
  const bins = [...new Set(rows.map((row) => row.bin))].reverse();
  const methods = [...new Set(rows.map((row) => row.method))];
  const metrics = groupBy(rows, (row) => row.metric);
  return frame({
    title: "Recall by size of the object",
    alt: `Recall by object size, ${metrics.map(([metric]) => metric).join(", ")}`,
    width: 760,
    ...options,
  }, (width) => {
    return arrange(
      metrics.map(([metric, group]) =>
        linePanel({
          width,
          height: metrics.length > 1 ? 240 : 320,
          title: titleCase(metric),
          x: {
            label: "side of the object, share of the image’s side: smaller to the right →",
            domain: [-0.2, bins.length - 0.8],
            ticks: bins.map((_, i) => i),
            format: (i) => bins[i],
          },
          y: { label: "%", ...RECALL_AXIS },
          series: groupBy(group, (row) => row.method).map(([label, line]): Series => ({
            label,
            style: methodStyle(label),
            dash: dashOf(label, methods),
            markers: true,
            points: recallPoints(line, (row) => bins.indexOf((row as SizeRow).bin)),
          })),
        })
      ),
      1, // under each other: the bins need the width
      16,
    );
  });
}
