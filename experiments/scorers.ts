/**
 * How should an image be scored by its full view and its patches together? Ways to score stored patches, and ways to make
 * one vector of them without training, side by side.
 *
 * Command: `deno task notebooks 19_scorers`; on photographs of one's own
 * `--set encoder=photo-clip --set dataset=coco:ANNOTATIONS.json:IMAGES`.
 * Paper: §5.1 takes the best patch, and does not ask.
 *
 * @module
 */
import {
  configure,
  type CoverSpec,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FusionMethod,
  type PairRow,
  type ResultRow,
  type Scale,
  subsetRows,
} from "detailclip";
import { SCORER_NAMES, type ScorerName } from "detailclip/retrieval";
import { baseline, paperScale } from "./baseline.ts";
import { complete, FULL } from "./covers.ts";
import { checkNames, checkWholes, configWith, K_RANGE, type Knobs } from "./knobs.ts";
import { METHODS, visualWords } from "./recipes.ts";

/** What rows have without being asked: the full image, the best patch, the mean patch. */
const ALWAYS: readonly ScorerName[] = ["full", "maximum", "mean"];

/** The ways to score patches that can be chosen. */
export const SCORERS: readonly ScorerName[] = SCORER_NAMES.filter((name) => !ALWAYS.includes(name));

/** Vectors that need no training, by the names of {@linkcode METHODS}; and visual words, which need images. */
export const VECTORS: readonly string[] = [
  "closed form",
  "class-wise maximum",
  "full + class-wise maximum",
  "class-wise levels",
  "class-wise maximum, nouns",
  "class-wise levels, nouns",
  "visual words",
];

/** Covers: the full image, cc@k for each k, and crops of the annotated objects. */
const covers = (ks: readonly number[]): CoverSpec[] => [
  FULL,
  ...ks.map(complete),
  { scheme: "objects" },
];

/** One vector of the first cover each. */
const fusions = (k: number, names: readonly string[], scale: Scale): FusionMethod[] =>
  names.map((name) =>
    name === "visual words"
      ? visualWords(complete(k), 1, scale === "smoke" ? 40 : undefined)
      : METHODS[name](complete(k), scale)
  );

/** The k of the covers; of the first one vectors are made. */
const KS: Record<Scale, readonly number[]> = {
  smoke: [3, 4],
  quick: [5, 10],
  full: [5, 10],
  paper: [10],
};

/** Scorers of stored patches, and vectors that need no training. */
export const scorers: ExperimentDefinition = {
  name: "scorers",
  title: "How to score an image by full image and patches together",
  paper: [],
  baseline,
  always: { scorers: [...SCORERS] },
  scales: {
    smoke: { dataset: { images: 100 }, bootstrap: { resamples: 100 }, ...at("smoke") },
    quick: at("quick"),
    full: at("full"),
    paper: { ...paperScale, ...at("paper") },
  },
};

/** Covers and vectors of a scale. */
function at(scale: Scale) {
  const ks = KS[scale];
  return { covers: covers(ks), fusion: fusions(ks[0], VECTORS, scale) };
}

/**
 * Its configuration.
 *
 * @param scale how much of it
 * @param options what was turned; `ks` of the covers, each from 2 to 15, vectors are made of the smallest; `ways` to score
 *   patches, of {@linkcode SCORERS}; `vectors`, of {@linkcode VECTORS}
 * @throws {RangeError} when one is outside, unknown or there twice
 */
export function scorersConfig(
  scale: Scale,
  { ks = KS[scale], ways = SCORERS, vectors = VECTORS, ...knobs }: Knobs & {
    ks?: readonly number[];
    ways?: readonly string[];
    vectors?: readonly string[];
  } = {},
): ExperimentConfig {
  const sorted = checkWholes("ks", ks, K_RANGE);
  checkNames("ways", ways, SCORERS);
  checkNames("vectors", vectors, VECTORS);
  const changed = {
    covers: covers(sorted),
    scorers: [...ways] as ScorerName[],
    fusion: fusions(sorted[0], vectors, scale),
  };
  return configWith(configure(scorers, scale, changed), knobs);
}

/** A line of the table. */
export interface ScorerLine {
  /** What is kept of an image: nothing (chance), its patches, crops of its objects, or one vector. */
  kept: string;
  /** The method. */
  method: string;
  /** Recall at 1, 3 and 5, in per cent. */
  recall: string;
  /** Recall@1 less that of the full image, with its paired interval, in points; of the full image none. */
  gain: string;
}

/** What is kept for a row. */
function keptOf({ method, vectors }: ResultRow): string {
  if (method === "chance") return "";
  return method === "Patch-obj" ? "crops" : vectors === 1 ? "one vector" : "patches";
}

/** A number in per cent or points, with one decimal. */
const tenth = (share: number) => (100 * share).toFixed(1);

/**
 * The table of a run: what is kept, recall, and the gain over the full image.
 *
 * @param rows its rows
 * @param pairs its paired differences
 */
export function scorerTable(rows: readonly ResultRow[], pairs: readonly PairRow[]): ScorerLine[] {
  const lines = Map.groupBy(subsetRows(rows), ({ method }) => method);
  return [...lines.values()].map((group) => {
    const [row] = group;
    const pair = pairs.find(({ subset, method, over }) =>
      subset === "all" && method === row.method && over === "full image"
    );
    return {
      kept: keptOf(row),
      method: row.method,
      recall: group.map(({ value }) => tenth(value)).join(" / "),
      gain: pair ? `${tenth(pair.value)} (${tenth(pair.low)} to ${tenth(pair.high)})` : "",
    };
  });
}
