/**
 * One training step of the fusion transformer, on every engine that the machine has, against the same step in PyTorch: forward, query-proxy loss
 * with the targets known, backward, AdamW. Same weights, same inputs, same machine, one run, in turns; losses
 * and gradients are compared, so that the times are those of equal numerics.
 *
 *     deno task bench train [--rounds 7] [--images 30] [--patches 166] [--dim 512] [--prompts 138]
 *         [--engines native,webgpu,wasm] [--software]
 *
 * The model is the product's own (`createFusion`, the paper's "tiny": 3 + 3 layers, 2 heads, feed-forward
 * 2048). PyTorch is `torch.nn.Transformer` with its fused AdamW; its process stands still in our turns; beside
 * WebGPU it computes on the GPU where it can (DETAILCLIP_TORCH_PYTHON names a Python whose PyTorch does), once as it is
 * and once with TF32. A driver made of software counts only with --software. The
 * least time of each is compared, and processor time is noted beside it. Sets `.venv-torch` up on first use
 * (minutes). Wants an otherwise idle machine. Writes train.json, see `recordResult`.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { createFusion, saveFusion } from "detailclip";
import { type EngineName, loadEngine } from "detailclip/tensor";
import { machine, peakMemoryMiB, versions } from "../lib/report/provenance.ts";
import { readSafetensors, writeSafetensors } from "../lib/tensor/safetensors.ts";
import { presentEngines } from "./engine_wish.ts";
import { recordResult } from "./record.ts";
import { createSteps, LEARNING_RATE, makeBatch } from "./train_step.ts";
import type { Batch } from "./train_step.ts";
import { ensureTorch, torchHasCuda, TorchProcess } from "./torch_side.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    images: { type: "string", default: "30" },
    patches: { type: "string", default: "166" },
    dim: { type: "string", default: "512" },
    prompts: { type: "string", default: "138" },
    engines: { type: "string" },
    software: { type: "boolean", default: false },
  },
});
const [rounds, B, P, D, Q] = (["rounds", "images", "patches", "dim", "prompts"] as const).map(
  (name) => Number(options[name]),
);
const threads = navigator.hardwareConcurrency;

/** What some steps took. */
interface Turn {
  seconds: number[];
  cpu: number[];
  losses: number[];
  peakMiB?: number;
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

/** Where a step is measured, and beside which PyTorch. */
interface Place {
  engine: EngineName;
  device: "cpu" | "cuda";
  tf32?: boolean;
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
async function measure(
  { engine, device, tf32 = false }: Place,
  { dropout, folder, batch }: { dropout: number; folder: string; batch: Batch },
) {
  const { adapter } = await loadEngine({ prefer: engine });
  const spec = { kind: "transformer", size: "tiny", dropout } as const;
  const model = createFusion(spec, { dim: D, seed: 1 });
  const [weights, inputs] = [join(folder, "model.safetensors"), join(folder, "inputs.safetensors")];
  await saveFusion(model, weights);
  await writeSafetensors(inputs, { tensors: batch, metadata: {} });
  const args = [weights, inputs, "2", String(threads), String(LEARNING_RATE), device, String(tf32)];
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
  model.dispose();
  const summary = (turns: Turn[]) => ({
    seconds: Math.min(...turns.slice(1).map((turn) => turn.seconds[0])),
    median: turns.slice(1).map((turn) => turn.seconds[0]).sort((a, b) => a - b)[rounds >> 1],
    cpuSeconds: Math.min(...turns.slice(1).map((turn) => turn.cpu[0])),
    all: turns.slice(1).map((turn) => turn.seconds[0]),
  });
  const losses = ours.map((turn, i) => Math.abs(turn.losses[0] / theirs[i].losses[0] - 1));
  const [us, them] = [summary(ours), summary(theirs)];
  return {
    ...{ engine, ...(adapter !== undefined && { adapter }), dropout },
    ...{ torch: version, torchDevice: `${device}${tf32 ? " TF32" : ""}` },
    ours: { ...us, peakMiB: peakMemoryMiB() }, // of all that was measured so far
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
const engines = await presentEngines(options), folder = await Deno.makeTempDir();
const places: Place[] = [];
for (const engine of engines) {
  if (engine !== "webgpu" || !await torchHasCuda()) places.push({ engine, device: "cpu" });
  else {
    for (const tf32 of [false, true]) places.push({ engine, device: "cuda", tf32 });
  }
}
await loadEngine({ prefer: engines[0] });
const batch = await makeBatch({ images: B, patches: P, dim: D, prompts: Q });
const lines: Awaited<ReturnType<typeof measure>>[] = [];
for (const place of places) {
  for (const dropout of [0, 0.1]) lines.push(await measure(place, { dropout, folder, batch }));
}
await Deno.remove(folder, { recursive: true });
const result = {
  bench: "train",
  command: `deno task bench train ${Deno.args.join(" ")}`.trim(),
  date: new Date().toISOString(),
  machine: machine(),
  threads,
  versions: { ...versions(), torch: lines[0].torch },
  engines,
  step: { images: B, patches: P, dim: D, prompts: Q, model: "tiny", feedForward: 2048, heads: 2 },
  rounds,
  lines,
};
for (const line of lines) {
  const { dropout, ours, pytorch, ratio, cpuRatio, largestDifference } = line;
  const goal = line.engine === "native"
    ? "  goal 0.7"
    : line.torchDevice === "cuda"
    ? "  goal 2"
    : "";
  console.log(
    `${line.engine}, dropout ${dropout}: ours ${
      ours.seconds.toFixed(3)
    } s, PyTorch on ${line.torchDevice} ` +
      `${pytorch.seconds.toFixed(3)} s, ratio ${ratio.toFixed(2)} (processor time ${
        cpuRatio.toFixed(2)
      })${goal}; ours so far at most ${ours.peakMiB} MiB`,
  );
  if (largestDifference) console.log("largest differences:", JSON.stringify(largestDifference));
}
console.log(JSON.stringify(result));
await recordResult("train", result);
