/**
 * Recall by size of the object that is asked for.
 *
 * @module
 */
import type { SizeRow } from "../retrieval/mod.ts";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { arrange, type Line, linePanel, recallPoint } from "./line_panel.ts";
import { checkRows } from "./rows.ts";
import { titleCase } from "./svg.ts";
import { methodStyle } from "./theme.ts";

/** Methods of one family share a colour; the second and third of them are dashed. */
function dashOf(name: string, names: readonly string[]): string | undefined {
  const { family } = methodStyle(name);
  const order = names.filter((other) => methodStyle(other).family === family).indexOf(name);
  return [undefined, "7 4", "2 4"][order % 3];
}

const RECALL_AXIS = {
  domain: [0, 100],
  ticks: [0, 25, 50, 75, 100],
  format: String,
} as const;

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
  const metrics = [...Map.groupBy(rows, (row) => row.metric)];
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
          series: [...Map.groupBy(group, (row) => row.method)].map(([label, line]): Line => ({
            label,
            style: methodStyle(label),
            dash: dashOf(label, methods),
            markers: true,
            points: line.map((row) => recallPoint(bins.indexOf(row.bin), row)).sort((a, b) =>
              a.x - b.x
            ),
          })),
        })
      ),
      1, // under each other: the bins need the width
      16,
    );
  });
}
