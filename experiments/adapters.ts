/**
 * Modules on top of CLIP.
 *
 * Command: `deno task notebooks 10_adapters`.
 * Paper: section 6.2, Table 4.
 *
 * @module
 */
import {
  type BarRow,
  type Claim,
  configure,
  type CoverSpec,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FusionMethod,
  type FusionSpec,
  NotMeasured,
  paperAdapters,
  percent,
  type ResultRow,
  type Scale,
  subsetRows,
} from "detailclip";
import { better, type Evidence } from "detailclip/report";
import { baseline } from "./baseline.ts";
import { FULL } from "./covers.ts";
import { type Part, verdictOn } from "./judging.ts";
import {
  asPublished,
  atScales,
  coverAt,
  detailClip,
  epochsAt,
  fusedCover,
  paperTraining,
  tiny,
} from "./recipes.ts";
import { checkWholes } from "./knobs.ts";
import { needsOf } from "./needs.ts";

/** A module on top of CLIP, trained with the paper's loss (§6.2) for 10 epochs, untuned. */
function adapter(
  method: string,
  model: FusionSpec,
  { cover, scale }: { cover: CoverSpec; scale: Scale },
): FusionMethod {
  const train = { ...paperTraining, epochs: epochsAt(scale, 10) };
  return { method, cover, fuser: { kind: "trained", model, train } };
}

/** All modules, with MLPs of some depths on the full image. */
function modules(
  cover: CoverSpec,
  scale: Scale,
  layers: readonly number[] = [1, 2, 3],
): FusionMethod[] {
  const at = { cover, scale };
  return [
    ...layers.map((layers) =>
      adapter(
        `MLP, ${layers} layer${layers > 1 ? "s" : ""}`,
        { kind: "mlp", input: "full", layers: layers as 1 | 2 | 3 },
        at,
      )
    ),
    adapter("transformer, no patches", { ...tiny(scale), patches: false } as FusionSpec, at),
    adapter("weighted patches", { kind: "weighted" }, at),
    adapter("linear over patches", { kind: "linear" }, at),
    adapter("MLP over patches, 1 layer", { kind: "mlp", input: "patches", layers: 1 }, at),
    adapter("MLP over patches, 3 layers", { kind: "mlp", input: "patches", layers: 3 }, at),
    asPublished(cover, scale),
    detailClip(cover, scale),
  ];
}

/** What else could be put on top of CLIP. */
export const adapters: ExperimentDefinition = {
  name: "adapters",
  title: "Modules that do not see the patches fall short",
  paper: ["Table 4"],
  baseline,
  ...atScales((scale) => modules(coverAt(scale), scale)),
};

/**
 * Its configuration.
 *
 * @param scale how much of it
 * @param options `seed`; `k` of the patches, from 2 to 15, that of the scale unless told; `layers`: depths of the MLP on
 *   the full image, of 1, 2 and 3
 * @throws {RangeError} when one is outside, or there twice
 */
export function adaptersConfig(
  scale: Scale,
  { seed, k, layers = [1, 2, 3] }: { seed?: number; k?: number; layers?: readonly number[] } = {},
): ExperimentConfig {
  const cover = fusedCover(scale, k), depths = checkWholes("layers", layers, [1, 3]);
  const fusion = modules(cover, scale, depths);
  return configure(adapters, scale, { seed, covers: [FULL, cover], fusion });
}

/** The paper has one DetailCLIP: its number stands beside the other one. */
const OURS = "DetailCLIP, our training";

/** What a module is given. */
export const KINDS = {
  "the full image": [
    "MLP, 1 layer",
    "MLP, 2 layers",
    "MLP, 3 layers",
    "transformer, no patches",
  ],
  "the patches, without attention": [
    "weighted patches",
    "linear over patches",
    "MLP over patches, 1 layer",
    "MLP over patches, 3 layers",
  ],
  "the patches, with attention": ["DetailCLIP, as published", OURS],
} as const;

/** Of the modules with a property, that with the highest Recall@1. */
function bestWhere(
  rows: readonly ResultRow[],
  what: string,
  fits: (method: string) => boolean,
): ResultRow {
  const found = subsetRows(rows).filter(({ method, metric }) =>
    metric === "recall@1" && fits(method)
  );
  if (found.length === 0) throw new NotMeasured(`no recall@1 of ${what}`);
  return found.reduce((best, row) => (row.value > best.value ? row : best));
}

