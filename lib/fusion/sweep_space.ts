/**
 * What a search for hyper-parameters can try, the paper's Table 14 among it.
 *
 * @module
 */
import { createRandom } from "../random.ts";
import type { TrainConfig } from "./train_config.ts";

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
 * or some of them in random order.
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
  return createRandom(seed).shuffle(points).slice(0, draws) as SweepPoint<S>[];
}
