/**
 * Recall of several methods on several data sets, as dots (Fig. 5, Table 2).
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { RecallRow } from "../retrieval/mod.ts";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { AXIS, drawPanel, GRID, percentText } from "./panel.ts";
import { checkRows } from "./rows.ts";
import { element, textLine, textWidth, wrapText } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

/** One recall, with the panel that it stands in. */
export interface DotRow extends Pick<RecallRow, "method" | "metric" | "value"> {
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

const LINE = 24, HEAD = 38, FOOT = 26, GAP = 16, BLOCK = 26;

/** Middle of a line in px. */
const centre = (line: number) => HEAD + (line + 0.5) * LINE;

/** A panel: dots with whiskers, each with its value. */
function dotPanel(rows: readonly DotRow[], methods: readonly string[], width: number): string {
  const height = HEAD + methods.length * LINE + FOOT;
  const chance = rows.find((row) => row.chance !== undefined)?.chance;
  const { markup, x } = drawPanel({
    width,
    height,
    marginTop: HEAD,
    marginBottom: FOOT,
    marginLeft: 12,
    marginRight: 38, // room for the value beside a dot at 100
    x: { domain: [0, 100] },
    y: { domain: [-0.5, methods.length - 0.5], reverse: true, axis: null },
    marks: [
      Plot.gridX([0, 25, 50, 75, 100], GRID),
      Plot.axisX([0, 50, 100], { ...AXIS, tickFormat: (t: number) => `${t} %` }),
      ...(chance === undefined ? [] : [
        Plot.ruleX([100 * chance], { stroke: THEME.ink, strokeDasharray: "1 3", strokeWidth: 1.5 }),
      ]),
      Plot.ruleY(methods.keys(), { stroke: THEME.line, strokeDasharray: "1 3" }),
      ...rows.map((row) =>
        Plot.dot([row], {
          x: () => 100 * row.value,
          y: () => methods.indexOf(row.method),
          symbol: methodStyle(row.method).marker,
          r: 4.6,
          fill: methodStyle(row.method).color,
          stroke: THEME.paper,
          strokeWidth: 1.2,
        })
      ),
    ],
  });
  const marks = rows.map(({ method, value, low = value, high = value }) => {
    const y = centre(methods.indexOf(method)), { color, ink } = methodStyle(method);
    const d = `M${x(100 * low)},${y}H${x(100 * high)}`;
    const whisker = high > low
      ? element("path", { d, stroke: color, "stroke-width": 2, fill: "none" })
      : "";
    const place = Math.max(x(100 * high), x(100 * value) + 5) + 5;
    return whisker +
      textLine(percentText(value, 1), place, y + 4, {
        size: 11,
        fill: ink,
        weight: 600,
        halo: true,
      });
  });
  return markup + marks.join("");
}

/** A block: labels of its methods, and a panel for each of its data sets. */
function dotBlock(
  rows: readonly DotRow[],
  panels: readonly string[],
  { labels, width }: { labels: number; width: number },
): { markup: string; height: number } {
  const methods = [...new Set(rows.map(({ method }) => method))];
  const panelWidth = (width - labels - GAP * (panels.length - 1)) / panels.length;
  const names = methods.map((method, i) =>
    textLine(method, labels - 10, centre(i) + 4.5, {
      size: 13,
      weight: 600,
      fill: methodStyle(method).ink,
      anchor: "end",
    })
  );
  const drawn = panels.map((panel, i) => {
    const title = wrapText(panel, panelWidth - 6, 12.5).slice(0, 2);
    return element(
      "g",
      { transform: `translate(${labels + i * (panelWidth + GAP)},0)` },
      title.map((line, n) => textLine(line, 12, 13 + 15 * n, { size: 12.5, weight: 600 })).join(
        "",
      ) + dotPanel(rows.filter((row) => row.panel === panel), methods, panelWidth),
    );
  });
  return { markup: names.join("") + drawn.join(""), height: HEAD + methods.length * LINE + FOOT };
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
export function recallDots(rows: readonly DotRow[], options: FigureOptions = {}): Figure {
  checkRows(rows, (row) => `${row.method}, ${row.panel}, ${row.block ?? ""}`, "recall dots");
  const panels = [...new Set(rows.map(({ panel }) => panel))];
  const blocks = [...Map.groupBy(rows, ({ block = "" }) => block)];
  const labels = Math.ceil(Math.max(...rows.map(({ method }) => textWidth(method, 13)))) + 12;
  const spoken = blocks.flatMap(([block, group]) =>
    [...Map.groupBy(group, ({ panel }) => panel)].map(([panel, dots]) =>
      `${block && `${block}, `}${panel}: ` +
      dots.map(({ method, value }) => `${method} ${percentText(value, 1)} %`).join(", ")
    )
  );
  const whiskers = rows.some(({ low, high }) => low !== undefined && low !== high);
  const chance = rows.some((row) => row.chance !== undefined);
  return frame({
    title: "Recall by method and data set",
    alt: `${rows[0].metric}. ${spoken.join("; ")}`,
    width: 900,
    note: (whiskers ? "Whiskers: 95 % bootstrap interval. " : "") +
      (chance ? "Dotted line: random ranking." : ""),
    ...options,
  }, (width) => {
    let y = 0, markup = "";
    for (const [block, group] of blocks) {
      if (block) markup += textLine(block, 0, y + 14, { size: 13.5, weight: 650 });
      y += block ? BLOCK : 0;
      const drawn = dotBlock(group, panels, { labels, width });
      markup += element("g", { transform: `translate(0,${y})` }, drawn.markup);
      y += drawn.height + 12;
    }
    return { markup, width, height: y - 12 };
  });
}
