/**
 * Dot products of two sets of row vectors, on one thread.
 *
 * Each product is summed over D in order and in float64, whatever the blocking: it does not depend on what else
 * is in the batch, and equals the plain loop's to the bit. The kernels are WebAssembly (dot_products.wat).
 *
 * @module
 */
import {
  type DotKernels,
  dotKernels,
  multiplyPanels,
  paddedLength,
  PANEL,
} from "./dot_products_wasm.ts";
import { rowCount } from "./vectors.ts";

/** Bytes of rows that are multiplied with all queries at once: they stay in the cache meanwhile. */
const ROW_BYTES = 2 ** 17;
/** Bytes of queries that lie in the memory at once. */
const QUERY_BYTES = 2 ** 22;
const PAGE = 2 ** 16;

/** Row vectors made ready to be multiplied with many others. */
export interface Queries {
  /** Number of queries Q. */
  rows: number;
  /** Length D of a query. */
  dim: number;
  /** In float64, each filled up with zeros to a multiple of 4. // (Q, ⌈D/4⌉*4) */
  data: Float64Array;
}

/** Products of some queries with some rows. */
export interface Tile {
  /** `stride` numbers a query; valid until the next tile. // (queries, stride) */
  products: Float64Array;
  /** Numbers a query: at least `rows`. */
  stride: number;
  /** The first query. */
  firstQuery: number;
  /** Number of queries. */
  queries: number;
  /** The first row. */
  firstRow: number;
  /** Number of rows. */
  rows: number;
}

/** The thread's memory, and whose queries lie in it. */
interface Workspace {
  rows: WebAssembly.Memory;
  scratch: WebAssembly.Memory;
  kernels: DotKernels;
  held?: Float64Array;
}

let workspace: Workspace | undefined;

/** The thread's memory, at least of this size. */
function workspaceOf(rowBytes: number, scratchBytes: number): Workspace {
  if (!workspace) {
    // shared because the kernels want it so; nobody else gets it
    const rows = new WebAssembly.Memory({ initial: 1, maximum: PAGE, shared: true });
    const scratch = new WebAssembly.Memory({ initial: 1 });
    workspace = { rows, scratch, kernels: dotKernels(rows, scratch) };
  }
  const { rows, scratch } = workspace;
  for (const [memory, bytes] of [[rows, rowBytes], [scratch, scratchBytes]] as const) {
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  }
  return workspace;
}

/**
 * Makes queries ready: a copy, in which they no longer change.
 *
 * @param queries row vectors // (Q, D)
 * @param dim D
 * @throws RangeError when there is no whole number of vectors
 */
export function prepareQueries(queries: Float32Array, dim: number): Queries {
  const rows = rowCount(queries, dim, "multiply vectors"), columns = paddedLength(dim);
  if (columns === dim) return { rows, dim, data: Float64Array.from(queries) };
  const data = new Float64Array(rows * columns);
  for (let q = 0; q < rows; q++) {
    data.set(queries.subarray(q * dim, (q + 1) * dim), q * columns);
  }
  return { rows, dim, data };
}

/** Copies rows into memory, each filled up to a multiple of 4. */
function copyRows(source: Float32Array, dim: number, target: Float32Array): void {
  const columns = paddedLength(dim);
  if (columns === dim) return target.set(source);
  for (let from = 0, to = 0; from < source.length; from += dim, to += columns) {
    target.set(source.subarray(from, from + dim), to);
    target.fill(0, to + dim, to + columns);
  }
}

/**
 * All dot products of queries with rows, tile by tile.
 *
 * @param queries as {@linkcode prepareQueries} makes them // (Q, D)
 * @param rows row vectors // (R, D)
 * @param visit gets each tile; of one query, rows come in order
 * @throws RangeError when there is no whole number of rows
 */
