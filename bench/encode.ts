/**
 * How fast images are encoded, side by side with PyTorch: the same ViT-B/32 (random weights, made by
 * tools/encoders/export_encoder.py), the same machine, one run, rounds taken in turns.
 *
 *     deno task bench encode [--rounds 5] [--images FOLDER_OF_JPEGS] [--k 5] [--count 6]
 *         [--encoders-only] [--software]
 *
 * Sets itself up on first use: .venv-torch (tools/requirements/torch.txt; minutes), the model (a minute, and again
 * when what exports it has changed), JPEG files. onnxruntime is timed through `encodeImages`, from bytes to unit vectors; PyTorch from pixels that
 * are normalised already, with the better of two batch sizes. End to end is `extractFeatures` from JPEG
 * files to a fresh cache; `cut` the same with an encoder that costs nothing, of 128 files: what a GPU could be fed; `beside a
 * device` with one that takes as long as the cutting, but not the processor's time (0.5 of `cut`: one after the other). Where there is
 * a GPU, or with --software a driver made of software, WebGPU takes part in 32 and 16 bits, beside PyTorch on the same
 * GPU if its Python (DETAILCLIP_TORCH_PYTHON) has CUDA. The rate of plain products of matrices says how fast the model could be at most.
 * Wants an otherwise idle machine.
 *
 * @module
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CACHE_DIR, type Encoder, loadEncoder, medianOf } from "detailclip";
import type { Dataset } from "../lib/datasets/mod.ts";
import { hasGpu } from "../lib/runtime/gpu.ts";
import { machine, versions } from "../lib/report/provenance.ts";
import {
  ENCODE_OPTIONS,
  photosFolder,
  printComparisons,
  threads,
  timeEncoder,
  torchVectors,
} from "./encode_setup.ts";
import {
  compete,
  type Contender,
  cosines,
  idleEncoder,
  jpegDataset,
  testImages,
  timeEndToEnd,
} from "./encode_timing.ts";
import { recordResult } from "./record.ts";
import { ensureTorch, ROOT, runPython, torchHasCuda, TorchProcess } from "./torch_side.ts";

const MODEL = join(CACHE_DIR, "models/bench/random-vit-b-32");
const EXPORTERS = ["export_encoder.py", "lean_tower.py", "quantize_rows.py"].map((name) =>
  join(ROOT, "tools/encoders", name)
);
const TORCH_BATCHES = [8, 32];
const IMAGES = 32; // a timing of the encoders alone
const GPU_IMAGES = 512;
const GPU_BATCH = 128;
const CUT_PHOTOS = 128; // threads that cut are started after some

const { values: options } = parseArgs({
  options: {
    ...ENCODE_OPTIONS,
    k: { type: "string", default: "5" },
    software: { type: "boolean", default: false },
  },
});

/** Whether the file that is written last is missing, or older than what writes it. */
function outdated(path: string): boolean {
  const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return EXPORTERS.some((path) => statSync(path).mtimeMs > made);
}

async function setUp(): Promise<void> {
  await ensureTorch();
  if (outdated(join(MODEL, "model.safetensors"))) {
    const args = ["--random", "vit-b-32", "--seed", "0", "--keep-torch", "--output", MODEL];
    await runPython("tools/encoders/export_encoder.py", args);
  }
}

/** What PyTorch is asked for. */
interface TorchCase {
  dtype: "fp32" | "bf16" | "fp16";
  batch: number;
  images?: number;
  device?: "cpu" | "cuda";
}

function timeTorch(torch: TorchProcess, given: TorchCase): Contender {
  const wanted = { images: IMAGES, device: "cpu", ...given };
  return async () => wanted.images / (await torch.ask<{ seconds: number }>(wanted)).seconds;
}

const fromFiles = (encoder: Encoder, dataset: Dataset) =>
  timeEndToEnd(encoder, dataset, Number(options.k));

/**
 * What cutting could feed a device, without threads of its own and with them, and what is left of it beside a device
 * that takes as long: one after the other they would be half as fast.
 */
