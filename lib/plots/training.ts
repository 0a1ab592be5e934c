/**
 * A training: its loss as it falls, and what it is worth.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { Figure, FigureOptions } from "./figure.ts";
import { type PlotMarks, plots } from "./plot.ts";
import { checkRows } from "./rows.ts";
import { methodScales, THEME } from "./theme.ts";

/** One epoch of one training. */
export interface EpochRow {
  /** What is trained: "DetailCLIP", "DetailCLIP+" … */
  method: string;
  /** Number of the epoch, from 1 on. */
  epoch: number;
  /** Mean training loss of the epoch. */
  loss: number;
  /** Recall@1 on the validation split, a share in [0, 1], where it was measured. */
  recall?: number;
}

/** Options of {@linkcode lossCurve}. */
export interface LossCurveOptions extends FigureOptions {
  /** Epochs that the axis reaches to, so that a live curve does not change its scale. */
  epochs?: number;
}

/** Fewer digits for larger numbers, none that rounding made up. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/**
 * Training loss and validation recall against the epoch, a panel each; drawn again after each epoch it is a
 * live curve. Losses of different kinds have different units: their heights say nothing to each other.
 *
 * @param rows one row a method and epoch
 * @throws RangeError when there are no rows, or two for one epoch
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { lossCurve } from "detailclip";
 * const rows = [1, 2, 3].map((epoch) => ({
 *   method: "DetailCLIP", epoch, loss: 1 / epoch, recall: 0.2 * epoch,
 * }));
 * assert(lossCurve(rows).alt.includes("DetailCLIP: loss 0.3333, recall 60.0 % after epoch 3"));
 * ```
 */
export function lossCurve(
  rows: readonly EpochRow[],
  { epochs = 2, ...options }: LossCurveOptions = {},
): Figure {
  checkRows(rows, (row) => `${row.method}, epoch ${row.epoch}`, "loss curve");
  const methods = [...Map.groupBy(rows, (row) => row.method)]
    .map(([method, group]) => [method, group.toSorted((a, b) => a.epoch - b.epoch)] as const);
  const last = Math.max(epochs, ...rows.map((row) => row.epoch));
  const spoken = methods.map(([method, group]) => {
    const { epoch, loss, recall } = group[group.length - 1];
    const recalled = recall === undefined ? "" : `, recall ${(100 * recall).toFixed(1)} %`;
    return `${method}: loss ${short(loss)}${recalled} after epoch ${epoch}`;
  });
  const dashes = ["", "7 4", "2 4"];
  const curves = (of: (row: EpochRow) => number | undefined, most?: number): PlotMarks => ({
    ...methodScales(methods.map(([method]) => method)),
    height: 210,
    marginRight: 10,
    x: { domain: [0, last], label: "epoch", ticks: Math.min(last, 8), tickFormat: "d" },
    y: {
      ...{
        grid: true,
        nice: true,
        ticks: 5,
        label: most ? "Validation Recall@1, %" : "Training loss",
      },
      domain: [
        0,
        most ?? Math.max(1e-9, ...rows.map(({ loss }) => Number.isFinite(loss) ? loss : 0)),
      ],
    },
    marks: methods.flatMap(([, group], i) => {
      const points = group.filter((row) => of(row) !== undefined);
      return [
        Plot.lineY(points, {
          ...{ x: "epoch", y: of, stroke: "method", strokeWidth: 2.2 },
          strokeDasharray: dashes[i % 3],
        }),
        points.length > 12 ? null : Plot.dot(points, {
          ...{ x: "epoch", y: of, fill: "method", symbol: "method", r: 3.6 },
          ...{ stroke: THEME.paper, strokeWidth: 1 },
        }),
      ];
    }),
  });
  return plots({
    title: "Training",
    alt: `Training loss and validation recall. ${spoken.join("; ")}`,
    key: methods.map(([label], i) => ({ label, dash: dashes[i % 3] })),
    ...options,
  }, [
    curves(({ loss }) => loss),
    curves(({ recall }) => recall === undefined ? undefined : 100 * recall, 100),
  ]);
}
