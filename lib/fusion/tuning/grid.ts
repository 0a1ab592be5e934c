/**
 * What a search for hyper-parameters can try, the paper's Table 14 among it.
 *
 * @module
 */
import { createRandom } from "../../numeric/random.ts";
import type { TrainConfig } from "../training/train_config.ts";

/** A value that a hyper-parameter can have. */
export type SweepValue = number | string | boolean | null;

/** The candidates of each hyper-parameter. */
export type SweepSpace = Record<string, readonly SweepValue[]>;

/** One value for each hyper-parameter. */
export type SweepPoint<S extends SweepSpace> = { [name in keyof S]: S[name][number] };

/** The paper's Table 14. */
export const PAPER_SPACE = {
  learningRate: [0.001, 0.003, 0.005, 0.007, 0.01],
  weightDecay: [0, 0.001],
  /** Steps after which the learning rate decays. */
  stepSize: [60, 120],
  /** Factor of that decay. */
  gamma: [0.5, 0.7, 0.9],
  /** Largest norm of the gradients. */
  gradientClip: [0.00001, 0.0001],
  /** Of every layer normalisation. */
  epsilon: [0.0001, 0.001, 0.01],
} as const satisfies SweepSpace;

/**
 * A point of {@linkcode PAPER_SPACE} as settings of the training and of the model.
 *
 * @param point one value for each hyper-parameter of Table 14
 * @returns parts of a `TrainConfig`, and the `epsilon` of the transformer's spec
 */
export function paperSettings(
  point: SweepPoint<typeof PAPER_SPACE>,
): {
  training: Required<Pick<TrainConfig, "learningRate" | "weightDecay" | "schedule" | "clipNorm">>;
  epsilon: number;
} {
  const { learningRate, weightDecay, stepSize, gamma, gradientClip, epsilon } = point;
  const schedule = { kind: "step", every: stepSize, gamma } as const;
  return { training: { learningRate, weightDecay, schedule, clipNorm: gradientClip }, epsilon };
}

/**
 * The points of a space: all of them, in the order of the candidates (the last hyper-parameter fastest),
 * or some of them in random order, such that every candidate is drawn about equally often. The first of
 * many draws are those of a few.
 *
 * @param space the candidates
 * @param options `draws`: how many; `seed`: which
 * @throws RangeError when a hyper-parameter has no candidate, or `draws` is not a positive integer
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PAPER_SPACE, sweepPoints } from "detailclip";
 * assert.equal(sweepPoints(PAPER_SPACE).length, 360);
 * assert.equal(sweepPoints(PAPER_SPACE, { draws: 12, seed: 1 }).length, 12);
 * ```
 */
export function sweepPoints<S extends SweepSpace>(
  space: S,
  { draws, seed = 0 }: { draws?: number; seed?: number } = {},
): SweepPoint<S>[] {
  let points: Record<string, SweepValue>[] = [{}];
  for (const [name, values] of Object.entries(space)) {
    if (values.length === 0) throw new RangeError(`Cannot sweep: ${name} has no candidates`);
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  if (draws === undefined) return points as SweepPoint<S>[];
  if (!Number.isInteger(draws) || draws < 1) {
    throw new RangeError(`Cannot sweep: draws must be a positive integer, got ${draws}`);
  }
  return balancedDraws(createRandom(seed).shuffle(points), draws) as SweepPoint<S>[];
}

/** Takes, draw by draw, the first point whose values have been drawn the least. */
function balancedDraws(
  points: readonly Record<string, SweepValue>[],
  draws: number,
): Record<string, SweepValue>[] {
  const left = new Set(points), drawn: Record<string, SweepValue>[] = [];
  const counts = new Map<string, number>(); // of values
  const keys = (point: Record<string, SweepValue>) =>
    Object.entries(point).map((pair) => JSON.stringify(pair));
  // squares: one value drawn twice weighs more than two values drawn once
  const cost = (point: Record<string, SweepValue>) =>
    keys(point).reduce((sum, key) => sum + (2 * (counts.get(key) ?? 0) + 1), 0);
  while (drawn.length < draws && left.size > 0) {
    let best: Record<string, SweepValue> | undefined, least = Infinity;
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
