/**
 * How many patches a cover has: against k, and against the side of the image (Fig. 9).
 *
 * @module
 */
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { type AxisOptions, type Line, linePanel } from "./line_panel.ts";
import { checkRows } from "./rows.ts";
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

/** The number of patches of an image of one size. */
export interface PatchGrowthRow {
  /** Side of the image in px. */
  side: number;
  /** Number of patches. */
  patches: number;
}

/** A parabola through the origin. */
export interface SquareLaw {
  /** What it is called, such as `"Fig. 9: 0.25 x²"`. */
  label: string;
  /** What the square of the side is multiplied by. */
  coefficient: number;
}

/** Options of {@linkcode patchGrowthFigure}. */
export interface PatchGrowthOptions extends FigureOptions {
  /** Name of the cover, for its colour and label. */
  name?: string;
  /** Parabolas to compare with. */
  laws?: readonly SquareLaw[];
}

const DASHES = ["7 4", "2 4", "9 3 2 3"];
/** Of what is computed rather than measured. */
const COMPUTED = { ...methodStyle("full"), color: THEME.soft, ink: THEME.soft };

/** The vertical axis of both figures, from 0 to the last tick. */
const patchesAxis = (ticks: readonly number[], format: (count: number) => string): AxisOptions => ({
  label: "patches per image",
  ticks,
  domain: [0, ticks[ticks.length - 1]],
  format,
});

/** About five round numbers from 0 up to at least `most`. */
function roundTicks(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [0.2, 0.25, 0.5, 1, 2].map((s) => s * power).find((s) => most / s <= 5.01)!;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) => i * step);
}

/** Parabola coefficient · x² as a dashed line, at 61 places from `first` to `last`. */
function parabola(label: string, coefficient: number, first: number, last: number): Line {
  const points = Array.from({ length: 61 }, (_, i) => first + (last - first) * i / 60)
    .map((x) => ({ x, y: coefficient * x * x }));
  return { label, style: COMPUTED, points, thin: true };
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
  const families = [...Map.groupBy(rows, (row) => methodStyle(row.cover).family)];
  const series = families.map(([family, group]) => ({
    label: group[0].cover.replace(/@\d+/, "@k"),
    style: methodStyle(family),
    markers: true,
    points: group.map((row) => ({ x: row.k, y: row.patches })).sort((a, b) => a.x - b.x),
  }));
  const ks = rows.map((row) => row.k), [first, last] = [Math.min(...ks), Math.max(...ks)];
  const law = parabola("(π²/6) k²", Math.PI ** 2 / 6, first, last);
  const curve: Line = { ...law, dash: "2 4" };
  const ticks = roundTicks(
    Math.max(...[curve, ...series].flatMap((s) => s.points.map((p) => p.y))),
  );
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
      y: patchesAxis(ticks, String),
      series: [curve, ...series],
    }));
}

/**
 * Patches against the side of the image, with parabolas beside them.
 *
 * @param rows one row a side
 * @param options `laws`: the parabolas; `name`: of the cover
 * @throws RangeError when there are no rows, or two for one side
 */
export function patchGrowthFigure(
  rows: readonly PatchGrowthRow[],
  { name = "cc@k", laws = [], ...options }: PatchGrowthOptions = {},
): Figure {
  checkRows(rows, (row) => `a side of ${row.side} px`, "growth of patch counts");
  const points = rows.map(({ side, patches }) => ({ x: side, y: patches }))
    .sort((a, b) => a.x - b.x);
  const widest = points[points.length - 1].x;
  const parabolas = laws.map(({ label, coefficient }, i): Line => ({
    ...parabola(label, coefficient, 0, widest),
    dash: DASHES[i % DASHES.length],
  }));
  const measured: Line = { label: name, style: methodStyle(name), points };
  const all = [...parabolas, measured].flatMap((series) => series.points.map(({ y }) => y));
  const ticks = roundTicks(Math.max(...all));
  return frame({
    title: "Patches against the side of the image",
    alt: `Number of patches of ${name} against the side of the image, up to ${widest} px: ` +
      [`${points[points.length - 1].y} patches`, ...laws.map(({ label }) => label)].join(", "),
    width: 760,
    ...options,
  }, (width) =>
    linePanel({
      width,
      height: 340,
      x: {
        label: "side of the image, px",
        domain: [0, widest],
        ticks: roundTicks(widest).filter((tick) => tick <= widest),
        format: String,
      },
      y: patchesAxis(ticks, (count) => count.toLocaleString("en")),
      series: [...parabolas, measured],
    }));
}
