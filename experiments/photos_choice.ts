/**
 * Ways to score photographs, chosen on other photographs than those that are then searched by them: cross-validation.
 *
 * @module
 */
import {
  createRandom,
  percent,
  recallAtK,
  type RelevanceMatrix,
  restrictTo,
  type RetrievalRun,
  type ScoreMatrix,
} from "detailclip";
import { markdownTable } from "detailclip/report";
import {
  type BootstrapOptions,
  type Interval,
  momentsOf,
  pairedDifferences,
  recallIntervals,
  type ResampledRecall,
  resampleRecall,
} from "detailclip/retrieval";
import { between, gainText } from "./photos_rows.ts";
import { SCORERS } from "./scorers.ts";

/** Parts of the photographs; each is searched once by what the others chose. */
const FOLDS = 5;
/** How often they are parted anew. */
const REPEATS = 10;

/** What every row is compared with. */
const FULL_IMAGE = "full image";

/** A way to score, with its scores. */
interface Way {
  method: string;
  scores: ScoreMatrix;
}

/** Recall of a way, or of those that were chosen among several, on photographs that took no part in the choice. */
export interface ChoiceRow {
  /** What the choice is among; of a single way its name. */
  among: string;
  /** In how many of all folds each was chosen, most often first; nothing where there is no choice. */
  chosen: Record<string, number>;
  /** Recall at 1, 3 and 5, shares. */
  recall: Interval[];
  /** The same less that of the full image, by paired resamples. */
  gain: Interval[];
}

/** What is chosen among, for methods by the names that runs give them. */
const GROUPS: readonly { among: string; ways: readonly string[] }[] = [
  ...["full+patches cc@5", "full+patches cc@10", "class-wise levels"].map((name) => ({
    among: name,
    ways: [name],
  })),
  ...["cc@5", "cc@10"].map((cover) => ({
    among: `all ways to score ${cover}`,
    ways: [
      FULL_IMAGE,
      cover,
      `mean ${cover}`,
      ...SCORERS.map((scorer) => `${scorer} ${cover}`),
    ],
  })),
  {
    among: "one vector, query words unknown",
    ways: [
      FULL_IMAGE,
      "mean cc@5",
      ...["class-wise maximum", "full + class-wise maximum", "class-wise levels"],
      ...["class-wise maximum, nouns", "class-wise levels, nouns"],
    ],
  },
];

/** Scores less their mean over all images, in standard deviations, query by query: what several ways can be ranked by together. */
function standardised({ queries, images, scores }: ScoreMatrix): Float32Array {
  const out = new Float32Array(scores.length);
  for (let q = 0; q < queries; q++) {
    const row = scores.subarray(q * images, (q + 1) * images);
    const { mean, sd } = momentsOf(row);
    row.forEach((score, i) => out[q * images + i] = sd > 0 ? (score - mean) / sd : 0);
  }
  return out;
}

/** The images in random order, dealt into parts. */
function parts(images: number, seed: number | string): number[][] {
  const order = createRandom(seed).shuffle(Array.from({ length: images }, (_, i) => i));
  return Array.from({ length: FOLDS }, (_, fold) => order.filter((_, i) => i % FOLDS === fold));
}

/** The way with the highest Recall@1 on some of the images; of equal ones the first. */
function best(ways: readonly Way[], relevance: RelevanceMatrix, images: readonly number[]): number {
  const seen = restrictTo(relevance, images);
  const recalls = ways.map(({ scores }) => recallAtK(scores, seen, [1]).recall[0]);
  return recalls.indexOf(Math.max(...recalls));
}

/** Every part's scores by the way that is best on the other parts; and how often each way was. */
function chooseOnce(ways: readonly Way[], relevance: RelevanceMatrix, folds: number[][]) {
  const { queries, images } = relevance,
    comparable = ways.map(({ scores }) => standardised(scores));
  const scores = new Float32Array(queries * images), chosen: string[] = [];
  for (const part of folds) {
    const way = best(ways, relevance, folds.flatMap((other) => other === part ? [] : other));
    chosen.push(ways[way].method);
    for (let q = 0; q < queries; q++) {
      for (const i of part) scores[q * images + i] = comparable[way][q * images + i];
    }
  }
  return { pooled: { queries, images, scores }, chosen };
}

/**
 * Recall of what is chosen among ways: of five parts of the images each is scored by the way with the highest Recall@1 on the
 * other four, all are ranked together, and recalls and their resamples are averaged over ten partitions.
 *
 * @param ways with scores of the same images and queries
 * @param relevance right answers // (Q, N)
 * @param options of the bootstrap; `seed` also parts the images
 * @returns recalls as `resampleRecall` has them, and how often each way was chosen
 */