async function cuttingContenders(encoder: Encoder): Promise<Record<string, Contender>> {
  const photos = { ...options, count: String(CUT_PHOTOS) }, k = Number(options.k);
  const dataset = await jpegDataset(await photosFolder(photos), CUT_PHOTOS);
  const cut = (encoder: Encoder, threads?: number) => timeEndToEnd(encoder, dataset, k, threads);
  const idle = idleEncoder(encoder), alone = cut(idle);
  await alone(); // warms up
  const device = idleEncoder(encoder, await alone());
  return {
    "cut without threads": cut(idle, 0),
    "cut": alone,
    "cut beside a device": cut(device),
    "cut without threads beside it": cut(device, 0),
  };
}

/** The encoders on a GPU, as far as they can be had; why others cannot is said. */
async function gpuEncoders(): Promise<Encoder[]> {
  if (!options.software && !await hasGpu()) {
    console.error("webgpu is not measured: there is no GPU");
    return [];
  }
  const found: Encoder[] = [];
  for (const dtype of ["fp32", "fp16"] as const) {
    try {
      found.push(await loadEncoder(MODEL, { dtype, device: "webgpu" }));
    } catch (error) {
      console.error(`webgpu ${dtype} is not measured: ${(error as Error).message}`);
    }
  }
  return found;
}

/** GFLOP that one image takes, by the products of matrices in it. */
async function gflopPerImage(encoder: Encoder): Promise<number> {
  const { vision_config: vision } = JSON.parse(await Deno.readTextFile(join(MODEL, "config.json")));
  const { hidden_size: width, intermediate_size: ff, num_hidden_layers: layers } = vision;
  const patches = (encoder.inputSize / vision.patch_size) ** 2, tokens = patches + 1;
  const layer = tokens * (4 * width ** 2 + 2 * width * ff) + 2 * tokens ** 2 * width;
  // Of the last layer the export computes the class token alone: next to nothing.
  return 2e-9 * (patches * 3 * vision.patch_size ** 2 * width + (layers - 1) * layer);
}

await setUp();
const torch = new TorchProcess("bench/encode_torch.py", [MODEL, String(threads)]);
const { torch: torchVersion } = await torch.read<{ torch: string }>();
const [fp32, q8] = [
  await loadEncoder(MODEL, { dtype: "fp32" }),
  await loadEncoder(MODEL, { dtype: "q8" }),
];
const onGpu = await gpuEncoders(), torchOnGpu = onGpu.length > 0 && await torchHasCuda();
const patches = testImages(IMAGES, fp32.inputSize);
const many = onGpu.length > 0
  ? testImages(options.software ? IMAGES : GPU_IMAGES, fp32.inputSize)
  : patches;
const dataset = options["encoders-only"]
  ? undefined
  : await jpegDataset(await photosFolder(options), Number(options.count));
const reference = await fp32.encodeImages(patches);
const agreement = {
  torchFp32: cosines(await torchVectors(torch, MODEL, patches), reference, fp32.dim),
  int8: cosines(await q8.encodeImages(patches), reference, fp32.dim),
  ...Object.fromEntries(
    await Promise.all(onGpu.map(async (encoder) => [
      `webgpu ${encoder.dtype}`,
      cosines(await encoder.encodeImages(patches), reference, fp32.dim),
    ])),
  ) as Record<string, ReturnType<typeof cosines>>,
};
const matmul = await torch.ask<{ torch: number; onnxruntime: number }>({
  matmul: [1600, 1536, 768],
});
const gflop = await gflopPerImage(fp32);
const rates = await compete({
  ...Object.fromEntries(
    (["fp32", "bf16"] as const).flatMap((dtype) =>
      TORCH_BATCHES.map((batch) => [`torch ${dtype} b${batch}`, timeTorch(torch, { dtype, batch })])
    ),
  ),
  "onnxruntime fp32": timeEncoder(fp32, patches),
  "onnxruntime int8": timeEncoder(q8, patches),
  ...Object.fromEntries(
    onGpu.map((encoder) => [`webgpu ${encoder.dtype}`, timeEncoder(encoder, many)]),
  ),
  ...(torchOnGpu && Object.fromEntries(
    (["fp32", "fp16"] as const).map((dtype) => [
      `torch ${dtype} on the GPU`,
      timeTorch(torch, { dtype, batch: GPU_BATCH, images: GPU_IMAGES, device: "cuda" }),
    ]),
  )),
  ...(dataset && {
    ...await cuttingContenders(fp32),
    ...Object.fromEntries(
      onGpu.map((
        encoder,
      ) => [`end to end webgpu ${encoder.dtype}`, fromFiles(encoder, dataset)]),
    ),
    "end to end fp32": fromFiles(fp32, dataset),
    "end to end int8": fromFiles(q8, dataset),
  }),
}, Number(options.rounds));
await torch.close();
await fp32.dispose();
await q8.dispose();
for (const encoder of onGpu) await encoder.dispose();

