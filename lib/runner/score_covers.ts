/**
 * The ways in which an image is scored for a query, by the cover that its patches come from.
 *
 * @module
 */
import { coverName, type CoverSpec } from "../covers/mod.ts";
import type { FeatureStore } from "../features/mod.ts";
import {
  createMaxScorer,
  createMeanScorer,
  createScorer,
  type PatchScorer,
  type ScoreMatrix,
  type ScorerName,
  scoreStream,
  type Trained,
} from "../retrieval/mod.ts";

/** One method's scores on one data set. */
export interface MethodScores {
  /** Name as tables and figures print it: `"full image"`, `"cc@10"`, `"mean cc@10"`, `"Patch-obj"`. */
  method: string;
  /** Name of the cover. */
  cover: string;
  /** The k of cc@k or grid@k. */
  k?: number;
  /** Mean number of vectors an image that are kept and scored. */
  vectors: number;
  /** Of a method that was trained: on how much. */
  trained?: Trained;
  /** Scores; columns in the order of the `imageIds` of the run (or, from `scoreMethods`, of the store). // (Q, N) */
  scores: ScoreMatrix;
}

interface Method {
  method: string;
  vectors: number;
  scorer: PatchScorer;
}

/** The methods of a cover; the mean is a single vector, and a baseline that the paper lacks. */
function methodsOf(
  spec: CoverSpec,
  store: FeatureStore,
  prompts: Float32Array,
  scorers: readonly ScorerName[],
): Method[] {
  const { dim } = store;
  const name = coverName(spec);
  const patches = store.patches / store.imageIds.length;
  const best = (method: string, from: 0 | 1): Method => ({
    method,
    vectors: patches - from,
    scorer: createMaxScorer(prompts, { dim, from }),
  });
  switch (spec.scheme) {
    case "full":
      return [best("full image", 0)];
    case "objects":
      return [best("Patch-obj", 1)]; // the crops alone (paper §6.1)
    case "grid":
      // the cells alone (paper §6.1), and with the full image, as the authors' code scores them
      return [best(name, 1), best(`full + ${name}`, 0)];
    default:
      return [
        best(name, 0),
        {
          method: `mean ${name}`,
          vectors: 1,
          scorer: createMeanScorer(prompts, { dim }),
        },
        ...scorers.map((scorer) => ({
          method: `${scorer} ${name}`,
          vectors: patches,
          scorer: createScorer(scorer, prompts, { dim }),
        })),
      ];
  }
}

/** Puts the columns, which are those of the images `from`, into the order of `to`; others are dropped. */
function pickColumns(
  scores: ScoreMatrix,
  from: readonly string[],
  to: readonly string[],
): ScoreMatrix {
  const { queries, images: stride } = scores, images = to.length;
  const place = new Map(from.map((id, column) => [id, column]));
  const columns = to.map((id) => place.get(id)!);
  const move = <T extends Float32Array | Int32Array>(source: T): T => {
    const out = source.slice(0, queries * images) as T;
    for (let q = 0; q < queries; q++) {
      columns.forEach((column, n) => out[q * images + n] = source[q * stride + column]);
    }
    return out;
  };
  const winners = scores.winners && move(scores.winners);
  return { queries, images, scores: move(scores.scores), ...(winners && { winners }) };
}

/**
 * Brings the methods of several covers to the images that all of them have: an image that only some
 * covers could be laid on (an annotated box outside of it is enough) must not shift the columns of others.
 *
 * @param covers the methods of each cover, and the images of its store in the order of their columns
 * @returns the images in the order of the columns, and the methods of all covers
 */
export function alignMethods(
  covers: readonly { imageIds: readonly string[]; methods: readonly MethodScores[] }[],
): { imageIds: string[]; methods: MethodScores[] } {
  const has = covers.map(({ imageIds }) => new Set(imageIds));
  const common = (covers[0]?.imageIds ?? []).filter((id) => has.every((ids) => ids.has(id)));
  const methods = covers.flatMap(({ imageIds, methods }) =>
    imageIds.length === common.length && common.every((id, n) => id === imageIds[n])
      ? methods
      : methods.map((m) => ({ ...m, scores: pickColumns(m.scores, imageIds, common) }))
  );
  return { imageIds: common, methods };
}

/**
 * Scores every image of a store by every method that its cover allows, in one pass over the shards.
 *
 * @param spec the cover of the store
 * @param store features of the data set
 * @param prompts unit vectors of the queries // (Q, D)
 * @param options `scorers`: further ways, of covers of many patches that are no grid; `signal` stops the pass
 */
export async function scoreMethods(
  spec: CoverSpec,
  store: FeatureStore,
  prompts: Float32Array,
  { scorers = [], signal }: { scorers?: readonly ScorerName[]; signal?: AbortSignal } = {},
): Promise<MethodScores[]> {
  const methods = methodsOf(spec, store, prompts, scorers);
  const seen: string[] = [];
  async function* images() {
    for await (const image of store.images({ signal })) {
      seen.push(image.imageId);
      yield image;
    }
  }
  const matrices = await scoreStream(images(), methods.map((m) => m.scorer), { signal });
  const k = spec.scheme === "grid" ? spec.n : "k" in spec ? spec.k : undefined;
  return methods.map(({ method, vectors }, i) => ({
    method,
    cover: coverName(spec),
    ...(k !== undefined && { k }),
    vectors,
    scores: pickColumns(matrices[i], seen, store.imageIds),
  }));
}
