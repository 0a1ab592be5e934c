/**
 * The rows of the Complete Cover experiment, and the tables that are made of them.
 *
 * @module
 */
import { completeCover, NotMeasured, paperTable, percent } from "detailclip";

/** Side in px of the square image on which patches are counted and coverage is measured. */
export const SIDE = 1000;

/** Sides of objects, as a share of the image's, of which tables and claims speak. */
export const OBJECTS: readonly number[] = [0.02, 0.03, 0.05, 0.1];

/** A patch count. */
export interface PatchesRow {
  /** What the row speaks of. */
  what: "patches";
  /** Name of the cover. */
  cover: string;
  /** Its k. */
  k: number;
  /** Number of patches. */
  patches: number;
  /** Number of patches at each level. */
  levels: number[];
}

/** How much of the positions of one square object a cover serves (eq. 4). */
export interface CoverageRow {
  /** What the row speaks of. */
  what: "coverage";
  /** Name of the cover. */
  cover: string;
  /** Its k. */
  k: number;
  /** Side of the object as a share of the image's. */
  side: number;
  /** Share of its positions at which some patch covers it (0 to 1). */
  coverage: number;
  /** Number of patches of the cover. */
  patches: number;
}

/** Patches of an image whose smallest window is 3 px wide (Fig. 9). */
export interface GrowthRow {
  /** What the row speaks of. */
  what: "growth";
  /** Side of the image in px. */
  side: number;
  /** Number of patches. */
  patches: number;
}

/** What {@linkcode runCompleteCover} measures. */
export type CompleteCoverRow = PatchesRow | CoverageRow | GrowthRow;

/** The rows of one kind. */
export function rowsAbout<What extends CompleteCoverRow["what"]>(
  rows: readonly CompleteCoverRow[],
  what: What,
): Extract<CompleteCoverRow, { what: What }>[] {
  return rows.filter((row): row is Extract<CompleteCoverRow, { what: What }> => row.what === what);
}

/** A line of Table 13 beside ours. */
export interface Table13Line {
  /** Name of the cover. */
  cover: string;
  /** Our number of patches. */
  ours: number;
  /** The paper's. */
  paper: number;
  /** Our number at each level. */
  levels: string;
  /** Whether the paper's levels are the same. */
  agree: boolean;
}

/** Table 13 beside our counts. */
export function tableThirteen(rows: readonly CompleteCoverRow[]): Table13Line[] {
  const counts = rowsAbout(rows, "patches");
  return paperTable("table 13").rows.map((paper) => {
    const ours = counts.find(({ cover }) => cover === `cc@${paper.k}`);
    if (!ours) throw new NotMeasured(`no patches of cc@${paper.k}`);
    const agree = String(paper.levels) === String(ours.levels);
    const levels = ours.levels.join(" + ");
    return { cover: ours.cover, ours: ours.patches, paper: Number(paper.patches), levels, agree };
  });
}

/** A level of cc@k as Table 7 describes it. */
export interface Table7Line {
  /** Number of the level among the k that the algorithm goes through, the whole image first. */
  level: number;
  /** Side of its windows, per cent of the image's. */
  "window, %": number;
  /** Least side of the objects that it serves, per cent of the image's. */
  "objects from, %": number;
  /** Number of patches by Table 7's formula, windows in a row rounded up. */
  "Table 7": number;
  /** Our number. */
  ours: number;
}

const rounded = (value: number) => Number(value.toFixed(2));

/**
 * Table 7 for one k, beside the cover. A level is left out where the next one has as many patches (A.3.1).
 *
 * @param k inverse of the effective scale sensitivity
 */
export function tableSeven(k: number): Table7Line[] {
  const a = k * Math.round(SIDE / k), c = a / k; // the side, a multiple of k, and the cell, in px
  return completeCover(a, a, k).levels.map((boxes) => {
    const window = boxes[0].width;
    const n = Math.round((a - window) / c) + 1;
    const inRow = (n * c + a * c - a) / (-(n - 1) * c * c + n * c + a * c - a);
    return {
      level: n,
      "window, %": rounded(100 * window / a),
      "objects from, %": rounded(100 * window / a / k),
      "Table 7": Math.ceil(inRow - 1e-9) ** 2,
      ours: boxes.length,
    };
  });
}

