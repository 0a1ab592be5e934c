/**
 * AdamW on a GPU: all parameters, gradients and running means lie one after another in four long tensors, so that a
 * step is three dispatches. The norm of the gradients stays there: nothing waits for it to be read.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Moments, StepNumbers, Updater } from "../updater.ts";
import { readTensor } from "../reading.ts";
import {
  ARGUMENTS,
  clearValues,
  copyValues,
  declare,
  dispatch,
  reduce,
  sizeAt,
  uninitialised,
  WORKGROUP,
} from "./dispatch.ts";

/** A parameter's place in the long tensors. */
interface Segment {
  name: string;
  variable: tf.Variable;
  from: number;
  size: number;
  /** The tensor whose values `parameters` has: while the variable holds the same one, it need not be copied. */
  copied?: tf.DataId;
  /** Whether the parameter has had a gradient, and has one now. */
  seen: boolean;
  current: boolean;
}

/** The long tensors. */
interface Flat {
  parameters: tf.Tensor;
  gradients: tf.Tensor;
  means: tf.Tensor;
  squares: tf.Tensor;
}

/** Values that one workgroup squares and adds up. */
const SUMMED = 16384;

/** One partial sum of squares a workgroup. */
const SQUARES = declare(["sums"], ["x"], { sizes: 1 }) + `
var<workgroup> parts: array<f32, 256>;
@compute @workgroup_size(256) fn main(${ARGUMENTS}) {
  let block = ${WORKGROUP};
  let end = min(${sizeAt(0)}, (block + 1u) * ${SUMMED}u);
  var sum = 0.0;
  for (var i = block * ${SUMMED}u + thread; i < end; i += 256u) { sum += x[i] * x[i]; }
  parts[thread] = sum;
  ${reduce(256, "parts")}
  if (thread == 0u && block * ${SUMMED}u < ${sizeAt(0)}) { sums[block] = parts[0]; }
}`;

/** The norm of all gradients, and whether it is finite (1 or 0), by its bits: shaders may assume that all numbers are. */
const NORM = declare(["norm"], ["sums"], { sizes: 1 }) + `
var<workgroup> parts: array<f32, 256>;
@compute @workgroup_size(256) fn main(${ARGUMENTS}) {
  var sum = 0.0;
  for (var i = thread; i < ${sizeAt(0)}; i += 256u) { sum += sums[i]; }
  parts[thread] = sum;
  ${reduce(256, "parts")}
  if (thread == 0u) {
    norm[0] = sqrt(parts[0]);
    norm[1] = select(1.0, 0.0, (bitcast<u32>(parts[0]) & 0x7f800000u) == 0x7f800000u);
  }
}`;

/**
 * The update of a range of values, in place: from the size number 0 on, as many as number 1 says. `numbers` are beta1,
 * beta2, 1 - beta1, 1 - beta2, keep, rate, epsilon, and the clips by norm and by value, 0 = none. Where the norm is
 * not finite, nothing changes.
 */
const UPDATE = `
@group(0) @binding(0) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(1) var<storage, read_write> means: array<f32>;
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;
@group(0) @binding(3) var<storage, read> gradients: array<f32>;
@group(0) @binding(4) var<storage, read> norm: array<f32>;
@group(0) @binding(5) var<storage, read> numbers: array<f32>;
@group(0) @binding(6) var<uniform> sizes: array<vec4<u32>, 1>;
@compute @workgroup_size(256) fn main(${ARGUMENTS}) {
  let n = ${WORKGROUP} * 256u + thread;
  if (n >= ${sizeAt(1)} || norm[1] == 0.0) { return; }
  let i = ${sizeAt(0)} + n;
  var g = gradients[i];
  if (numbers[7] > 0.0) { g *= min(1.0, numbers[7] / (norm[0] + 1.0e-6)); } // as PyTorch
  if (numbers[8] > 0.0) { g = clamp(g, -numbers[8], numbers[8]); }
  let mean = means[i] * numbers[0] + g * numbers[2];
  let square = squares[i] * numbers[1] + g * g * numbers[3];
  means[i] = mean;
  squares[i] = square;
  parameters[i] = parameters[i] * numbers[4] - numbers[5] * mean / (sqrt(square) + numbers[6]);
}`;

/** Ranges of values that have a gradient: one, where all parameters have. */
function rangesOf(segments: readonly Segment[]): { from: number; count: number }[] {
  const ranges: { from: number; count: number }[] = [];
  for (const { from, size } of segments.filter(({ current }) => current)) {
    const last = ranges.at(-1);
    if (last && last.from + last.count === from) last.count += size;
    else ranges.push({ from, count: size });
  }
  return ranges;
}

