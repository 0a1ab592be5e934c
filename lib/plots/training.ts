/**
 * Figures of training: the loss as it falls, and what a number of vectors an image buys.
 *
 * @module
 */
import type { RecallRow } from "../retrieval/mod.ts";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { arrange, type Line, linePanel, type Reference } from "./line_panel.ts";
import { checkRows } from "./rows.ts";
import { titleCase } from "./svg.ts";
import { methodStyle } from "./theme.ts";

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

/** Round numbers from `low` to `high`, three to six of them. */
function ticksBetween(low: number, high: number): number[] {
  const range = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(range));
  const step = [0.2, 0.5, 1, 2].map((s) => s * power).find((s) => range / s <= 5)!;
  const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: Math.max(2, last - first + 1) }, (_, i) => (first + i) * step);
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
export function lossCurve(rows: readonly EpochRow[], options: LossCurveOptions = {}): Figure {
  checkRows(rows, (row) => `${row.method}, epoch ${row.epoch}`, "loss curve");
  const methods = [...Map.groupBy(rows, (row) => row.method)]
    .map(([method, group]) => [method, group.toSorted((a, b) => a.epoch - b.epoch)] as const);
  const last = Math.max(options.epochs ?? 2, ...rows.map((row) => row.epoch));
  const every = Math.ceil(last / 8);
  const epochs = {
    label: "epoch",
    domain: [0, last] as const,
    ticks: Array.from({ length: Math.floor(last / every) + 1 }, (_, i) => i * every),
    format: String,
  };
  const series = (value: (row: EpochRow) => number | undefined): Line[] =>
    methods.map(([label, group], i) => ({
      label,
      style: methodStyle(label),
      dash: [undefined, "7 4", "2 4"][i % 3],
      markers: group.length <= 12,
      points: group.flatMap((row) => {
        const y = value(row);
        return y === undefined ? [] : [{ x: row.epoch, y }];
      }),
    }));
  const losses = ticksBetween(0, Math.max(...rows.map((row) => row.loss)));
  const spoken = methods.map(([method, group]) => {
    const { epoch, loss, recall } = group[group.length - 1];
    const recalled = recall === undefined ? "" : `, recall ${(100 * recall).toFixed(1)} %`;
    return `${method}: loss ${short(loss)}${recalled} after epoch ${epoch}`;
  });
  return frame({
    title: "Training",
    alt: `Training loss and validation recall. ${spoken.join("; ")}`,
    width: 760,
    ...options,
  }, (width) => {
    return arrange(
      [
        linePanel({
          width,
          height: 220,
          title: "Training loss",
          x: epochs,
          y: { label: "", ticks: losses, domain: [0, losses[losses.length - 1]], format: short },
          series: series((row) => row.loss),
        }),
        linePanel({
          width,
          height: 220,
          title: "Validation Recall@1",
          x: epochs,
          y: { label: "%", domain: [0, 100], ticks: [0, 25, 50, 75, 100], format: String },
          series: series((row) => row.recall === undefined ? undefined : 100 * row.recall),
        }),
      ],
      1,
      14,
    );
  });
}

/** A recall at a number of vectors an image. */
export interface VectorsRow extends RecallRow {
  /** Mean number of vectors an image that the method keeps and scores. */
  vectors: number;
  /** Line that the point belongs to: "k-means", "DetailCLIP+" … The method's own name if absent. */
  family?: string;
  /** Panel that the point stands in: "unseen words" … One panel if absent. */
  subset?: string;
}

/**
 * Recall against the number of vectors an image, on a logarithmic axis: a Pareto front between one vector
 * and all patches. Families with one point are drawn as levels: what they reach, whatever others cost.
 *
 * @param rows one row a family, subset and number of vectors
 * @throws RangeError when there are no rows, or two for one point
 */
export function recallAgainstVectors(
  rows: readonly VectorsRow[],
  options: FigureOptions & { bytesPerVector?: number } = {},
): Figure {
  const { bytesPerVector, ...rest } = options;
  const familyOf = (row: VectorsRow) => row.family ?? row.method;
  const panelOf = (row: VectorsRow) => row.subset ?? titleCase(row.metric);
  checkRows(
    rows,
    (row) => `${familyOf(row)}, ${panelOf(row)}, ${row.vectors}`,
    "recall by vectors",
  );
  const panels = [...Map.groupBy(rows, panelOf)];
  const lines = [...Map.groupBy(rows, familyOf).values()]
    .map((group) => new Set(group.map((row) => row.vectors))).filter((places) => places.size > 1);
  const most = Math.max(2, ...lines.flatMap((places) => [...places]));
  const ticks = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
  const kilobytes = (n: number) => `${short(n * bytesPerVector! / 1000)} kB`;
  const label = bytesPerVector === undefined
    ? "vectors per image"
    : `vectors per image (one vector: ${kilobytes(1)})`;
  return frame({
    title: "Recall against vectors per image",
    alt: `Recall against vectors per image: ${[...new Set(rows.map(familyOf))].join(", ")}`,
    width: panels.length > 1 ? 860 : 760,
    ...rest,
  }, (width) => {
    const gap = 14, panelWidth = (width - gap * (panels.length - 1)) / panels.length;
    return arrange(
      panels.map(([title, group]) => {
        const families = [...Map.groupBy(group, familyOf)];
        return linePanel({
          width: panelWidth,
          height: 330,
          title: titleCase(title),
          x: {
            label,
            type: "log",
            domain: [0.9, most * 1.1],
            ticks,
            format: String,
          },
          y: { label: "%", domain: [0, 100], ticks: [0, 25, 50, 75, 100], format: String },
          series: families.filter(([, points]) => points.length > 1).map(([name, points]) => ({
            label: name,
            style: methodStyle(name),
            markers: true,
            points: points.map((row) => ({
              x: row.vectors,
              y: 100 * row.value,
              low: 100 * row.low,
              high: 100 * row.high,
            })).sort((a, b) => a.x - b.x),
          })),
          references: families.filter(([, points]) => points.length === 1).map(
            ([name, [row]]): Reference => ({
              label: row.vectors > 1 ? `${name} (${Math.round(row.vectors)})` : name,
              style: methodStyle(name),
              y: 100 * row.value,
            }),
          ),
        });
      }),
      panels.length,
      gap,
    );
  });
}
