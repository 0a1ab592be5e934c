import assert from "node:assert/strict";
import { createSchedule, type ScheduleSpec } from "./learning_rate.ts";

const rates = (spec: ScheduleSpec, steps: number, learningRate = 1) =>
  Array.from({ length: steps }, (_, step) => createSchedule(spec, { learningRate, steps })(step));

Deno.test("schedule: linear rises over its warm-up, then falls, and no step is in vain", () => {
  const list = rates({ kind: "linear", warmup: 0.2 }, 10, 2);
  assert.deepEqual(list, [1, 2, 2, 1.75, 1.5, 1.25, 1, 0.75, 0.5, 0.25]);
  assert.deepEqual(rates({ kind: "linear", warmup: 0 }, 4), [1, 0.75, 0.5, 0.25]);
  assert.deepEqual(rates({ kind: "linear", warmup: 1 }, 4), [0.25, 0.5, 0.75, 1]);
  assert.deepEqual(rates({ kind: "linear", warmup: 0.1 }, 1), [1]);
});

Deno.test("schedule: steps are those of PyTorch's StepLR", () => {
  // torch.optim.lr_scheduler.StepLR(step_size=3, gamma=0.5) from 0.8
  const list = rates({ kind: "step", every: 3, gamma: 0.5 }, 7, 0.8);
  assert.deepEqual(list, [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]);
});

Deno.test("schedule: constant stays", () => {
  assert.deepEqual(rates({ kind: "constant" }, 3, 0.01), [0.01, 0.01, 0.01]);
});

Deno.test("schedule: numbers out of range are refused", () => {
  const make = (spec: ScheduleSpec, steps = 10, learningRate = 1) => () =>
    createSchedule(spec, { learningRate, steps });
  assert.throws(
    make({ kind: "linear", warmup: 1.5 }),
    /warmup must be a share in \[0, 1\], got 1.5/,
  );
  assert.throws(make({ kind: "step", every: 0, gamma: 0.5 }), /every must be .* got 0/);
  assert.throws(make({ kind: "step", every: 1, gamma: 0 }), /gamma must be in \(0, 1\], got 0/);
  assert.throws(make({ kind: "constant" }, 0), /steps must be a positive integer, got 0/);
  assert.throws(make({ kind: "constant" }, 1, NaN), /learningRate must be a number >= 0, got NaN/);
});
