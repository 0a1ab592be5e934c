/**
 * How the number of patches grows with the image, when the smallest window keeps its size (Fig. 9).
 *
 * @module
 */
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { linePanel, type Series } from "./line_panel.ts";
import { checkRows } from "./rows.ts";
import { methodStyle, THEME } from "./theme.ts";

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

/** About five round numbers from 0 up to at least `most`. */
function roundTicks(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [0.2, 0.25, 0.5, 1, 2].map((s) => s * power).find((s) => most / s <= 5.01)!;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) => i * step);
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
  const style = { ...methodStyle("full"), color: THEME.soft, ink: THEME.soft };
  const parabolas = laws.map(({ label, coefficient }, i): Series => ({
    label,
    style,
    points: Array.from({ length: 61 }, (_, n) => widest * n / 60)
      .map((x) => ({ x, y: coefficient * x * x })),
    dash: DASHES[i % DASHES.length],
    thin: true,
  }));
  const measured: Series = { label: name, style: methodStyle(name), points };
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
      y: {
        label: "patches per image",
        ticks,
        domain: [0, ticks[ticks.length - 1]],
        format: (count) => count.toLocaleString("en"),
      },
      series: [...parabolas, measured],
    }));
}
