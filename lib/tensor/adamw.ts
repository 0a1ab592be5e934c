/**
 * AdamW as PyTorch has it, on any engine: decoupled weight decay, bias correction, and gradients clipped
 * by their global norm or value by value.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { backendInUse, fusedKernels } from "./kernels.ts";
import { nativeAdamW } from "./native/kernels.ts";
import type { NamedArray } from "./safetensors.ts";
import { readTensor, readTensors } from "./reading.ts";
import { createFlatUpdater } from "./webgpu/flat_updater.ts";
import type { Moments, StepNumbers, Updater } from "./updater.ts";

/** Options of {@linkcode createAdamW}; the defaults are those of `torch.optim.AdamW`. */
export interface AdamWOptions {
  /** Length of a step, where {@linkcode AdamW.step} is not told another (default 1e-3). */
  learningRate?: number;
  /** Decay rates of the means of the gradient and of its square (default 0.9 and 0.999). */
  betas?: readonly [number, number];
  /** Added to the root of the second mean (default 1e-8). */
  epsilon?: number;
  /** Share of each parameter taken away a step, times the learning rate (default 0.01). */
  weightDecay?: number;
  /** Scales all gradients so that their common L2 norm is at most this (`clip_grad_norm_`). */
  clipNorm?: number;
  /** Cuts every single gradient value to plus or minus this (`clip_grad_value_`). */
  clipValue?: number;
}

/** What an optimiser remembers between steps. */
export interface OptimizerState {
  /** Steps taken. */
  steps: number;
  /**
   * `NAME.exp_avg` and `NAME.exp_avg_sq` of every parameter that has had a gradient, as PyTorch calls
   * them; each of its parameter's shape.
   */
  tensors: Map<string, NamedArray>;
}

/** What a step tells. */
export interface OptimizerStep {
  /** L2 norm of all gradients before they were clipped; known only when `clipNorm` is set. */
  gradientNorm?: number;
}

/** An AdamW optimiser of one set of parameters. */
export interface AdamW {
  /** Steps taken. */
  readonly steps: number;
  /**
   * Changes the parameters by one step. A parameter without a gradient stays as it is. On a GPU the step is in its
   * queue when this returns, and the promise resolves when it is done; the gradients may be disposed of before.
   *
   * @param gradients by name of the parameter; they stay the caller's to dispose of
   * @param options `learningRate` of this step
   * @throws Error when a gradient has no parameter, or their norm is looked at (always on a GPU) and not finite: nothing is
   * changed then, and an optimiser with further steps under way is spent
   */
  step(
    gradients: ReadonlyMap<string, tf.Tensor>,
    options?: { learningRate?: number },
  ): Promise<OptimizerStep>;
  /** What must be kept to go on later exactly as now. */
  state(): Promise<OptimizerState>;
  /**
   * Goes on from a state.
   *
   * @throws Error when a tensor is not of a parameter, or not of its shape
   */
  restore(state: OptimizerState): void;
  /** Frees what the optimiser remembers; the parameters stay. */
  dispose(): void;
}

function checkOptions(options: AdamWOptions): void {
  const { betas = [0.9, 0.999], clipNorm, clipValue } = options;
  const fail = (why: string) => {
    throw new RangeError(`Cannot make AdamW: ${why}`);
  };
  for (const name of ["learningRate", "epsilon", "weightDecay"] as const) {
    const value = options[name] ?? 0;
    if (!(value >= 0 && value < Infinity)) fail(`${name} must be a number >= 0, got ${value}`);
  }
  for (const beta of betas) {
    if (!(beta >= 0 && beta < 1)) fail(`betas must be in [0, 1), got ${betas.join(" and ")}`);
  }
  for (const [name, value] of Object.entries({ clipNorm, clipValue })) {
    if (value !== undefined && !(value > 0)) fail(`${name} must be positive, got ${value}`);
  }
  if (clipNorm !== undefined && clipValue !== undefined) {
    fail("clip gradients by norm or by value, not both");
  }
}

/**
 * The L2 norm of all values of some tensors together.
 *
 * @param tensors of any shapes
 */
export async function globalNorm(tensors: Iterable<tf.Tensor>): Promise<number> {
  const squares = tf.tidy(() => {
    const sums = [...tensors].map((tensor) => tf.sum(tf.square(tensor)));
    return sums.length > 0 ? tf.stack(sums) : tf.zeros([1]);
  });
  // added up in float64: only the sums within one tensor are left to the engine
  return Math.sqrt((await readTensor(squares)).reduce((sum, square) => sum + square, 0));
}

/** A parameter, its gradient, and what is remembered of it. */
interface Update {
  parameter: tf.Variable;
  gradient: tf.Tensor;
  mean: tf.Variable;
  square: tf.Variable;
}

