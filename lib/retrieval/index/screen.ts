/**
 * A search of float32 vectors by estimates. Sums in float32 take half the work of exact ones, and their error has a bound:
 * it leaves few vectors whose exact products have to be known. Results are those of exact products.
 *
 * @module
 */
import { type DotKernels, estimateError, PANEL } from "../../numeric/dot_products_wasm.ts";
import { vectorLength } from "../../numeric/vectors.ts";
import type { TopItems } from "../top_items.ts";
import type { Segment } from "./rows.ts";

/** Bytes of vectors that several queries are compared with in turn: they stay in a core's cache. */
const CHUNK_BYTES = 2 ** 18;

/** A block of images, and the kernels on the memory that it lies in. */
export interface ScreenedBlock {
  segment: Segment;
  /** The first image, counted in the segment. */
  first: number;
  /** The end of the images. */
  end: number;
  kernels: DotKernels;
  /** The kernels' other memory: the thread's own. */
  scratch: ArrayBuffer;
}

/** Exact products of a query with rows, those of a panel together. */
class ExactProducts {
  readonly #block: ScreenedBlock;
  readonly #panelBytes: number;
  readonly #query: number;
  readonly #out: Float64Array;
  #panel = -1;
  /** How many panels were multiplied. */
  panels = 0;

  /** Prepares products with the rows of a block: addresses of the query, and of room for a panel's products. */
  constructor(block: ScreenedBlock, panelBytes: number, query: number, out: number) {
    this.#block = block;
    this.#panelBytes = panelBytes;
    this.#query = query;
    this.#out = new Float64Array(block.scratch, out, PANEL);
  }

  /** The product with a row of the segment. */
  with(row: number): number {
    const panel = Math.floor(row / PANEL);
    if (panel !== this.#panel) {
      const rows = panel * this.#panelBytes, { byteOffset } = this.#out;
      this.#block.kernels.one(rows, 1, this.#panelBytes, this.#query, byteOffset);
      this.#panel = panel;
      this.panels++;
    }
    return this.#out[row % PANEL];
  }
}

/** One thread's screening of the blocks of a search. */
export class Screen {
  readonly #queries: Float64Array;
  /** Length of a query and of a row, filled up. */
  readonly #columns: number;
  /** Bytes of a panel of rows. */
  readonly #panelBytes: number;
  /** Estimates of a query are so many numbers apart. */
  readonly #stride: number;
  /** Places in the scratch memory; the queries in float64 are at its beginning. */
  readonly #estimatesAt: number;
  readonly #queriesAt: number;
  readonly #productsAt: number;
  /** The end of its part of the scratch memory. */
  readonly end: number;
  /** Euclidean length of each query. */
  readonly #lengths: number[];

  /**
   * Prepares a search.
   *
   * @param queries filled up to whole groups of columns // (Q, columns)
   * @param places in the scratch memory: where results of Q queries go, `stride` numbers each, and from where on it is free,
   * multiples of 16
   */
  constructor(
    queries: Float64Array,
    { count, stride, out, free }: { count: number; stride: number; out: number; free: number },
  ) {
    const columns = queries.length / count;
    this.#queries = queries;
    this.#columns = columns;
    this.#panelBytes = 4 * columns * PANEL;
    this.#stride = stride;
    this.#estimatesAt = out;
    this.#queriesAt = free;
    this.#productsAt = this.#queriesAt + 4 * queries.length;
    this.end = this.#productsAt + 8 * PANEL;
    const query = (q: number) => queries.subarray(q * columns, (q + 1) * columns);
    this.#lengths = Array.from({ length: count }, (_, q) => vectorLength(query(q)));
  }

  /** Puts the queries into the scratch memory. */
  hold(scratch: ArrayBuffer): void {
    new Float32Array(scratch, this.#queriesAt, this.#queries.length).set(this.#queries);
  }

  /**
   * Takes the images of a block that can be among a query's best into its results.
   *
   * @param block the images
   * @param tops results of each query, as many as it wants // (Q)
   * @returns how many panels had to be multiplied exactly, over all queries
   */
  search(block: ScreenedBlock, tops: readonly TopItems[]): number {
    const firstPanel = Math.floor(block.segment.starts[block.first] / PANEL);
    this.#estimate(block, firstPanel);
    return tops.reduce((sum, top, q) => sum + this.#offer(block, firstPanel, q, top), 0);
  }

  /** Estimates of all queries with the rows of a block. */
  #estimate({ segment: { starts }, end, kernels }: ScreenedBlock, firstPanel: number): void {
    const count = this.#lengths.length, panels = Math.ceil(starts[end] / PANEL) - firstPanel;
    const chunk = count === 1 ? panels : Math.max(1, Math.floor(CHUNK_BYTES / this.#panelBytes));
    for (let panel = 0; panel < panels; panel += chunk) {
      const rows = (firstPanel + panel) * this.#panelBytes, some = Math.min(chunk, panels - panel);
      for (let q = 0; q < count; q++) {
        const query = this.#queriesAt + 4 * q * this.#columns;
        const out = this.#estimatesAt + 4 * (q * this.#stride + panel * PANEL);
        kernels.estimate(rows, some, this.#panelBytes, query, out);
      }
    }
  }

  /** Offers one query's results the images whose estimates reach them; returns how many panels were multiplied exactly. */
  #offer(block: ScreenedBlock, firstPanel: number, q: number, top: TopItems): number {
    const { segment: { starts, longest, firstRow }, first, end, scratch } = block;
    const error = estimateError(this.#columns, this.#lengths[q] * longest);
    const at = this.#estimatesAt + 4 * q * this.#stride, offset = firstPanel * PANEL;
    const estimates = new Float32Array(scratch, at, this.#stride);
    const query = 8 * q * this.#columns;
    const products = new ExactProducts(block, this.#panelBytes, query, this.#productsAt);
    // where estimates have no bound, or are not numbers, no comparison holds, and all is multiplied exactly
    let floor = top.floor - error;
    for (let image = first; image < end; image++) {
      const from = starts[image], to = starts[image + 1];
      let most = estimates[from - offset];
      for (let row = from + 1; row < to; row++) most = Math.max(most, estimates[row - offset]);
      if (most < floor) continue;
      let best = from, score = -Infinity;
      for (let row = from; row < to; row++) {
        if (estimates[row - offset] < most - 2 * error) continue;
        const product = products.with(row);
        if (product > score) score = product, best = row;
      }
      top.offer(firstRow + best, Math.fround(score));
      floor = top.floor - error;
    }
    return products.panels;
  }
}
