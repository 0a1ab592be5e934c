/**
 * Similarities of prompts with the images that show their class, and with those that do not.
 *
 * Command: `deno task notebooks 13_similarity`, seconds after 05_main_result.
 * Paper: Figure 8 (§6.6).
 *
 * @module
 */
import {
  areaByQuery,
  areaUnderRoc,
  histogram,
  logSimilarities,
  momentsOf,
  sensitivityIndex,
  similarityPairs,
} from "detailclip/retrieval";
import {
  type Claim,
  configHash,
  configure,
  type CoverSpec,
  type ExperimentConfig,
  type ExperimentDefinition,
  type MethodScores,
  NotMeasured,
  percent,
  type Provenance,
  type RelevanceMatrix,
  type RetrievalRun,
  type RunOptions,
  runRetrieval,
  type Scale,
  type SimilarityHistogramRow,
  writeResults,
} from "detailclip";
import { type Evidence, type MeasuredRun } from "detailclip/report";
import { baseline, paperScale } from "./baseline.ts";
import { FULL } from "./covers.ts";
import { checkNames, checkNumber, configWith, type Knobs } from "./knobs.ts";
import { coverAt, fusedCover, METHODS } from "./recipes.ts";
import { ownConfig } from "./needs.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** What is made of the patches unless told. */
const CHOSEN = ["DetailCLIP, our training", "DetailCLIP+"];

/** From the full image to all patches to one fused vector. */
const methodsOn = (cover: CoverSpec, scale: Scale, methods: readonly string[] = CHOSEN) => ({
  covers: [FULL, cover],
  fusion: methods.map((name) => METHODS[name](cover, scale)),
});

const at = (scale: Scale) => ({
  dataset: datasetAt(MIXED, scale),
  ...methodsOn(coverAt(scale), scale),
});

/** Width of a bin, in decimal logarithms. */
const BIN = 0.05;

/** The name under which distributions are kept. */
const EXPERIMENT = "similarity";

/** A recall run, with how its scores are counted. */
export interface SimilarityConfig extends ExperimentConfig {
  /** Width of a bin in decimal logarithms; 0.05 unless told. */
  bin?: number;
}

/** The recall run whose scores are looked at. */
export const similarity: ExperimentDefinition = {
  name: "similarity_recall",
  title: "How far positive pairs lie from negative ones",
  paper: ["Figure 8"],
  baseline,
  scales: {
    smoke: { ...at("smoke"), bootstrap: { resamples: 100 } },
    quick: at("quick"),
    paper: { ...paperScale, ...at("paper") },
  },
};

/**
 * Its configuration.
 *
 * @param scale how much of it
 * @param options what was turned; `k` of the patches, from 2 to 15, that of the scale unless told; `methods`: fusions by
 *   name, of {@linkcode METHODS}; `bin`: width of a bin in decimal logarithms, from 0.01 to 0.5
 * @throws {RangeError} when one is outside, or unknown
 */
export function similarityConfig(
  scale: Scale,
  { k, methods = CHOSEN, bin = BIN, ...knobs }:
    & Knobs
    & { k?: number; methods?: readonly string[]; bin?: number } = {},
): SimilarityConfig {
  checkNumber("bin", bin, [0.01, 0.5]);
  checkNames("methods", methods, Object.keys(METHODS));
  const changed = methodsOn(fusedCover(scale, k), scale, methods);
  const config = configWith(configure(similarity, scale, changed), knobs);
  return { ...config, ...(bin !== BIN && { bin }) };
}

/** What is written: how the pairs of one method are spread. */
export interface SimilarityRow extends SimilarityHistogramRow {
  /** Mean similarity. */
  mean: number;
  /** Standard deviation of the similarities. */
  sd: number;
  /** Skewness of the similarities. */
  skewness: number;
  /** Standard deviation of the decimal logarithms. */
  logSd: number;
  /** Skewness of the logarithms: 0 of a log-normal distribution. */
  logSkewness: number;
  /** Probability that a positive pair is more similar than a negative one, over all pairs of all prompts. */
  auc: number;
  /** The same for each prompt by itself, averaged. */
  aucByPrompt: number;
  /** Difference of the means over the root mean square of the standard deviations. */
  dPrime: number;
}

