/**
 * What recall says where not every pair of a class and an image was judged, as in LVIS: the annotations of a generated
 * set are thinned out and written in LVIS's format, read back, and the same scores are ranked by them.
 *
 * Command: part of `deno task notebooks 07_encoders`.
 * Paper: Table 3 has LVIS among its data sets (§5.2.2), and does not say what it did with pairs that nobody judged.
 *
 * @module
 */
import { join } from "node:path";
import {
  collectProvenance,
  commandLine,
  type Dataset,
  type DatasetImage,
  type ExperimentConfig,
  loadCoco,
  percent,
  recallAtK,
  recallRows,
  relevanceOf,
  type RetrievalRun,
  type RunOptions,
  writeResults,
} from "detailclip";
import { cocoText } from "detailclip/datasets";
import { createRandom } from "detailclip/numeric";
import { noteCommitted, percentBetween } from "detailclip/report";
import { embeddedConfig } from "./encoders_pairs.ts";
import { checkNumber } from "./knobs.ts";

/** Share of the pairs of a class and an image that were judged. */
export const JUDGED = 0.25;

/** What is run: a retrieval whose scores are ranked, and how much of its annotations is left. */
export interface JudgedConfig extends ExperimentConfig {
  /** See {@linkcode JUDGED}. */
  judged: number;
}

/**
 * The configuration.
 *
 * @param retrieval whose scores are ranked
 * @param judged share of the pairs that were judged, from 0.05 to 1
 * @throws {RangeError} when it is outside
 */
export function judgedConfig(retrieval: ExperimentConfig, judged: number = JUDGED): JudgedConfig {
  checkNumber("judged", judged, [0.05, 1]);
  const of = (config: ExperimentConfig, judged: number) => ({
    ...config,
    ...{ name: "judged_pairs", judged },
  });
  noteCommitted(of(embeddedConfig(retrieval.scale), JUDGED));
  return of(retrieval, judged);
}

/** By which annotations recall is measured. */
export type Judging = "all annotated" | "judged pairs" | "all pairs";

/** A method's Recall@1 by one of them. */
export interface JudgedRow {
  /** How an image is scored. */
  method: string;
  /** By which annotations: all that there are, or those that are left, of judged pairs alone or as if there were no others. */
  judging: Judging;
  /** Recall@1, a share, with its interval. */
  value: number;
  low: number;
  high: number;
  /** What a random ranking reaches. */
  chance: number;
  /** Pairs of a class and an image that take part, and those of them that are right. */
  pairs: number;
  relevant: number;
}

/**
 * Annotations as LVIS's are: of some pairs of a class and an image it was looked whether the image shows the class. Where it
 * does its objects are annotated, or, in one image of four with several, one of them; where it does not, the class is among
 * the image's negatives. Of all other pairs nothing is said.
 *
 * @param dataset with all its objects
 * @param judged share of the pairs that are judged
 * @param seed of the draw
 */
export function federated(dataset: Dataset, judged: number, seed: number): DatasetImage[] {
  return dataset.images.map((image) => {
    const random = createRandom(seed).fork(image.id);
    const looked = dataset.categories.map(() => random.next() < judged);
    const shown = new Map<number, number>(); // objects a class
    for (const { category } of image.objects) {
      shown.set(category, (shown.get(category) ?? 0) + 1);
    }
    const open = new Set(
      [...shown].filter(([category, count]) =>
        looked[category] && count > 1 && random.next() < 0.25
      ).map(([category]) => category),
    );
    const met = new Set<number>();
    const objects = image.objects.filter(({ category }) => {
      const again = met.has(category);
      met.add(category);
      return looked[category] && !(again && open.has(category));
    });
    const absent = [...looked.keys()].filter((c) => looked[c] && !shown.has(c));
    const notExhaustive = [...open].sort((a, b) => a - b);
    return { ...image, objects, absent, ...(notExhaustive.length > 0 && { notExhaustive }) };
  });
}

/** Writes annotations in LVIS's format, and reads them. */
async function writtenAndRead(dataset: Dataset, images: DatasetImage[]): Promise<Dataset> {
  const folder = await Deno.makeTempDir(), [{ id, path }] = images;
  try {
    const file = join(folder, "lvis.json");
    await Deno.writeTextFile(file, cocoText({ ...dataset, images }));
    return await loadCoco(file, path.slice(0, -id.length - 1), { name: `${dataset.name}-lvis` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The methods that are ranked: those of Table 3. */
const isRanked = (method: string) => /^(?:full image|cc@\d+|DetailCLIP.*)$/.test(method);

/**
 * Ranks the scores of a run by all annotations, by those of the judged pairs, and by the latter as if there were no
 * other pairs, and writes the rows.
 *
 * @param run whose scores are ranked
 * @param config of {@linkcode judgedConfig}
 * @param options where the rows are filed
 */
export async function runJudgedPairs(
  run: RetrievalRun,
  config: JudgedConfig,
  options: Pick<RunOptions, "runsDir" | "resultsDir" | "keep" | "command"> = {},
): Promise<JudgedRow[]> {
  const started = new Date(), { dataset, imageIds, methods } = run;
  const read = await writtenAndRead(dataset, federated(dataset, config.judged, config.seed));
  const plain = read.images.map(({ absent: _, notExhaustive: _n, ...image }) => image);
  const judgings: [Judging, ReturnType<typeof relevanceOf>][] = [
    ["all annotated", relevanceOf(dataset, imageIds)],
    ["judged pairs", relevanceOf(read, imageIds)],
    ["all pairs", relevanceOf({ ...read, images: plain }, imageIds)],
  ];
  const { bootstrap: { resamples, confidence }, seed } = config;
  const draws = { ks: [1], rounds: resamples, level: confidence, seed };
  const rows = methods.filter(({ method }) => isRanked(method)).flatMap((scored) =>
    judgings.map(([judging, relevance]): JudgedRow => {
      const { scores, method, cover } = scored, { relevant, ignored } = relevance;
      const [{ value, low, high }] = recallRows(scores, relevance, { method, cover }, draws);
      const [chance] = recallAtK(scores, relevance, [1]).chance;
      const ranked = ignored ? ignored.reduce((sum, is) => sum + 1 - is, 0) : relevant.length;
      const right = relevant.reduce((sum, is, at) => sum + (ignored?.[at] ? 0 : is), 0);
      return { method, judging, value, low, high, chance, pairs: ranked, relevant: right };
    })
  );
  const seconds = { rank: (Date.now() - started.getTime()) / 1000 };
  const { encoder } = run.provenance, command = options.command ?? commandLine();
  const facts = { config, command, dataset: read.fingerprint, encoder, started, seconds };
  await writeResults(rows, await collectProvenance(facts), options);
  return rows;
}

/** Methods in rows, Recall@1 by each annotation in columns, with what a random ranking reaches. */
export function tableOfJudgings(rows: readonly JudgedRow[]): Record<string, string>[] {
  const of = (method: string, text: (row: JudgedRow) => string) =>
    Object.fromEntries(
      rows.filter((row) => row.method === method).map((row) => [`${row.judging}, %`, text(row)]),
    );
  const methods = [...new Set(rows.map(({ method }) => method))];
  return [
    ...methods.map((method) => ({ method, ...of(method, percentBetween) })),
    { method: "chance", ...of(methods[0], ({ chance }) => percent(chance)) },
    { method: "pairs that take part", ...of(methods[0], ({ pairs }) => `${pairs}`) },
    { method: "of them right", ...of(methods[0], ({ relevant }) => `${relevant}`) },
  ];
}
