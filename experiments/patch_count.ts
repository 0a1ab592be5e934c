/**
 * How much can one vector hold? DetailCLIP made of more and more patches, from grids and from Complete Covers, beside
 * the same patches kept one by one.
 *
 * Command: `deno task notebooks 09_patch_count`.
 * Paper: Figure 7 (§6.5), on CLEVR-DS, CLEVR-DS-S and CLEVR-DS-L.
 *
 * @module
 */
import {
  apart,
  type Claim,
  configure,
  coverName,
  type CoverSpec,
  type Diff,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FusionMethod,
  type LineRow,
  NotMeasured,
  percent,
  type ResultRow,
  type Scale,
  type SeriesMember,
  type SeriesRow,
  signed,
  subsetRows,
} from "detailclip";
import { baseline, paperScale } from "./baseline.ts";
import { complete, FULL, grid } from "./covers.ts";
import { CC10, detailClip } from "./recipes.ts";
import { checkWholes, type Range } from "./knobs.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, LARGE, MIXED, SMALL, type Variant } from "./variants.ts";

/** Few patches to many: a grid is the finest level of the cover with the same k. */
const coversOf = (ks: readonly number[]): CoverSpec[] => ks.flatMap((k) => [complete(k), grid(k)]);

const fused = (cover: CoverSpec, scale: Scale): FusionMethod =>
  detailClip(cover, scale, {
    method: `DetailCLIP, ${coverName(cover)}`,
    epochs: scale === "quick" ? 2 : undefined, // 16 trainings in a minute
  });

/** grid@2 and the whole image are the patches of cc@2: one training serves both. */
const isTrained = (cover: CoverSpec) => coverName(cover) !== "grid@2";

/** Covers and the one vector that is made of each. */
const methods = (covers: readonly CoverSpec[], scale: Scale) => ({
  covers: [FULL, ...covers],
  fusion: covers.filter(isTrained).map((cover) => fused(cover, scale)),
});

function at(variant: Variant, scale: Scale): Diff<ExperimentConfig> {
  const ks = { smoke: [2, 3], quick: [2, 3, 5], paper: [2, 3, 5, 8, 10] }[scale];
  const covers = coversOf(ks);
  // 166 patches, the paper's hundredfold: one training of them takes as long as four of 39
  if (scale === "quick" && variant === MIXED) covers.push(CC10);
  return { dataset: datasetAt(variant, scale), ...methods(covers, scale) };
}

function onVariant(variant: Variant): ExperimentDefinition {
  const quick = at(variant, "quick");
  return {
    name: `patch_count_${variant.key}`,
    title: "One vector holds what many patches see",
    paper: ["Figure 7"],
    baseline,
    scales: {
      smoke: { ...at(variant, "smoke"), bootstrap: { resamples: 100 } },
      // the three data sets learn from, and are searched by, equally many images
      quick: {
        ...quick,
        dataset: { ...quick.dataset, limit: 100 },
        learn: { train: 200, val: 50 },
      },
      paper: { ...paperScale, ...at(variant, "paper") },
    },
  };
}

/** The members of the series, by data set. */
export const MEMBERS: readonly { label: string; definition: ExperimentDefinition }[] = [
  MIXED,
  SMALL,
  LARGE,
].map((variant) => ({ label: variant.label, definition: onVariant(variant) }));

/** The k that can be fused: up to 166 patches, each cover a training. */
const FUSED_RANGE: Range = [2, 10];

/**
 * The configuration of each member.
 *
 * @param scale how much of it
 * @param options `seed`; `ks` of covers and grids, each from 2 to 10, those of the scale unless told
 * @throws {RangeError} when one is outside, or there twice
 */
export function patchCount(
  scale: Scale,
  { seed, ks }: { seed?: number; ks?: readonly number[] } = {},
): SeriesMember[] {
  const changed = ks && methods(coversOf(checkWholes("ks", ks, FUSED_RANGE)), scale);
  return MEMBERS.map(({ label, definition }) => ({
    label,
    config: configure(definition, scale, { seed, ...changed }),
  }));
}

/** The fused vector and the patches of one cover. */
export interface FusedPair {
  /** `"cc@5"`, `"grid@5"`. */
  cover: string;
  /** Patches that are fused, the whole image included. */
  patches: number;
  /** Recall@1 of the one vector. */
  fused: ResultRow;
  /** Recall@1 of the best patch. */
  patchwise: ResultRow;
}

/** A grid's cells are scored without the whole image, which a fusion is given too. */
const patchesOf = ({ cover, vectors }: ResultRow) => vectors + (cover.startsWith("grid") ? 1 : 0);

/**
 * Pairs the fused vector of each cover with its patches, fewest patches first.
 *
 * @param rows rows of one data set
 */
