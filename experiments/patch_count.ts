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
  type ResultRow,
  type Scale,
  type SeriesMember,
  type SeriesRow,
  subsetRows,
} from "detailclip";
import { asGood, type Evidence, level } from "detailclip/report";
import { baseline, paperScale } from "./baseline.ts";
import { complete, FULL, grid } from "./covers.ts";
import { verdictOn } from "./judging.ts";
import { CC10, ceilingOf, detailClip } from "./recipes.ts";
import { checkCovers, datasetToLearnFrom, isTold, type Knobs, seriesWith } from "./knobs.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, LARGE, MIXED, SMALL, type Variant } from "./variants.ts";

/** Few patches to many: a grid is the finest level of the cover with the same k. */
const coversOf = (ks: readonly number[]): CoverSpec[] => ks.flatMap((k) => [complete(k), grid(k)]);

/** Schemes that can be fused: verified covers and crops of objects have no place in Figure 7. */
function fusable(names: readonly string[]): CoverSpec[] {
  const covers = checkCovers("covers", names).slice(1);
  const odd = covers.find(({ scheme }) => scheme !== "complete" && scheme !== "grid");
  const fail = (why: string) => {
    throw new RangeError(`Cannot set covers: ${why}, got ${names.join(", ")}`);
  };
  if (odd !== undefined || covers.length === 0) fail("each must be cc@K or grid@K");
  if (names.includes("grid@2") && !names.includes("cc@2")) {
    fail("grid@2 is fused as cc@2, which has the same patches and must be beside it");
  }
  return covers;
}

const fused = (cover: CoverSpec, scale: Scale): FusionMethod =>
  detailClip(cover, scale, {
    method: `DetailCLIP, ${coverName(cover)}`,
    epochs: scale === "quick" ? 6 : undefined, // fewer images are seen more often: 144 steps
  });

/** grid@2 and the whole image are the patches of cc@2: one training serves both. */
const isTrained = (cover: CoverSpec) => coverName(cover) !== "grid@2";

/** Covers and the one vector that is made of each. */
const methods = (covers: readonly CoverSpec[], scale: Scale) => ({
  covers: [FULL, ...covers],
  fusion: covers.filter(isTrained).flatMap((cover) => [
    fused(cover, scale),
    ceilingOf(cover),
  ]),
});

function at(variant: Variant, scale: Exclude<Scale, "full">): Diff<ExperimentConfig> {
  const ks = { smoke: [2, 3], quick: [2, 3, 5], paper: [2, 3, 5, 8, 10] }[scale];
  const covers = coversOf(ks);
  // 166 patches, the paper's hundredfold: one training of them takes as long as four of 39
  if (scale === "quick" && variant === MIXED) covers.push(CC10);
  const dataset = datasetAt({ ...variant, quick: MIXED.quick }, scale);
  return { dataset, ...methods(covers, scale) };
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
        learn: { train: 700, val: 100 },
      },
      full: methods(quick.covers!.slice(1), "full"),
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

/**
 * The configuration of each member.
 *
 * @param scale how much of it
 * @param options what was turned; `covers` by name, `"cc@5"` or `"grid@5"`, a training each; those of the scale unless told; of
 *   a data set of one's own without images to learn from half are learned from
 * @throws {RangeError} when one is outside, or there twice
 */
export function patchCount(
  scale: Scale,
  { covers, dataset, ...knobs }: Knobs & { covers?: readonly string[] } = {},
): SeriesMember[] {
  const changed = isTold(covers) && methods(fusable(covers), scale);
  const members = MEMBERS.map(({ label, definition }) => ({
    label,
    config: configure(definition, scale, { ...changed }),
  }));
  return seriesWith(members, { ...knobs, dataset: datasetToLearnFrom(dataset) });
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
const pairsOf = ({ rowsOf }: Evidence) =>
  MEMBERS.map(({ label, definition: { name } }) => {
    const pairs = fusedPairs(rowsOf(name));
    if (pairs.length === 0) throw new NotMeasured(`no fused cover on ${label}`);
    return { label, name, pairs, most: pairs[pairs.length - 1] };
  });

/** The finest cover and grid of one k, each fused into a vector of its own. */
function coverAndGrid(pairs: readonly FusedPair[]) {
  const both = pairs.flatMap(({ cover, fused: grid }) => {
    const [scheme, k] = cover.split("@");
    const cc = scheme === "grid" && pairs.find(({ cover }) => cover === `cc@${k}`)?.fused;
    return cc && cc !== grid ? [{ k, cc, grid }] : []; // at k = 2 one vector is both
  });
  return both.at(-1);
}

const where = {
  notebook: "09_patch_count",
  where: "Figure 7",
  needs: needsOf(...MEMBERS.map(({ definition }) => definition)),
  about: "model",
} as const;

/** What the paper reads off Figure 7. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "DetailCLIP does not lose as more patches are fused into its one vector",
    measure: "Recall@1 of the most patches fused minus the fewest, points (as good)",
    paper: "stable",
    judge: (evidence) =>
      verdictOn(
        asGood,
        pairsOf(evidence).map(({ label, name, pairs: [few], most }) => {
          if (few.patches === most.patches) {
            throw new NotMeasured("only one number of patches was fused");
          }
          const difference = evidence.differenceOf(name, most.fused.method, few.fused.method);
          return { label: `${label}, ${few.patches} to ${most.patches}`, difference };
        }),
      ),
  },
  {
    ...where,
    claim: "One vector in place of its patches costs no significant recall",
    measure: "Recall@1 of one vector minus its patches, at the most patches, points (as good)",
    paper: "none, at 100 times fewer",
    judge: (evidence) =>
      verdictOn(
        asGood,
        pairsOf(evidence).map(({ label, name, most: { patches, fused, patchwise } }) => ({
          label: `${label}, ${patches} to 1`,
          difference: evidence.differenceOf(name, fused.method, patchwise.method),
        })),
      ),
  },
  {
    ...where,
    claim: "DetailCLIP fares alike with patches of a cover and of a grid",
    measure: "Recall@1 of DetailCLIP from cc@k minus from grid@k, largest k that both have, " +
      "points (level)",
    paper: "similar",
    judge: (evidence) =>
      verdictOn(
        level,
        pairsOf(evidence).map(({ label, name, pairs }) => {
          const both = coverAndGrid(pairs);
          if (!both) throw new NotMeasured(`no k with a cover and a grid on ${label}`);
          const difference = evidence.differenceOf(name, both.cc.method, both.grid.method);
          return { label: `${label}, k = ${both.k}`, difference };
        }),
      ),
  },
];