/** The parabola through the origin that fits best, and how much of the variance it leaves. */
export interface SquareFit {
  /** What the square of the side is multiplied by. */
  coefficient: number;
  /** 1 − residual variance / variance. */
  r2: number;
}

/**
 * Least squares of patches against the square of the side.
 *
 * @throws {NotMeasured} when there are not two sides
 */
export function fitGrowth(rows: readonly CompleteCoverRow[]): SquareFit {
  const points = rowsAbout(rows, "growth").map(({ side, patches }) => ({ x: side ** 2, patches }));
  if (points.length < 2) throw new NotMeasured("no patches of growing images");
  const sum = (of: (point: typeof points[number]) => number) =>
    points.reduce((total, point) => total + of(point), 0);
  const coefficient = sum(({ x, patches }) => x * patches) / sum(({ x }) => x * x);
  const mean = sum(({ patches }) => patches) / points.length;
  const left = sum(({ x, patches }) => (patches - coefficient * x) ** 2);
  return { coefficient, r2: 1 - left / sum(({ patches }) => (patches - mean) ** 2) };
}

/**
 * Coverage of one cover at some sizes of objects.
 *
 * @throws {NotMeasured} when one of them was not measured
 */
export function coverageOf(
  rows: readonly CompleteCoverRow[],
  cover: string,
  sides: readonly number[],
): CoverageRow[] {
  const measured = rowsAbout(rows, "coverage").filter((row) => row.cover === cover);
  return sides.map((side) => {
    const found = measured.find((row) => Math.abs(row.side - side) < 1e-9);
    if (found) return found;
    throw new NotMeasured(`no coverage of ${cover}`);
  });
}

/** A cover, with the least side from which on nothing is missed. */
export interface CompleteFrom {
  /** Its name. */
  cover: string;
  /** Its name and number of patches. */
  panel: string;
  /** Of objects, per cent of the image's side; absent where every measured side has gaps. */
  from?: number;
}

/** What a cover's panel is called. */
const panelOf = ({ cover, patches }: CoverageRow) => `${cover}, ${patches} patches`;

/** Coverage as a figure takes it. */
export interface CoveragePoint extends CoverageRow {
  /** The cover's name and number of patches. */
  panel: string;
  /** `coverage` in per cent; `side` is, too. */
  covered: number;
}

/** Points of coverage by side, a panel a cover. */
export const coverageCurves = (rows: readonly CompleteCoverRow[]): CoveragePoint[] =>
  rowsAbout(rows, "coverage").map((row) => ({
    ...row,
    panel: panelOf(row),
    side: 100 * row.side,
    covered: 100 * row.coverage,
  })).sort((a, b) => a.side - b.side);

/** From which side on each cover misses nothing. */
export function completeFrom(rows: readonly CompleteCoverRow[]): CompleteFrom[] {
  return [...Map.groupBy(coverageCurves(rows), ({ panel }) => panel)].map(([panel, curve]) => {
    const gap = curve.findLastIndex(({ coverage }) => coverage < 1);
    const next = curve[gap + 1];
    return {
      cover: curve[0].cover,
      panel,
      ...(next && { from: Number(next.side.toPrecision(3)) }),
    };
  });
}

/** The share of positions at which each cover serves objects of some sizes, as text by cover. */
export function coverageTable(
  rows: readonly CompleteCoverRow[],
): Record<string, string | number>[] {
  return [...Map.groupBy(rowsAbout(rows, "coverage"), ({ cover }) => cover)].map(
    ([cover, curve]) => ({
      cover,
      patches: curve[0].patches,
      ...Object.fromEntries(
        OBJECTS.map((side) => {
          const row = curve.find((row) => Math.abs(row.side - side) < 1e-9)!;
          return [`covered at ${100 * side} %`, `${percent(row.coverage)} %`];
        }),
      ),
    }),
  );
}
