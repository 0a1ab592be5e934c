/**
 * How much of an image each cover serves, by size of the object.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { drawPanel, tickTexts } from "./panel.ts";
import { checkRows } from "./rows.ts";
import { element, textLine, textWidth } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

/** How much of the positions of a square object one cover serves. */
export interface CoverageCurveRow {
  /** Name of the cover. */
  cover: string;
  /** Side of the object as a share of the image's side (0 to 1). */
  side: number;
  /** Share of its positions at which a patch covers it in the sense of eq. 4 (0 to 1). */
  coverage: number;
  /** Number of patches of the cover, shown under its name. */
  patches?: number;
}

const STRIP = 62, STRIP_GAP = 20, FOOT = 46, RIGHT = 148;
const TICKS = [0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100];

/**
 * One strip a cover, filled as high as the share of positions at which some patch covers a square
 * object of that side; what is left pale is where objects are missed. Beside it stands the side
 * from which on nothing is missed.
 *
 * @param rows one row a cover and side, covers in order of first appearance
 * @throws RangeError when there are no rows, or two for one point
 */
export function coverageFigure(
  rows: readonly CoverageCurveRow[],
  options: FigureOptions = {},
): Figure {
  checkRows(rows, (row) => `${row.cover} at ${row.side}`, "coverage");
  const sides = rows.map((row) => 100 * row.side);
  const domain = [Math.min(...sides), Math.max(...sides)] as const;
  const strips = [...Map.groupBy(rows, (row) => row.cover)].map(([cover, group]) => ({
    cover,
    rows: [...group].sort((a, b) => a.side - b.side),
  }));
  const left = Math.ceil(
    Math.max(
      ...strips.map(({ cover, rows: [row] }) =>
        Math.max(textWidth(cover, 13) * 1.08, textWidth(patchesText(row), 11.5))
      ),
    ),
  ) + 14;
  return frame({
    title: "Coverage by size of the object",
    alt: `Coverage by object size: ${
      strips.map((strip) => `${strip.cover} ${completeText(strip.rows)}`).join("; ")
    }`,
    note:
      "Height of the fill: share of positions (0 to 100 %) at which some patch covers a square object.",
    width: 760,
    ...options,
  }, (width) => {
    const markup = strips.map((strip, i) => {
      const last = i === strips.length - 1;
      return element(
        "g",
        { transform: `translate(0,${i * (STRIP + STRIP_GAP)})` },
        coverageStrip(strip.cover, strip.rows, { width, left, domain, last }),
      );
    }).join("");
    const height = strips.length * (STRIP + STRIP_GAP) - STRIP_GAP + FOOT;
    const label = textLine(
      "side of the object, % of the image’s side (log scale)",
      (left + width - RIGHT) / 2,
      height - 6,
      { size: 11.5, fill: THEME.soft, anchor: "middle" },
    );
    return { markup: markup + label, width, height };
  });
}

interface StripLayout {
  width: number;
  left: number;
  domain: readonly [number, number];
  last: boolean;
}

function coverageStrip(
  cover: string,
  rows: readonly CoverageCurveRow[],
  { width, left, domain, last }: StripLayout,
): string {
  const { color, ink } = methodStyle(cover);
  const points = rows.map((row) => ({ side: 100 * row.side, value: 100 * row.coverage }));
  const ticks = TICKS.filter((tick) => tick >= domain[0] && tick <= domain[1]);
  const bottom = last ? FOOT : 0;
  const { markup } = drawPanel({
    width: width - RIGHT,
    height: STRIP + bottom,
    marginTop: 0,
    marginBottom: bottom,
    marginLeft: left,
    marginRight: 12,
    x: { type: "log", domain: [...domain], axis: null },
    y: { domain: [0, 100], axis: null },
    marks: [
      Plot.rect([0], { x1: domain[0], x2: domain[1], y1: 0, y2: 100, fill: THEME.line }),
      Plot.areaY(points, { x: "side", y: "value", fill: color, fillOpacity: 0.85 }),
      Plot.ruleX(ticks, { stroke: THEME.paper, strokeOpacity: 0.55 }),
      Plot.lineY(points, { x: "side", y: "value", stroke: ink, strokeWidth: 1.5 }),
      ...(last ? [tickTexts(ticks)] : []),
    ],
  });
  const soft = { size: 11.5, fill: THEME.soft }, at = width - RIGHT + 4;
  return markup +
    textLine(cover, 0, STRIP / 2, { size: 13, weight: 600, fill: ink }) +
    textLine(patchesText(rows[0]), 0, STRIP / 2 + 16, soft) +
    textLine("nothing missed", at, STRIP / 2, soft) +
    textLine(completeText(rows), at, STRIP / 2 + 16, { size: 13, weight: 600, fill: ink });
}

function patchesText({ patches }: CoverageCurveRow): string {
  return patches === undefined ? "" : `${patches} patches`;
}

/** The smallest side of the rows from which on every position is covered. */
function completeText(rows: readonly CoverageCurveRow[]): string {
  const gap = rows.findLastIndex((row) => row.coverage < 1);
  if (gap === rows.length - 1) return "at no side";
  return `from ${Number((100 * rows[gap + 1].side).toPrecision(3))} % on`;
}
