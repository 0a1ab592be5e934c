/**
 * The operations of kernels.cc as WGSL. Widths of a model (D, F, H) are constants of a shader; numbers of rows and of
 * patches are read, so that a batch of another size compiles nothing.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs-core";
import { type DropoutSeeds, type FusedKernels, isDropping } from "../fused.ts";
import {
  ARGUMENTS,
  declare,
  dispatch,
  type Lanes,
  lanesOf,
  reduce,
  sizeAt,
  typeOf,
  WORKGROUP,
} from "./dispatch.ts";

const columnsOf = (x: tf.Tensor): number => x.shape.at(-1)!;
const rowsOf = (x: tf.Tensor): number => x.size / columnsOf(x);

/** Threads of a workgroup that goes over single elements. */
const THREADS = 256;
/** WGSL: `main` of a shader that works on n elements, the size number 0. */
const overElements = (body: string) => `
@compute @workgroup_size(${THREADS}) fn main(${ARGUMENTS}) {
  let i = ${WORKGROUP} * ${THREADS}u + thread;
  if (i >= ${sizeAt(0)}) { return; }
  ${body}
}`;
const forElements = (n: number): [number] => [Math.ceil(n / THREADS)];

/** WGSL: `main` of a shader with one workgroup a row, of which there are as many as the size number 0 says. */
const overRows = (threads: number, body: string) => `
@compute @workgroup_size(${threads}) fn main(${ARGUMENTS}) {
  let row = ${WORKGROUP};
  if (row >= ${sizeAt(0)}) { return; }
  ${body}
}`;

/** WGSL: what dropout leaves of element i, as a factor. See `Dropout` in kernels.cc. */
const KEPT = `
fn mix_bits(value: u32) -> u32 { // Wellons' lowbias32
  var x = value;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}
fn kept1(i: u32) -> f32 {
  let drawn = mix_bits(mix_bits(i ^ seeds[0].x) + seeds[0].y);
  return select(0.0, bitcast<f32>(seeds[0].w), drawn >= seeds[0].z);
}
fn kept4(i: u32) -> vec4<f32> {
  return vec4<f32>(kept1(i), kept1(i + 1u), kept1(i + 2u), kept1(i + 3u));
}
`;

/** The seeds of a dropout and the factor of what is kept. */
function seedsOf(drop: DropoutSeeds): ArrayBuffer {
  const words = new Uint32Array([...drop, 0]);
  new Float32Array(words.buffer)[3] = 1 / (1 - words[2] / 2 ** 32);
  return words.buffer;
}

/** What a shader with dropout has beside the one without. */
function dropping(drop: DropoutSeeds) {
  const on = isDropping(drop);
  return {
    on,
    code: on ? KEPT : "",
    /** WGSL: times what is kept of the elements from `i` on. */
    times: (i: string, lanes: Lanes = 1) => on ? ` * kept${lanes}(${i})` : "",
    ...(on && { seeds: seedsOf(drop) }),
  };
}

/** WGSL: the distribution function of the standard normal, with kernels.cc's approximation of erf. */
const normalCdf = (lanes: Lanes) => {
  const t = typeOf(lanes);
  const series = (name: string, [first, ...rest]: string[]) =>
    `var ${name} = ${t}(${first});\n` +
    rest.map((c) => `  ${name} = ${name} * s + ${t}(${c});`).join("\n");
  return `
fn normal_cdf(value: ${t}) -> ${t} {
  let x = clamp(value * 0.70710678, ${t}(-4.0), ${t}(4.0));
  let s = x * x;
  ${
    series("a", [
      ...["-2.72614225801306e-10", "2.77068142495902e-08", "-2.10102402082508e-06"],
      ...["-5.69250639462346e-05", "-7.34990630326855e-04", "-2.95459980854025e-03"],
      "-1.60960333262415e-02",
    ])
  }
  ${
    series("b", [
      ...["-1.45660718464996e-05", "-2.13374055278905e-04", "-1.68282697438203e-03"],
      ...["-7.37332916720468e-03", "-1.42647390514189e-02"],
    ])
  }
  return 0.5 * (1.0 + x * a / b);
}
`;
};

/** Rows that one workgroup adds up in the first of two passes. */
const SUMMED_ROWS = 128;

/**
 * Sums over all rows of x, or of x and of x y.
 *
 * @param x (..., D)
 * @param y the same shape
 * @returns (D) each
 */
