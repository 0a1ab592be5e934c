/**
 * How parameters start: PyTorch's initial distributions, drawn from a seed.
 *
 * @module
 */
import type { Random } from "../numeric/random.ts";

/** A parameter before it has values: its PyTorch name, its shape and how it starts. */
export interface ParameterPlan {
  /** Name in the model's state dict. */
  name: string;
  /** Shape as in PyTorch. */
  shape: number[];
  /** Draws the initial values, row by row. */
  start: (random: Random, size: number) => Float32Array;
  /** What names the stream of its draws (default its name): equal seeds, equal values. */
  stream?: string;
}

/** Every value the same. */
export function constant(value: number): ParameterPlan["start"] {
  return (_random, size) => new Float32Array(size).fill(value);
}

/** Uniform in ±bound. */
export function uniform(bound: number): ParameterPlan["start"] {
  return (random, size) => filled(size, () => random.uniform(-bound, bound));
}

/** Normal with mean 0. */
export function normal(deviation: number): ParameterPlan["start"] {
  return (random, size) => filled(size, () => deviation * random.normal());
}

function filled(size: number, draw: () => number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = draw();
  return values;
}

/**
 * Plans a weight matrix as `torch.nn.init.xavier_uniform_` fills it.
 *
 * @param name name of the parameter
 * @param rows fan out
 * @param columns fan in
 */
export function xavierMatrix(name: string, rows: number, columns: number): ParameterPlan {
  return { name, shape: [rows, columns], start: uniform(Math.sqrt(6 / (rows + columns))) };
}

/**
 * Plans weight and bias as `torch.nn.Linear` leaves them: both uniform in ±1/sqrt(fan in).
 *
 * @param prefix name before `weight` and `bias`, with its dot
 * @param inputs fan in
 * @param outputs fan out
 */
export function linearPlan(prefix: string, inputs: number, outputs: number): ParameterPlan[] {
  const start = uniform(1 / Math.sqrt(inputs));
  return [
    { name: `${prefix}weight`, shape: [outputs, inputs], start },
    { name: `${prefix}bias`, shape: [outputs], start },
  ];
}

/**
 * Draws a parameter's initial values, each parameter from a stream of its own, so that a model's
 * weights do not depend on what else it holds.
 *
 * @param plan the parameter
 * @param random the model's generator
 */
export function drawParameter(plan: ParameterPlan, random: Random): Float32Array {
  const size = plan.shape.reduce((product, n) => product * n, 1);
  return plan.start(random.fork(plan.stream ?? plan.name), size);
}
