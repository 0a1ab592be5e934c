/**
 * Beyond the paper: a cover that is complete by construction against the published one and grids, at equal numbers of
 * patches.
 *
 * Command: `deno task notebooks 15_equal_patches`.
 *
 * @module
 */
import {
  type Claim,
  configure,
  coverage,
  coverBoxes,
  coverName,
  type CoverSpec,
  type ExperimentConfig,
  type ExperimentDefinition,
  type LineRow,
  makeCover,
  NotMeasured,
  type ResultRow,
  type Scale,
  subsetRows,
} from "detailclip";
import { better, type Evidence, type Verdict } from "detailclip/report";
import { baseline, paperScale } from "./baseline.ts";
import { complete, FULL, grid } from "./covers.ts";
import { checkCovers, configWith, isTold, type Knobs } from "./knobs.ts";
import { verdictOn } from "./judging.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** Complete for every square object of at least 5 % of the side, which fills more than 1/k of some patch's. */
const verified = (k: number): CoverSpec => ({ scheme: "verified", k, minSide: 0.05 });

/** Verified covers have 25, 43, 86 and 235 patches for k = 6 to 3: near cc@4 (30), cc@5 (39), cc@7 (79) and cc@12 (248). */
const COVERS: readonly CoverSpec[] = [
  FULL,
  ...[3, 4, 5, 6, 8, 10, 12].map(complete),
  ...[4, 5, 6, 8, 10, 12, 15].map(grid),
  ...[6, 5, 4, 3].map(verified),
];
const SMOKE_COVERS = [FULL, ...[4, 5].map(complete), grid(5), ...[6, 5].map(verified)];

/** What is drawn as a line. */
const SCHEMES = { complete: "cc", grid: "grid", verified: "vc" };

/** Three ways to spend a number of patches. */
export const equalPatches: ExperimentDefinition = {
  name: "equal_patches",
  title: "What a complete cover buys at equal numbers of patches",
  paper: [],
  baseline,
  always: { covers: [...COVERS], subsets: ["size"] },
  scales: {
    smoke: {
      dataset: datasetAt(MIXED, "smoke"),
      covers: SMOKE_COVERS,
      bootstrap: { resamples: 100 },
    },
    quick: { dataset: { ...datasetAt(MIXED, "quick"), limit: 40 } }, // those of 08_choosing_k
    paper: paperScale,
  },
};

/**
 * Its configuration.
 *
 * @param scale how much of it
 * @param options what was turned; `covers` by name, such as `"cc@5"`, `"grid@6"`, `"vc@4:0.05"`, those of the scale unless
 *   told
 * @throws {RangeError} when one is outside, or there twice
 */
export function equalPatchesConfig(
  scale: Scale,
  { covers, ...knobs }: Knobs & { covers?: readonly string[] } = {},
): ExperimentConfig {
  const last = ({ scheme }: CoverSpec) => Number(scheme === "verified"); // compared with those before
  const changed = isTold(covers) && {
    covers: checkCovers("covers", covers).toSorted((a, b) => last(a) - last(b)),
  };
  const config = configWith(configure(equalPatches, scale, { ...changed }), knobs);
  if (config.covers.some(({ scheme }) => scheme in SCHEMES)) return config;
  throw new RangeError(`Cannot set covers: one at least must be cc@K, grid@K or vc@K:SIDE`);
}

/** Lines by the beginning of a method's name. */
const LINES = { cc: "cc@k", grid: "grid@k", vc: "verified" } as const;

/** A mean number of patches: images of several shapes have verified covers of several sizes. */
const rounded = (patches: number) => Number(patches.toFixed(1));

/** Which objects a panel shows: all of them, or those of a range of sizes. */
export interface Objects {
  /** Name of the subset of the rows. */
  subset: string;
  /** What the panel is called. */
  title: string;
}

/** With fewer classes than this a range of sizes says little, and is not drawn. */
const ENOUGH_CLASSES = 30;

/**
 * Rows as `recallLines` draws them against patches, with k at each point.
 *
 * @param rows rows of the run
 * @param panels which parts of the data
 */
export function patchesRows(
  rows: readonly ResultRow[],
  panels: readonly Objects[],
): (LineRow & { patches: number })[] {
  return panels.flatMap(({ subset, title }) =>
    subsetRows(rows, subset).flatMap((row) => {
      const [scheme, k] = row.method.split("@");
      const series = LINES[scheme as keyof typeof LINES];
      if (!series || row.metric !== "recall@1") return [];
      if (subset !== "all" && row.classes < ENOUGH_CLASSES) return [];
      return [{ ...row, patches: rounded(row.vectors), series, panel: title, point: k }];
    })
  );
}

