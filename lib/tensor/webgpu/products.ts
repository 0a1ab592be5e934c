/**
 * Matrix products as WGSL: tiles of both matrices in shared memory, a block of the result in each thread's registers.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import {
  ARGUMENTS,
  declare,
  dispatch,
  type Lanes,
  lanesOf,
  MOST_WORKGROUPS,
  sizeAt,
  typeOf,
  uninitialised,
  WORKGROUP,
} from "./dispatch.ts";

/** How the work on a product is cut. */
interface Tiling {
  /** Rows and columns of the result that a workgroup computes. */
  rows: number;
  columns: number;
  /** Columns of A and rows of B that are in shared memory at once. */
  depth: number;
  /** Rows and columns of the result in a thread's registers. */
  perThread: [rows: number, columns: number];
}

const LARGE: Tiling = { rows: 128, columns: 128, depth: 8, perThread: [8, 8] };
const MEDIUM: Tiling = { rows: 64, columns: 64, depth: 16, perThread: [4, 4] };
const SMALL: Tiling = { rows: 32, columns: 32, depth: 32, perThread: [4, 4] };

/** Fewer workgroups than this leave parts of a large GPU idle. */
const ENOUGH_WORKGROUPS = 132;

/** A batch of matrices within a tensor, rows one after another; all numbers count values. */
export interface Matrices {
  /** Where they are. */
  tensor: tf.Tensor;
  /** Where the first one begins. */
  offset?: number;
  /** From one row to the next. */
  row: number;
  /** From one matrix to the next. */
  batch?: number;
}

/** A batch of products (M, K) (K, N), either factor stored transposed. */
export interface Product {
  M: number;
  N: number;
  K: number;
  /** How many; 1, if absent. */
  count?: number;
  /** M matrices of K columns, or K of M if `swapA`. */
  a: Matrices;
  /** K matrices of N columns, or N of K if `swapB`. */
  b: Matrices;
  swapA?: boolean;
  swapB?: boolean;
  /** N values added to every row, from `offset` of a tensor on. */
  bias?: { tensor: tf.Tensor; offset?: number };
  /** Where the result goes, in place of a tensor of its own. */
  into?: Matrices;
}

/** What a shader is made for; all sizes are read from its uniform. */
interface Variant {
  tiling: Tiling;
  swapA: boolean;
  swapB: boolean;
  lanesA: Lanes;
  lanesB: Lanes;
  lanesC: Lanes;
  bias: boolean;
}

/** WGSL: names of the sizes; of K, each of the `split` parts of a product takes `chunk`. */
const SIZES = [
  ...["M", "N", "K", "split", "chunk", "a_offset", "a_row", "a_batch"],
  ...["b_offset", "b_row", "b_batch", "c_offset", "c_row", "c_batch", "bias_offset"],
].map((name, i) => `let ${name} = ${sizeAt(i)};`).join(" ");

/** One of the two matrices as its tile is loaded. */
interface Source {
  /** WGSL: the matrix and its tile. */
  name: string;
  tile: string;
  /** WGSL: its long axis (M or N), the tile's first place on it, where the matrix begins, and its rows' stride. */
  length: string;
  first: string;
  offset: string;
  row: string;
  /** How much of the long axis a tile has. */
  span: number;
  /** Whether neighbours in memory are neighbours along K. */
  alongK: boolean;
  lanes: Lanes;
}

