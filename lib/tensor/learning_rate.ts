/**
 * The learning rate from step to step.
 *
 * @module
 */

import type { z } from "zod";
import { checkSettings, COUNT, kindsOf, number, SHARE } from "../runtime/settings.ts";

/** How the learning rate changes over a training. */
export type ScheduleSpec =
  /** Rises linearly over the first `warmup` of all steps (a share), then falls linearly towards 0. */
  | { kind: "linear"; warmup: number }
  /** Multiplied by `gamma` after each `every` steps, as PyTorch's `StepLR`. */
  | { kind: "step"; every: number; gamma: number }
  /** Always the same. */
  | { kind: "constant" };

/** What a {@linkcode ScheduleSpec} may say. */
export const SCHEDULE_SCHEMA: z.ZodType<ScheduleSpec> = kindsOf<ScheduleSpec, "kind">("kind", {
  linear: { warmup: SHARE },
  step: { every: COUNT, gamma: number("in (0, 1]", (value) => value > 0 && value <= 1) },
  constant: {},
});

/** The learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/**
 * Makes a schedule (appendix A.4: linear, with a linear warm-up; Table 14: step size and gamma).
 *
 * The linear one is that of `transformers`, with one difference: its warm-up starts at one part rather
 * than at 0, so that no step has a rate of 0.
 *
 * @param spec its kind and numbers
 * @param options `learningRate`: the highest; `steps`: how many there will be in all
 * @throws RangeError when a number is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createSchedule } from "detailclip/tensor";
 * const rate = createSchedule({ kind: "linear", warmup: 0.5 }, { learningRate: 1, steps: 4 });
 * assert.deepEqual([0, 1, 2, 3].map(rate), [0.5, 1, 1, 0.5]);
 * ```
 */
export function createSchedule(
  spec: ScheduleSpec,
  { learningRate, steps }: { learningRate: number; steps: number },
): Schedule {
  const attempt = "Cannot make schedule";
  checkSettings(SCHEDULE_SCHEMA, spec, attempt);
  checkSettings(COUNT, steps, attempt, "steps");
  if (!(learningRate >= 0 && learningRate < Infinity)) {
    throw new RangeError(`${attempt}: learningRate must be a number >= 0, got ${learningRate}`);
  }
  if (spec.kind === "constant") return () => learningRate;
  if (spec.kind === "step") {
    return (step) => learningRate * spec.gamma ** Math.floor(step / spec.every);
  }
  const warmup = Math.floor(spec.warmup * steps);
  return (step) => {
    if (step < warmup) return learningRate * (step + 1) / warmup;
    return learningRate * Math.max(0, steps - step) / Math.max(1, steps - warmup);
  };
}