export function columnSums(x: tf.Tensor, y?: tf.Tensor): tf.Tensor[] {
  const D = columnsOf(x), N = rowsOf(x), parts = Math.ceil(N / SUMMED_ROWS);
  const outputs = y ? ["sums", "products"] : ["sums"], inputs = y ? ["x", "y"] : ["x"];
  const code = declare(outputs, inputs, { sizes: 2 }) + `
var<workgroup> a: array<f32, 256>; ${y ? "var<workgroup> b: array<f32, 256>;" : ""}
@compute @workgroup_size(64, 4) fn main(${ARGUMENTS}) {
  let N = ${sizeAt(0)}; let D = ${sizeAt(1)};
  let column = group.x * 64u + thread % 64u;
  let end = min(N, (group.y + 1u) * ${SUMMED_ROWS}u);
  var sum = 0.0; var product = 0.0;
  if (column < D) {
    for (var r = group.y * ${SUMMED_ROWS}u + thread / 64u; r < end; r += 4u) {
      let value = x[r * D + column];
      sum += value; ${y ? "product += value * y[r * D + column];" : ""}
    }
  }
  a[thread] = sum; ${y ? "b[thread] = product;" : ""}
  workgroupBarrier();
  if (thread < 64u && column < D) {
    let at = group.y * D + column;
    sums[at] = a[thread] + a[thread + 64u] + a[thread + 128u] + a[thread + 192u];
    ${y ? "products[at] = b[thread] + b[thread + 64u] + b[thread + 128u] + b[thread + 192u];" : ""}
  }
}`;
  const shape = parts === 1 ? [D] : [parts, D];
  const sums = dispatch({
    ...{ code, inputs: y ? [x, y] : [x], outputs: outputs.map(() => shape) },
    ...{ workgroups: [Math.ceil(D / 64), parts], sizes: [N, D] },
  });
  if (parts === 1) return sums;
  return sums.map((part) => {
    const [total] = columnSums(part);
    part.dispose();
    return total;
  });
}

/** Threads of a workgroup that normalises one row. */
const NORM_THREADS = 128;

/** WGSL: the columns of a row that one thread has, each in a register of its own; `q` counts them. */
function overColumns(D: number, body: string): string {
  const whole = D % NORM_THREADS === 0;
  return Array.from({ length: Math.ceil(D / NORM_THREADS) }, (_, q) => {
    const inside = whole ? body : `if (c < ${D}u) { ${body} }`;
    return `{ let q = ${q}; let c = thread + ${q * NORM_THREADS}u; ${inside} }`;
  }).join("\n  ");
}

/** Threads of a workgroup that takes the softmax of one row. */
const SOFTMAX_THREADS = 64;
/** WGSL: the columns of a row that one thread has, of as many as the size number 1 says. */
const overPatches = (body: string) =>
  `for (var c = thread; c < ${sizeAt(1)}; c += ${SOFTMAX_THREADS}u) { ${body} }`;

/** WGSL: where element c of the row r, of S parts of H heads, lies in its part: `part`, and `at` in it. */
const placeInHeads = (H: number, width: number, d: number) => `
  let r = i / ${width}u; let c = i % ${width}u; let T = ${sizeAt(1)};
  let head = c / ${d}u; let part = head / ${H}u;
  let at = (((r / T) * ${H}u + head % ${H}u) * T + r % T) * ${d}u + c % ${d}u;`;

