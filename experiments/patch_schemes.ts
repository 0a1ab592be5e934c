/**
 * Which patches? The full image, grids, Complete Cover and the crops of the annotated objects, on all data sets.
 *
 * Command: `deno task notebooks 04_patch_schemes`.
 * Paper: Figures 5 and 6 (§6.1).
 *
 * @module
 */
import {
  type Claim,
  configure,
  type ExperimentDefinition,
  paperValue,
  recallOf,
  type ResultRow,
  type Scale,
  type SeriesMember,
  subsetRows,
} from "detailclip";
import { asGood, better, type Evidence, not, several } from "detailclip/report";
import { baseline, paperScale } from "./baseline.ts";
import { checkCovers, type Knobs, seriesWith } from "./knobs.ts";
import { type Part, partsText, verdictOn } from "./judging.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, LARGE, MIXED, SMALL, UNSEEN_RENDERINGS, type Variant } from "./variants.ts";

/** A grid's cells are among the windows of the cover of the same k, so they cost no encoding. */
const COVERS = ["full", "grid@5", "grid@10", "cc@5", "cc@10", "objects"];

/** The schemes on one data set. */
function schemesOn(variant: Variant): ExperimentDefinition {
  const at = (scale: Scale) => ({
    dataset: datasetAt(variant, scale),
    covers: checkCovers("covers", COVERS),
  });
  return {
    name: variant === MIXED ? "patch_schemes" : `patch_schemes_${variant.key}`,
    title: "Complete Cover against grids and the crops of objects",
    paper: ["Figure 5", "Figure 6"],
    baseline,
    scales: {
      smoke: { ...at("smoke"), bootstrap: { resamples: 100 } },
      quick: at("quick"),
      paper: { ...paperScale, ...at("paper") },
    },
  };
}

/** The members of the series, by data set. */
export const MEMBERS: readonly { label: string; definition: ExperimentDefinition }[] = [
  ...[MIXED, SMALL, LARGE, UNSEEN_RENDERINGS],
].map((variant) => ({ label: variant.label, definition: schemesOn(variant) }));

/**
 * The configuration of each member.
 *
 * @param scale how much of it
 * @param options what was turned; `covers` by name, see `checkCovers`
 * @throws {RangeError} when one is none, or there twice
 */
export function patchSchemes(
  scale: Scale,
  { covers: names = COVERS, ...knobs }: Knobs & { covers?: readonly string[] } = {},
): SeriesMember[] {
  const covers = checkCovers("covers", names);
  const members = MEMBERS.map(({ label, definition }) => ({
    label,
    config: configure(definition, scale, { covers }),
  }));
  return seriesWith(members, knobs);
}

const DEFINITIONS = MEMBERS.map(({ definition }) => definition);
const FIGURE_5 = DEFINITIONS.slice(0, 3); // -S and -L beside CLEVR-DS
const notebook = "04_patch_schemes";

/** The other k of which there are covers. */
const otherKs = (rows: readonly ResultRow[], k: string) =>
  [...new Set(subsetRows(rows).flatMap(({ method }) => /^cc@(\d+)$/.exec(method)?.[1] ?? []))]
    .filter((other) => other !== k);

/** cc@k less grid@k on the data sets of Figure 5. */
const gainsAt = ({ differenceOf }: Evidence, k: string): Part[] =>
  FIGURE_5.map(({ name }) => ({ difference: differenceOf(name, `cc@${k}`, `grid@${k}`) }));

/** The method with the highest Recall@1 of those that know nothing of the objects. */
function bestOf(rows: readonly ResultRow[]): ResultRow {
  const others = subsetRows(rows).filter(({ method, metric }) =>
    metric === "recall@1" && method !== "Patch-obj" && !method.startsWith("mean ")
  );
  return others.reduce((best, row) => row.value > best.value ? row : best);
}

/** What the paper says about patches. */
export const claims: Claim[] = [
  {
    notebook,
    where: "Figure 5",
    claim: "Complete Cover beats the grid on CLEVR-DS and CLEVR-DS-L, though not on CLEVR-DS-S",
    measure: "Recall@1 of cc@10 less grid@10, points, on CLEVR-DS, -S and -L (other k beside it)",
    paper: "ahead, not ahead, ahead (bars without numbers)",
    needs: needsOf(...FIGURE_5),
    about: "data",
    judge(evidence) {
      const gains = gainsAt(evidence, "10");
      const [mixed, small, large] = gains.map(({ difference }) => better(difference));
      const others = otherKs(evidence.rowsOf(FIGURE_5[0].name), "10")
        .map((k) => `; k = ${k}: ${partsText(gainsAt(evidence, k))}`);
      return {
        ours: partsText(gains) + others.join(""),
        holds: several([mixed, not(small), large]),
      };
    },
  },
  {
    notebook,
    where: "Figure 6",
    claim: "Crops of the annotated objects are the upper bound of what patches can reach",
    measure:
      "Recall@1 of Patch-obj less the best of full image, grids and covers, points (as good)",
    paper: `${paperValue("figure 6", { method: "Patch-obj" }, "recall@1")} %, ${
      paperValue("table 2", { dataset: "CLEVR-DS", method: "CLIP", input: "CC@10" }, "recall@1")
    } % (CC@10)`,
    needs: needsOf(...DEFINITIONS),
    about: "data",
    judge: ({ rowsOf, differenceOf }) =>
      verdictOn(
        asGood,
        MEMBERS.map(({ label, definition: { name } }) => {
          recallOf(rowsOf(name), "Patch-obj");
          const { method } = bestOf(rowsOf(name));
          return {
            label: `${method}, ${label}`,
            difference: differenceOf(name, "Patch-obj", method),
          };
        }),
      ),
  },
];