export function fusedPairs(rows: readonly ResultRow[]): FusedPair[] {
  const recall = subsetRows(rows).filter(({ metric }) => metric === "recall@1");
  return recall.flatMap((patchwise) => {
    const source = patchwise.method.replace("grid@2", "cc@2"); // the same patches
    const fused = recall.find(({ method }) => method === `DetailCLIP, ${source}`);
    if (!fused) return [];
    return [{ cover: patchwise.cover, patches: patchesOf(patchwise), fused, patchwise }];
  }).sort((a, b) => a.patches - b.patches);
}

/** A recall with the number of patches that it takes. */
type PatchesRow = LineRow & { patches: number };

/**
 * Rows as `recallLines` draws them against patches: the fused vectors solid, their patches dashed.
 *
 * @param rows rows of the series
 */
export function patchesRows(rows: readonly SeriesRow[]): PatchesRow[] {
  return [...Map.groupBy(rows, (row) => row.member)].flatMap(([panel, group]) =>
    fusedPairs(group).flatMap(({ cover, patches, fused, patchwise }): PatchesRow[] => {
      const scheme = cover.split("@")[0];
      return [
        {
          ...fused,
          patches,
          panel,
          series: `DetailCLIP, ${scheme}`,
          line: scheme === "cc" ? "solid" : "dotted",
        },
        { ...patchwise, patches, panel, series: `${scheme}@k`, line: "dashed" },
      ];
    })
  );
}

/** The pairs of each data set, as the rows of its own run give them, from the fewest patches to the most. */
const pairsOf = (rowsOf: (name: string) => readonly ResultRow[]) =>
  MEMBERS.map(({ label, definition }) => {
    const pairs = fusedPairs(rowsOf(definition.name));
    if (pairs.length === 0) throw new NotMeasured(`no fused cover on ${label}`);
    return { label, pairs };
  });

const verdict = (right: number, of: number) => right === of ? "yes" : right > 0 ? "partly" : "no";
const where = {
  notebook: "09_patch_count",
  where: "Figure 7",
  needs: needsOf(...MEMBERS.map(({ definition }) => definition)),
};

/** What the paper reads off Figure 7. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "DetailCLIP does not lose as more patches are fused into its one vector",
    measure: "Recall@1 of the fewest patches and of the most, %",
    paper: "stable",
    judge(rowsOf) {
      const ends = pairsOf(rowsOf).map(({ label, pairs }) => ({
        label,
        few: pairs[0],
        many: pairs[pairs.length - 1],
      }));
      if (ends.some(({ few, many }) => few.patches === many.patches)) {
        throw new NotMeasured("only one number of patches was fused");
      }
      const kept = ends.filter(({ few, many }) => many.fused.high >= few.fused.low).length;
      return {
        ours: ends.map(({ label, few, many }) =>
          `${label} ${percent(few.fused.value)} (${few.patches}) and ` +
          `${percent(many.fused.value)} (${many.patches})`
        ).join("; "),
        holds: verdict(kept, ends.length),
      };
    },
  },
  {
    ...where,
    claim: "One vector in place of its patches costs no significant recall",
    measure: "Recall@1 of one vector minus its patches, at the most patches, points",
    paper: "none, at 100 times fewer",
    judge(rowsOf) {
      const most = pairsOf(rowsOf).map(({ label, pairs }) => ({
        label,
        ...pairs[pairs.length - 1],
      }));
      const kept = most.filter(({ fused, patchwise }) => fused.high >= patchwise.low).length;
      return {
        ours: most.map(({ label, patches, fused, patchwise }) =>
          `${label} ${signed(100 * (fused.value - patchwise.value))} (${patches} to 1)`
        ).join("; "),
        holds: verdict(kept, most.length),
      };
    },
  },
  {
    ...where,
    claim: "DetailCLIP fares alike with patches of a cover and of a grid",
    measure: "Recall@1 of DetailCLIP from cc@k minus from grid@k, largest k that both have, points",
    paper: "similar",
    judge(rowsOf) {
      const found = pairsOf(rowsOf).map(({ label, pairs }) => {
        const coverOf = (k: string) => pairs.find(({ cover }) => cover === `cc@${k}`);
        const both = pairs.flatMap(({ cover, fused: grid }) => {
          const [scheme, k] = cover.split("@"), cc = scheme === "grid" && coverOf(k)?.fused;
          return cc && cc !== grid ? [{ label, k, cc, grid }] : []; // at k = 2 one vector is both
        });
        if (both.length === 0) throw new NotMeasured(`no k with a cover and a grid on ${label}`);
        return both[both.length - 1];
      });
      const alike = found.filter(({ cc, grid }) => !apart(cc, grid)).length;
      return {
        ours: found.map(({ label, k, cc, grid }) =>
          `${label} ${signed(100 * (cc.value - grid.value))} (k = ${k})`
        ).join("; "),
        holds: verdict(alike, found.length),
      };
    },
  },
];
