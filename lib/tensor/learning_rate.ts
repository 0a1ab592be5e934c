/**
 * The learning rate from step to step.
 *
 * @module
 */

/** How the learning rate changes over a training. */
export type ScheduleSpec =
  /** Rises linearly over the first `warmup` of all steps (a share), then falls linearly towards 0. */
  | { kind: "linear"; warmup: number }
  /** Multiplied by `gamma` after each `every` steps, as PyTorch's `StepLR`. */
  | { kind: "step"; every: number; gamma: number }
  /** Always the same. */
  | { kind: "constant" };

/** The learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

function check(spec: ScheduleSpec, steps: number): void {
  const fail = (why: string) => {
    throw new RangeError(`Cannot make schedule: ${why}`);
  };
  if (!Number.isInteger(steps) || steps < 1) fail(`steps must be a positive integer, got ${steps}`);
  if (!["linear", "step", "constant"].includes(spec.kind)) {
    fail(`there is no kind "${spec.kind}" (linear, step, constant)`);
  }
  if (spec.kind === "linear" && !(spec.warmup >= 0 && spec.warmup <= 1)) {
    fail(`warmup must be a share in [0, 1], got ${spec.warmup}`);
  }
  if (spec.kind === "step") {
    const { every, gamma } = spec;
    if (!Number.isInteger(every) || every < 1) {
      fail(`every must be a positive number of steps, got ${every}`);
    }
    if (!(gamma > 0 && gamma <= 1)) fail(`gamma must be in (0, 1], got ${gamma}`);
  }
}

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
 * import { createSchedule } from "detailclip";
 * const rate = createSchedule({ kind: "linear", warmup: 0.5 }, { learningRate: 1, steps: 4 });
 * assert.deepEqual([0, 1, 2, 3].map(rate), [0.5, 1, 1, 0.5]);
 * ```
 */
export function createSchedule(
  spec: ScheduleSpec,
  { learningRate, steps }: { learningRate: number; steps: number },
): Schedule {
  check(spec, steps);
  if (!(learningRate >= 0 && learningRate < Infinity)) {
    throw new RangeError(
      `Cannot make schedule: learningRate must be a number >= 0, got ${learningRate}`,
    );
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
