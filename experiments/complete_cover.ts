/**
 * What Complete Cover is made of, how many patches that is, and how complete: no encoder, pure counting.
 *
 * Command: `deno task notebooks 01_complete_cover`, about 10 s.
 * Paper: Figures 2 and 9; Tables 7 and 13; eq. 4, 5 and 10; A.1.
 *
 * @module
 */
import {
  type Claim,
  collectProvenance,
  commandLine,
  completeCover,
  configure,
  type Cover,
  coverage,
  coverBoxes,
  type CoverSpec,
  type ExperimentConfig,
  type ExperimentDefinition,
  gridCover,
  makeCover,
  paperTable,
  paperValue,
  percent,
  type RowsOf,
  type Scale,
  writeResults,
} from "detailclip";
import { baseline } from "./baseline.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** Side in px of the square image on which patches are counted and coverage is measured. */
export const SIDE = 1000;

/** Sides of objects, as a share of the image's, of which tables and claims speak. */
export const OBJECTS: readonly number[] = [0.02, 0.03, 0.05, 0.1];

/** Least sides that the verified covers promise to cover from. */
const LEAST = [0.05, 0.02, 0.0125];

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

/** The covers whose coverage is measured: the published one, and some that are complete by construction. */
export function coversFor(k: number): CoverSpec[] {
  return [
    { scheme: "complete", k },
    ...LEAST.map((minSide): CoverSpec => ({ scheme: "verified", k, minSide })),
  ];
}

/** The levels, the counts and the coverage of Complete Cover. */
export const completeCoverExperiment: ExperimentDefinition = {
  name: "complete_cover",
  title: "What Complete Cover is made of, and how complete it is",
  paper: ["Figure 2", "Figure 9", "Table 7", "Table 13"],
  baseline,
  always: { covers: coversFor(10), dataset: datasetAt(MIXED, "smoke") },
  scales: { smoke: {}, quick: {}, paper: {} },
};

/** What figures and tables call a cover. */
export function labelOf(spec: CoverSpec): string {
  if (spec.scheme === "verified") return `verified ≥ ${Number((100 * spec.minSide).toFixed(2))} %`;
  return spec.scheme === "complete" ? `cc@${spec.k}` : spec.scheme;
}

const total = (cover: Cover) => coverBoxes(cover).length;

/** Patches of cc@k and grid@k for every k of Table 13. */
function patchCounts(): PatchesRow[] {
  return paperTable("table 13").rows.flatMap((row) => {
    const k = Number(row.k);
    const covers = { cc: completeCover(SIDE, SIDE, k), grid: gridCover(SIDE, SIDE, k) };
    return Object.entries(covers).map(([name, cover]): PatchesRow => ({
      what: "patches",
      cover: `${name}@${k}`,
      k,
      patches: total(cover),
      levels: cover.levels.map((level) => level.length),
    }));
  });
}

/** Sides of objects in px: every one while they are small, then in steps that grow. */
function objectSides(scale: Scale): number[] {
  const sides = OBJECTS.map((share) => Math.round(share * SIDE));
  const growth = scale === "smoke" ? 1.3 : 1.02;
  for (let side = 1; side < SIDE; side = Math.max(side + 1, Math.round(side * growth))) {
    sides.push(side);
  }
  return [...new Set([...sides, SIDE])].sort((a, b) => a - b);
}

/** Coverage of the configured covers, by size of the object. */
function coverages({ covers, scale }: ExperimentConfig): CoverageRow[] {
  const sides = objectSides(scale);
  return covers.flatMap((spec) => {
    const cover = makeCover(spec, { width: SIDE, height: SIDE });
    const k = "k" in spec ? spec.k : 1;
    const patches = total(cover);
    return coverage(cover, k, { sides }).map((row): CoverageRow => ({
      what: "coverage",
      cover: labelOf(spec),
      k,
      side: row.relative,
      coverage: row.fraction,
      patches,
    }));
  });
}

/** Patches by side of the image, with smallest windows of as many px as in Fig. 9. */
function growth(scale: Scale): GrowthRow[] {
  const c = Number(paperTable("figure 9").rows[0].c);
  return Array.from({ length: scale === "smoke" ? 30 : 100 }, (_, i) => (i + 1) * c)
    .map((side) => ({ what: "growth", side, patches: total(completeCover(side, side, side / c)) }));
}