/** What a cover holds of objects of some sides. */
export interface CoverageLine {
  /** Its name. */
  cover: string;
  /** Patches an image, the whole image included. */
  patches: number;
  /** Share of the positions at which an object lies in a patch of which it fills more than 1/k of the side. */
  covered: Record<string, number>;
}

/**
 * How completely covers hold square objects, all by one yardstick.
 *
 * @param covers which ones; object crops are left out
 * @param options `k`: an object must fill more than 1/k of a patch's side; `sides` as shares of the image's side, in px
 *   of `side`
 */
export function coverageLines(
  covers: readonly CoverSpec[],
  { k, sides, side = 480 }: { k: number; sides: readonly number[]; side?: number },
): CoverageLine[] {
  return covers.filter(({ scheme }) => scheme !== "objects").map((spec) => {
    const cover = makeCover(spec, { width: side, height: side });
    const covered = sides.map((share) => {
      const [row] = coverage(cover, k, { sides: [Math.round(share * side)] });
      return [`${Number((100 * share).toPrecision(3))} %`, row.fraction] as const; // 7, not 7.000000000000001
    });
    return {
      cover: coverName(spec),
      patches: coverBoxes(cover).length,
      covered: Object.fromEntries(covered),
    };
  });
}

/** A verified cover and the published one nearest to it in patches. */
export interface EqualPair {
  /** Recall of the verified cover. */
  verified: ResultRow;
  /** Recall of the published one. */
  published: ResultRow;
}

/** Numbers of patches that count as equal: neither is more than a quarter above the other. */
const EQUAL = Math.log(1.25);

/**
 * Pairs each verified cover with the published cover nearest in patches, fewest first; one with none of about as many
 * patches is left out.
 *
 * @param rows rows of the run
 * @param subset which part of the data
 */
export function equalPairs(rows: readonly ResultRow[], subset = "all"): EqualPair[] {
  const recall = subsetRows(rows, subset).filter(({ metric }) => metric === "recall@1");
  const of = (scheme: string) => recall.filter(({ method }) => method.startsWith(`${scheme}@`));
  const distance = (a: ResultRow, b: ResultRow) => Math.abs(Math.log(a.vectors / b.vectors));
  const published = of("cc");
  return of("vc").flatMap((verified) => {
    const [nearest] = published.toSorted((a, b) => distance(a, verified) - distance(b, verified));
    return nearest && distance(nearest, verified) <= EQUAL
      ? [{ verified, published: nearest }]
      : [];
  }).sort((a, b) => a.verified.vectors - b.verified.vectors);
}

/** The smallest objects of which there are enough, as the name of their subset. */
export function smallest(rows: readonly ResultRow[]): string {
  const sizes = rows.filter(({ subset }) => subset.startsWith("size "));
  const enough = sizes.find(({ classes }) => classes >= ENOUGH_CLASSES);
  return (enough ?? sizes[0])?.subset ?? "all";
}

/** Verified covers less the published ones of about as many patches. */
function judgePairs({ rowsOf, differenceOf }: Evidence, subset: string): Verdict {
  const pairs = equalPairs(rowsOf(equalPatches.name), subset);
  if (pairs.length === 0) {
    throw new NotMeasured("no verified cover beside a published one of about as many patches");
  }
  return verdictOn(
    better,
    pairs.map(({ verified, published }) => ({
      label: `${verified.method} with ${rounded(verified.vectors)}, ${published.method} with ` +
        `${rounded(published.vectors)} patches`,
      difference: differenceOf(equalPatches.name, verified.method, published.method, subset),
    })),
  );
}

const where = {
  notebook: "15_equal_patches",
  where: "beyond",
  paper: "",
  needs: needsOf(equalPatches),
  about: "data",
} as const;

/** What is claimed here that the paper does not ask. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "At equal patches a complete cover finds the smallest objects better than cc@k",
    measure: "Recall@1 of the verified cover minus cc@k at the smallest objects, points (better)",
    judge: (evidence) => judgePairs(evidence, smallest(evidence.rowsOf(equalPatches.name))),
  },
  {
    ...where,
    claim: "At equal patches a complete cover finds objects of all sizes better than cc@k",
    measure: "Recall@1 of the verified cover minus cc@k, points (better)",
    judge: (evidence) => judgePairs(evidence, "all"),
  },
];
