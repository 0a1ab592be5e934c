/**
 * One thread's part of a search in a flat index: block by block, whichever is next.
 *
 * @module
 */
import { type DotKernels, dotKernels, multiplyPanels } from "../../numeric/dot_products_wasm.ts";
import { LEVELS } from "../../numeric/quantization.ts";
import { type QuantizedKernels, quantizedKernels } from "../../numeric/quantized_products_wasm.ts";
import { TopItems } from "../top_items.ts";
import type { RowLayout, Segment } from "./rows.ts";
import { Screen } from "./screen.ts";

/** Queries as the kernels of a layout take them. */
export interface ScanQueries {
  /** Q. */
  count: number;
  /** Their numbers as exact kernels take them, as many for each. // (Q, columns) */
  data: Float64Array | Int16Array;
  /** What is added to an integer product; 0 of float32. // (Q) */
  offsets: Float64Array;
  /** What it is multiplied with then, besides the row's scale; 1 of float32. // (Q) */
  scales: Float64Array;
}

/** A search, as every thread gets it. */
export interface ScanJob {
  layout: RowLayout;
  segments: readonly Segment[];
  /** Images that are taken together: number of the segment, first image in it, and the end. // (blocks, 3) */
  blocks: Uint32Array;
  /** Rows of the largest block. */
  mostRows: number;
  /** Number of the next block: shared. // (1) */
  next: Int32Array;
  queries: ScanQueries;
  /** How many results each query wants. */
  count: number;
  /** Receive all scores, and the winning vector of each image: shared. // (Q, N) */
  matrix?: { images: number; scores: Float32Array; winners: Int32Array };
}

/** The best rows of a query: their numbers among all rows, each the best of its image. */
export type BestItems = { item: number; score: number }[];

/** Share of panels that are multiplied exactly after all, above which estimates cost more time than they save. */
const MOST_NEAR = 1 / 8;

/** The thread's own memory, and the queries that lie in it. */
let scratch: WebAssembly.Memory | undefined;
let held: ScanQueries | undefined;

/** The thread's own memory, of at least some bytes. */
function scratchOf(bytes: number): WebAssembly.Memory {
  scratch ??= new WebAssembly.Memory({ initial: 1 });
  const missing = bytes - scratch.buffer.byteLength;
  if (missing > 0) scratch.grow(Math.ceil(missing / 2 ** 16));
  return scratch;
}

/** A function from a segment's memory to kernels on it, which are made once. */
function remember<T>(open: (rows: WebAssembly.Memory, scratch: WebAssembly.Memory) => T) {
  const known = new WeakMap<WebAssembly.Memory, T>();
  return (memory: WebAssembly.Memory): T => {
    let kernels = known.get(memory);
    if (!kernels) known.set(memory, kernels = open(memory, scratchOf(0)));
    return kernels;
  };
}
const floatKernels = remember<DotKernels>(dotKernels);
const integerKernels = remember<QuantizedKernels>(quantizedKernels);

/** Searches blocks until none is left. */
export class Scan {
  readonly #job: ScanJob;
  readonly #top: TopItems[];
  /** Products of a query are so many numbers apart. */
  readonly #stride: number;
  /** Places in the scratch memory. */
  readonly #levelsAt: number;
  readonly #outAt: number;
  readonly #bytes: number;
  /** Of float32, when only the best are wanted. */
  readonly #screen?: Screen;
  /** So many of the last block's images were near the best that estimates would have told nothing. */
  #dense = false;

  /** Begins a search, or takes part in one. */
  constructor(job: ScanJob) {
    const { queries, layout: { group }, mostRows, matrix } = job, { count, data } = queries;
    const stride = Math.ceil(mostRows / group + 1) * group;
    this.#job = job;
    this.#top = Array.from({ length: count }, () => new TopItems(job.count));
    this.#stride = stride;
    this.#levelsAt = Math.ceil(data.byteLength / 16) * 16;
    this.#outAt = this.#levelsAt + LEVELS.length;
    const free = this.#outAt + count * stride * 8;
    if (data instanceof Float64Array && !matrix) {
      this.#screen = new Screen(data, { count, stride, out: this.#outAt, free });
    }
    this.#bytes = this.#screen?.end ?? free;
  }

  /** Takes the next block; false when there is none left. */
  step(): boolean {
    const { blocks, next, segments } = this.#job, at = 3 * Atomics.add(next, 0, 1);
    if (at >= blocks.length) return false;
    this.#holdQueries();
    this.#search(segments[blocks[at]], blocks[at + 1], blocks[at + 2]);
    return true;
  }

  /** The best rows found by this thread, query by query. */
  results(): BestItems[] {
    return this.#top.map((top) => top.sorted());
  }