/** What is to be counted, and where the rows go. */
export interface CompleteCoverOptions {
  /** The folder of results; the workspace's own if absent. */
  resultsDir?: string;
}

/**
 * Counts patches, measures coverage and writes the rows.
 *
 * @param config of {@linkcode completeCoverExperiment}; its covers are those whose coverage is measured
 * @returns the rows
 */
export async function runCompleteCover(
  config: ExperimentConfig = configure(completeCoverExperiment),
  { resultsDir }: CompleteCoverOptions = {},
): Promise<CompleteCoverRow[]> {
  const started = new Date();
  const rows = [...patchCounts(), ...coverages(config), ...growth(config.scale)];
  const seconds = { count: (Date.now() - started.getTime()) / 1000 };
  const command = commandLine();
  const none = { dataset: "none", encoder: "none" };
  const provenance = await collectProvenance({ config, command, ...none, started, seconds });
  await writeResults(rows, provenance, resultsDir);
  return rows;
}

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
    const ours = counts.find(({ cover }) => cover === `cc@${paper.k}`)!;
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
      "window, %": 100 * window / a,
      "objects from, %": 100 * window / a / k,
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

/** Least squares of patches against the square of the side. */
export function fitGrowth(rows: readonly CompleteCoverRow[]): SquareFit {
  const points = rowsAbout(rows, "growth").map(({ side, patches }) => ({ x: side ** 2, patches }));
  const sum = (of: (point: typeof points[number]) => number) =>
    points.reduce((total, point) => total + of(point), 0);
  const coefficient = sum(({ x, patches }) => x * patches) / sum(({ x }) => x * x);
  const mean = sum(({ patches }) => patches) / points.length;
  const left = sum(({ x, patches }) => (patches - coefficient * x) ** 2);
  return { coefficient, r2: 1 - left / sum(({ patches }) => (patches - mean) ** 2) };
}

/** Coverage of the published cover at some sizes of objects. */
export function publishedCoverage(
  rows: readonly CompleteCoverRow[],
  sides: readonly number[],
): CoverageRow[] {
  const published = rowsAbout(rows, "coverage").filter(({ cover }) => cover.startsWith("cc@"));
  return sides.map((side) => published.find((row) => Math.abs(row.side - side) < 1e-9)!);
}

const notebook = "01_complete_cover";
const needs = ["complete_cover"];
const rowsIn = (rowsOf: RowsOf) => rowsOf<CompleteCoverRow>("complete_cover");

/** What the paper claims of Complete Cover. */
export const claims: Claim[] = [
  {
    notebook,
    needs,
    where: "Table 13",
    claim: "Complete Cover has the patch counts of Table 13",
    measure: "k from 1 to 15 whose counts agree at every level",
    paper: `${paperTable("table 13").rows.length}`,
    judge(rowsOf) {
      const lines = tableThirteen(rowsIn(rowsOf));
      const agreeing = lines.filter(({ agree }) => agree).length;
      const holds = agreeing === lines.length ? "yes" : agreeing > 0 ? "partly" : "no";
      return { ours: `${agreeing}`, holds };
    },
  },
  {
    notebook,
    needs,
    where: "eq. 5",
    claim: "Complete Cover covers every object that is not too small",
    measure: "positions of squares of 2, 3 and 5 % of the side that a patch of cc@10 covers, %",
    paper: "100",
    judge(rowsOf) {
      const shares = publishedCoverage(rowsIn(rowsOf), [0.02, 0.03, 0.05])
        .map((row) => row.coverage);
      return {
        ours: shares.map((share) => (100 * share).toFixed(1)).join(", "),
        holds: shares.every((share) => share === 1) ? "yes" : "no",
      };
    },
  },
  {
    notebook,
    needs,
    where: "Fig. 9, eq. 10",
    claim: "The number of patches grows with the square of the image's side",
    measure: "coefficient of the square for windows from 3 px on (eq. 10: π²/6/9 = 0.18)",
    paper: `${paperValue("figure 9", { c: 3 }, "coefficient")}`,
    judge(rowsOf) {
      const paper = paperValue("figure 9", { c: 3 }, "coefficient");
      const { coefficient, r2 } = fitGrowth(rowsIn(rowsOf));
      const near = Math.abs(coefficient / paper - 1) < 0.05;
      return {
        ours: `${coefficient.toFixed(2)} (R² ${r2.toFixed(3)})`,
        holds: r2 < 0.99 ? "no" : near ? "yes" : "partly",
      };
    },
  },
];

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
