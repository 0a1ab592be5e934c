/**
 * How fine must the cover be? cc@k and grid@k for every k up to 15, and the one vector that DetailCLIP makes of cc@k,
 * on the reduced set of A.3 (51 classes, three objects an image, none hidden) and on the full one.
 *
 * Command: `deno task notebooks 08_choosing_k`.
 * Paper: Figure 11 and Table 13 (A.3.1).
 *
 * @module
 */
import {
  type Claim,
  configure,
  type CoverSpec,
  type ExperimentDefinition,
  type FusionMethod,
  type LineRow,
  NotMeasured,
  type ResultRow,
  type Scale,
  type SeriesMember,
  type SeriesRow,
  subsetRows,
} from "detailclip";
import { asGood, better, type Evidence, level, several } from "detailclip/report";
import { baseline, paperScale } from "./baseline.ts";
import { complete, FULL, grid } from "./covers.ts";
import { ceilingOf, detailClip } from "./recipes.ts";
import { checkWholes, isTold, K_RANGE, type Knobs, seriesWith } from "./knobs.ts";
import { type Part, partsText, verdictOn } from "./judging.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, MIXED, REDUCED, type Variant } from "./variants.ts";

/** cc@1 and grid@1 are the full image. */
const covers = (ks: readonly number[]): CoverSpec[] => [
  FULL,
  ...ks.map(complete),
  ...ks.map(grid),
];

const ALL = Array.from({ length: 14 }, (_, i) => i + 2); // 2 to 15
const SMOKE = [2, 3, 5];

/** The k that are fused, where they are among those that are measured. */
const FUSED: Readonly<Record<Scale, readonly number[]>> = {
  smoke: [2, 3],
  quick: [2, 3, 4, 5, 6, 7, 8, 9, 10],
  full: ALL,
  paper: ALL,
};

/** The one vector made of cc@k, for a few k: each is a training; and what bounds it. */
const fusions = (scale: Scale, ks: readonly number[] = FUSED[scale]): FusionMethod[] =>
  ks.flatMap((k) => [
    detailClip(complete(k), scale, {
      method: `DetailCLIP, cc@${k}`,
      epochs: scale === "quick" ? 6 : 10, // 210 steps: as many as two cores do of nine k in minutes
    }),
    ceilingOf(complete(k)),
  ]);

/** A.3's set with as many images as the full one: one vector of many patches is not learned from fewer. */
const REDUCED_TO_LEARN: Variant = { ...REDUCED, quick: MIXED.quick };

/** On A.3's set, with DetailCLIP. */
export const onReduced: ExperimentDefinition = {
  name: "choosing_k",
  title: "Recall rises with k and saturates",
  paper: ["Figure 11", "Table 13"],
  baseline,
  scales: {
    smoke: {
      dataset: datasetAt(REDUCED, "smoke"),
      covers: covers(SMOKE),
      fusion: fusions("smoke"),
      bootstrap: { resamples: 100 },
    },
    quick: {
      dataset: { ...datasetAt(REDUCED_TO_LEARN, "quick"), limit: 40 },
      covers: covers(ALL),
      fusion: fusions("quick"),
    },
    full: { fusion: fusions("full") },
    paper: {
      ...paperScale,
      dataset: datasetAt(REDUCED, "paper"),
      covers: covers(ALL),
      fusion: fusions("paper"),
    },
  },
};

/** On CLEVR-DS itself, patches alone. */
export const onFull: ExperimentDefinition = {
  name: "choosing_k_full",
  title: "With more and smaller objects, finer covers pay for longer",
  paper: ["Figure 11"],
  baseline,
  scales: {
    smoke: {
      dataset: datasetAt(MIXED, "smoke"),
      covers: covers(SMOKE),
      bootstrap: { resamples: 100 },
    },
    quick: {
      dataset: { ...datasetAt(MIXED, "quick"), limit: 40 }, // 355 patches an image at k = 15
      covers: covers(ALL),
    },
    paper: { ...paperScale, covers: covers(ALL) },
  },
};

/** The members of the series, by data set. */
export const MEMBERS = [
  { label: REDUCED.label, definition: onReduced },
  { label: MIXED.label, definition: onFull },
] as const;

/**
 * The configuration of each member.
 *
 * @param scale how much of it
 * @param options what was turned; `ks` of covers and grids, each from 2 to 15, those of the scale unless told; `fused`: of them,
 *   those that are made one vector of on the reduced set
 * @throws {RangeError} when one is outside, there twice, or fused but not measured
 */
export function choosingK(
  scale: Scale,
  { ks, fused, ...knobs }: Knobs & { ks?: readonly number[]; fused?: readonly number[] } = {},
): SeriesMember[] {
  const measured = isTold(ks) ? checkWholes("ks", ks, K_RANGE) : undefined;
  const all = measured ?? (scale === "smoke" ? SMOKE : ALL);
  const none = isTold(fused) && fused.length === 0; // a choice, too
  const chosen = isTold(fused) && !none ? checkWholes("fused", fused, K_RANGE) : fused;
  const odd = chosen?.find((k) => !all.includes(k));
  if (odd !== undefined) {
    throw new RangeError(`Cannot set fused: ${odd} is none of the ks ${all.join(", ")}`);
  }
  const learned = chosen ?? FUSED[scale].filter((k) => all.includes(k));
  const members = MEMBERS.map(({ label, definition }) => ({
    label,
    config: configure(definition, scale, {
      ...(measured && { covers: covers(measured) }),
      ...(definition === onReduced && { fusion: fusions(scale, learned) }),
    }),
  }));
  return seriesWith(members, knobs);
}

