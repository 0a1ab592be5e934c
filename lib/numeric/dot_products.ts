/**
 * Dot products of two sets of row vectors in plain TypeScript.
 *
 * Rows are packed four at a time into float64 panels, so that the inner loop reads both operands in
 * order, converts nothing and keeps its sixteen sums in registers. Each sum runs over D in order,
 * whatever the blocking: a score does not depend on what else is in the batch.
 *
 * @module
 */

/** Rows in a panel. */
const PANEL = 4;

/** Row vectors packed for {@linkcode multiplyPacked}. */
export interface PackedRows {
  /** Number of rows R. */
  rows: number;
  /** Length D of a row. */
  dim: number;
  /** Panels of four rows, column by column; rows past the last are zero. // (⌈R/4⌉, D, 4) */
  data: Float64Array;
}

/**
 * Packs rows into panels of four.
 *
 * @param features row vectors // (R, D)
 * @param dim D
 * @param into a buffer to use again; it is replaced when it is too small
 */
export function packRows(features: Float32Array, dim: number, into?: PackedRows): PackedRows {
  const rows = features.length / dim;
  const panels = Math.ceil(rows / PANEL);
  const size = panels * dim * PANEL;
  const data = into && into.data.length >= size ? into.data : new Float64Array(size);
  for (let panel = 0; panel < panels; panel++) {
    const base = panel * dim * PANEL;
    for (let lane = 0; lane < PANEL; lane++) {
      const row = panel * PANEL + lane;
      const source = row * dim;
      if (row < rows) {
        for (let d = 0; d < dim; d++) data[base + d * PANEL + lane] = features[source + d];
      } else {
        for (let d = 0; d < dim; d++) data[base + d * PANEL + lane] = 0;
      }
    }
  }
  return { rows, dim, data };
}

/**
 * All dot products of two packed sets.
 *
 * @param a packed rows // (A, D)
 * @param b packed rows // (B, D)
 * @param out receives the products, `stride` values a row of `a` // (⌈A/4⌉*4, stride)
 * @param stride at least ⌈B/4⌉*4
 */
export function multiplyPacked(
  a: PackedRows,
  b: PackedRows,
  out: Float64Array,
  stride: number,
): void {
  const length = a.dim * PANEL;
  const panelsA = Math.ceil(a.rows / PANEL), panelsB = Math.ceil(b.rows / PANEL);
  for (let i = 0; i < panelsA; i++) {
    for (let j = 0; j < panelsB; j++) {
      multiplyPanel(
        a.data,
        i * length,
        b.data,
        j * length,
        length,
        out,
        i * 4 * stride + j * 4,
        stride,
      );
    }
  }
}

/** One 4 x 4 tile of products. */
function multiplyPanel(
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
  length: number,
  out: Float64Array,
  at: number,
  stride: number,
): void {
  let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  let s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
  for (let d = 0; d < length; d += PANEL) {
    const xd = xStart + d, yd = yStart + d;
    const y0 = y[yd], y1 = y[yd + 1], y2 = y[yd + 2], y3 = y[yd + 3];
    const x0 = x[xd];
    s00 += x0 * y0, s01 += x0 * y1, s02 += x0 * y2, s03 += x0 * y3;
    const x1 = x[xd + 1];
    s10 += x1 * y0, s11 += x1 * y1, s12 += x1 * y2, s13 += x1 * y3;
    const x2 = x[xd + 2];
    s20 += x2 * y0, s21 += x2 * y1, s22 += x2 * y2, s23 += x2 * y3;
    const x3 = x[xd + 3];
    s30 += x3 * y0, s31 += x3 * y1, s32 += x3 * y2, s33 += x3 * y3;
  }
  out[at] = s00, out[at + 1] = s01, out[at + 2] = s02, out[at + 3] = s03;
  at += stride;
  out[at] = s10, out[at + 1] = s11, out[at + 2] = s12, out[at + 3] = s13;
  at += stride;
  out[at] = s20, out[at + 1] = s21, out[at + 2] = s22, out[at + 3] = s23;
  at += stride;
  out[at] = s30, out[at + 1] = s31, out[at + 2] = s32, out[at + 3] = s33;
}

/** For each query the best row of a set: how similar it is, and which it is. */
export interface BestRows {
  /** The greatest dot product. // (Q) */
  best: Float32Array;
  /** The row that has it, the first of equal ones. // (Q) */
  winner: Int32Array;
}

/**
 * Makes a function that finds, for each query, the row most similar to it among those of a set. Buffers
 * are kept from call to call.
 *
 * @param queries row vectors // (Q, D)
 * @param dim D
 * @returns a function of rows // (R, D), R > 0
 */
export function createRowMax(
  queries: Float32Array,
  dim: number,
): (rows: Float32Array) => BestRows {
  const packed = packRows(queries, dim);
  let candidates: PackedRows | undefined;
  let tile = new Float64Array(0);
  return (features) => {
    candidates = packRows(features, dim, candidates);
    const stride = Math.ceil(candidates.rows / PANEL) * PANEL;
    const size = (packed.rows + PANEL - 1) * stride;
    if (tile.length < size) tile = new Float64Array(size);
    multiplyPacked(packed, candidates, tile, stride); // (Q, R)
    const best = new Float32Array(packed.rows), winner = new Int32Array(packed.rows);
    for (let q = 0; q < packed.rows; q++) {
      let at = q * stride;
      let most = tile[at], first = 0;
      // a NaN is kept, as nothing is greater: callers refuse it
      for (let row = 1; row < candidates.rows; row++) {
        const product = tile[++at];
        if (product > most || Number.isNaN(product)) most = product, first = row;
      }
      best[q] = most;
      winner[q] = first;
    }
    return { best, winner };
  };
}