export function visitProducts(
  queries: Queries,
  rows: Float32Array,
  visit: (tile: Tile) => void,
): void {
  const { dim, data } = queries, columns = paddedLength(dim);
  const count = rowCount(rows, dim, "multiply vectors");
  const panels = Math.ceil(count / PANEL);
  const panelBytes = columns * PANEL * 4;
  const most = Math.max(1, Math.min(panels, Math.floor(ROW_BYTES / panelBytes)));
  const stride = most * PANEL;
  const group = Math.max(2, Math.min(queries.rows, Math.floor(QUERY_BYTES / (columns * 8))));
  const productsAt = group * columns * 8, stagingAt = productsAt + group * stride * 8;
  const { scratch, kernels } = workspaceOf(most * panelBytes, stagingAt + most * panelBytes);
  const staging = new Float32Array(scratch.buffer, stagingAt, stride * columns);
  const products = new Float64Array(scratch.buffer, productsAt, group * stride);
  for (let firstQuery = 0; firstQuery < queries.rows; firstQuery += group) {
    const some = Math.min(group, queries.rows - firstQuery);
    holdQueries(data.subarray(firstQuery * columns, (firstQuery + some) * columns));
    for (let firstRow = 0; firstRow < count; firstRow += stride) {
      const width = Math.min(stride, count - firstRow), blocks = Math.ceil(width / PANEL);
      copyRows(rows.subarray(firstRow * dim, (firstRow + width) * dim), dim, staging);
      kernels.pack(stagingAt, columns * 4, blocks, panelBytes, 0);
      multiplyPanels(kernels, {
        ...{ rows: 0, panels: blocks, dim, query: 0, queries: some },
        ...{ out: productsAt, stride },
      });
      visit({ products, stride, firstQuery, queries: some, firstRow, rows: width });
    }
  }
}

/** Copies queries to the beginning of the scratch memory unless they lie there. */
function holdQueries(data: Float64Array): void {
  const { scratch, held } = workspace!;
  const same = held?.buffer === data.buffer && held.byteOffset === data.byteOffset &&
    held.length === data.length;
  if (same) return;
  new Float64Array(scratch.buffer, 0, data.length).set(data);
  workspace!.held = data;
}

/**
 * All dot products of two sets of row vectors.
 *
 * @param a row vectors // (A, D)
 * @param b row vectors // (B, D)
 * @param dim D
 * @param out receives the products; a new array by default // (A, B)
 * @returns `out`
 * @throws RangeError when a length is no multiple of `dim`, or `out` too short
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dotProducts } from "detailclip/numeric";
 * assert(dotProducts(Float32Array.of(1, 2), Float32Array.of(3, 4, 5, 6), 2).join() === "11,17");
 * ```
 */
export function dotProducts(
  a: Float32Array,
  b: Float32Array,
  dim: number,
  out?: Float64Array,
): Float64Array {
  const queries = prepareQueries(a, dim), columns = rowCount(b, dim, "multiply vectors");
  const target = out ?? new Float64Array(queries.rows * columns);
  visitProducts(queries, b, ({ products, stride, firstQuery, queries, firstRow, rows }) => {
    for (let q = 0; q < queries; q++) {
      const part = products.subarray(q * stride, q * stride + rows);
      target.set(part, (firstQuery + q) * columns + firstRow);
    }
  });
  return target;
}

/** For each query the best row of a set: how similar it is, and which it is. */
export interface BestRows {
  /** The greatest dot product. // (Q) */
  best: Float32Array;
  /** The row that has it, the first of equal ones. // (Q) */
  winner: Int32Array;
}

/**
 * Makes a function that finds, for each query, the row most similar to it among those of a set.
 *
 * @param queries row vectors // (Q, D)
 * @param dim D
 * @returns a function of rows // (R, D), R > 0
 */
export function createRowMax(
  queries: Float32Array,
  dim: number,
): (rows: Float32Array) => BestRows {
  const prepared = prepareQueries(queries, dim);
  const most = new Float64Array(prepared.rows);
  return (features) => {
    const winner = new Int32Array(prepared.rows);
    most.fill(-Infinity);
    visitProducts(prepared, features, (tile) => updateBest(tile, most, winner));
    return { best: Float32Array.from(most), winner };
  };
}

/** Takes a tile's products into the best ones of its queries. */
function updateBest(
  { products, stride, firstQuery, queries, firstRow, rows }: Tile,
  most: Float64Array,
  winner: Int32Array,
): void {
  for (let q = 0; q < queries; q++) {
    const at = q * stride;
    let best = most[firstQuery + q], first = winner[firstQuery + q];
    // a NaN is kept, as nothing is greater: callers refuse it
    for (let row = 0; row < rows; row++) {
      const product = products[at + row];
      if (product > best || Number.isNaN(product)) best = product, first = firstRow + row;
    }
    most[firstQuery + q] = best;
    winner[firstQuery + q] = first;
  }
}