/** One step of parameters that have tensors of their own for what is remembered of them. */
function updateAll(updates: Update[], numbers: StepNumbers, clipNormFactor: number): void {
  const { betas: [beta1, beta2], clipValue, keep, rate, epsilon } = numbers;
  // clipping and bias corrections are folded into the factors, so that none costs a pass over the parameters
  const shares = [(1 - beta1) * clipNormFactor, (1 - beta2) * clipNormFactor * clipNormFactor];
  const clipped = ({ gradient }: Update) =>
    clipValue === undefined ? gradient : tf.clipByValue(gradient, -clipValue, clipValue);
  if (backendInUse() === "tensorflow" && fusedKernels()) { // all in one pass
    tf.tidy(() => {
      const all = (name: "parameter" | "mean" | "square") => updates.map((update) => update[name]);
      const lists = [all("parameter"), all("mean"), all("square")];
      const [parameters, means, squares] = lists, gradients = updates.map(clipped);
      const fresh = nativeAdamW(
        { parameters, means, squares, gradients },
        [beta1, shares[0], beta2, shares[1], keep, rate, epsilon],
      );
      lists.forEach((list, i) => list.forEach((variable, n) => variable.assign(fresh[i][n])));
    });
    return;
  }
  for (const update of updates) {
    const { parameter, mean, square } = update;
    tf.tidy(() => {
      const g = clipped(update);
      mean.assign(tf.add(tf.mul(mean, beta1), tf.mul(g, shares[0])));
      square.assign(tf.add(tf.mul(square, beta2), tf.mul(tf.square(g), shares[1])));
      const change = tf.mul(tf.div(mean, tf.add(tf.sqrt(square), epsilon)), rate);
      parameter.assign(tf.sub(keep === 1 ? parameter : tf.mul(parameter, keep), change));
    });
  }
}

/** Each parameter's means in tensors of their own; the norm of the gradients is read before the step. */
function createListUpdater(parameters: ReadonlyMap<string, tf.Variable>): Updater {
  const moments = new Map<string, { mean: tf.Variable; square: tf.Variable }>();
  const momentsOf = (name: string, parameter: tf.Variable) => {
    let found = moments.get(name);
    if (!found) {
      const zeros = () => tf.tidy(() => tf.variable(tf.zeros(parameter.shape), false));
      moments.set(name, found = { mean: zeros(), square: zeros() });
    }
    return found;
  };
  const dispose = () => {
    for (const { mean, square } of moments.values()) tf.dispose([mean, square]);
    moments.clear();
  };
  return {
    async update(gradients, numbers) {
      const { clipNorm } = numbers;
      const norm = clipNorm === undefined ? undefined : await globalNorm(gradients.values());
      if (norm !== undefined && !Number.isFinite(norm)) return norm;
      const factor = norm === undefined ? 1 : Math.min(1, clipNorm! / (norm + 1e-6)); // as PyTorch
      const updates = [...gradients].map(([name, gradient]) => {
        const parameter = parameters.get(name)!;
        return { parameter, gradient, ...momentsOf(name, parameter) };
      });
      if (updates.length > 0) updateAll(updates, numbers, factor);
      return norm;
    },
    async moments() {
      const read = async (kind: "mean" | "square") =>
        await readTensors(new Map([...moments].map(([name, tensors]) => [name, tensors[kind]])));
      const [means, squares] = await Promise.all([read("mean"), read("square")]);
      return new Map([...means].map(([name, { data }]) => [
        name,
        { mean: data, square: squares.get(name)!.data },
      ]));
    },
    restore(restored) {
      dispose();
      for (const [name, { mean, square }] of restored) {
        const { shape } = parameters.get(name)!;
        const variable = (values: Float32Array) =>
          tf.tidy(() => tf.variable(tf.tensor(values, shape), false));
        moments.set(name, { mean: variable(mean), square: variable(square) });
      }
    },
    dispose,
  };
}

/**
 * Makes an AdamW optimiser with the numerics of `torch.optim.AdamW` (Loshchilov and Hutter, 2019). The
 * paper trains with it (appendix A.4). Its "gradient clip value" (Table 14) can mean either kind of
 * clipping, and its published code does not train; both are here, and this workspace reads it as the
 * norm (`clipNorm`). Steps are counted for all parameters together, which differs from PyTorch only for
 * a parameter whose first gradient comes late.
 *
 * @param parameters what is trained, by name; they stay the caller's
 * @param options rates and clipping
 * @throws RangeError when an option is out of range, or both kinds of clipping are asked for
 */
