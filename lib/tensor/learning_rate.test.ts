import assert from "node:assert/strict";
import { createSchedule, type ScheduleSpec } from "./learning_rate.ts";

const rates = (spec: ScheduleSpec, steps: number, learningRate = 1, stepsPerEpoch = 1) => {
  const rate = createSchedule(spec, { learningRate, steps, stepsPerEpoch });
  return Array.from({ length: steps }, (_, step) => Number(rate(step).toFixed(9)));
};

Deno.test("schedule: linear rises over its warm-up, then falls, and no step is in vain", () => {
  const list = rates({ kind: "linear", warmup: 0.2 }, 10, 2);
  assert.deepEqual(list, [1, 2, 2, 1.75, 1.5, 1.25, 1, 0.75, 0.5, 0.25]);
  assert.deepEqual(rates({ kind: "linear", warmup: 0 }, 4), [1, 0.75, 0.5, 0.25]);
  assert.deepEqual(rates({ kind: "linear", warmup: 1 }, 4), [0.25, 0.5, 0.75, 1]);
  assert.deepEqual(rates({ kind: "linear", warmup: 0.1 }, 1), [1]);
});

Deno.test("schedule: a warm-up and steps, in epochs, are PyTorch's SequentialLR", () => {
  // torch 2.13: SequentialLR(o, [LinearLR(o, 1 / 6, total_iters=5), StepLR(o, 9, 0.5)], [6]) with 3 steps an epoch
  const spec = { kind: "step", warmupEpochs: 2, stepEpochs: 3, gamma: 0.5 } as const;
  const constant = (rate: number) => Array(9).fill(rate);
  assert.deepEqual(rates(spec, 27, 0.003, 3), [
    ...[0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003],
    ...[...constant(0.003), ...constant(0.0015), ...constant(0.00075).slice(0, 3)],
  ]);
});

Deno.test("schedule: without a warm-up steps are PyTorch's StepLR", () => {
  // torch.optim.lr_scheduler.StepLR(step_size=3, gamma=0.5) from 0.8
  const list = rates({ kind: "step", stepEpochs: 3, gamma: 0.5 }, 7, 0.8);
  assert.deepEqual(list, [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]);
});

Deno.test("schedule: constant stays", () => {
  assert.deepEqual(rates({ kind: "constant" }, 3, 0.01), [0.01, 0.01, 0.01]);
});

Deno.test("schedule: numbers out of range are refused", () => {
  const make = (spec: ScheduleSpec, steps = 10, learningRate = 1) => () =>
    createSchedule(spec, { learningRate, steps, stepsPerEpoch: 1 });
  assert.throws(
    make({ kind: "linear", warmup: 1.5 }),
    /warmup must be a share in \[0, 1\], got 1.5/,
  );
  const step = { kind: "step", stepEpochs: 1, gamma: 0.5 } as const;
  assert.throws(make({ ...step, stepEpochs: 0 }), /stepEpochs must be .* got 0/);
  assert.throws(make({ ...step, warmupEpochs: 0.5 }), /warmupEpochs must be .* got 0.5/);
  assert.throws(make({ ...step, gamma: 0 }), /gamma must be in \(0, 1\], got 0/);
  assert.throws(make({ kind: "constant" }, 0), /steps must be a positive integer, got 0/);
  assert.throws(make({ kind: "constant" }, 1, NaN), /learningRate must be a number >= 0, got NaN/);
});
