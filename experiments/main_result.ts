/**
 * Full image against Complete Cover against object crops against one fused vector, on the generated CLEVR-DS and on
 * its variants with small and with large objects only.
 *
 * Command: `deno task demo` (CLEVR-DS: under 8 minutes on two cores after set-up; with `--published` a quarter of an hour
 * more; seconds when cached), all three by `deno task notebooks 05_main_result`.
 * Paper: Table 2 and Figure 6, there with ViT-B/32 and other objects.
 *
 * @module
 */
import {
  type Claim,
  configure,
  type CoverSpec,
  type DotRow,
  type EpochRecord,
  type ExperimentDefinition,
  type FusionMethod,
  paperTable,
  paperValue,
  recallOf,
  type ResultRow,
  runSeries,
  type Scale,
  type Series,
  type SeriesMember,
  signed,
} from "detailclip";
import { asGood, better, signedBetween } from "detailclip/report";
import { unpairedDifference } from "detailclip/retrieval";
import { baseline, paperScale } from "./baseline.ts";
import { checkNames, type Knobs, seriesWith } from "./knobs.ts";
import {
  coverAt,
  detailClip,
  detailClipPlus,
  fusedCover as coverOf,
  METHODS,
  withCover,
} from "./recipes.ts";
import { verdictOn } from "./judging.ts";
import { needsOf } from "./needs.ts";
import { datasetAt, LARGE, MIXED, SMALL, type Variant } from "./variants.ts";

/** What is made of the patches unless told: "as published", ours, two that are not the paper's, and what bounds them. */
const CHOSEN = [
  "DetailCLIP, as published",
  "DetailCLIP, our training",
  "DetailCLIP+",
  "closed form",
  "ceiling of the loss",
];

/** One vector of 39 patches: the paper's 166 take four times as long to train. */
const fused = (
  scale: Scale,
  cover: CoverSpec = coverAt(scale),
  methods: readonly string[] = CHOSEN,
): FusionMethod[] => methods.map((name) => METHODS[name](cover, scale));

/** The spine of the paper: how much a single full-image feature misses that patches see. */
export const mainResult: ExperimentDefinition = {
  name: "main_result",
  title:
    "One full-image feature misses small objects; patches find them, and one fused vector keeps them",
  paper: ["Table 2", "Figure 6"],
  baseline,
  scales: {
    smoke: { dataset: { images: 100 }, bootstrap: { resamples: 100 }, fusion: fused("smoke") },
    quick: { fusion: fused("quick") },
    full: { fusion: fused("full") },
    paper: { ...paperScale, fusion: fused("paper") },
  },
};

/** Few of the training images, each seen more often. */
function fewImages(
  scale: Scale,
  cover: CoverSpec = coverAt(scale),
  methods: readonly string[] = CHOSEN,
): FusionMethod[] {
  if (scale !== "quick") return fused(scale, cover, methods);
  const more: typeof METHODS = {
    ...METHODS,
    "DetailCLIP, our training": (cover) => detailClip(cover, scale, { epochs: 15 }),
    "DetailCLIP+": (cover) => detailClipPlus(cover, scale, 1, 40),
  };
  return methods.map((name) => more[name](cover, scale));
}

/** The same where the classes appear at one size only. */
function onVariant(variant: Variant): ExperimentDefinition {
  const at = (scale: Scale) => ({ dataset: datasetAt(variant, scale), fusion: fewImages(scale) });
  return {
    name: `main_result_${variant.key}`,
    title: "Who profits: images in which the classes are small, or large",
    paper: ["Table 2"],
    baseline,
    scales: {
      smoke: { ...at("smoke"), bootstrap: { resamples: 100 } },
      quick: at("quick"),
      full: { fusion: fewImages("full") },
      paper: { ...paperScale, ...at("paper") },
    },
  };
}

const onSmall = onVariant(SMALL), onLarge = onVariant(LARGE);

/** The data sets of Table 2. */
export const MEMBERS: readonly { label: string; definition: ExperimentDefinition }[] = [
  { label: MIXED.label, definition: mainResult },
  { label: SMALL.label, definition: onSmall },
  { label: LARGE.label, definition: onLarge },
];

/**
 * The configuration of each member.
 *
 * @param scale how much of it
 * @param options what was turned; `k` of the cover that is fused, from 2 to 15, that of the scale unless told; `methods`:
 *   fusions by name, of {@linkcode METHODS}
 * @throws {RangeError} when one is outside, or unknown
 */
export function mainResultOn(
  scale: Scale,
  { k, methods = CHOSEN, ...knobs }: Knobs & { k?: number; methods?: readonly string[] } = {},
): SeriesMember[] {
  const cover = coverOf(scale, k), covers = withCover(baseline.covers, cover);
  checkNames("methods", methods, Object.keys(METHODS));
  const members = MEMBERS.map(({ label, definition }) => {
    const make = definition === mainResult ? fused : fewImages;
    const fusion = make(scale, cover, methods);
    return { label, config: configure(definition, scale, { covers, fusion }) };
  });
  return seriesWith(members, knobs);
}

