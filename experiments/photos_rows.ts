/**
 * Rows of the experiment on photographs, and the tables that are made of them.
 *
 * @module
 */
import {
  type PairRow,
  paperTable,
  paperValue,
  percent,
  R_MAX_THRESHOLDS,
  recallAtK,
  type ResultRow,
  type RetrievalRun,
  signed,
  subsetRows,
} from "detailclip";
import { markdownTable, methodText } from "detailclip/report";
import type { Interval } from "detailclip/retrieval";
import { firstResults } from "./gallery.ts";
import { similarityRows } from "./similarity.ts";

/** Recall@1 of one class. */
export interface ClassRow {
  /** Its name. */
  class: string;
  /** Photographs that show it. */
  photos: number;
  /** Recall@1 by method, shares. */
  recall: Record<string, number>;
}

/** What Figures 1, 8 and 12 show of a method, in numbers. */
export interface FigureRow {
  /** How images are scored. */
  method: string;
  /** Mean over classes of right photographs among the first {@linkcode FIRST}. */
  first: number;
  /** Mean similarity of right pairs on the log scale, and the share of them that has no logarithm. */
  positive: [mean: number, without: number];
  /** The same of wrong pairs. */
  negative: [mean: number, without: number];
  /** Difference of the means over the root mean square of the standard deviations. */
  dPrime: number;
  /** Probability that a right pair is more similar than a wrong one, for each prompt by itself, averaged. */
  aucByPrompt: number;
}

/** Results of a row of Figures 1 and 12. */
export const FIRST = 7;

/** What parts of the data are told of. */
const BY_PART = /^(chance|full image|cc@10|Patch-obj)$/;

/** Recalls of parts of the data of few methods: of all they would be a file of 80 kB. */
export const keptRows = (rows: readonly ResultRow[]): ResultRow[] =>
  rows.filter(({ subset, method }) => subset === "all" || BY_PART.test(method));

/** Of these nothing but recall is told: a page has to be read. */
const RECALL_ALONE = /^(best-5|z-scores|calibrated|penalty) |, nouns$/;

/** A run without them. */
function shown(run: RetrievalRun): RetrievalRun {
  return { ...run, methods: run.methods.filter(({ method }) => !RECALL_ALONE.test(method)) };
}

/** Recall@1 of each class that a photograph shows, by method. */
export function classRows(run: RetrievalRun): ClassRow[] {
  const { dataset, methods, relevance } = shown(run), { images } = relevance;
  const byMethod = methods.map(({ method, scores }) => {
    const { perQuery } = recallAtK(scores, relevance, [1]);
    return [method, new Map(perQuery.map(({ query, recall }) => [query, recall[0]]))] as const;
  });
  return dataset.categories.flatMap((name, query) => {
    const shown = relevance.relevant.subarray(query * images, (query + 1) * images);
    const photos = shown.reduce((sum, right) => sum + right, 0);
    if (photos === 0) return [];
    const recall = Object.fromEntries(
      byMethod.map(([method, of]) => [method, Number(of.get(query)!.toFixed(4))]),
    );
    return [{ class: name, photos, recall }];
  });
}

/** What Figures 1, 8 and 12 show, in numbers: a row a method. */
export function figureRows(all: RetrievalRun): FigureRow[] {
  const run = shown(all);
  const rows = similarityRows(run), names = [...new Set(rows.map(({ method }) => method))];
  const found = firstResults(run, { methods: names, queries: [], count: FIRST });
  return names.map((method): FigureRow => {
    const [positive, negative] = (["positives", "negatives"] as const).map((kind) =>
      rows.find((row) => row.method === method && row.kind === kind)!
    );
    const pairs = ({ logMean, nonPositive, pairs }: typeof positive): [number, number] => [
      10 ** logMean,
      nonPositive / pairs,
    ];
    const { dPrime, aucByPrompt } = positive;
    return {
      method,
      first: found[0].right[method],
      ...{ positive: pairs(positive), negative: pairs(negative), dPrime, aucByPrompt },
    };
  });
}

/** What the paper's Table 3 prints of COCO for our name of a method, by its encoder. */
function paperCells({ method }: ResultRow): string[] {
  const input = method === "full image" ? "Full Image" : "CC@10";
  const fused = /^DetailCLIP, /.test(method);
  if (!fused && method !== "full image" && method !== "cc@10") return ["", ""];
  return ["CLIP-ViT-B/16", "CLIP-ViT-L/14"].map((encoder) =>
    paperValue("table 3", { method: fused ? `DetailCLIP (${encoder})` : encoder, input }, "COCO")
      .toFixed(2)
  );
}

/** A share with its interval, in per cent. */
export const between = ({ value, low, high }: Interval): string =>
  low === high ? percent(value) : `${percent(value)} (${percent(low)}–${percent(high)})`;

const points = (share: number) => signed(100 * share);

