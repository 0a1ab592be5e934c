/**
 * One training step of the fusion transformer against the same step in PyTorch: forward, query-proxy loss
 * with the targets known, backward, AdamW. Same weights, same inputs, same machine, one run, in turns; losses
 * and gradients are compared, so that the times are those of equal numerics.
 *
 *     deno task bench train [--rounds 7] [--images 30] [--patches 166] [--dim 512] [--prompts 138]
 *
 * The model is the product's own (`createFusion`, the paper's "tiny": 3 + 3 layers, 2 heads, feed-forward
 * 2048). PyTorch is `torch.nn.Transformer` with its fused AdamW; its process stands still in our turns. The
 * least time of each is compared, and processor time is noted beside it. Sets `.venv-torch` up on first use
 * (minutes). Wants an otherwise idle machine. Writes train.json, see `recordResult`.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { createAdamW, gradientsOf } from "detailclip/tensor";
import {
  createFusion,
  createLoss,
  createRandom,
  engine,
  type FusionModel,
  saveFusion,
} from "detailclip";
import { machine, peakMemoryMiB, versions } from "../lib/report/provenance.ts";
import { l2Normalize } from "../lib/tensor/ops/mod.ts";
import { readTensor } from "../lib/tensor/reading.ts";
import { readSafetensors, writeSafetensors } from "../lib/tensor/safetensors.ts";
import { recordResult } from "./record.ts";
import { ensureTorch, TorchProcess } from "./torch_side.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    images: { type: "string", default: "30" },
    patches: { type: "string", default: "166" },
    dim: { type: "string", default: "512" },
    prompts: { type: "string", default: "138" },
  },
});
const [rounds, B, P, D, Q] = (["rounds", "images", "patches", "dim", "prompts"] as const).map(
  (name) => Number(options[name]),
);
const LEARNING_RATE = 1e-4;
const threads = navigator.hardwareConcurrency;

/** What some steps took. */
interface Turn {
  seconds: number[];
  cpu: number[];
  losses: number[];
  peakMiB?: number;
}

/** Unit vectors that lean to one side, as those of CLIP do. // (rows, D) */
function features(rows: number, seed: string): Float32Array {
  const random = createRandom(seed), data = new Float32Array(rows * D);
  for (let row = 0; row < rows; row++) {
    const vector = Float32Array.from({ length: D }, () => random.normal() + 0.5);
    const norm = Math.hypot(...vector);
    data.set(vector.map((value) => value / norm), row * D);
  }
  return data;
}

/** The batch, and the best cosine of each image's patches with each prompt. */
async function makeBatch() {
  const patches = features(B * P, "patches"), text = features(Q, "prompts");
  const best = tf.tidy(() => {
    const rows = tf.tensor2d(patches, [B * P, D]), prompts = tf.tensor2d(text, [Q, D]);
    const scores = tf.matMul(rows, prompts, false, true);
    return tf.max(tf.reshape(scores, [B, P, Q]), 1); // (B, Q)
  });
  const targets = await readTensor(best);
  return new Map([
    ["patches", { shape: [B, P, D], data: patches }],
    ["text", { shape: [Q, D], data: text }],
    ["targets", { shape: [B, Q], data: targets }],
  ]);
}

type Batch = Awaited<ReturnType<typeof makeBatch>>;

/** The product's step, and the gradients at the present weights. */
function createSteps(model: FusionModel, batch: Batch) {
  const tensor = (name: string) => tf.tensor(batch.get(name)!.data, batch.get(name)!.shape);
  const patches = tensor("patches") as tf.Tensor3D, proxies = tensor("text") as tf.Tensor2D;
  const targets = tensor("targets") as tf.Tensor2D;
  const full = tf.tidy(() => tf.reshape(tf.slice(patches, [0, 0, 0], [B, 1, D]), [B, D]));
  const optimizer = createAdamW(model.parameters, { weightDecay: 0.01 });
  const loss = createLoss({ kind: "query-proxy", distance: "mse" });
  const random = createRandom("dropout");
  const backward = () =>
    gradientsOf(model.parameters, () => {
      const fused = l2Normalize(
        model.forward(patches, full as tf.Tensor2D, { training: true, random }),
      );
      return loss({ fused, proxies, targets });
    });
  const step = async () => {
    const { loss, gradients } = backward();
    const [value] = await loss.data();
    await optimizer.step(gradients, { learningRate: LEARNING_RATE });
    tf.dispose([loss, ...gradients.values()]);
    return value;
  };
  const dispose = () => {
    tf.dispose([patches, proxies, targets, full]);
    optimizer.dispose();
    model.dispose();
  };
  return { step, backward, dispose };
}