/** The lines of Figure 11: patches by scheme, and the vector fused from them. */
const LINES = [
  { series: "cc@k", pattern: /^cc@\d+$/ },
  { series: "grid@k", pattern: /^grid@\d+$/ },
  { series: "DetailCLIP", pattern: /^DetailCLIP, cc@(\d+)$/ },
  { series: "ceiling of the loss", pattern: /^ceiling of the loss, cc@(\d+)$/ },
];

/**
 * Rows as `recallLines` draws them against k. For k = 1 the cover is the image itself, so there lines begin at the full image.
 *
 * @param rows rows of the series
 * @param metric such as `"recall@1"`
 */
export function kRows(rows: readonly SeriesRow[], metric: string): (LineRow & { k: number })[] {
  return subsetRows(rows).filter((row) => row.metric === metric).flatMap((row) => {
    const panel = row.member;
    if (row.method === "full image") {
      return LINES.slice(0, 2).map(({ series }) => ({ ...row, k: 1, series, panel }));
    }
    const line = LINES.find(({ pattern }) => pattern.test(row.method));
    const k = Number(row.cover.split("@")[1]);
    return line ? [{ ...row, k, series: line.series, panel }] : [];
  });
}

/** Each k of a kind of method, with its Recall@1. */
export function byK(rows: readonly ResultRow[], prefix: string): Map<number, ResultRow> {
  const found = subsetRows(rows).filter(({ method, metric }) =>
    metric === "recall@1" && method.startsWith(prefix) && /^\d+$/.test(method.slice(prefix.length))
  );
  return new Map(found.map((row) => [Number(row.method.slice(prefix.length)), row]));
}

/**
 * Differences of two kinds of methods at each k that both have.
 *
 * @param evidence where they were measured
 * @param experiment name of the run
 * @param kinds what the names of the one kind, and of the other, begin with; `from`: the least k
 * @throws {NotMeasured} when there is no such k
 */
function differences(
  { rowsOf, differenceOf }: Evidence,
  experiment: string,
  { first, second, from = 0 }: { first: string; second: string; from?: number },
): Part[] {
  const rows = rowsOf(experiment), others = byK(rows, second);
  const ks = [...byK(rows, first).keys()].filter((k) => k >= from && others.has(k));
  if (ks.length === 0) {
    throw new NotMeasured(`no k${from ? ` ≥ ${from}` : ""} has both ${first}k and ${second}k`);
  }
  return ks.map((k) => ({
    label: `k = ${k}`,
    difference: differenceOf(experiment, `${first}${k}`, `${second}${k}`),
  }));
}

/** The least and the greatest of some differences. */
function extremes(parts: readonly Part[]): Part[] {
  const sorted = parts.toSorted((a, b) => a.difference.value - b.difference.value);
  return sorted.length > 1 ? [sorted[0], sorted[sorted.length - 1]] : sorted;
}

/** How the curve of the covers rises at its beginning, and what each k beyond 9 adds to k = 9. */
function curveOf({ rowsOf, differenceOf }: Evidence, name: string): { rise: Part; after: Part[] } {
  const difference = differenceOf(name, "cc@2", "full image");
  const ks = [...byK(rowsOf(name), "cc@").keys()].filter((k) => k > 9);
  if (ks.length === 0) throw new NotMeasured("no k beyond 9 was measured");
  return {
    rise: { label: "k = 2 less full image", difference },
    after: ks.map((k) => ({
      label: `k = ${k} less 9`,
      difference: differenceOf(name, `cc@${k}`, "cc@9"),
    })),
  };
}

const where = { notebook: "08_choosing_k", where: "Figure 11" };

/** The paper's set, by which claims are decided, and the full one. */
const SETS = [
  { name: onReduced.name, on: "the reduced set" },
  { name: onFull.name, on: "the full set" },
];

/** What the paper reads off Figure 11. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "One DetailCLIP vector is on par with the patches for any k",
    measure: "Recall@1 of DetailCLIP minus cc@k on the reduced set, points (as good)",
    paper: "on par, a little ahead at larger k",
    needs: needsOf(onReduced),
    about: "model",
    judge: (evidence) =>
      verdictOn(
        asGood,
        differences(evidence, onReduced.name, { first: "DetailCLIP, cc@", second: "cc@" }),
      ),
  },
  {
    ...where,
    claim: "Recall rises from k = 2 on and is flat from k = 9 on",
    measure: "Recall@1 of cc@2 minus full image (better), and of each cc@k beyond 9 minus cc@9 " +
      "(level; the least and the greatest are shown), points; decided by the reduced set",
    paper: "rises; flat from 9 on",
    needs: needsOf(onReduced, onFull),
    about: "data",
    judge(evidence) {
      const curves = SETS.map(({ name }) => curveOf(evidence, name));
      const [{ rise, after }] = curves; // the paper's set decides
      return {
        ours: curves.map(({ rise, after }, i) =>
          `${partsText([rise, ...extremes(after)])} on ${SETS[i].on}`
        ).join("; "),
        holds: several([
          better(rise.difference),
          ...after.map(({ difference }) => level(difference)),
        ]),
      };
    },
  },
  {
    ...where,
    claim: "Complete Cover is ahead of the grid from k = 4 on",
    measure: "Recall@1 of cc@k minus grid@k for each k ≥ 4, points (better; the least and the " +
      "greatest are shown); decided by the reduced set",
    paper: "above 0",
    needs: needsOf(onReduced, onFull),
    about: "data",
    judge(evidence) {
      const gains = SETS.map(({ name }) =>
        differences(evidence, name, { first: "cc@", second: "grid@", from: 4 })
      );
      return {
        ours: gains.map((parts, i) => `${partsText(extremes(parts))} on ${SETS[i].on}`).join("; "),
        holds: several(gains[0].map(({ difference }) => better(difference))),
      };
    },
  },
];
