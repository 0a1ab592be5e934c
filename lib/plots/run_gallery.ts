/**
 * The gallery of a retrieval run: what each method returns for a few classes (paper Figs 1 and 12).
 *
 * @module
 */
import { type DatasetImage, placedObjects } from "../datasets/mod.ts";
import type { RetrievalRun } from "../runner/mod.ts";
import { decodeImage } from "../images/mod.ts";
import { imagesInOrder, recallAtK, topResults } from "../retrieval/mod.ts";
import { type AnnotatedBox, annotatedBox } from "./annotated_box.ts";
import { type Figure, type FigureOptions, type Picture, pictureOf } from "./figure.ts";
import { galleryFigure, type GalleryResult, type GalleryRow } from "./gallery.ts";

/** Which part of a run {@linkcode galleryOf} shows. */
export interface RunGalleryOptions extends FigureOptions {
  /** Methods, a row each; all by default. */
  methods?: readonly string[];
  /**
   * Class names, or how many: then they are spread evenly from the class that the last method serves
   * worst, compared with the first, to the one that it serves best. 3 by default.
   */
  queries?: readonly string[] | number;
  /** Results a row; 6 by default. */
  count?: number;
}

/** Classes spread over the range of gains in Recall@1 between two methods. */
function spreadQueries(
  run: RetrievalRun,
  methods: RetrievalRun["methods"],
  count: number,
): number[] {
  const [first, last] = [methods[0], methods[methods.length - 1]]
    .map(({ scores }) => recallAtK(scores, run.relevance, [1]).perQuery);
  const byGain = first
    .map(({ query, recall }, i) => ({ query, gain: last[i].recall[0] - recall[0] }))
    .sort((a, b) => a.gain - b.gain || a.query - b.query);
  const step = (byGain.length - 1) / Math.max(1, count - 1);
  return [...new Set(Array.from({ length: count }, (_, i) => byGain[Math.round(i * step)].query))];
}

function pickQueries(
  run: RetrievalRun,
  methods: RetrievalRun["methods"],
  queries: readonly string[] | number,
): number[] {
  if (typeof queries === "number") return spreadQueries(run, methods, queries);
  return queries.map((name) => {
    const query = run.dataset.categories.indexOf(name);
    if (query < 0) {
      throw new RangeError(`Cannot draw gallery: ${run.dataset.name} has no class "${name}"`);
    }
    return query;
  });
}

/** Boxes of the annotated objects of a class. */
function objectsOf(image: DatasetImage, query: number): AnnotatedBox[] {
  return placedObjects(image).filter(({ category }) => category === query).map(annotatedBox);
}

/**
 * Draws what methods of a run return first: with the patch that matched, or, for methods that keep one vector of
 * the whole image, with the annotated objects of right answers.
 *
 * @param run a retrieval run
 * @param options which methods, queries and how many results
 * @throws {RangeError} when the run has no such method or class
 */
export async function galleryOf(
  run: RetrievalRun,
  { methods: names, queries = 3, count = 6, ...options }: RunGalleryOptions = {},
): Promise<Figure> {
  const methods = (names ?? run.methods.map(({ method }) => method)).map((name) => {
    const found = run.methods.find(({ method }) => method === name);
    if (!found) throw new RangeError(`Cannot draw gallery: the run has no method "${name}"`);
    return found;
  });
  const images = imagesInOrder(run.dataset.images, run.imageIds);
  const pictures = new Map<number, Promise<Picture>>();
  const picture = (n: number) => {
    const found = pictures.get(n) ??
      decodeImage(images[n].path, run.dataset.pixels).then((image) =>
        pictureOf(image, { maxSide: 240 })
      );
    pictures.set(n, found);
    return found;
  };
  // a fused vector is of no patch, and a full image is of all places
  const fused = new Set(run.config.fusion?.map(({ method }) => method));
  const rows: GalleryRow[] = [];
  for (const query of pickQueries(run, methods, queries)) {
    for (const { method, cover, scores } of methods) {
      const store = run.stores.get(cover)!;
      const placeless = method === "full image" || fused.has(method);
      const found = topResults(scores, query, {
        count,
        relevance: run.relevance,
        boxesOf: (n) => store.get(run.imageIds[n]).boxes,
      });
      const results: GalleryResult[] = await Promise.all(
        found.map(async ({ image, relevant = false, box, patch, score }) => ({
          picture: await picture(image),
          relevant,
          score,
          ...(!placeless && patch !== 0 && { box }), // the whole image matched: nothing to point at
          ...(placeless && { objects: objectsOf(images[image], query) }),
        })),
      );
      rows.push({ query: run.dataset.categories[query], method, results });
    }
  }
  return galleryFigure(rows, options);
}
