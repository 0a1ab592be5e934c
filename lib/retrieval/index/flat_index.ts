/**
 * A flat index: every query is compared with every vector, at the speed at which memory is read, on all cores.
 *
 * @module
 */
import { rowCount } from "../../numeric/vectors.ts";
import { checkpoint, operationSignal } from "../../runtime/interrupt.ts";
import type { ScoreMatrix } from "../matrices.ts";
import type { SearchResult } from "../topk.ts";
import { type Blocks, cutBlocks, runScan, scanQueries } from "./job.ts";
import {
  addImage,
  createSegment,
  MOST_SEGMENTS,
  openLayout,
  type Precision,
  type RowLayout,
  type RowWriter,
  type Segment,
  SEGMENT_BYTES,
  segmentRows,
} from "./rows.ts";
import type { BestItems, ScanJob } from "./scan.ts";

/** What an index holds. */
export interface FlatIndexConfig {
  /** D, the length of a vector. */
  dim: number;
  /** How exactly vectors are kept; as float32 by default. */
  precision?: Precision;
}

/** Options of an index. No result depends on them. */
export interface FlatIndexOptions {
  /**
   * Bytes of memory that are taken at once at most, as long as one image does not need more; half a GiB by default, 4 GiB at
   * most. Each such piece has a cost, and an index has 4,096 at most: small ones are for tests.
   */
  segmentBytes?: number;
}

/** Options of a search. No result depends on them. */
export interface IndexSearchOptions {
  /** Threads at most; by default as many as the machine has cores. Few vectors are searched on the caller's own. */
  threads?: number;
  /** Stops the search; its reason is thrown. By default an interrupt does (`operationSignal`). */
  signal?: AbortSignal;
}

/** Queries that are compared with a block together, at most. */
const QUERIES_AT_ONCE = 256;
/** Products that are kept of them, more or less, where an image has many vectors. */
const PRODUCTS_AT_ONCE = 2 ** 24;

/**
 * Images with one vector each or many, such as all their patches, for exhaustive search. An image's score is that of
 * its best vector.
 *
 * With float32, scores and winners are those of `maxOverPatches` and `bestVectorScores`, to the bit. With int8 and
 * int4 they are estimates (see `createQuantizer`). In all precisions a result depends neither on the number of
 * threads, nor on what is asked together: sums are taken in a fixed order, or of integers.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { FlatIndex } from "detailclip/retrieval";
 * const index = new FlatIndex({ dim: 2 });
 * index.add(Float32Array.of(1, 0));
 * index.add(Float32Array.of(0.6, 0.8, 0, 1)); // an image with two vectors
 * const [results] = await index.search(Float32Array.of(0, 1), { count: 1 });
 * assert.deepEqual(results, [{ rank: 1, image: 1, score: 1, patch: 1 }]);
 * ```
 */
export class FlatIndex {
  /** D, the length of a vector. */
  readonly dim: number;
  /** How exactly vectors are kept. */
  readonly precision: Precision;
  readonly #layout: RowLayout;
  readonly #write: RowWriter;
  readonly #segments: Segment[] = [];
  /** Cut anew when images have been added. */
  #blocks?: Blocks;

