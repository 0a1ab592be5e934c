import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { createRandom } from "../../numeric/random.ts";
import { gradientsOf } from "../../tensor/adamw.ts";
import { testOnEngines } from "../../tensor/engines_testing.ts";
import { createFusion, type FusionModel } from "./model.ts";
import { fusionWeights } from "./saving.ts";
import type { FusionSpec } from "./spec.ts";

const [B, P, D] = [3, 4, 5];
const random = createRandom("fusers");
const PATCHES = Array.from(
  { length: B },
  () => Array.from({ length: P }, () => Array.from({ length: D }, () => random.normal())),
);

/** What a model fuses from PATCHES: one vector an image. */
function fuse(model: FusionModel, mask?: number[][]): number[][] {
  return tf.tidy(() => {
    const patches = tf.tensor3d(PATCHES), full = tf.tensor2d(PATCHES.map((rows) => rows[0]));
    const fused = model.forward(patches, full, { mask: mask && tf.tensor2d(mask) });
    return (tf.squeeze(fused, [1]) as tf.Tensor2D).arraySync();
  });
}

/** Creates a model, fuses PATCHES, and compares with plain loops over the model's weights. */
async function check(
  spec: FusionSpec,
  expected: (rows: number[][], weights: (name: string) => number[], image: number) => number[],
  mask?: number[][],
): Promise<void> {
  const before = tf.memory().numTensors;
  const model = createFusion(spec, { dim: D, patches: P, seed: 2 });
  const scores = model.parameters.get("scores"); // start at 0
  if (scores) tf.tidy(() => scores.assign(tf.tensor1d([0.5, -1, 2, 0.1])));
  const weights = await fusionWeights(model);
  const fused = fuse(model, mask);
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
  PATCHES.forEach((rows, image) => {
    const slow = expected(rows, (name) => [...weights.get(name)!.data], image);
    assert.equal(slow.length, D);
    slow.forEach((value, d) => {
      assert.ok(Math.abs(value - fused[image][d]) < 1e-5, `image ${image}, ${d}`);
    });
  });
}

/** sum over j of weight[i][j] x[j], plus bias[i] */
function slowLinear(x: number[], weight: number[], bias: number[]): number[] {
  return bias.map((b, i) => x.reduce((sum, value, j) => sum + weight[i * x.length + j] * value, b));
}

/** x Φ(x) with Φ integrated numerically. */
function slowGelu(x: number): number {
  const steps = 4000, width = x / steps;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += Math.exp(-(((i + 0.5) * width) ** 2) / 2) * width;
  return x * (0.5 + sum / Math.sqrt(2 * Math.PI));
}

const weigh = (rows: number[][], shares: number[]) =>
  rows[0].map((_, d) => rows.reduce((sum, row, p) => sum + shares[p] * row[d], 0));

const MASK = [[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]];

testOnEngines("mean is the average of the real patches", async () => {
  await check({ kind: "mean" }, (rows) => weigh(rows, [0.25, 0.25, 0.25, 0.25]));
  const shares = [[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0], [1, 0, 0, 0]];
  await check({ kind: "mean" }, (rows, _, image) => weigh(rows, shares[image]), MASK);
});

testOnEngines("weighted starts as the mean, and weighs by the softmax of its scores", async () => {
  const softmax = (scores: number[], mask: number[]) => {
    const parts = scores.map((score, p) => mask[p] * Math.exp(score));
    const sum = parts.reduce((a, b) => a + b);
    return parts.map((part) => part / sum);
  };
  await check(
    { kind: "weighted" },
    (rows, weights) => weigh(rows, softmax(weights("scores"), [1, 1, 1, 1])),
  );
  await check(
    { kind: "weighted" },
    (rows, weights, image) => weigh(rows, softmax(weights("scores"), MASK[image])),
    MASK,
  );
  const fresh = createFusion({ kind: "weighted" }, { dim: D, patches: P, seed: 2 });
  const mean = createFusion({ kind: "mean" }, { dim: D, seed: 2 });
  const [a, b] = [fuse(fresh), fuse(mean)].map((rows) => rows.flat());
  a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < 1e-6));
  fresh.dispose();
});

testOnEngines("linear is one layer over the patches in a row, padding as zeros", async () => {
  await check(
    { kind: "linear" },
    (rows, weights) => slowLinear(rows.flat(), weights("weight"), weights("bias")),
  );
  await check({ kind: "linear" }, (rows, weights, image) => {
    const kept = rows.map((row, p) => row.map((value) => value * MASK[image][p]));
    return slowLinear(kept.flat(), weights("weight"), weights("bias"));
  }, MASK);
});

for (const layers of [1, 2, 3] as const) {
  for (const input of ["full", "patches"] as const) {
    testOnEngines(`mlp of ${layers} over ${input}: linear layers with GELU between`, async () => {
      for (const hidden of [undefined, 3]) {
        await check({ kind: "mlp", input, layers, hidden }, (rows, weights) => {
          let x = input === "full" ? rows[0] : rows.flat();
          for (let i = 0; i < layers; i++) {
            const bias = weights(`${2 * i}.bias`); // as in nn.Sequential(Linear, GELU, Linear, …)
            assert.equal(bias.length, i + 1 < layers ? hidden ?? D : D);
            x = slowLinear(i > 0 ? x.map(slowGelu) : x, weights(`${2 * i}.weight`), bias);
          }
          return x;
        });
      }
    });
  }
}