/**
 * Makes the updater of some parameters on a GPU.
 *
 * @param parameters by name; they stay the caller's
 */
export function createFlatUpdater(parameters: ReadonlyMap<string, tf.Variable>): Updater {
  let size = 0;
  const segments = [...parameters].map(([name, variable]): Segment => {
    const segment = { name, variable, from: size, size: variable.size };
    size += variable.size;
    return { ...segment, seen: false, current: false };
  });
  let flat: Flat | undefined;

  const zeros = () => new Float32Array(size);
  const layOut = (means = zeros(), squares = zeros()): Flat => {
    const keep = (values: Float32Array) => tf.keep(tf.tensor1d(values));
    const [parameters, gradients] = [keep(zeros()), keep(zeros())];
    return { parameters, gradients, means: keep(means), squares: keep(squares) };
  };
  const dispose = () => {
    if (flat) tf.dispose(Object.values(flat));
    flat = undefined;
    for (const segment of segments) Object.assign(segment, { copied: undefined, seen: false });
  };
  /** Copies what has changed since the last step into the long tensors. */
  const gather = (to: Flat, gradients: ReadonlyMap<string, tf.Tensor>) => {
    for (const segment of segments) {
      const { name, variable, from, size, copied } = segment;
      const gradient = gradients.get(name);
      if (gradient) {
        copyValues({ of: gradient, from: 0 }, { of: to.gradients, from }, size);
        segment.seen = true;
      } else if (segment.current) clearValues(to.gradients, from, size); // adds nothing to the norm
      segment.current = gradient !== undefined;
      if (!gradient || variable.dataId === copied) continue;
      copyValues({ of: variable, from: 0 }, { of: to.parameters, from }, size);
    }
  };
  /** Gives the parameters their new values, in tensors of their own: the old ones may be somebody's. */
  const scatter = ({ parameters }: Flat) => {
    for (const segment of segments.filter(({ current }) => current)) {
      const { variable, from, size } = segment;
      const fresh = uninitialised(variable.shape);
      copyValues({ of: parameters, from }, { of: fresh, from: 0 }, size);
      variable.assign(fresh);
      fresh.dispose();
      segment.copied = variable.dataId;
    }
  };
  return {
    async update(gradients, numbers) {
      flat ??= layOut();
      gather(flat, gradients);
      const { parameters, means, squares } = flat;
      const partial = dispatch({
        ...{ code: SQUARES, inputs: [flat.gradients], outputs: [[Math.ceil(size / SUMMED)]] },
        ...{ workgroups: [Math.ceil(size / SUMMED)], sizes: [size] },
      })[0];
      const [norm] = dispatch({
        ...{ code: NORM, inputs: [partial], outputs: [[2]], workgroups: [1] },
        sizes: [partial.size],
      });
      const factors = tf.tensor1d(factorsOf(numbers));
      for (const { from, count } of rangesOf(segments)) {
        dispatch({
          code: UPDATE,
          inputs: [parameters, means, squares, flat.gradients, norm, factors],
          ...{ outputs: [], workgroups: [Math.ceil(count / 256)], sizes: [from, count] },
        });
      }
      scatter(flat);
      tf.dispose([partial, factors]);
      return (await readTensor(norm))[0];
    },
    async moments() {
      if (!flat) return new Map();
      const [mean, square] = await Promise.all([flat.means, flat.squares].map(readCopy));
      return new Map(
        segments.filter(({ seen }) => seen).map(({ name, from, size }): [string, Moments] => {
          const part = (values: Float32Array) => values.slice(from, from + size);
          return [name, { mean: part(mean), square: part(square) }];
        }),
      );
    },
    restore(moments) {
      dispose();
      const means = zeros(), squares = zeros();
      for (const segment of segments) {
        const found = moments.get(segment.name);
        if (!found) continue;
        means.set(found.mean, segment.from);
        squares.set(found.square, segment.from);
        segment.seen = true;
      }
      flat = layOut(means, squares);
    },
    dispose,
  };
}

/** The numbers that the update reads. */
function factorsOf(numbers: StepNumbers): number[] {
  const { betas: [beta1, beta2], keep, rate, epsilon, clipNorm = 0, clipValue = 0 } = numbers;
  return [beta1, beta2, 1 - beta1, 1 - beta2, keep, rate, epsilon, clipNorm, clipValue];
}

/** The values of a tensor that is changed in place: tfjs would go on believing in those that it has read once. */
async function readCopy(tensor: tf.Tensor): Promise<Float32Array> {
  return await readTensor(tf.tidy(() => tf.mul(tensor, 1)));
}