  /**
   * Makes an empty index.
   *
   * @throws RangeError when `dim` is not a positive integer, or `segmentBytes` not a number from 0 on
   */
  constructor(
    { dim, precision = "float32" }: FlatIndexConfig,
    { segmentBytes = SEGMENT_BYTES }: FlatIndexOptions = {},
  ) {
    rowCount([], dim, "make an index");
    ({ layout: this.#layout, write: this.#write } = openLayout(precision, dim, segmentBytes));
    this.dim = dim;
    this.precision = precision;
  }

  /** Number of images. */
  get images(): number {
    const last = this.#segments.at(-1);
    return last ? last.firstImage + last.images : 0;
  }

  /** Number of vectors of all images. */
  get vectors(): number {
    const last = this.#segments.at(-1);
    return last ? last.firstRow + segmentRows(last) : 0;
  }

  /** Bytes of the vectors. */
  get bytes(): number {
    const scale = this.precision === "float32" ? 0 : 4;
    return this.vectors * (this.#layout.rowBytes + scale);
  }

  /**
   * Adds an image.
   *
   * @param features its vectors // (m, D)
   * @returns its number, from 0 on
   * @throws RangeError when it has no vector, half of one, or a number that is not finite; when 4,096 pieces of
   * `segmentBytes` are full
   */
  add(features: Float32Array): number {
    const image = this.images;
    if (rowCount(features, this.dim, "index image") === 0) {
      throw new RangeError("Cannot index image: it has no vector");
    }
    for (let i = 0; i < features.length; i++) {
      if (!Number.isFinite(features[i])) {
        throw new RangeError(`Cannot index image: a value is ${features[i]}`);
      }
    }
    const last = this.#segments.at(-1);
    if (!last || !addImage(last, this.#layout, this.#write, features)) {
      this.#checkRoom();
      const next = createSegment(this.#layout, image, this.vectors);
      addImage(next, this.#layout, this.#write, features);
      this.#segments.push(next);
    }
    this.#blocks = undefined;
    return image;
  }

  /**
   * The best images of each query.
   *
   * @param queries unit vectors // (Q, D)
   * @param options `count`: results a query (10 by default), and what {@linkcode IndexSearchOptions} says
   * @returns results of each query, best first; of equal scores the image added first // (Q, count)
   * @throws RangeError when there is no whole number of queries, a value of theirs is not finite, or `count` is no
   * integer from 0 on
   */
  async search(
    queries: Float32Array,
    { count = 10, ...options }: IndexSearchOptions & { count?: number } = {},
  ): Promise<SearchResult[][]> {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(
        `Cannot list results: count must be an integer from 0 on, got ${count}`,
      );
    }
    const best = await this.#scan(queries, Math.min(count, this.images), options);
    return best.map((items) => items.map((found, place) => this.#result(found, place + 1)));
  }

  /**
   * The scores of all images, and which of their vectors was the best.
   *
   * @param queries unit vectors // (Q, D)
   * @returns scores and winners // (Q, N)
   * @throws RangeError when there is no whole number of queries, or a value of theirs is not finite
   */
  async scores(queries: Float32Array, options: IndexSearchOptions = {}): Promise<ScoreMatrix> {
    const { images } = this, rows = rowCount(queries, this.dim, "score queries");
    const shared = () => new SharedArrayBuffer(4 * rows * images);
    const scores = new Float32Array(shared()), winners = new Int32Array(shared());
    await this.#scan(queries, 0, options, { images, scores, winners });
    return { queries: rows, images, scores: scores.slice(), winners: winners.slice() };
  }

  /** Compares queries with all images, some queries at a time. */
  async #scan(
    queries: Float32Array,
    count: number,
    { threads = navigator.hardwareConcurrency, signal: own }: IndexSearchOptions,
    matrix?: ScanJob["matrix"],
  ): Promise<BestItems[]> {
    const signal = operationSignal(own), { dim, images } = this;
    this.#checkQueries(queries, threads);
    this.#blocks ??= cutBlocks(this.#segments, this.#layout);
    const job = { ...this.#blocks, layout: this.#layout, segments: this.#segments, count };
    const atOnce = Math.min(QUERIES_AT_ONCE, Math.ceil(PRODUCTS_AT_ONCE / job.mostRows));
    const asked = queries.slice(), best: BestItems[] = []; // the caller's may change meanwhile
    for (let q = 0; q < asked.length / dim; q += atOnce) {
      if (q > 0) await checkpoint(signal);
      const some = scanQueries(asked.subarray(q * dim, (q + atOnce) * dim), job.layout);
      const part = matrix && {
        images,
        scores: matrix.scores.subarray(q * images, (q + some.count) * images),
        winners: matrix.winners.subarray(q * images, (q + some.count) * images),
      };
      const next = new Int32Array(new SharedArrayBuffer(4));
      const found = await runScan({ ...job, queries: some, next, matrix: part }, {
        threads,
        signal,
      });
      best.push(...found);
    }
    return best;
  }

  /** Refuses one more segment where there are as many as an index can have. */
  #checkRoom(): void {
    if (this.#segments.length < MOST_SEGMENTS) return;
    const { segmentBytes } = this.#layout;
    throw new RangeError(
      `Cannot index image: ${MOST_SEGMENTS} pieces of segmentBytes (${segmentBytes}) are full; take larger ones`,
    );
  }

  #checkQueries(queries: Float32Array, threads: number): void {
    rowCount(queries, this.dim, "score queries");
    const bad = queries.find((value) => !Number.isFinite(value));
    if (bad !== undefined) throw new RangeError(`Cannot score queries: a value is ${bad}`);
    if (!Number.isSafeInteger(threads) || threads < 1) {
      throw new RangeError(`Cannot search: threads must be a positive integer, got ${threads}`);
    }
  }

  /** The image that a row belongs to. */
  #result({ item: row, score }: BestItems[number], rank: number): SearchResult {
    const segment = this.#segments.findLast(({ firstRow }) => firstRow <= row)!;
    const { starts, firstImage, firstRow } = segment;
    let low = 0, high = segment.images; // starts[low] <= row < starts[high]
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= row - firstRow) low = middle;
      else high = middle;
    }
    return { rank, image: firstImage + low, score, patch: row - firstRow - starts[low] };
  }
}