testOnEngines("linear layers start as PyTorch's: uniform by their fan-in", async () => {
  const model = createFusion({ kind: "mlp", input: "patches", layers: 2, hidden: 40 }, {
    dim: 32,
    patches: 8,
    seed: 2,
  });
  const weights = await fusionWeights(model);
  model.dispose();
  for (const [name, inputs] of [["0", 256], ["2", 40]] as const) {
    const bound = 1 / Math.sqrt(inputs);
    for (const part of ["weight", "bias"]) {
      const { data } = weights.get(`${name}.${part}`)!;
      assert.ok(data.every((value) => Math.abs(value) <= bound));
      assert.ok(Math.max(...data) > 0.8 * bound && Math.min(...data) < -0.8 * bound);
    }
  }
});

testOnEngines("a weight a value, and a linear layer without bias, are the authors'", async () => {
  await check({ kind: "weighted", per: "value" }, (rows, weights) => {
    const all = weights("weight"); // (P, D)
    return rows[0].map((_, d) => rows.reduce((sum, row, p) => sum + all[p * D + d] * row[d], 0));
  });
  await check(
    { kind: "linear", bias: false },
    (rows, weights) => slowLinear(rows.flat(), weights("weight"), Array(D).fill(0)),
  );
});

/**
 * torch 2.13: nn.Sequential(Linear(8, 1), BatchNorm1d(1), LeakyReLU(), Linear(1, 6), BatchNorm1d(6), LeakyReLU(),
 * Linear(6, 4), BatchNorm1d(4), LeakyReLU()), value i of a parameter being sin(1.3 i + the sum of its name's codes),
 * on value i of three rows of eight being cos(0.7 i); loss: the sum of output i times i.
 */
const TORCH = {
  training: [-0.004654, 1.592479, -0.01079, 0.246946, 0.677671, 0.613506, -0.002333, -0.015578]
    .concat([1.895015, 0.41516, 0.607346, -0.016875]),
  gradients: {
    "0.weight": [
      0.330895,
      0.446297,
      0.351799,
      0.091844,
      -0.211307,
      -0.415077,
      -0.423629,
      -0.232943,
    ],
    "4.weight": [-1.108155, -0.005949, -2.198817, 0.705711, -0.528719, -1.584948],
  },
  "4.running_mean": [-0.03452, -0.191642, -0.068008, 0.155258, 0.151071, -0.074435],
  "4.running_var": [0.920244, 1.007167, 0.90108, 0.995967, 0.939438, 0.941428],
  evaluation: [-0.014528, 0.705074, -0.01987, -0.017831, -0.012656, 0.716337, -0.018552, -0.017452]
    .concat([-0.006167, 0.930821, -0.014231, -0.013154]),
};

testOnEngines("an mlp with batch norm is PyTorch's, in training and after", () => {
  const close = (found: ArrayLike<number>, expected: readonly number[]) =>
    expected.forEach((value, i) =>
      assert.ok(Math.abs(value - found[i]) < 2e-4, `${i}: ${found[i]}`)
    );
  const spec = { kind: "mlp", input: "patches", layers: 3, hidden: 6, batchNorm: true } as const;
  const model = createFusion(spec, { dim: 4, patches: 2, seed: 1 });
  for (const [name, variable] of model.parameters) {
    if (name.includes("running")) continue;
    const codes = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
    const values = Float32Array.from(
      { length: variable.size },
      (_, i) => Math.sin(1.3 * i + codes),
    );
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
  const patches = tf.tensor3d(Float32Array.from({ length: 24 }, (_, i) => Math.cos(0.7 * i)), [
    3,
    2,
    4,
  ]);
  const full = tf.zeros<tf.Rank.R2>([3, 4]);
  let outputs = new Float32Array(0);
  const before = tf.memory().numTensors;
  const { loss, gradients } = gradientsOf(model.parameters, () => {
    const fused = model.forward(patches, full, { training: true });
    outputs = fused.dataSync<"float32">().slice();
    return tf.sum(tf.mul(tf.reshape(fused, [12]), tf.range(0, 12))) as tf.Scalar;
  });
  close(outputs, TORCH.training);
  for (const [name, expected] of Object.entries(TORCH.gradients)) {
    close(gradients.get(name)!.dataSync(), expected);
  }
  assert.ok(![...gradients.keys()].some((name) => name.includes("running")));
  for (const name of ["4.running_mean", "4.running_var"] as const) {
    close(model.parameters.get(name)!.dataSync(), TORCH[name]);
  }
  tf.dispose([loss, ...gradients.values()]);
  assert.equal(tf.memory().numTensors, before); // the running statistics replaced their old values
  const fused = model.forward(patches, full);
  close(fused.dataSync(), TORCH.evaluation);
  tf.dispose([patches, full, fused]);
  model.dispose();
});