/**
 * The module of a kind with the highest Recall@1.
 *
 * @param rows rows of the run
 * @param kind what the module is given
 * @throws {NotMeasured} when there is none
 */
export const bestOf = (rows: readonly ResultRow[], kind: keyof typeof KINDS): ResultRow =>
  bestWhere(
    rows,
    `a module on ${kind}`,
    (method) => (KINDS[kind] as readonly string[]).includes(method),
  );

/** A recall of the paper's Table 4, as a share. */
const published = (method: string): number => paperAdapters()[method] / 100;

/** The best of the paper's own modules of a kind, as a share; of those that Table 4 has. */
export function paperBestOf(kind: keyof typeof KINDS): number {
  return Math.max(...KINDS[kind].map(published).filter((share) => !Number.isNaN(share)));
}

/**
 * Bars of the run beside a panel of the paper's own: two experiments, not one.
 *
 * @param rows rows of the run
 */
export function adapterBars(rows: readonly ResultRow[]): BarRow[] {
  const order = ["full image", ...Object.values(KINDS).flat()];
  const ours = subsetRows(rows).filter(({ metric }) => metric === "recall@1");
  const rank = ({ method }: ResultRow) => (order as string[]).indexOf(method) + 1 || Infinity;
  const shown = ours.toSorted((a, b) => rank(a) - rank(b));
  return [
    ...shown.map((row) => ({ ...row, metric: "recall@1 here" })),
    ...shown.filter(({ method }) => method in paperAdapters() && method !== OURS).map((row) => {
      const value = published(row.method);
      return { ...row, metric: "in the paper (ViT-B/32)", value, low: value, high: value };
    }),
  ];
}

const [AS_PUBLISHED] = KINDS["the patches, with attention"];
const where = {
  notebook: "10_adapters",
  where: "Table 4",
  needs: needsOf(adapters),
  about: "model",
} as const;
const printed = (kind: keyof typeof KINDS) => percent(paperBestOf(kind));

/** Methods less another one of the run, which is the best of its kind. */
const gainsOver = (
  { differenceOf }: Evidence,
  methods: readonly string[],
  { method: best }: ResultRow,
): Part[] =>
  methods.map((method) => ({
    label: `${method}, less ${best}`,
    difference: differenceOf(adapters.name, method, best),
  }));

/** What the paper reads off Table 4. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "Modules that see the full image only fall short of DetailCLIP",
    measure:
      "Recall@1 of DetailCLIP as published, and in our training, less the best of them, points (better)",
    paper: `${printed("the full image")}; ${printed("the patches, with attention")}`,
    judge(evidence) {
      const best = bestOf(evidence.rowsOf(adapters.name), "the full image");
      return verdictOn(better, gainsOver(evidence, KINDS["the patches, with attention"], best));
    },
  },
  {
    ...where,
    claim: "Patches help even without attention",
    measure: "Recall@1 of the best MLP over patches less the best MLP on the full image, points " +
      "(better)",
    paper: `${
      percent(
        Math.max(published("MLP over patches, 1 layer"), published("MLP over patches, 3 layers")),
      )
    }; ` +
      percent(published("MLP, 1 layer")),
    judge(evidence) {
      const rows = evidence.rowsOf(adapters.name);
      const [patches, full] = ["MLP over patches", "MLP, "].map((prefix) =>
        bestWhere(rows, `a method ${prefix}…`, (method) => method.startsWith(prefix))
      );
      return verdictOn(better, gainsOver(evidence, [patches.method], full));
    },
  },
  {
    ...where,
    claim: "Attention over the patches is worth more than any module without it",
    // trained as the other modules are: our training has another recipe too
    measure: "Recall@1 of DetailCLIP as published less the best other module, points (better)",
    paper: `${printed("the patches, with attention")}; ` +
      printed("the patches, without attention"),
    judge(evidence) {
      const best = bestOf(evidence.rowsOf(adapters.name), "the patches, without attention");
      return verdictOn(better, gainsOver(evidence, [AS_PUBLISHED], best));
    },
  },
];
