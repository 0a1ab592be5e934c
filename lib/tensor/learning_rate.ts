/**
 * The learning rate from step to step.
 *
 * @module
 */

import type { z } from "zod";
import { checkSettings, COUNT, integer, kindsOf, number, SHARE } from "../runtime/settings.ts";

/** How the learning rate changes over a training. */
export type ScheduleSpec =
  /** Rises linearly over the first `warmup` of all steps (a share), then falls linearly towards 0. */
  | { kind: "linear"; warmup: number }
  /**
   * The paper's (A.4, Table 14): rises linearly over the first `warmupEpochs` (none unless told), then is multiplied by
   * `gamma` after every `stepEpochs`. It is PyTorch's `SequentialLR` of `LinearLR` and `StepLR`, asked at each step.
   */
  | { kind: "step"; warmupEpochs?: number; stepEpochs: number; gamma: number }
  /** Always the same. */
  | { kind: "constant" };

/** What a {@linkcode ScheduleSpec} may say. */
export const SCHEDULE_SCHEMA: z.ZodType<ScheduleSpec> = kindsOf<ScheduleSpec, "kind">("kind", {
  linear: { warmup: SHARE },
  step: {
    warmupEpochs: integer("an integer from 0 on", 0).optional(),
    stepEpochs: COUNT,
    gamma: number("in (0, 1]", (value) => value > 0 && value <= 1),
  },
  constant: {},
});

/** The learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** What a schedule depends on besides its kind. */
export interface ScheduleOptions {
  /** The highest rate. */
  learningRate: number;
  /** How many steps there will be in all. */
  steps: number;
  /** How many of them make an epoch. */
  stepsPerEpoch: number;
}

/**
 * Makes a schedule (appendix A.4: a linear warm-up over 10 epochs; Table 14: step size, in epochs, and gamma).
 *
 * Warm-ups start at one part rather than at 0, so that no step has a rate of 0.
 *
 * @param spec its kind and numbers
 * @param options the highest rate, and how many steps there are
 * @throws RangeError when a number is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createSchedule } from "detailclip/tensor";
 * const spec = { kind: "step", warmupEpochs: 1, stepEpochs: 2, gamma: 0.5 } as const;
 * const rate = createSchedule(spec, { learningRate: 1, steps: 8, stepsPerEpoch: 2 });
 * assert.deepEqual([0, 1, 2, 5, 6].map(rate), [0.5, 1, 1, 1, 0.5]);
 * ```
 */
export function createSchedule(
  spec: ScheduleSpec,
  { learningRate, steps, stepsPerEpoch }: ScheduleOptions,
): Schedule {
  const attempt = "Cannot make schedule";
  checkSettings(SCHEDULE_SCHEMA, spec, attempt);
  checkSettings(COUNT, steps, attempt, "steps");
  checkSettings(COUNT, stepsPerEpoch, attempt, "stepsPerEpoch");
  if (!(learningRate >= 0 && learningRate < Infinity)) {
    throw new RangeError(`${attempt}: learningRate must be a number >= 0, got ${learningRate}`);
  }
  if (spec.kind === "constant") return () => learningRate;
  const warmup = spec.kind === "linear"
    ? Math.floor(spec.warmup * steps)
    : (spec.warmupEpochs ?? 0) * stepsPerEpoch;
  const decayed: Schedule = spec.kind === "linear"
    ? (step) => learningRate * Math.max(0, steps - step) / Math.max(1, steps - warmup)
    : (step) =>
      learningRate * spec.gamma ** Math.floor((step - warmup) / (spec.stepEpochs * stepsPerEpoch));
  return (step) => step < warmup ? learningRate * (step + 1) / warmup : decayed(step);
}