/** WGSL: loads a tile as [k][long axis / 4] of vec4s; what is outside the matrix is 0. */
function loadTile(source: Source, depth: number, threads: number): string {
  const { name, tile, length, first, offset, row, span, alongK, lanes } = source;
  const loads = span * depth / lanes, quads = span / 4;
  const inside = `if (at < ${length} && k < end) `;
  const body = (): string => {
    if (alongK) {
      const perRow = depth / lanes;
      const index = `${offset} + at * ${row} + k`;
      const value = lanes === 4 ? `${name}[(${index}) / 4u]` : `${name}[${index}]`;
      const store = lanes === 4
        ? [0, 1, 2, 3].map((j) => `${tile}[(kk + ${j}u) * ${quads}u + l / 4u][l % 4u] = v[${j}];`)
          .join(" ")
        : `${tile}[kk * ${quads}u + l / 4u][l % 4u] = v;`;
      return `let l = x / ${perRow}u; let kk = x % ${perRow}u * ${lanes}u;
      let at = ${first} + l; let k = k0 + kk;
      var v = ${typeOf(lanes)}(0.0); ${inside}{ v = ${value}; }
      ${store}`;
    }
    const perRow = span / lanes;
    const index = `${offset} + k * ${row} + at`;
    const value = lanes === 4 ? `${name}[(${index}) / 4u]` : `${name}[${index}]`;
    const store = lanes === 4
      ? `${tile}[kk * ${quads}u + l / 4u] = v;`
      : `${tile}[kk * ${quads}u + l / 4u][l % 4u] = v;`;
    return `let kk = x / ${perRow}u; let l = x % ${perRow}u * ${lanes}u;
      let at = ${first} + l; let k = k0 + kk;
      var v = ${typeOf(lanes)}(0.0); ${inside}{ v = ${value}; }
      ${store}`;
  };
  return Array.from({ length: Math.ceil(loads / threads) }, (_, i) => {
    const guard = (i + 1) * threads > loads ? `if (thread + ${i * threads}u < ${loads}u) ` : "";
    return `${guard}{ let x = thread + ${i * threads}u;
      ${body()} }`;
  }).join("\n    ");
}

function productCode({ tiling, swapA, swapB, lanesA, lanesB, lanesC, bias }: Variant): string {
  const { rows, columns, depth, perThread: [TM, TN] } = tiling;
  const across = columns / TN, down = rows / TM, threads = across * down;
  const rowQuads = TM / 4, columnQuads = TN / 4;
  const range = (n: number) => Array.from({ length: n }, (_, i) => i);
  const sums = range(TM).flatMap((r) =>
    range(columnQuads).map((j) => ({ r, j, name: `c${r}_${j}` }))
  );
  const inner = range(depth).map((k) =>
    "{ " +
    range(rowQuads).map((i) => `let a${i} = tile_a[${k * rows / 4 + i * down}u + ty]; `).join("") +
    range(columnQuads).map((j) => `let b${j} = tile_b[${k * columns / 4 + j * across}u + tx]; `)
      .join("") +
    sums.map(({ r, j, name }) => `${name} = fma(vec4<f32>(a${r >> 2}[${r & 3}]), b${j}, ${name});`)
      .join(" ") +
    " }"
  ).join("\n    ");
  const store = sums.map(({ r, j, name }) => {
    const m = `m0 + ${(r >> 2) * down * 4 + (r & 3)}u + ty * 4u`;
    const n = `n0 + ${j * across * 4}u + tx * 4u`;
    const write = lanesC === 4
      ? `if (m < M && n < N) { C[(at_c + m * c_row + n) / 4u] = ${name}${
        bias ? " + bias[(bias_offset + n) / 4u]" : ""
      }; }`
      : `if (m < M) { ${
        range(4).map((q) =>
          `if (n + ${q}u < N) { C[at_c + m * c_row + n + ${q}u] = ${name}[${q}]${
            bias ? ` + bias[bias_offset + n + ${q}u]` : ""
          }; }`
        ).join(" ")
      } }`;
    return `{ let m = ${m}; let n = ${n}; ${write} }`;
  }).join("\n  ");
  const array = (name: string, i: number, lanes: Lanes, access = "read") =>
    `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${typeOf(lanes)}>;`;
  const a: Source = {
    ...{ name: "A", tile: "tile_a", length: "M", first: "m0", offset: "at_a", row: "a_row" },
    ...{ span: rows, alongK: !swapA, lanes: lanesA },
  };
  const b: Source = {
    ...{ name: "B", tile: "tile_b", length: "N", first: "n0", offset: "at_b", row: "b_row" },
    ...{ span: columns, alongK: swapB, lanes: lanesB },
  };
  return `${array("C", 0, lanesC, "read_write")}
${array("A", 1, lanesA)}
${array("B", 2, lanesB)}
${bias ? array("bias", 3, lanesC) : ""}
@group(0) @binding(${bias ? 4 : 3}) var<uniform> sizes: array<vec4<u32>, 4>;
var<workgroup> tile_a: array<vec4<f32>, ${depth * rows / 4}>;
var<workgroup> tile_b: array<vec4<f32>, ${depth * columns / 4}>;
@compute @workgroup_size(${threads}) fn main(${ARGUMENTS}) {
  ${SIZES}
  let tx = thread % ${across}u; let ty = thread / ${across}u;
  let n0 = group.x * ${columns}u; let m0 = group.y * ${rows}u;
  let one = group.z / split; let part = group.z % split;
  let at_a = a_offset + one * a_batch; let at_b = b_offset + one * b_batch;
  let at_c = c_offset + group.z * c_batch; // parts are one after another
  let end = min(K, (part + 1u) * chunk);
  ${sums.map(({ name }) => `var ${name} = vec4<f32>(0.0);`).join(" ")}
  for (var k0 = part * chunk; k0 < end; k0 += ${depth}u) {
    ${loadTile(a, depth, threads)}
    ${loadTile(b, depth, threads)}
    workgroupBarrier();
    ${inner}
    workgroupBarrier();
  }
  ${store}
}`;
}

