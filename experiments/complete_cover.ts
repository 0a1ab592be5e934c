/**
 * What Complete Cover is made of, how many patches that is, and how complete: no encoder, pure counting.
 *
 * Command: `deno task notebooks 01_complete_cover`, about 10 s.
 * Paper: Figures 2 and 9; Tables 7 and 13; eq. 4, 5 and 10; A.1.
 *
 * @module
 */
import {
  checkConfig,
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
  type FilingOptions,
  gridCover,
  makeCover,
  paperTable,
  paperValue,
  type Scale,
  writeResults,
} from "detailclip";
import { type Evidence } from "detailclip/report";
import { baseline } from "./baseline.ts";
import {
  type CompleteCoverRow,
  coverageOf,
  type CoverageRow,
  fitGrowth,
  type GrowthRow,
  OBJECTS,
  type PatchesRow,
  SIDE,
  tableThirteen,
} from "./complete_cover_rows.ts";
import { checkList, checkNumber, checkWhole, configWith, type Knobs } from "./knobs.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** Least sides that the verified covers promise to cover from, as shares of the image's. */
const LEAST = [0.05, 0.02, 0.0125];

/** The covers whose coverage is measured: the published one, and some that are complete by construction. */
function coversFor(k: number, sides: readonly number[] = LEAST): CoverSpec[] {
  return [
    { scheme: "complete", k },
    ...sides.map((minSide): CoverSpec => ({ scheme: "verified", k, minSide })),
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

/**
 * Its configuration.
 *
 * @param scale how much to count
 * @param options what was turned: `seed` and `dataset` of the image that is shown; `k` of the covers, from 2 to 30; `sides`
 *   from which on the verified covers miss nothing, shares of the image's from 0.01 to 0.5
 * @throws {RangeError} when one is outside
 */
export function completeCoverConfig(
  scale: Scale,
  { k = 10, sides = LEAST, ...knobs }: Knobs & { k?: number; sides?: readonly number[] } = {},
): ExperimentConfig {
  checkWhole("k", k, [2, 30]);
  for (const side of checkList("sides", sides)) checkNumber("each of sides", side, [0.01, 0.5]);
  const covers = coversFor(k, sides);
  return configWith(configure(completeCoverExperiment, scale, { covers }), knobs);
}

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
export function coverages({ covers, scale }: ExperimentConfig): CoverageRow[] {
  const sides = objectSides(scale);
  return covers.flatMap((spec) => {
    const cover = makeCover(spec, { width: SIDE, height: SIDE });
    const k = "k" in spec ? spec.k : 1;
    const patches = total(cover);
    return coverage(cover, k, { sides }).map((row, i): CoverageRow => ({
      what: "coverage",
      cover: labelOf(spec),
      k,
      side: sides[i] / SIDE, // of the image: a cover is padded where k does not divide its side
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

/**
 * Counts patches, measures coverage and writes the rows.
 *
 * @param config of {@linkcode completeCoverExperiment}; its covers are those whose coverage is measured
 * @param options where the rows are filed
 * @returns the rows
 */
export async function runCompleteCover(
  config: ExperimentConfig = configure(completeCoverExperiment),
  options: FilingOptions = {},
): Promise<CompleteCoverRow[]> {
  const started = new Date();
  checkConfig(config);
  const rows = [...patchCounts(), ...coverages(config), ...growth(config.scale)];
  const seconds = { count: (Date.now() - started.getTime()) / 1000 };
  const command = commandLine();
  const none = { dataset: "none", encoder: "none" };
  const provenance = await collectProvenance({ config, command, ...none, started, seconds });
  await writeResults(rows, provenance, options);
  return rows;
}

const notebook = "01_complete_cover";
const needs = needsOf(completeCoverExperiment), about = "data";
const rowsIn = ({ rowsOf }: Evidence) => rowsOf<CompleteCoverRow>("complete_cover");

/** What the paper claims of Complete Cover. */
export const claims: Claim[] = [
  {
    notebook,
    needs,
    about,
    independentOf: ["covers"], // all k of the table are counted
    where: "Table 13",
    claim: "Complete Cover has the patch counts of Table 13",
    measure: "k from 1 to 15 whose counts agree at every level (yes: all, partly: some)",
    paper: `${paperTable("table 13").rows.length}`,
    judge(evidence) {
      const lines = tableThirteen(rowsIn(evidence));
      const agreeing = lines.filter(({ agree }) => agree).length;
      const holds = agreeing === lines.length ? "yes" : agreeing > 0 ? "partly" : "no";
      return { ours: `${agreeing}`, holds };
    },
  },
  {
    notebook,
    needs,
    about,
    where: "eq. 5",
    claim: "Complete Cover covers every object that is not too small",
    measure:
      "positions of squares of 2, 3 and 5 % of the side that a patch of cc@10 covers, % (yes: all)",
    paper: "100",
    judge(evidence) {
      const shares = coverageOf(rowsIn(evidence), "cc@10", [0.02, 0.03, 0.05])
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
    about,
    independentOf: ["covers"],
    where: "Fig. 9, eq. 10",
    claim: "The number of patches grows with the square of the image's side",
    measure:
      "coefficient of the square for windows from 3 px on; eq. 10: π²/6/9 = 0.18 (yes: R² from 0.99 on and within 5 % of the paper's; partly: R² alone)",
    paper: `${paperValue("figure 9", { c: 3 }, "coefficient")}`,
    judge(evidence) {
      const paper = paperValue("figure 9", { c: 3 }, "coefficient");
      const { coefficient, r2 } = fitGrowth(rowsIn(evidence));
      const near = Math.abs(coefficient / paper - 1) < 0.05;
      return {
        ours: `${coefficient.toFixed(2)} (R² ${r2.toFixed(3)})`,
        holds: r2 < 0.99 ? "no" : near ? "yes" : "partly",
      };
    },
  },
];