export function createAdamW(
  parameters: ReadonlyMap<string, tf.Variable>,
  options: AdamWOptions = {},
): AdamW {
  checkOptions(options);
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01, clipNorm, clipValue } = options;
  const backend = backendInUse();
  const updater = backend === "webgpu"
    ? createFlatUpdater(parameters)
    : createListUpdater(parameters);
  let steps = 0;
  return {
    get steps() {
      return steps;
    },
    async step(gradients, { learningRate = options.learningRate ?? 1e-3 } = {}) {
      checkNames(gradients.keys(), parameters);
      if (backendInUse() !== backend) {
        throw new Error(
          `Cannot update parameters: the optimiser was made on ${backend}, and the engine is now ` +
            `${backendInUse()}`,
        );
      }
      const step = steps + 1, correction = Math.sqrt(1 - betas[1] ** step);
      const updating = updater.update(gradients, {
        betas,
        clipNorm,
        clipValue,
        keep: 1 - learningRate * weightDecay,
        rate: learningRate * correction / (1 - betas[0] ** step),
        epsilon: epsilon * correction,
      });
      steps = step; // the next one may be asked for before this one is done
      const norm = await updating.catch((error) => {
        steps--;
        throw error;
      });
      if (norm !== undefined && !Number.isFinite(norm)) {
        steps--;
        throw new Error(`Cannot update parameters: the norm of their gradients is ${norm}`);
      }
      return clipNorm === undefined ? {} : { gradientNorm: norm };
    },
    async state() {
      const taken = steps, tensors: OptimizerState["tensors"] = new Map();
      for (const [name, { mean, square }] of await updater.moments()) {
        const { shape } = parameters.get(name)!;
        tensors.set(`${name}.exp_avg`, { shape: [...shape], data: mean });
        tensors.set(`${name}.exp_avg_sq`, { shape: [...shape], data: square });
      }
      return { steps: taken, tensors };
    },
    restore(state) {
      updater.restore(readMoments(state, parameters));
      steps = state.steps;
    },
    dispose: () => updater.dispose(),
  };
}

function checkNames(names: Iterable<string>, parameters: ReadonlyMap<string, tf.Variable>): void {
  for (const name of names) {
    if (!parameters.has(name)) {
      throw new Error(`Cannot update parameters: there is none called "${name}"`);
    }
  }
}

/** Pairs the tensors of a state by parameter, and checks that they fit. */
function readMoments(
  { tensors }: OptimizerState,
  parameters: ReadonlyMap<string, tf.Variable>,
): Map<string, Moments> {
  const found = new Map<string, Moments>();
  for (const [name, { shape }] of parameters) {
    const mean = tensors.get(`${name}.exp_avg`), square = tensors.get(`${name}.exp_avg_sq`);
    if (!mean && !square) continue; // never had a gradient
    for (const tensor of [mean, square]) {
      if (!tensor || !tf.util.arraysEqual(tensor.shape, shape)) {
        throw new Error(
          `Cannot restore optimiser: "${name}" needs two tensors of shape [${shape}], got ` +
            (tensor ? `one of shape [${tensor.shape}]` : "only one"),
        );
      }
    }
    found.set(name, { mean: mean!.data, square: square!.data });
  }
  if (found.size * 2 !== tensors.size) {
    const [odd] = [...tensors.keys()].filter((key) => !found.has(key.replace(/\.[^.]+$/, "")));
    throw new Error(`Cannot restore optimiser: no parameter fits "${odd}"`);
  }
  return found;
}

/**
 * The value of a loss and its gradient with respect to each parameter.
 *
 * @param parameters by name
 * @param loss computes the loss; what it makes on the way is freed
 * @returns the loss, and the gradients by name (of the parameters that it depends on); the caller
 * disposes of them
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 * import { createAdamW, gradientsOf } from "detailclip/tensor";
 * import { loadEngine } from "detailclip";
 * await loadEngine({ prefer: "wasm" });
 * const x = tf.variable(tf.scalar(3));
 * const parameters = new Map([["x", x]]);
 * const optimizer = createAdamW(parameters, { learningRate: 0.1, weightDecay: 0 });
 * const { loss, gradients } = gradientsOf(parameters, () => tf.square(x));
 * await optimizer.step(gradients); // Adam's first step is as long as the learning rate
 * assert(Math.abs(x.dataSync()[0] - 2.9) < 1e-6);
 * tf.dispose([loss, ...gradients.values(), x]);
 * optimizer.dispose();
 * ```
 */
export function gradientsOf(
  parameters: ReadonlyMap<string, tf.Variable>,
  loss: () => tf.Scalar,
): { loss: tf.Scalar; gradients: Map<string, tf.Tensor> } {
  const { value, grads } = tf.variableGrads(loss, [...parameters.values()]);
  const gradients = new Map<string, tf.Tensor>();
  for (const [name, variable] of parameters) {
    if (grads[variable.name]) gradients.set(name, grads[variable.name]);
  }
  return { loss: value, gradients };
}