/**
 * Runs members one after the other.
 *
 * @param members see {@linkcode mainResultOn}
 * @param options `curve` makes what is called after each epoch, anew for each data set
 */
export async function runMainResult(
  members: readonly SeriesMember[],
  { curve }: {
    curve?: (member: string) => (method: string, record: EpochRecord) => void | Promise<void>;
  } = {},
): Promise<Series> {
  const all: Series = { runs: new Map(), rows: [], notRun: [] };
  for (const member of members) {
    const { runs, rows, notRun } = await runSeries([member], {
      ...(curve && { onEpoch: curve(member.label) }),
    });
    runs.forEach((run, label) => all.runs.set(label, run));
    all.rows.push(...rows);
    all.notRun.push(...notRun);
  }
  return all;
}

const OURS = "DetailCLIP, our training";

/** The paper's method, whose training takes longest. */
export const PUBLISHED = "DetailCLIP, as published";

/** Recall@1 of DetailCLIP less that of another row of Table 2, as the paper prints them. */
function paperGain(dataset: string, input: string): string {
  const value = (method: string, input: string) =>
    paperValue("table 2", { dataset, method, input }, "recall@1");
  return signed(value("DetailCLIP", "CC@10") - value("CLIP", input), 2);
}

/** The cover that is fused: the one of which DetailCLIP's rows are made. */
const fusedCover = (rows: readonly ResultRow[]) => recallOf(rows, OURS).cover;

const notebook = "05_main_result";

/** What the paper says in Table 2. */
export const claims: Claim[] = [
  {
    notebook,
    where: "Table 2",
    claim: "One DetailCLIP vector retrieves much better than one full-image vector",
    measure: "Recall@1 on CLEVR-DS: DetailCLIP (our training) less full image, points (better)",
    paper: paperGain("CLEVR-DS", "Full Image"),
    needs: needsOf(mainResult),
    about: "model",
    judge: ({ differenceOf }) =>
      verdictOn(better, [{ difference: differenceOf(mainResult.name, OURS, "full image") }]),
  },
  {
    notebook,
    where: "Table 2",
    claim: "One DetailCLIP vector is as good as the best of all patches that it is made of",
    measure:
      "Recall@1 on CLEVR-DS: DetailCLIP (our training) less the patches it fuses, points (as good); the paper learns from 7,000 images, of which HEADLINE.md has rows",
    paper: paperGain("CLEVR-DS", "CC@10"),
    needs: needsOf(mainResult),
    about: "model",
    judge({ rowsOf, differenceOf }) {
      const label = fusedCover(rowsOf(mainResult.name));
      return verdictOn(asGood, [{ label, difference: differenceOf(mainResult.name, OURS, label) }]);
    },
  },
  {
    notebook,
    where: "Table 2",
    claim: "Small objects gain more than large ones",
    measure: "Recall@1 of DetailCLIP (our training) less full image, on -S less on -L, points " +
      "(better; unpaired)",
    paper: ["CLEVR-DS-S", "CLEVR-DS-L"].map((set) => paperGain(set, "Full Image")).join(", "),
    needs: needsOf(onSmall, onLarge),
    about: "model",
    judge({ differenceOf }) {
      const gains = [onSmall, onLarge].map(({ name }) => differenceOf(name, OURS, "full image"));
      const [small, large] = gains;
      const label = gains.map(signedBetween).join(" and ");
      return verdictOn(better, [{ label, difference: unpairedDifference(small, large) }]);
    },
  },
];

/** What tables call the lines of the paper's Table 2. */
function nameOf({ method, input }: Readonly<Record<string, unknown>>): string {
  return method === "DetailCLIP" ? "DetailCLIP" : input === "Full Image" ? "full image" : "cc@10";
}

/**
 * The paper's Table 2 as dots of a block of its own.
 *
 * @param metric such as `"recall@1"`
 */
export function paperDots(metric: string): DotRow[] {
  return paperTable("table 2").rows.map((row) => ({
    method: nameOf(row),
    metric,
    value: Number(row[metric]) / 100,
    panel: String(row.dataset),
    block: "The paper (Table 2): CLIP ViT-B/32, its own images, CC@10",
  }));
}

/** The paper's Table 2 in per cent, a line a recall; its DetailCLIP stands beside both of ours. */
export function paperTable2(): Record<"data set" | "method" | "metric" | "paper", string>[] {
  return paperTable("table 2").rows.flatMap((row) => {
    const name = nameOf(row);
    const methods = name === "DetailCLIP" ? [PUBLISHED, OURS] : [name];
    return methods.flatMap((method) =>
      ["recall@1", "recall@3", "recall@5"].map((metric) => ({
        ...{
          "data set": String(row.dataset),
          method,
          metric,
          paper: Number(row[metric]).toFixed(2),
        },
      }))
    );
  });
}