/** Methods in the order in which they are shown; the mean of the patches is none of Fig. 8's. */
const shownIn = ({ methods }: RetrievalRun) =>
  methods.filter(({ method }) => !method.startsWith("mean"));

/** Edges that hold the logarithms of all methods but the smallest: below a thousandth lies noise around 0. */
function commonEdges(methods: readonly MethodScores[], width: number): number[] {
  let least = 0, most = -Infinity;
  for (const { scores: { scores } } of methods) {
    for (const score of scores) {
      if (score <= 0) continue;
      const log = Math.log10(score);
      if (log < least) least = log;
      if (log > most) most = log;
    }
  }
  const first = Math.max(-2, Math.floor(least / width) * width);
  const bins = Math.max(1, Math.ceil((most - first) / width - 1e-9));
  return Array.from({ length: bins + 1 }, (_, i) => first + i * width);
}

/** The two rows of a method. */
function rowsOf(
  { method, vectors, scores }: MethodScores,
  relevance: RelevanceMatrix,
  edges: number[],
): SimilarityRow[] {
  const pairs = similarityPairs(scores, relevance);
  const apart = {
    auc: areaUnderRoc(pairs),
    aucByPrompt: areaByQuery(scores, relevance),
    dPrime: sensitivityIndex(pairs),
  };
  return (["positives", "negatives"] as const).map((kind) => {
    const { logs, nonPositive } = logSimilarities(pairs[kind]);
    const log = momentsOf(logs);
    return {
      ...{ method, vectors, kind, pairs: pairs[kind].length, nonPositive },
      ...momentsOf(pairs[kind]),
      ...{ logMean: log.mean, logSd: log.sd, logSkewness: log.skewness },
      ...apart,
      edges,
      shares: histogram(logs, edges),
    };
  });
}

/** What {@linkcode runSimilarity} leaves behind. */
export interface SimilarityRun extends MeasuredRun {
  /** The recall run. */
  run: RetrievalRun;
  /** Two rows a method. */
  rows: SimilarityRow[];
}

/**
 * How the pairs of each method of a run are spread.
 *
 * @param run a retrieval run
 * @param bin width of a bin in decimal logarithms
 * @returns two rows a method
 */
export function similarityRows(run: RetrievalRun, bin: number = BIN): SimilarityRow[] {
  const methods = shownIn(run), edges = commonEdges(methods, bin);
  return methods.flatMap((method) => rowsOf(method, run.relevance, edges));
}

/**
 * Scores all pairs of a prompt and an image, and writes how they are spread as `similarity`.
 *
 * @param config see {@linkcode similarityConfig}
 * @param options as of `runRetrieval`
 */
export async function runSimilarity(
  config: SimilarityConfig,
  options: RunOptions = {},
): Promise<SimilarityRun> {
  const { bin, ...searched } = config;
  const run = await runRetrieval(searched, options);
  const rows = similarityRows(run, bin);
  const provenance: Provenance = {
    ...{ ...run.provenance, experiment: EXPERIMENT, config, configHash: configHash(config) },
  };
  await writeResults(rows, provenance, options);
  return { experiment: EXPERIMENT, config, run, rows };
}

/**
 * One kind of pairs of a method; the first method whose name begins so.
 *
 * @throws {NotMeasured} when there are none
 */
export function pairsOf(
  rows: readonly SimilarityRow[],
  method: string,
  kind: SimilarityRow["kind"],
): SimilarityRow {
  const found = rows.find((row) => row.method.startsWith(method) && row.kind === kind);
  if (found) return found;
  throw new NotMeasured(`no ${kind} of ${method}`);
}

/** Factor between the mean similarities, on the log scale, of positive and negative pairs of a method. */
export function logShift(rows: readonly SimilarityRow[], method: string): number {
  const mean = (kind: SimilarityRow["kind"]) => pairsOf(rows, method, kind).logMean;
  return 10 ** (mean("positives") - mean("negatives"));
}