const codes = new Map<string, string>();

/** The shader of a variant, written once. */
function codeOf(variant: Variant): string {
  const key = JSON.stringify(variant);
  let code = codes.get(key);
  if (code === undefined) codes.set(key, code = productCode(variant));
  return code;
}

/** How a product is cut, and into how many parts along K, each a workgroup of its own. */
function planProduct(
  { M, N, K, count = 1, into, bias }: Product,
): { tiling: Tiling; split: number } {
  const workgroups = ({ rows, columns }: Tiling) =>
    Math.ceil(M / rows) * Math.ceil(N / columns) * count;
  const large = Math.min(M, N) > MEDIUM.rows && workgroups(LARGE) >= ENOUGH_WORKGROUPS;
  if (large) return { tiling: LARGE, split: 1 };
  const tiling = M <= SMALL.rows || N <= SMALL.columns ? SMALL : MEDIUM;
  const enough = workgroups(tiling) >= ENOUGH_WORKGROUPS;
  // a part of a product goes to a tensor of its own, and `addParts` takes a bias from its first value on
  if (into || bias?.offset || count > 1 || enough || K < 256) return { tiling, split: 1 };
  const wanted = Math.ceil(2 * ENOUGH_WORKGROUPS / workgroups(tiling));
  return { tiling, split: Math.min(16, wanted, Math.floor(K / 128)) };
}

/** Adds up the parts of a product that was split along K, and the bias. // (split, M, N) -> (M, N) */
function addParts(parts: tf.Tensor, bias: tf.Tensor | undefined, shape: number[]): tf.Tensor {
  const [split, M, N] = parts.shape, lanes = lanesOf(N), n = M * N / lanes;
  const code = declare(["y"], bias ? ["x", "bias"] : ["x"], { lanes, sizes: 3 }) + `
@compute @workgroup_size(256) fn main(${ARGUMENTS}) {
  let n = ${sizeAt(0)}; let i = ${WORKGROUP} * 256u + thread;
  if (i >= n) { return; }
  var sum = ${bias ? `bias[i % ${sizeAt(2)}]` : `${typeOf(lanes)}(0.0)`};
  for (var s = 0u; s < ${sizeAt(1)}; s++) { sum += x[s * n + i]; }
  y[i] = sum;
}`;
  return dispatch({
    ...{ code, inputs: bias ? [parts, bias] : [parts], outputs: [shape] },
    ...{ workgroups: [Math.ceil(n / 256)], sizes: [n, split, N / lanes] },
  })[0];
}

