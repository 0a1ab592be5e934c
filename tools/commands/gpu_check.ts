/**
 * `deno task gpu-check`: whether a GPU computes what the processor does, and how fast, in one run of some minutes: losses of
 * the same steps on both, a step beside PyTorch's where that is installed, a step that is recorded and replayed, images
 * encoded a second and their vectors on both; with `--train` the headline's training at the paper's size on top.
 *
 * Exits with 0 when all agrees, 1 when something differs or there is no GPU, 2 when it was called wrongly, 130 when it was
 * stopped.
 *
 * @module
 */
import { join } from "node:path";
import { runRetrieval } from "detailclip";
import { loadEngine } from "detailclip/tensor";
import { machine, recallMarkdown, RESULTS_DIR, versions } from "detailclip/report";
import { RUNS_DIR, writeAtomic } from "detailclip/runtime";
import { gpuObstacle } from "../../bench/engine_wish.ts";
import { hasTorch, torchHasCuda } from "../../bench/torch_side.ts";
import { unitConfigs, unitName, UNITS } from "../../experiments/headline.ts";
import { encodeRate, hasSameVectors } from "../gpu_check/encoding.ts";
import { compareLosses, timeSteps } from "../gpu_check/steps.ts";
import { hasGpu } from "../../lib/runtime/gpu.ts";
import { readOptions } from "./arguments.ts";
import { runTask } from "./task.ts";

const USAGE = `Usage: deno task gpu-check [options]
  --software       takes a driver made of software (lavapipe, SwiftShader) too, with sizes that it can do
  --encoder ID     what is measured beside tiny-clip: a folder in the hub's layout, or a hub id
  --train          trains the headline as published on the patches of cc@10: 10,000 images; hours
  --keep           writes to results/bench, not to runs/bench
DETAILCLIP_TORCH_PYTHON names the Python whose PyTorch is measured beside, instead of that of .venv-torch`;

const PAPER = { images: 30, patches: 166, dim: 512, prompts: 138 };
const QUICK = { images: 30, patches: 39, dim: 256, prompts: 138 };
const TINY = { images: 3, patches: 7, dim: 32, prompts: 9 };

/** What the command line asks for. */
export interface GpuCheckCall {
  software: boolean;
  train: boolean;
  keep: boolean;
  encoder?: string;
}

/** Reads the command line. */
export function readCall(args: string[]): GpuCheckCall {
  const { values } = readOptions({
    args,
    options: {
      software: { type: "boolean", default: false },
      train: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      encoder: { type: "string" },
    },
  });
  return { ...values };
}

/** Trains at the paper's size, on the engine that `loadEngine` prefers; rows are filed as those of any run. */
async function trainHeadline() {
  const unit = UNITS.find((unit) => unitName(unit) === "common-7000-40-cc10")!;
  const [config] = unitConfigs(unit), start = performance.now();
  const { rows } = await runRetrieval(config, {
    command: "deno task gpu-check --train",
    keep: false,
  });
  console.error(recallMarkdown(rows));
  return { experiment: config.name, seconds: (performance.now() - start) / 1000, rows };
}

/**
 * Checks the GPU.
 *
 * @param call what is asked for
 * @returns the result, as it is printed
 * @throws {Error} when there is no GPU, or one made of software that was not asked for
 */
async function checkGpu({ software, train, encoder }: GpuCheckCall) {
  const start = new Date();
  if (!software && !await hasGpu()) {
    throw new Error(
      "Cannot check the GPU: there is none; --software measures one made of software",
    );
  }
  await loadEngine({ prefer: "native", log: () => {} }); // before a GPU's drivers
  const obstacle = await gpuObstacle({ software });
  if (obstacle !== undefined) throw new Error(`Cannot check the GPU: ${obstacle}`);
  const { adapter, version } = await loadEngine({ prefer: "webgpu" });
  const torch = hasTorch() ? { cuda: await torchHasCuda() } : undefined;
  console.error(
    `${adapter}; PyTorch ${
      torch ? torch.cuda ? "on CUDA" : "on the processor" : "is not installed"
    }`,
  );
  const losses = await compareLosses(software ? TINY : QUICK, 20);
  console.error(
    `losses differ by ${losses.difference.toExponential(1)}: ${
      losses.equal ? "equal" : "DIFFERENT"
    }`,
  );
  const steps: Awaited<ReturnType<typeof timeSteps>>[] = [];
  for (const sizes of software ? [TINY] : [QUICK, PAPER]) {
    for (const dropout of software ? [0.1] : [0, 0.1]) {
      const times = await timeSteps(sizes, { dropout, rounds: software ? 3 : 30, torch });
      steps.push(times);
      console.error(JSON.stringify(times));
    }
  }
  const encoders: Awaited<ReturnType<typeof encodeRate>>[] = [];
  for (const id of ["tiny-clip", ...(encoder ? [encoder] : [])]) {
    for (const dtype of id === "tiny-clip" ? ["fp32"] as const : ["fp32", "fp16"] as const) {
      encoders.push(await encodeRate(id, { dtype, few: software }));
      console.error(JSON.stringify(encoders.at(-1)));
    }
  }
  return {
    check: "gpu",
    date: start.toISOString(),
    ...{ machine: machine(), adapter, tfjs: version, versions: versions(), software },
    ...{ losses, steps, encoders },
    ...(train && { headline: await trainHeadline() }),
    good: losses.equal && steps.every(({ replayed }) => replayed.equal) &&
      encoders.every(hasSameVectors),
  };
}

if (import.meta.main) {
  await runTask(USAGE, async () => {
    const call = readCall(Deno.args), result = await checkGpu(call);
    const path = join(call.keep ? RESULTS_DIR : RUNS_DIR, "bench", "gpu_check.json");
    await writeAtomic(path, `${JSON.stringify(result, null, 2)}\n`);
    console.log(JSON.stringify(result));
    console.error(`written to ${path}`);
    return result.good ? 0 : 1;
  });
}