/** The separation of each method, as a table. */
export function separationTable(rows: readonly SimilarityRow[]): Record<string, string>[] {
  return [...Map.groupBy(rows, (row) => row.method)].map(([method, [positive, negative]]) => ({
    method,
    "log-scale mean, positive": (10 ** positive.logMean).toFixed(3),
    "log-scale mean, negative": (10 ** negative.logMean).toFixed(3),
    "their ratio": logShift(rows, method).toFixed(2),
    "d′": positive.dPrime.toFixed(2),
    "AUC, all pairs": positive.auc.toFixed(3),
    "AUC, by prompt": positive.aucByPrompt.toFixed(3),
    "no logarithm, positive": `${positive.nonPositive} of ${positive.pairs}`,
    "no logarithm, negative": `${negative.nonPositive} of ${negative.pairs}`,
    "skewness of logs": `${positive.logSkewness.toFixed(2)}, ${negative.logSkewness.toFixed(2)}`,
    "skewness": `${positive.skewness.toFixed(2)}, ${negative.skewness.toFixed(2)}`,
  }));
}

/** A normal distribution has skewness 0; beyond this in size it is called skewed. */
const SKEWED = 0.5;

/** Whether the similarities of a row are near a log-normal distribution: hardly any without a logarithm, and the logarithms not skewed. */
const nearLogNormal = ({ nonPositive, pairs, logSkewness }: SimilarityRow): boolean =>
  nonPositive <= 0.01 * pairs && Math.abs(logSkewness) <= SKEWED;

const where = {
  notebook: "13_similarity",
  where: "Figure 8",
  needs: { [EXPERIMENT]: ownConfig(similarity) },
  independentOf: ["bin"],
  about: "model",
} as const;
const found = ({ rowsOf }: Evidence) => rowsOf<SimilarityRow>(EXPERIMENT);

/** What the paper reads off Figure 8. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "Positive pairs are more similar with DetailCLIP than with the full image",
    measure:
      "log-scale mean similarity of positive pairs, full image and DetailCLIP (share ≤ 0, left out; yes: the second is higher)",
    paper: "DetailCLIP further right",
    judge(evidence) {
      const rows = found(evidence);
      const pairs = ["full image", "DetailCLIP,"].map((method) =>
        pairsOf(rows, method, "positives")
      );
      const [full, fused] = pairs;
      return {
        ours: pairs.map(({ logMean, nonPositive, pairs }) =>
          `${(10 ** logMean).toFixed(3)} (${percent(nonPositive / pairs)} % left out)`
        ).join(" and "),
        holds: fused.logMean > full.logMean ? "yes" : "no",
      };
    },
  },
  {
    ...where,
    where: "Figure 8, beyond",
    claim: "They move away from negative pairs, not along with them",
    measure:
      "d′ between positive and negative pairs, full image and DetailCLIP (yes: the second is " +
      "higher)",
    paper: "",
    judge(evidence) {
      const rows = found(evidence);
      const [full, fused] = ["full image", "DetailCLIP,"].map((method) =>
        pairsOf(rows, method, "positives").dPrime
      );
      return {
        ours: `${full.toFixed(2)} and ${fused.toFixed(2)}`,
        holds: fused > full ? "yes" : "no",
      };
    },
  },
  {
    ...where,
    claim: "Similarities are log-normally distributed",
    measure:
      `distributions of all methods with log-skewness within ±${SKEWED} and a logarithm for ` +
      "99 % of the pairs (yes: all, partly: some)",
    paper: "all",
    judge(evidence) {
      const rows = found(evidence);
      if (rows.length === 0) throw new NotMeasured("no similarities");
      const near = rows.filter(nearLogNormal).length;
      return {
        ours: `${near} of ${rows.length}`,
        holds: near === rows.length ? "yes" : near > 0 ? "partly" : "no",
      };
    },
  },
];