/** A difference with its interval, in points. */
export const gainText = ({ value, low, high }: Interval): string =>
  `${points(value)} (${points(low)} to ${points(high)})`;

/** Recalls on all photographs, with the difference to the full image and the paper's COCO column beside them. */
export function recallTable(rows: readonly ResultRow[], pairs: readonly PairRow[]): string {
  const head = [
    ...["method", "vectors", "Recall@1", "Recall@3", "Recall@5", "@1 less full image"],
    ...["paper, ViT-B/16", "paper, ViT-L/14"],
  ];
  const body = [...Map.groupBy(subsetRows(rows), methodText)].map(([text, group]) => {
    const [{ method, vectors }] = group;
    const pair = pairs.find((pair) =>
      pair.subset === "all" && pair.method === method && pair.over === "full image"
    );
    return [
      ...[text, vectors === 0 ? "" : String(Math.round(10 * vectors) / 10)],
      ...[1, 3, 5].map((k, i) => {
        const row = group.find(({ metric }) => metric === `recall@${k}`)!;
        return i === 0 ? between(row) : percent(row.value);
      }),
      pair ? gainText(pair) : "",
      ...paperCells(group[0]),
    ];
  });
  return markdownTable(head, body, head.map((_, c) => c > 0));
}

/** Recall@1 on parts of the data, a line a part: of the methods that rows of parts have. */
function partsTable(
  rows: readonly ResultRow[],
  parts: readonly { subset: string; cells: Record<string, string> }[],
): string {
  const ones = rows.filter(({ metric }) => metric === "recall@1");
  const methods = [...new Set(ones.filter(({ subset }) => subset !== "all").map((r) => r.method))];
  const lines = parts.flatMap(({ subset, cells }) => {
    const own = ones.filter((row) => row.subset === subset);
    if (own.length === 0) return [];
    const { images, classes } = own[0];
    return [{
      ...cells,
      ...{ photographs: String(images), classes: String(classes) },
      ...Object.fromEntries(
        methods.map((method) => [method, between(own.find((row) => row.method === method)!)]),
      ),
    }];
  });
  const head = Object.keys(lines[0] ?? {});
  const body = lines.map((line) => Object.values(line));
  return markdownTable(head, body, head.map((_, c) => c > 0));
}

/** Table 1 on photographs: Recall@1 of those whose largest object is at most so large. */
export function rMaxTable(rows: readonly ResultRow[]): string {
  const paper = paperTable("table 1").rows;
  return partsTable(
    rows,
    R_MAX_THRESHOLDS.map((rMax, i) => {
      const exponent = Math.log10(rMax);
      return {
        subset: `r_max ≤ 10^${exponent}`,
        cells: {
          "r_max up to": `10^${exponent}`,
          "paper, LVIS": Number(paper[i]["recall@1"]).toFixed(2),
        },
      };
    }),
  );
}

/** Recall@1 by the side of the object that is asked for. */
export function sizesTable(rows: readonly ResultRow[]): string {
  const subsets = [...new Set(rows.map(({ subset }) => subset))]
    .filter((subset) => subset.startsWith("size "));
  return partsTable(
    rows,
    subsets.map((subset) => ({ subset, cells: { side: subset.slice("size ".length) } })),
  );
}

/** What Figures 1, 8 and 12 show, in numbers. */
export function figuresTable(rows: readonly FigureRow[]): string {
  const head = [
    ...["method", `right of the first ${FIRST}`, "right pairs", "wrong pairs"],
    ...["d′", "AUC by prompt"],
  ];
  const cell = ([mean, without]: [number, number]) =>
    `${mean.toFixed(3)} (${percent(without)} % ≤ 0)`;
  const body = rows.map(({ method, first, positive, negative, dPrime, aucByPrompt }) => [
    ...[method, first.toFixed(2), cell(positive), cell(negative)],
    ...[dPrime.toFixed(2), aucByPrompt.toFixed(3)],
  ]);
  return markdownTable(head, body, head.map((_, c) => c > 0));
}

/** Fewer photographs than this say nothing of a class. */
const ENOUGH = 2;

/** Classes that a method finds first, and those that it never does. */
export function classesTable(rows: readonly ClassRow[], methods: readonly string[]): string {
  const enough = rows.filter(({ photos }) => photos >= ENOUGH);
  const named = (method: string, fits: (recall: number) => boolean) =>
    enough.filter(({ recall }) => fits(recall[method])).map((row) => `${row.class} (${row.photos})`)
      .join(", ");
  const head = ["method", "Recall@1 of 0", "below 25 %", "100 %"];
  const body = methods.map((method) => [
    method,
    named(method, (recall) => recall === 0),
    named(method, (recall) => recall > 0 && recall < 0.25),
    named(method, (recall) => recall === 1),
  ]);
  return markdownTable(head, body);
}