  /** Puts the queries into the scratch memory, which searches of one thread share. */
  #holdQueries(): void {
    const { queries } = this.#job, { data } = queries;
    if (held === queries) return;
    const { buffer } = scratchOf(this.#bytes);
    const from = data instanceof Float64Array ? Float64Array : Int16Array;
    new from(buffer, 0, data.length).set(data);
    new Uint8Array(buffer, this.#levelsAt, LEVELS.length).set(LEVELS);
    this.#screen?.hold(buffer);
    held = queries;
  }

  /** All queries with the images `first` to `end` of a segment. */
  #search(segment: Segment, first: number, end: number): void {
    const { starts } = segment, queries = this.#top.length;
    const panels = Math.ceil((starts[end] - starts[first]) / this.#job.layout.group) * queries;
    const near = this.#isScreened()
      ? this.#screen!.search({
        ...{ segment, first, end },
        ...{ kernels: floatKernels(segment.memory), scratch: scratch!.buffer },
      }, this.#top)
      : this.#multiply(segment, first, end);
    this.#dense = near > panels * MOST_NEAR;
  }

  /** Whether estimates can tell which images of the next block matter to the queries. */
  #isScreened(): boolean {
    return this.#screen !== undefined && !this.#dense &&
      this.#top.every(({ floor }) => floor > -Infinity);
  }

  /** All products of the images `first` to `end` of a segment; returns how many were near the best of a query. */
  #multiply(segment: Segment, first: number, end: number): number {
    const { queries, layout: { group, precision } } = this.#job, { starts } = segment;
    const firstGroup = Math.floor(starts[first] / group), firstRow = firstGroup * group;
    const groups = Math.ceil(starts[end] / group) - firstGroup;
    const exact = precision === "float32";
    if (exact) this.#multiplyFloats(segment, firstRow, groups);
    const products = new Float64Array(scratch!.buffer, this.#outAt, queries.count * this.#stride);
    let near = 0;
    for (let q = 0; q < queries.count; q++) {
      const some = products.subarray(q * this.#stride, (q + 1) * this.#stride);
      if (!exact) this.#multiplyIntegers(q, segment, firstRow, groups, some);
      near += this.#reduce(q, some, firstRow, segment, first, end);
    }
    return near;
  }

  /** Products of all queries with groups of float32 rows. */
  #multiplyFloats({ memory }: Segment, firstRow: number, panels: number): void {
    const { queries, layout: { dim, rowBytes } } = this.#job;
    multiplyPanels(floatKernels(memory), {
      ...{ rows: firstRow * rowBytes, panels, dim, query: 0, queries: queries.count },
      ...{ out: this.#outAt, stride: this.#stride },
    });
  }

  /** Products of one query with groups of quantised rows, as numbers. */
  #multiplyIntegers(
    query: number,
    { memory, scales }: Segment,
    firstRow: number,
    groups: number,
    out: Float64Array,
  ): void {
    const { queries, layout: { precision, rowBytes, group } } = this.#job;
    const rows = firstRow * rowBytes, asked = queries.data.byteLength / queries.count * query;
    // integers go to the end of the query's products: each is read before a number is written there
    const count = groups * group, at = out.byteOffset + this.#stride * 8 - count * 4;
    const kernels = integerKernels(memory);
    if (precision === "int8") kernels.int8(rows, groups, rowBytes, asked, at);
    else kernels.int4(rows, groups, rowBytes, asked, this.#levelsAt, at);
    const integers = new Int32Array(out.buffer, at, count);
    const scale = queries.scales[query], offset = queries.offsets[query];
    const filled = Math.min(count, scales.length - firstRow);
    for (let row = 0; row < filled; row++) {
      out[row] = (integers[row] + offset) * scale * scales[firstRow + row];
    }
  }

  /**
   * Takes one query's products with a block's rows into its results: of each image the best, of equal ones the first.
   * Returns how many images were good enough when they came.
   */
  #reduce(
    query: number,
    products: Float64Array,
    firstRow: number,
    { starts, firstImage, firstRow: segmentRow }: Segment,
    first: number,
    end: number,
  ): number {
    const { matrix } = this.#job, top = this.#top[query];
    let floor = top.floor, near = 0;
    for (let image = first; image < end; image++) {
      let best = starts[image], most = products[best - firstRow];
      for (let row = best + 1; row < starts[image + 1]; row++) {
        const product = products[row - firstRow];
        if (product > most) most = product, best = row;
      }
      const score = Math.fround(most);
      if (score >= floor) {
        near++;
        top.offer(segmentRow + best, score);
        floor = top.floor;
      }
      if (matrix) {
        const at = query * matrix.images + firstImage + image;
        matrix.scores[at] = score;
        matrix.winners[at] = best - starts[image];
      }
    }
    return near;
  }
}
