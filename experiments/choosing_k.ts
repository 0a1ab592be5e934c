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
  apart,
  type Claim,
  configure,
  type CoverSpec,
  type ExperimentDefinition,
  type FusionMethod,
  type LineRow,
  NotMeasured,
  recallOf,
  type ResultRow,
  type Scale,
  type SeriesMember,
  type SeriesRow,
  signed,
  subsetRows,
} from "detailclip";
import { baseline, paperScale } from "./baseline.ts";
import { complete, FULL, grid } from "./covers.ts";
import { detailClip } from "./recipes.ts";
import { checkWholes, K_RANGE } from "./knobs.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, MIXED, REDUCED } from "./variants.ts";

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
  quick: [2, 5, 8],
  paper: ALL,
};

/** The one vector made of cc@k, for a few k: each is a training. */
const fusions = (scale: Scale, ks: readonly number[] = FUSED[scale]): FusionMethod[] =>
  ks.map((k) =>
    detailClip(complete(k), scale, {
      method: `DetailCLIP, cc@${k}`,
      epochs: scale === "quick" ? 6 : 10, // few images are seen more often
    })
  );

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
      dataset: { ...datasetAt(REDUCED, "quick"), limit: 40 },
      covers: covers(ALL),
      fusion: fusions("quick"),
      learn: { train: 120, val: 25 },
    },
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
 * @param options `seed`; `ks` of covers and grids, each from 2 to 15, those of the scale unless told; `fused`: of them,
 *   those that are made one vector of on the reduced set
 * @throws {RangeError} when one is outside, there twice, or fused but not measured
 */
export function choosingK(
  scale: Scale,
  { seed, ks, fused }: { seed?: number; ks?: readonly number[]; fused?: readonly number[] } = {},
): SeriesMember[] {
  const measured = ks && checkWholes("ks", ks, K_RANGE);
  const all = measured ?? (scale === "smoke" ? SMOKE : ALL);
  const chosen = fused?.length ? checkWholes("fused", fused, K_RANGE) : fused; // none is a choice, too
  const odd = chosen?.find((k) => !all.includes(k));
  if (odd !== undefined) {
    throw new RangeError(`Cannot set fused: ${odd} is none of the ks ${all.join(", ")}`);
  }
  const learned = chosen ?? FUSED[scale].filter((k) => all.includes(k));
  return MEMBERS.map(({ label, definition }) => ({
    label,
    config: configure(definition, scale, {
      ...{ seed, ...(measured && { covers: covers(measured) }) },
      ...(definition === onReduced && {
        fusion: fusions(scale, learned),
      }),
    }),
  }));
}

/** The lines of Figure 11: patches by scheme, and the vector fused from them. */
const LINES = [
  { series: "cc@k", pattern: /^cc@\d+$/ },
  { series: "grid@k", pattern: /^grid@\d+$/ },
  { series: "DetailCLIP", pattern: /^DetailCLIP, cc@(\d+)$/ },
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
 * The least k from which on recall stays within a point of the best.
 *
 * @throws {NotMeasured} when there are not two k
 */
export function flatFrom(rows: readonly ResultRow[]): number {
  const curve = [...byK(rows, "cc@")].sort(([a], [b]) => a - b);
  if (curve.length < 2) throw new NotMeasured("fewer than two k were measured");
  const best = Math.max(...curve.map(([, row]) => row.value));
  const lastBelow = curve.findLastIndex(([, row]) => row.value < best - 0.01);
  return curve[Math.min(lastBelow + 1, curve.length - 1)][0];
}

/**
 * Differences of two kinds of methods at each k that both have, in points.
 *
 * @param rows rows of a run
 * @param first what the names of the one kind begin with
 * @param second what those of the other begin with
 */
export function differences(
  rows: readonly ResultRow[],
  first: string,
  second: string,
): { k: number; points: number; apart: boolean }[] {
  const others = byK(rows, second);
  return [...byK(rows, first)].flatMap(([k, row]) => {
    const other = others.get(k);
    if (!other) return [];
    return [{ k, points: 100 * (row.value - other.value), apart: apart(row, other) }];
  });
}

/** Differences where there are some. */
function someDifferences(
  rows: readonly ResultRow[],
  first: string,
  second: string,
  from = 0,
): ReturnType<typeof differences> {
  const found = differences(rows, first, second).filter(({ k }) => k >= from);
  if (found.length > 0) return found;
  throw new NotMeasured(`no k${from ? ` ≥ ${from}` : ""} has both ${first}k and ${second}k`);
}

const where = { notebook: "08_choosing_k", where: "Figure 11" };

/** What the paper reads off Figure 11. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "One DetailCLIP vector is on par with the patches for any k",
    measure: "Recall@1 of DetailCLIP minus cc@k, points (reduced set; yes: down to −2 at every k)",
    paper: "on par, a little ahead at larger k",
    needs: needsOf(onReduced),
    judge(rowsOf) {
      const all = someDifferences(rowsOf(onReduced.name), "DetailCLIP, cc@", "cc@");
      const behind = all.filter(({ points }) => points < -2.05); // two points, as printed
      return {
        ours: all.map(({ k, points }) => `${signed(points)} at k = ${k}`).join(", "),
        holds: behind.length === 0 ? "yes" : behind.length < all.length ? "partly" : "no",
      };
    },
  },
  {
    ...where,
    claim: "Recall rises from k = 2 on and is flat from k = 9 on",
    measure: "least k from which Recall@1 of cc@k stays within 1 point of its best",
    paper: "9",
    needs: needsOf(onReduced, onFull),
    judge(rowsOf) {
      const [reduced, full] = [onReduced.name, onFull.name].map((name) => rowsOf(name));
      const rises = [reduced, full].every((rows) =>
        recallOf(rows, "cc@2").value > recallOf(rows, "full image").value
      );
      const [few, many] = [reduced, full].map(flatFrom);
      if (![reduced, full].every((rows) => Math.max(...byK(rows, "cc@").keys()) > 9)) {
        throw new NotMeasured("no k beyond 9 was measured");
      }
      return {
        ours: `${few} on the reduced set, which the paper uses; ${many} on the full one`,
        holds: !rises || few > 9 ? "no" : "yes",
      };
    },
  },
  {
    ...where,
    claim: "Complete Cover is ahead of the grid from k = 4 on",
    measure: "Recall@1 of cc@k minus grid@k, the least for k ≥ 4, points",
    paper: "above 0",
    needs: needsOf(onReduced, onFull),
    judge(rowsOf) {
      const of = [onReduced, onFull].map(({ name }) =>
        someDifferences(rowsOf(name), "cc@", "grid@", 4)
      );
      const [reduced] = of; // the paper's set decides
      const ahead = reduced.filter(({ points }) => points >= 0.05).length; // as printed
      const behind = reduced.filter(({ points, apart }) => apart && points < 0).length;
      return {
        ours: of.map((all, i) => {
          const least = all.reduce((least, other) => other.points < least.points ? other : least);
          return `${signed(least.points)} (k = ${least.k}) on the ${["reduced", "full"][i]} set`;
        }).join(", "),
        holds: ahead === reduced.length
          ? "yes"
          : ahead > 0 && behind < reduced.length
          ? "partly"
          : "no",
      };
    },
  },
];
