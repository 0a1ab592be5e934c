/**
 * The weights of a resize: for each output of one axis, which inputs take part and how strongly.
 *
 * @module
 */

/** Pillow's `BILINEAR` (triangle) or `BICUBIC` (Catmull-Rom), widened when the picture shrinks. */
export type Filter = "bilinear" | "bicubic";

/** Weights of one axis: output i is the sum of `weights[i * stride + j] * input[starts[i] + j]`. */
export interface Taps {
  /** First input of each output. */
  starts: Int32Array;
  /** Number of its inputs, at least 1. */
  counts: Int32Array;
  /** In 22-bit fixed point. */
  weights: Int32Array;
  /** Weights an output has room for. */
  stride: number;
  /** The first input of all. */
  first: number;
  /** The input after the last. */
  last: number;
}

/** Bits after the point of a weight in fixed point. */
export const PRECISION = 22;

const KERNELS: Record<Filter, { radius: number; at: (t: number) => number }> = {
  bilinear: { radius: 1, at: (t) => t < 1 ? 1 - t : 0 },
  bicubic: {
    radius: 2,
    at: (t) => t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? (((t - 5) * t + 8) * t - 4) * -0.5 : 0,
  },
};

/** Weights for outputs `skip` to `skip + count` when `from` pixels become `to`. */
export function makeTaps(
  filter: Filter,
  from: number,
  to: number,
  skip: number,
  count: number,
): Taps {
  const { radius, at } = KERNELS[filter];
  const scale = from / to, widen = Math.max(scale, 1), support = radius * widen;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(count), counts = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  for (let i = 0; i < count; i++) {
    const centre = (skip + i + 0.5) * scale;
    let start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const raw: number[] = [];
    for (let x = start; x < end; x++) raw.push(at(Math.abs((x - centre + 0.5) * (1 / widen))));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    const fixed = raw.map((w) => Math.trunc(w / sum * (1 << PRECISION) + (w < 0 ? -0.5 : 0.5)));
    // Weights of zero at the ends change nothing but time.
    while (fixed.length > 1 && fixed[fixed.length - 1] === 0) fixed.pop();
    for (; fixed.length > 1 && fixed[0] === 0; start++) fixed.shift();
    starts[i] = start;
    counts[i] = fixed.length;
    weights.set(fixed, i * stride);
  }
  // An output that lies on an input needs no other, so that its neighbour may start before it.
  const first = starts.reduce((least, start) => Math.min(least, start), from);
  const last = starts.reduce((most, start, i) => Math.max(most, start + counts[i]), 0);
  return { starts, counts, weights, stride, first, last };
}
