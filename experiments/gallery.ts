/**
 * What the methods of the main result return first.
 *
 * Command: `deno task notebooks 06_gallery`, seconds after 05_main_result.
 * Paper: Figures 1 and 12 (A.6).
 *
 * @module
 */
import {
  type Claim,
  type ExperimentConfig,
  openDataset,
  recallOf,
  type RetrievalRun,
} from "detailclip";
import { better } from "detailclip/report";
import { expectedHits, rankingOf } from "detailclip/retrieval";
import { clevrDsClasses } from "detailclip/datasets";
import { against, verdictOn } from "./judging.ts";
import { checkNames, checkWhole, wordsOn } from "./knobs.ts";
import { mainResult } from "./main_result.ts";
import { needsOf } from "./needs.ts";

/** What a gallery shows. */
export interface GalleryChoice {
  /** Classes that are asked for. */
  queries: readonly string[];
  /** Results a row. */
  count: number;
}

/** The paper asks for airplane, calculator, fruit, bear and USB stick: these classes are the nearest. */
export const GALLERY: GalleryChoice = {
  queries: ["airplane", "laptop", "kiwi fruit", "bear", "key"],
  count: 7,
};

/** The classes that can be asked for. */
async function classesOf({ dataset, seed }: ExperimentConfig): Promise<string[]> {
  return dataset.source === "clevr-ds"
    ? (await clevrDsClasses(dataset.variant, dataset.classes)).names
    : (await openDataset(dataset, seed)).categories;
}

/**
 * The words that a gallery of a run shows: {@linkcode GALLERY}'s give way to the commonest of a data set without them.
 *
 * @param config of the run
 * @param queries what the notebook asks for
 * @throws {RangeError} when a word that was told is no class of the data set
 */
export async function galleryWords(
  config: ExperimentConfig,
  queries: readonly string[],
): Promise<readonly string[]> {
  const { dataset, seed } = config, known = await classesOf(config);
  if (queries.every((word) => known.includes(word))) return queries;
  const turned = queries.join() !== GALLERY.queries.join();
  const images = turned ? [] : (await openDataset(dataset, seed)).images;
  return wordsOn("queries", queries, GALLERY.queries, { categories: known, images });
}

/**
 * A configuration with what is shown of its run: galleries of other words are other figures.
 *
 * @param config of the run
 * @param choice `queries`: classes of its data set; `count`: from 1 to 12
 * @throws {RangeError} when there is no such class, or the count is outside
 */
export async function shownOf(
  config: ExperimentConfig,
  { queries, count }: GalleryChoice,
): Promise<ExperimentConfig & { gallery?: GalleryChoice }> {
  checkNames("queries", queries, await classesOf(config));
  checkWhole("count", count, [1, 12]);
  const own = queries.join() === GALLERY.queries.join() && count === GALLERY.count;
  return own ? config : { ...config, gallery: { queries, count } };
}

/** Right answers among the first results. */
export interface FirstResults {
  /** The class, or "all classes", of which the numbers are means. */
  query: string;
  /** Images that show it. */
  images: number;
  /** Right answers, by method. */
  right: Record<string, number>;
}

/**
 * Counts right answers among the first results of each method; of equal scores, as many as are to be expected.
 *
 * @param run a retrieval run
 * @param options `methods` and `queries` by name; `count`: how many results are looked at
 * @returns a line for each query, and a last one with the means over all classes that an image shows
 * @throws {RangeError} when the run has no such method or class
 */
export function firstResults(
  { dataset: { categories, name }, methods, relevance }: RetrievalRun,
  { methods: names, queries, count }: {
    methods: readonly string[];
    queries: readonly string[];
    count: number;
  },
): FirstResults[] {
  const line = (query: number): FirstResults => ({
    query: categories[query],
    images: relevance.relevant.subarray(query * relevance.images, (query + 1) * relevance.images)
      .reduce((sum, shown) => sum + shown, 0),
    right: Object.fromEntries(names.map((method) => {
      const found = methods.find((m) => m.method === method);
      if (!found) throw new RangeError(`Cannot count right answers: there is no method ${method}`);
      return [method, expectedHits(rankingOf(found.scores, relevance, query), count)];
    })),
  });
  const chosen = queries.map((query) => {
    const place = categories.indexOf(query);
    if (place < 0) throw new RangeError(`Cannot count right answers: ${name} has no "${query}"`);
    return line(place);
  });
  const all = categories.map((_, query) => line(query)).filter(({ images }) => images > 0);
  const mean = (value: (line: FirstResults) => number) =>
    all.reduce((sum, line) => sum + value(line), 0) / all.length;
  return [...chosen, {
    query: "all classes",
    images: mean(({ images }) => images),
    right: Object.fromEntries(names.map((method) => [method, mean(({ right }) => right[method])])),
  }];
}

const METHODS = ["DetailCLIP, our training", "full image"] as const;

/** What Figures 1 and 12 say, in a number: more right images among as many as there are. */
export const claims: Claim[] = [{
  notebook: "06_gallery",
  where: "Figures 1, 12",
  claim: "The first results of a single DetailCLIP vector hold more right images than CLIP's",
  measure: "Recall@1 (right images among the first n, of n): DetailCLIP less full image, points " +
    "(better)",
  paper: "rows of images, no numbers",
  needs: needsOf(mainResult),
  about: "model",
  judge({ rowsOf, differenceOf }) {
    const [fused, full] = METHODS.map((method) => recallOf(rowsOf(mainResult.name), method));
    const difference = differenceOf(mainResult.name, ...METHODS);
    return verdictOn(better, [{ label: against(fused, full), difference }]);
  },
}];