export function crossValidated(
  ways: readonly Way[],
  relevance: RelevanceMatrix,
  options: BootstrapOptions = {},
): { resampled: ResampledRecall; chosen: Record<string, number> } {
  const repeats = ways.length === 1 ? 1 : REPEATS; // where there is no choice all are the same
  const chosen = new Map<string, number>(), drawn: ResampledRecall[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const folds = parts(relevance.images, `${options.seed ?? 0} parts ${repeat}`);
    const once = chooseOnce(ways, relevance, folds);
    for (const method of once.chosen) chosen.set(method, (chosen.get(method) ?? 0) + 1);
    drawn.push(resampleRecall(once.pooled, relevance, options));
  }
  const mean = (of: (one: ResampledRecall) => number) =>
    drawn.reduce((sum, one) => sum + of(one), 0) / repeats;
  const [{ recall, samples, level }] = drawn;
  return {
    resampled: {
      recall: recall.map((_, i) => mean((one) => one.recall[i])),
      samples: samples.map((sample, n) => sample.map((_, i) => mean((one) => one.samples[n][i]))),
      level,
    },
    chosen: Object.fromEntries([...chosen].toSorted(([, a], [, b]) => b - a)),
  };
}

/** Shares are kept to a hundredth of a point. */
const rounded = ({ value, low, high }: Interval): Interval => {
  const [a, b, c] = [value, low, high].map((share) => Math.round(share * 1e4) / 1e4 + 0);
  return { value: a, low: b, high: c };
};

/** Shares of the patches in a mixture with the full image. */
const SHARES = [0, 0.25, 0.5, 0.75, 1];

/** What is mixed with the full image, and which share of it is best is chosen. */
const MIXED = [
  "cc@5",
  "levels cc@5",
  "calibrated cc@5",
  "cc@10",
  "levels cc@10",
  "calibrated cc@10",
];

/** The full image mixed with another way to score. */
const mixtures = (full: Way, { scores: { scores, ...shape } }: Way): Way[] =>
  SHARES.map((share) => ({
    method: `${100 * share} %`,
    scores: {
      ...shape,
      scores: full.scores.scores.map((of, i) => (1 - share) * of + share * scores[i]),
    },
  }));

/** A row a choice that the methods of a run allow. */
export function choiceRows({ config, methods, relevance }: RetrievalRun): ChoiceRow[] {
  const { recallAt: ks, bootstrap, seed } = config;
  const options = { ks, rounds: bootstrap.resamples, level: bootstrap.confidence, seed };
  const named = new Map(methods.map((way) => [way.method, way]));
  const wayOf = (name: string): Way => {
    const way = named.get(name);
    if (way) return way;
    throw new Error(`Cannot choose how to score photographs: ${name} was not measured`);
  };
  const full = wayOf(FULL_IMAGE), compared = resampleRecall(full.scores, relevance, options);
  const groups = [
    ...GROUPS.map(({ among, ways }) => ({ among, ways: ways.map(wayOf) })),
    ...MIXED.map((name) => ({
      among: `full image with a share of ${name}`,
      ways: mixtures(full, wayOf(name)),
    })),
  ];
  return groups.map(({ among, ways }) => {
    const { resampled, chosen } = crossValidated(ways, relevance, options);
    return {
      ...{ among, chosen: ways.length > 1 ? chosen : {} },
      recall: recallIntervals(resampled).map(rounded),
      gain: pairedDifferences(resampled, compared).map(rounded),
    };
  });
}

/** So many of the ways that were chosen are named. */
const NAMED = 3;

/** Recalls and gains over the full image, a line a choice. */
export function choiceTable(rows: readonly ChoiceRow[]): string {
  const head = [
    ...["way, or chosen among", "Recall@1", "Recall@3", "Recall@5"],
    ...[
      "@1 less full image",
      "@3 less full image",
      "@5 less full image",
      `chosen, of ${FOLDS * REPEATS}`,
    ],
  ];
  const body = rows.map(({ among, chosen, recall, gain }) => [
    among,
    ...recall.map((interval, i) => i === 0 ? between(interval) : percent(interval.value)),
    ...gain.map(gainText),
    Object.entries(chosen).slice(0, NAMED).map(([name, times]) => `${times} × ${name}`).join("; "),
  ]);
  return markdownTable(head, body, head.map((_, c) => c > 0 && c < head.length - 1));
}