/** The fused operations on a GPU. */
export const WEBGPU_KERNELS: FusedKernels = {
  dropout(x, drop) {
    const lanes = lanesOf(x.size), n = x.size / lanes, { code, times, seeds } = dropping(drop);
    return dispatch({
      code: declare(["y"], ["x"], { lanes, sizes: 1, seeds: true }) + code +
        overElements(`y[i] = x[i]${times(`i * ${lanes}u`, lanes)};`),
      ...{ inputs: [x], outputs: [x.shape], workgroups: forElements(n), sizes: [n], seeds },
    })[0];
  },
  gelu(x, bias, drop) {
    const F = columnsOf(x), lanes = lanesOf(F), n = x.size / lanes, dropped = dropping(drop);
    return dispatch({
      code: declare(["y"], ["x", "bias"], { lanes, sizes: 1, seeds: dropped.on }) + dropped.code +
        normalCdf(lanes) + overElements(`
  let h = x[i] + bias[i % ${F / lanes}u];
  y[i] = h * normal_cdf(h)${dropped.times(`i * ${lanes}u`, lanes)};`),
      ...{ inputs: [x, bias], outputs: [x.shape], workgroups: forElements(n), sizes: [n] },
      seeds: dropped.seeds,
    })[0];
  },
  geluGrad(x, bias, dy, drop) {
    const F = columnsOf(x), lanes = lanesOf(F), n = x.size / lanes, dropped = dropping(drop);
    const [dx] = dispatch({
      code: declare(["dx"], ["x", "bias", "dy"], { lanes, sizes: 1, seeds: dropped.on }) +
        dropped.code + normalCdf(lanes) + overElements(`
  let h = x[i] + bias[i % ${F / lanes}u];
  let slope = normal_cdf(h) + h * 0.39894228 * exp(-0.5 * h * h);
  dx[i] = dy[i] * slope${dropped.times(`i * ${lanes}u`, lanes)};`),
      ...{ inputs: [x, bias, dy], outputs: [x.shape], workgroups: forElements(n), sizes: [n] },
      seeds: dropped.seeds,
    });
    return [dx, columnSums(dx)[0]];
  },
  norm(x, residual, { scale, shift, epsilon }, drop) {
    const D = columnsOf(x), N = rowsOf(x), dropped = dropping(drop);
    const names = ["x", "scale", "shift", ...(residual ? ["residual"] : [])];
    const columns = (body: string) => overColumns(D, body);
    const added = residual ? " + residual[row * D + c]" : "";
    const code = declare(["y", "normal", "rate"], names, { sizes: 1, seeds: dropped.on }) +
      dropped.code + `
const D = ${D}u;
var<workgroup> sums: array<f32, ${NORM_THREADS}>;` + overRows(
      NORM_THREADS,
      `var h: array<f32, ${Math.ceil(D / NORM_THREADS)}>;
  var sum = 0.0;
  ${columns(`h[q] = x[row * D + c]${dropped.times("row * D + c")}${added}; sum += h[q];`)}
  sums[thread] = sum;
  ${reduce(NORM_THREADS, "sums")}
  let mean = sums[0] / ${D}.0;
  workgroupBarrier();
  sum = 0.0;
  ${columns("h[q] = h[q] - mean; sum += h[q] * h[q];")}
  sums[thread] = sum;
  ${reduce(NORM_THREADS, "sums")}
  let factor = 1.0 / sqrt(sums[0] / ${D}.0 + f32(${epsilon}));
  if (thread == 0u) { rate[row] = factor; }
  ${
        columns(
          "let v = h[q] * factor; normal[row * D + c] = v; y[row * D + c] = v * scale[c] + shift[c];",
        )
      }`,
    );
    const [y, normal, rate] = dispatch({
      ...{ code, inputs: [x, scale, shift, ...(residual ? [residual] : [])] },
      ...{ outputs: [x.shape, x.shape, [N]], workgroups: [N], sizes: [N], seeds: dropped.seeds },
    });
    return { y, normal, rate };
  },
  normGrad(dy, { normal, rate, scale }, drop) {
    const D = columnsOf(dy), N = rowsOf(dy), dropped = dropping(drop);
    const outputs = dropped.on ? ["dresidual", "dx"] : ["dresidual"];
    const columns = (body: string) => overColumns(D, body);
    const inputs = ["dy", "normal", "rate", "scale"];
    const code = declare(outputs, inputs, { sizes: 1, seeds: dropped.on }) + dropped.code + `
const D = ${D}u; const PER = ${Math.ceil(D / NORM_THREADS)};
var<workgroup> sums: array<f32, ${NORM_THREADS}>;
var<workgroup> products: array<f32, ${NORM_THREADS}>;` + overRows(
      NORM_THREADS,
      `var b: array<f32, PER>; var h: array<f32, PER>;
  var sum = 0.0; var product = 0.0;
  ${
        columns(
          "b[q] = dy[row * D + c] * scale[c]; h[q] = normal[row * D + c]; sum += b[q]; product += b[q] * h[q];",
        )
      }
  sums[thread] = sum; products[thread] = product;
  ${reduce(NORM_THREADS, "sums")}
  ${reduce(NORM_THREADS, "products")}
  let mean = sums[0] / ${D}.0; let along = products[0] / ${D}.0; let factor = rate[row];
  ${
        columns(
          "let v = factor * (b[q] - mean - h[q] * along); dresidual[row * D + c] = v; " +
            (dropped.on ? `dx[row * D + c] = v${dropped.times("row * D + c")};` : ""),
        )
      }`,
    );
    const [dresidual, dx] = dispatch({
      ...{ code, inputs: [dy, normal, rate, scale], outputs: outputs.map(() => dy.shape) },
      ...{ workgroups: [N], sizes: [N], seeds: dropped.seeds },
    });
    const [dshift, dscale] = columnSums(dy, normal);
    return { dresidual, ...(dropped.on && { dx }), dscale, dshift };
  },
  splitHeads(x, bias, { B, T, H }, S) {
    const W = columnsOf(x), d = W / S / H, lanes = lanesOf(d), n = x.size / lanes;
    const parts = Array.from({ length: S }, (_, s) => `part${s}`);
    const code = declare(parts, bias ? ["x", "bias"] : ["x"], { lanes, sizes: 2 }) + overElements(
      placeInHeads(H, W / lanes, d / lanes) + `
  let value = x[i]${bias ? " + bias[c]" : ""};
  ${parts.map((name, s) => `if (part == ${s}u) { ${name}[at] = value; }`).join(" ")}`,
    );
    return dispatch({
      ...{ code, inputs: bias ? [x, bias] : [x], outputs: parts.map(() => [B * H, T, d]) },
      ...{ workgroups: forElements(n), sizes: [n, T] },
    });
  },
  joinHeads(parts, { B, T, H }) {
    const S = parts.length, d = columnsOf(parts[0]), W = S * H * d, lanes = lanesOf(d);
    const n = B * T * W / lanes, names = parts.map((_, s) => `part${s}`);
    const code = declare(["y"], names, { lanes, sizes: 2 }) + overElements(
      placeInHeads(H, W / lanes, d / lanes) + `
  ${names.map((name, s) => `if (part == ${s}u) { y[i] = ${name}[at]; }`).join(" ")}`,
    );
    const [rows] = dispatch({
      ...{ code, inputs: parts, outputs: [[B * T, W]], workgroups: forElements(n), sizes: [n, T] },
    });
    return { rows, ...(S > 1 && { sums: columnSums(rows)[0] }) };
  },
  softmax(scores, mask, scale, drop) {
    const P = columnsOf(scores), N = rowsOf(scores), dropped = dropping(drop);
    const perImage = mask ? N / mask.shape[0] : N;
    const outputs = dropped.on ? ["p", "y"] : ["p"], inputs = mask ? ["x", "real"] : ["x"];
    const real = mask ? ` + (real[row / ${sizeAt(2)} * ${sizeAt(1)} + c] - 1.0) * 1.0e9` : "";
    const code = declare(outputs, inputs, { sizes: 3, seeds: dropped.on }) + dropped.code + `
var<workgroup> shared_values: array<f32, ${SOFTMAX_THREADS}>;` + overRows(
      SOFTMAX_THREADS,
      `let first = row * ${sizeAt(1)};
  var most = -3.0e38;
  ${
        overPatches(
          `let v = x[first + c] * f32(${scale})${real}; p[first + c] = v; most = max(most, v);`,
        )
      }
  shared_values[thread] = most;
  ${reduce(SOFTMAX_THREADS, "shared_values", (a, b) => `max(${a}, ${b})`)}
  most = shared_values[0];
  workgroupBarrier();
  var sum = 0.0;
  ${overPatches("let v = exp(p[first + c] - most); p[first + c] = v; sum += v;")}
  shared_values[thread] = sum;
  ${reduce(SOFTMAX_THREADS, "shared_values")}
  let share = 1.0 / shared_values[0];
  ${
        overPatches(
          "let v = p[first + c] * share; p[first + c] = v; " +
            (dropped.on ? `y[first + c] = v${dropped.times("first + c")};` : ""),
        )
      }`,
    );
    const [probabilities, y] = dispatch({
      ...{ code, inputs: mask ? [scores, mask] : [scores] },
      ...{ outputs: outputs.map(() => scores.shape), workgroups: [N], sizes: [N, P, perImage] },
      seeds: dropped.seeds,
    });
    return { probabilities, ...(dropped.on && { dropped: y }) };
  },
  softmaxGrad(probabilities, dy, scale, drop) {
    const P = columnsOf(dy), N = rowsOf(dy), dropped = dropping(drop);
    const back = `dy[first + c]${dropped.times("first + c")}`;
    const code = declare(["dx"], ["p", "dy"], { sizes: 2, seeds: dropped.on }) + dropped.code + `
var<workgroup> sums: array<f32, ${SOFTMAX_THREADS}>;` + overRows(
      SOFTMAX_THREADS,
      `let first = row * ${sizeAt(1)};
  var sum = 0.0;
  ${overPatches(`sum += ${back} * p[first + c];`)}
  sums[thread] = sum;
  ${reduce(SOFTMAX_THREADS, "sums")}
  let along = sums[0];
  ${overPatches(`dx[first + c] = f32(${scale}) * p[first + c] * (${back} - along);`)}`,
    );
    return dispatch({
      ...{ code, inputs: [probabilities, dy], outputs: [dy.shape] },
      ...{ workgroups: [N], sizes: [N, P], seeds: dropped.seeds },
    })[0];
  },
};