/** As many floats at once as rows, and where they begin, allow. */
const lanesWithin = (columns: number, { offset = 0, row, batch = 0 }: Omit<Matrices, "tensor">) =>
  [columns, offset, row, batch].every((n) => n % 4 === 0) ? 4 : 1;

/** The matrices of a batch from number `first` on. */
const matricesFrom = (first: number, matrices: Matrices): Matrices => ({
  ...matrices,
  offset: (matrices.offset ?? 0) + first * (matrices.batch ?? 0),
});

/** A batch that is larger than one dispatch holds, in several. */
function productInParts(wanted: Product, count: number): tf.Tensor {
  const { M, N } = wanted;
  const into = wanted.into ?? { tensor: uninitialised([count, M, N]), row: N, batch: M * N };
  for (let first = 0; first < count; first += MOST_WORKGROUPS) {
    const [a, b, c] = [wanted.a, wanted.b, into].map((one) => matricesFrom(first, one));
    product({ ...wanted, count: Math.min(MOST_WORKGROUPS, count - first), a, b, into: c });
  }
  return into.tensor;
}

/**
 * A batch of products.
 *
 * @returns (count, M, N), or what `into` names
 */
export function product(wanted: Product): tf.Tensor {
  const { M, N, K, count = 1, a, b, swapA = false, swapB = false, into } = wanted;
  if (count > MOST_WORKGROUPS) return productInParts(wanted, count);
  const { tiling, split } = planProduct(wanted);
  const chunk = Math.ceil(K / split / tiling.depth) * tiling.depth;
  const c = into ?? { offset: 0, row: N, batch: M * N };
  const bias = split === 1 ? wanted.bias : undefined;
  const lanesC = lanesWithin(N, { ...c, offset: (c.offset ?? 0) | (bias?.offset ?? 0) });
  const code = codeOf({
    ...{ tiling, swapA, swapB, lanesC, bias: bias !== undefined },
    lanesA: lanesWithin(swapA ? M : K, a),
    lanesB: lanesWithin(swapB ? K : N, b),
  });
  const factors = [a.tensor, b.tensor, ...(bias ? [bias.tensor] : [])];
  const places = [a, b, c].flatMap(({ offset = 0, row, batch = 0 }) => [offset, row, batch]);
  const [made] = dispatch({
    ...{ code, inputs: into ? [into.tensor, ...factors] : factors },
    outputs: into ? [] : [split === 1 ? [count, M, N] : [split, M, N]],
    workgroups: [Math.ceil(N / tiling.columns), Math.ceil(M / tiling.rows), count * split],
    sizes: [M, N, K, split, chunk, ...places, bias?.offset ?? 0],
  });
  if (into) return into.tensor;
  if (split === 1) return made;
  const sum = addParts(made, wanted.bias?.tensor, [1, M, N]);
  made.dispose();
  return sum;
}

/**
 * The product of two matrices, or of two batches of them; with a bias (N) added to every row.
 *
 * @param a (..., M, K), or (..., K, M) if `swapA`
 * @param b (..., K, N), or (..., N, K) if `swapB`
 * @returns (..., M, N)
 */
export function webgpuProduct(
  a: tf.Tensor,
  b: tf.Tensor,
  swapA: boolean,
  swapB: boolean,
  bias?: tf.Tensor,
): tf.Tensor {
  const outer = a.shape.slice(0, -2), count = outer.reduce((all, n) => all * n, 1);
  const [rows, columns] = a.shape.slice(-2), [inner, width] = b.shape.slice(-2);
  const [M, K] = swapA ? [columns, rows] : [rows, columns], N = swapB ? inner : width;
  const made = product({
    ...{ M, N, K, count, swapA, swapB, ...(bias && { bias: { tensor: bias } }) },
    a: { tensor: a, row: columns, batch: M * K },
    b: { tensor: b, row: width, batch: K * N },
  });
  const result = tf.reshape(made, [...outer, M, N]);
  made.dispose();
  return result;
}
