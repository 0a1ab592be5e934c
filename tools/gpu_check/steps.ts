/**
 * Training steps on a GPU: that their losses are the processor's, how long they take, and what of that is the GPU's.
 *
 * @module
 */
import { createFusion, saveFusion } from "detailclip";
import { loadEngine } from "detailclip/tensor";
import { join } from "node:path";
import {
  type Batch,
  createSteps,
  LEARNING_RATE,
  makeBatch,
  type StepSizes,
} from "../../bench/train_step.ts";
import { TorchProcess } from "../../bench/torch_side.ts";
import { inOwnMemory, record } from "../../lib/tensor/webgpu/recording.ts";
import { writeSafetensors } from "../../lib/tensor/safetensors.ts";

/** Losses that differ by more than this, relative to their size, are not equal. */
const TOLERANCE = 1e-5;
/** Steps that are not timed: shaders are compiled in the first. */
const WARM_UP = 3;
/** Steps under way at once, as in training. */
const IN_FLIGHT = 4;

/** Losses of the same steps on two engines. */
export interface LossCheck {
  engines: string[];
  steps: number;
  dropout: number;
  /** The largest difference, relative to the loss. */
  difference: number;
  equal: boolean;
}

/** How long a step takes. */
export interface StepTimes {
  sizes: StepSizes;
  dropout: number;
  /** The least time of a step whose loss is waited for, ms. */
  alone: number;
  /** The mean time of steps of which several are under way, ms. */
  inFlight: number;
  /** A recorded step, replayed: the GPU's own time, ms; its dispatches; and whether it gave the same numbers to the bit. */
  replayed: { ms: number; dispatches: number; equal: boolean };
  /** PyTorch's on the same GPU, or on the processor where it has none, ms. */
  torch?: { device: string; ms: number }[];
}

const makeModel = (dim: number, dropout: number) =>
  createFusion({ kind: "transformer", size: "tiny", dropout }, { dim, seed: 1 });

async function losses(batch: Batch, dropout: number, count: number): Promise<number[]> {
  const model = makeModel(batch.get("patches")!.shape[2], dropout),
    steps = createSteps(model, batch);
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push(await steps.step());
  steps.dispose();
  model.dispose();
  return found;
}

/**
 * Compares losses on WebGPU with those of the processor.
 *
 * @param sizes of a step
 * @param count how many steps
 */
export async function compareLosses(sizes: StepSizes, count: number): Promise<LossCheck> {
  const { name } = await loadEngine({ prefer: "native", log: () => {} });
  const dropout = name === "native" ? 0.1 : 0; // wasm drops other elements
  const batch = await makeBatch(sizes), expected = await losses(batch, dropout, count);
  await loadEngine({ prefer: "webgpu" });
  const found = await losses(batch, dropout, count);
  const difference = Math.max(...found.map((loss, i) => Math.abs(loss / expected[i] - 1)));
  const engines = [name, "webgpu"];
  return { engines, steps: count, dropout, difference, equal: difference <= TOLERANCE };
}

/** Replays a step that was recorded. */
async function replaySteps(batch: Batch, dropout: number, count: number) {
  return await inOwnMemory(async (buffers) => {
    const model = makeModel(batch.get("patches")!.shape[2], dropout);
    const steps = createSteps(model, batch);
    for (let i = 0; i < WARM_UP; i++) await steps.step();
    const { result, recording } = await record(steps.step, buffers);
    recording.rewind();
    recording.replay();
    const again = await recording.readValues();
    const start = performance.now();
    for (let i = 0; i < count; i++) recording.replay();
    await recording.finished();
    const ms = (performance.now() - start) / count;
    steps.dispose();
    model.dispose();
    const equal = again.some(([value]) => value === result);
    return { ms, dispatches: recording.dispatches, equal };
  });
}

/** PyTorch's times of the same step. */
async function torchTimes(
  batch: Batch,
  { dropout, rounds, cuda }: { dropout: number; rounds: number; cuda: boolean },
): Promise<{ device: string; ms: number }[]> {
  const folder = await Deno.makeTempDir(), times: { device: string; ms: number }[] = [];
  try {
    const model = makeModel(batch.get("patches")!.shape[2], dropout);
    const [weights, inputs] = ["model", "inputs"].map((name) =>
      join(folder, `${name}.safetensors`)
    );
    await saveFusion(model, weights);
    model.dispose();
    await writeSafetensors(inputs, { tensors: batch, metadata: {} });
    for (const tf32 of cuda ? [false, true] : [false]) {
      const device = cuda ? "cuda" : "cpu", threads = String(navigator.hardwareConcurrency);
      const args = [weights, inputs, "2", threads, String(LEARNING_RATE), device, String(tf32)];
      const torch = new TorchProcess("bench/train_torch.py", args);
      await torch.read();
      const { seconds } = await torch.ask<{ seconds: number[] }>({ steps: rounds, dropout });
      await torch.close();
      times.push({ device: tf32 ? `${device}, TF32` : device, ms: 1000 * Math.min(...seconds) });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return times;
}

/**
 * Times steps on WebGPU, which is in use.
 *
 * @param sizes of a step
 * @param options dropout, how many steps, and whether PyTorch is there, and has a GPU
 */
export async function timeSteps(
  sizes: StepSizes,
  { dropout, rounds, torch }: { dropout: number; rounds: number; torch?: { cuda: boolean } },
): Promise<StepTimes> {
  const batch = await makeBatch(sizes);
  const model = makeModel(sizes.dim, dropout), steps = createSteps(model, batch);
  const times: number[] = [];
  for (let i = -WARM_UP; i < rounds; i++) {
    const start = performance.now();
    await steps.step();
    if (i >= 0) times.push(performance.now() - start);
  }
  const start = performance.now(), underway: Promise<number>[] = [];
  for (let i = 0; i < rounds; i++) {
    underway.push(steps.step());
    if (underway.length >= IN_FLIGHT) await underway.shift();
  }
  await Promise.all(underway);
  const inFlight = (performance.now() - start) / rounds;
  steps.dispose();
  model.dispose();
  return {
    ...{ sizes, dropout, alone: Math.min(...times), inFlight },
    replayed: await replaySteps(batch, dropout, rounds),
    ...(torch && { torch: await torchTimes(batch, { dropout, rounds, ...torch }) }),
  };
}