const rate = Object.fromEntries(Object.entries(rates).map(([name, all]) => [name, medianOf(all)]));
const best = (dtype: string) => Math.max(...TORCH_BATCHES.map((b) => rate[`torch ${dtype} b${b}`]));
const [ort, int8] = [rate["onnxruntime fp32"], rate["onnxruntime int8"]];
const ratios = [
  { what: "onnxruntime fp32 / PyTorch fp32", value: ort / best("fp32"), goal: 1.3 },
  { what: "onnxruntime int8 / PyTorch fp32", value: int8 / best("fp32"), goal: 3.3 },
  { what: "onnxruntime int8 / PyTorch bf16", value: int8 / best("bf16") },
  ...(dataset
    ? [
      { what: "end to end / encoder alone, fp32", value: rate["end to end fp32"] / ort, goal: 0.9 },
      {
        what: "end to end / encoder alone, int8",
        value: rate["end to end int8"] / int8,
        goal: 0.9,
      },
      { what: "cut / cut without threads", value: rate["cut"] / rate["cut without threads"] },
      { what: "cut beside a device / cut", value: rate["cut beside a device"] / rate["cut"] },
    ]
    : []),
  ...onGpu.flatMap(({ dtype }) => [
    ...(torchOnGpu
      ? [{
        what: `webgpu ${dtype} / PyTorch ${dtype} on the GPU`,
        value: rate[`webgpu ${dtype}`] / rate[`torch ${dtype} on the GPU`],
      }]
      : []),
    ...(dataset
      ? [{
        what: `end to end / encoder alone, webgpu ${dtype}`,
        value: rate[`end to end webgpu ${dtype}`] / rate[`webgpu ${dtype}`],
        goal: 0.7,
      }]
      : []),
  ]),
];
const bound = Math.max(matmul.torch, matmul.onnxruntime) / gflop;
const result = {
  bench: "encode",
  command: `deno task bench encode ${Deno.args.join(" ")}`.trim(),
  date: new Date().toISOString(),
  machine: machine(),
  threads,
  versions: { ...versions(), torch: torchVersion },
  model: "ViT-B/32, random weights, seed 0",
  endToEnd: dataset && {
    images: dataset.images.length,
    cover: `cc@${options.k}`,
    photos: options.images ? "own" : "synthetic",
  },
  rounds: Number(options.rounds),
  imagesPerSecond: rate,
  rates,
  ratios,
  roofline: { matmulGflops: matmul, gflopPerImage: gflop, imagesPerSecond: bound },
  cosine: agreement,
};
for (const [name, value] of Object.entries(rate)) {
  console.log(`${name.padEnd(34)} ${value.toFixed(1).padStart(7)} img/s`);
}
printComparisons(ratios, agreement);
console.log(
  `fp32 products of matrices: onnxruntime ${matmul.onnxruntime.toFixed(0)}, PyTorch ` +
    `${matmul.torch.toFixed(0)} GFLOP/s; at ${gflop.toFixed(2)} GFLOP an image that is at most ` +
    `${bound.toFixed(1)} img/s, ${(bound / best("fp32")).toFixed(2)} x PyTorch`,
);
console.log(JSON.stringify(result));
await recordResult("encode", result);
