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
  EPOCHS,
  fusedCover,
  lossCeiling,
  paperTraining,
  publishedModel,
} from "./recipes.ts";
import { checkNames, checkWholes, configWith, datasetToLearnFrom, type Knobs } from "./knobs.ts";
import { needsOf } from "./needs.ts";

/** A module on top of CLIP, trained as the paper's own (§6.2), untuned. */
function adapter(
  method: string,
  model: FusionSpec,
  { cover, scale }: { cover: CoverSpec; scale: Scale },
): FusionMethod {
  const train = { ...paperTraining, epochs: EPOCHS[scale] };
  return { method, cover, fuser: { kind: "trained", model, train } };
}

type Depth = 1 | 2 | 3;

const layersOf = (depth: number) => `${depth} layer${depth > 1 ? "s" : ""}`;

/** Modules that have depths, with those of Table 4 and of our own. */
const DEPTHS: Readonly<Record<string, readonly number[]>> = {
  "MLP": [1, 2, 3],
  "MLP over patches": [1, 3],
};

/** Modules that have none, as the authors' code has them. */
const FLAT = {
  "transformer, no patches": (scale: Scale): FusionSpec =>
    ({ ...publishedModel(scale), patches: false }) as FusionSpec,
  "weighted patches": (): FusionSpec => ({ kind: "weighted", per: "value" }),
  "linear over patches": (): FusionSpec => ({ kind: "linear", bias: false }),
};

/** The paper's method as published and in our training. */
const OURS = "DetailCLIP, our training", PUBLISHED = "DetailCLIP, as published";
/** What no module can exceed by its loss. */
const CEILING = "ceiling of the loss";

/** All modules: those with depths first by them. */
const ADAPTERS = [...Object.keys(DEPTHS), ...Object.keys(FLAT), PUBLISHED, OURS, CEILING];

/** The modules that are asked for, in the order of Table 4: the full image, then patches, then attention. */
function modules(
  cover: CoverSpec,
  scale: Scale,
  { adapters = ADAPTERS, depths = DEPTHS }: AdaptersKnobs = {},
): FusionMethod[] {
  const at = { cover, scale };
  const mlps = (name: "MLP" | "MLP over patches", input: "full" | "patches") =>
    (depths[name] ?? DEPTHS[name]).map((layers): [string, FusionMethod] => {
      const method = `${name}, ${layersOf(layers)}`;
      const model: FusionSpec = { kind: "mlp", input, layers: layers as Depth, batchNorm: true };
      return [name, adapter(method, model, at)];
    });
  const flat = Object.entries(FLAT).map(([name, spec]): [string, FusionMethod] => [
    name,
    adapter(name, spec(scale), at),
  ]);
  const all: [string, FusionMethod][] = [
    ...mlps("MLP", "full"),
    ...flat,
    ...mlps("MLP over patches", "patches"),
    [PUBLISHED, asPublished(cover, scale)],
    [OURS, detailClip(cover, scale)],
    [CEILING, lossCeiling(cover)],
  ];
  return all.filter(([name]) => adapters.includes(name)).map(([, method]) => method);
}

/** What is put on top of CLIP. */
interface AdaptersKnobs {
  /** Modules by name, without depths. */
  adapters?: readonly string[];
  /** Layers of each kind of MLP: 1 to 3. */
  depths?: Readonly<Record<string, readonly number[]>>;
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
 * @param options what was turned; `k` of the patches, from 2 to 15, that of the scale unless told; `adapters`: modules by
 *   name; `depths`: layers of each kind of MLP, of 1, 2 and 3; of a data set of one's own without images to learn from half
 *   are learned from
 * @throws {RangeError} when one is outside, unknown, or there twice
 */
export function adaptersConfig(
  scale: Scale,
  { k, adapters: chosen = ADAPTERS, depths = DEPTHS, dataset, ...knobs }:
    & Knobs
    & AdaptersKnobs
    & { k?: number } = {},
): ExperimentConfig {
  const cover = fusedCover(scale, k);
  checkNames("adapters", chosen, ADAPTERS);
  checkNames("depths", Object.keys(depths), Object.keys(DEPTHS));
  const sorted = Object.fromEntries(
    Object.entries(depths).map(([name, layers]) => [
      name,
      checkWholes(`depths of ${name}`, layers, [1, 3]),
    ]),
  );
  const fusion = modules(cover, scale, { adapters: chosen, depths: sorted });
  return configWith(configure(adapters, scale, { covers: [FULL, cover], fusion }), {
    ...knobs,
    dataset: datasetToLearnFrom(dataset),
  });
}

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
    "MLP over patches, 2 layers",
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
  const order = ["chance", "full image", ...Object.values(KINDS).flat(), CEILING];
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
      return verdictOn(better, gainsOver(evidence, [PUBLISHED], best));
    },
  },
];