/** Processor time of this process in seconds. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function takeTurn(step: () => Promise<number>, steps: number): Promise<Turn> {
  const turn: Turn = { seconds: [], cpu: [], losses: [] };
  for (let i = 0; i < steps; i++) {
    const start = performance.now(), cpu = cpuSeconds();
    turn.losses.push(await step());
    turn.seconds.push((performance.now() - start) / 1000);
    turn.cpu.push(cpuSeconds() - cpu);
  }
  return turn;
}

/** The largest difference of any gradient from PyTorch's, relative to the largest gradient. */
async function compareGradients(ours: Map<string, tf.Tensor>, path: string): Promise<number> {
  const { tensors } = await readSafetensors(path);
  let most = 0, difference = 0;
  for (const [name, { data }] of tensors) {
    const mine = await ours.get(name)?.data();
    for (let i = 0; i < data.length; i++) {
      most = Math.max(most, Math.abs(data[i]));
      difference = Math.max(difference, Math.abs((mine?.[i] ?? 0) - data[i]));
    }
  }
  return difference / most;
}

/** Turns of both, the first of which only warms up. */
async function compete(step: () => Promise<number>, torch: TorchProcess, dropout: number) {
  const ours: Turn[] = [], theirs: Turn[] = [];
  for (let round = 0; round <= rounds; round++) {
    theirs.push(await torch.ask<Turn>({ steps: 1, dropout }));
    ours.push(await takeTurn(step, 1));
    console.error(`dropout ${dropout}: round ${round} of ${rounds}`);
  }
  return { ours, theirs };
}

/** The same step with the same dropout in both: times, ratio and, without dropout, equality. */
async function measure(dropout: number, folder: string, batch: Batch) {
  const spec = { kind: "transformer", size: "tiny", dropout } as const;
  const model = createFusion(spec, { dim: D, seed: 1 });
  const [weights, inputs] = [join(folder, "model.safetensors"), join(folder, "inputs.safetensors")];
  await saveFusion(model, weights);
  await writeSafetensors(inputs, { tensors: batch, metadata: {} });
  const args = [weights, inputs, "2", String(threads), String(LEARNING_RATE)];
  const torch = new TorchProcess("bench/train_torch.py", args);
  const { torch: version } = await torch.read<{ torch: string }>();
  const steps = createSteps(model, batch);
  let gradient: number | undefined;
  if (dropout === 0) {
    const path = join(folder, "gradients.safetensors");
    await torch.ask({ gradients: path });
    const { loss, gradients } = steps.backward();
    gradient = await compareGradients(gradients, path);
    tf.dispose([loss, ...gradients.values()]);
  }
  const { ours, theirs } = await compete(steps.step, torch, dropout);
  const tensors = tf.memory().numTensors;
  await steps.step();
  if (tf.memory().numTensors !== tensors) throw new Error("Cannot go on: a step leaves tensors");
  await torch.close();
  steps.dispose();
  const summary = (turns: Turn[]) => ({
    seconds: Math.min(...turns.slice(1).map((turn) => turn.seconds[0])),
    median: turns.slice(1).map((turn) => turn.seconds[0]).sort((a, b) => a - b)[rounds >> 1],
    cpuSeconds: Math.min(...turns.slice(1).map((turn) => turn.cpu[0])),
    all: turns.slice(1).map((turn) => turn.seconds[0]),
  });
  const losses = ours.map((turn, i) => Math.abs(turn.losses[0] / theirs[i].losses[0] - 1));
  const [us, them] = [summary(ours), summary(theirs)];
  return {
    dropout,
    torch: version,
    ours: us,
    pytorch: { ...them, peakMiB: theirs.at(-1)!.peakMiB },
    ratio: us.seconds / them.seconds,
    cpuRatio: us.cpuSeconds / them.cpuSeconds,
    ...(dropout === 0 && {
      largestDifference: { gradient, losses: Math.max(...losses) },
      firstLoss: { ours: ours[0].losses[0], pytorch: theirs[0].losses[0] },
    }),
  };
}

await ensureTorch();
const loaded = await engine();
const folder = await Deno.makeTempDir();
const batch = await makeBatch();
const lines = [await measure(0, folder, batch), await measure(0.1, folder, batch)];
await Deno.remove(folder, { recursive: true });
const result = {
  bench: "train",
  command: `deno task bench train ${Deno.args.join(" ")}`.trim(),
  date: new Date().toISOString(),
  machine: machine(),
  threads,
  versions: { ...versions(), torch: lines[0].torch },
  engine: loaded,
  step: { images: B, patches: P, dim: D, prompts: Q, model: "tiny", feedForward: 2048, heads: 2 },
  rounds,
  peakMiB: peakMemoryMiB(),
  lines,
};
for (const { dropout, ours, pytorch, ratio, cpuRatio, largestDifference } of lines) {
  console.log(
    `dropout ${dropout}: ours ${ours.seconds.toFixed(2)} s, PyTorch ${
      pytorch.seconds.toFixed(2)
    } s, ` +
      `ratio ${ratio.toFixed(2)} (processor time ${cpuRatio.toFixed(2)})  goal 0.7`,
  );
  if (largestDifference) console.log("largest differences:", JSON.stringify(largestDifference));
}
console.log(`peak memory: ours ${result.peakMiB} MiB (goal 3072)`);
console.log(JSON.stringify(result));
await recordResult("train", result);
