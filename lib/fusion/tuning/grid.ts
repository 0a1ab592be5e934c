/**
 * The hyper-parameters that tuning tries: grids, the paper's Table 14 among them.
 *
 * @module
 */
import { createRandom } from "../../numeric/random.ts";
import type { TrainConfig } from "../training/train_config.ts";

/** A value that a hyper-parameter can have. */
export type GridValue = number | string | boolean | null;

/** The candidates of each hyper-parameter. */
export type Grid = Record<string, readonly GridValue[]>;

/** One value for each hyper-parameter. */
export type GridPoint<S extends Grid> = { [name in keyof S]: S[name][number] };

/** The paper's Table 14. */
export const PAPER_GRID = {
  learningRate: [0.001, 0.003, 0.005, 0.007, 0.01],
  weightDecay: [0, 0.001],
  /** Epochs after which the learning rate decays. */
  stepSize: [60, 120],
  /** Factor of that decay. */
  gamma: [0.5, 0.7, 0.9],
  /** Largest norm of the gradients. */
  gradientClip: [0.00001, 0.0001],
  /** Of every layer normalisation. */
  epsilon: [0.0001, 0.001, 0.01],
} as const satisfies Grid;

/**
 * A point of a grid like {@linkcode PAPER_GRID} as settings of the training and of the model, with the warm-up over 10
 * epochs of A.4.
 *
 * @param point one value for each hyper-parameter of Table 14
 * @returns parts of a `TrainConfig`, and the `epsilon` of the transformer's spec
 */
export function paperSettings(
  point: Readonly<Record<keyof typeof PAPER_GRID, number>>,
): {
  training: Required<Pick<TrainConfig, "learningRate" | "weightDecay" | "schedule" | "clipNorm">>;
  epsilon: number;
} {
  const { learningRate, weightDecay, stepSize, gamma, gradientClip, epsilon } = point;
  const schedule = { kind: "step", warmupEpochs: 10, stepEpochs: stepSize, gamma } as const;
  return { training: { learningRate, weightDecay, schedule, clipNorm: gradientClip }, epsilon };
}

/**
 * The points of a grid: all of them, in the order of the candidates (the last hyper-parameter fastest),
 * or some of them in random order, such that every candidate is drawn about equally often. The first of
 * many draws are those of a few.
 *
 * @param grid the candidates
 * @param options `draws`: how many; `seed`: which
 * @throws RangeError when a hyper-parameter has no candidate, or `draws` is not a positive integer
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PAPER_GRID, gridPoints } from "detailclip";
 * assert.equal(gridPoints(PAPER_GRID).length, 360);
 * assert.equal(gridPoints(PAPER_GRID, { draws: 12, seed: 1 }).length, 12);
 * ```
 */
export function gridPoints<S extends Grid>(
  grid: S,
  { draws, seed = 0 }: { draws?: number; seed?: number } = {},
): GridPoint<S>[] {
  let points: Record<string, GridValue>[] = [{}];
  for (const [name, values] of Object.entries(grid)) {
    if (values.length === 0) {
      throw new RangeError(`Cannot make grid points: ${name} has no candidates`);
    }
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  if (draws === undefined) return points as GridPoint<S>[];
  if (!Number.isInteger(draws) || draws < 1) {
    throw new RangeError(`Cannot make grid points: draws must be a positive integer, got ${draws}`);
  }
  return balancedDraws(createRandom(seed).shuffle(points), draws) as GridPoint<S>[];
}

/** Takes, draw by draw, the first point whose values have been drawn the least. */
function balancedDraws(
  points: readonly Record<string, GridValue>[],
  draws: number,
): Record<string, GridValue>[] {
  const left = new Set(points), drawn: Record<string, GridValue>[] = [];
  const counts = new Map<string, number>(); // of values
  const keys = (point: Record<string, GridValue>) =>
    Object.entries(point).map((pair) => JSON.stringify(pair));
  // squares: one value drawn twice weighs more than two values drawn once
  const cost = (point: Record<string, GridValue>) =>
    keys(point).reduce((sum, key) => sum + (2 * (counts.get(key) ?? 0) + 1), 0);
  while (drawn.length < draws && left.size > 0) {
    let best: Record<string, GridValue> | undefined, least = Infinity;
    for (const point of left) {
      const sum = cost(point);
      if (sum < least) [best, least] = [point, sum];
    }
    left.delete(best!);
    drawn.push(best!);
    for (const key of keys(best!)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return drawn;
}
