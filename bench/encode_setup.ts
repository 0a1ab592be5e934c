/**
 * What the benchmarks of encoders begin and end with: options, photographs, PyTorch's vectors, and what is printed.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CACHE_DIR, type Encoder } from "detailclip";
import type { PatchBatch } from "detailclip/images";
import {
  normalizationTable,
  normalizePatches,
  readPreprocessing,
} from "../lib/encoders/preprocess.ts";
import { type Contender, cosines, seconds } from "./encode_timing.ts";
import { runPython, type TorchProcess } from "./torch_side.ts";

/** Options that every one of them has. */
export const ENCODE_OPTIONS = {
  rounds: { type: "string", default: "5" },
  images: { type: "string" }, // a folder of JPEG files; made here unless told
  count: { type: "string", default: "6" }, // of them
  "encoders-only": { type: "boolean", default: false },
} as const;

/** Threads of both sides. */
export const threads: number = navigator.hardwareConcurrency;

/** The folder of photographs; as many as are asked for are made where none is named. */
export async function photosFolder(
  { images, count }: { images?: string; count: string },
): Promise<string> {
  const folder = images ?? join(CACHE_DIR, `bench/photos-${count}`);
  if (!images && !existsSync(folder)) await runPython("bench/make_photos.py", [folder, count]);
  return folder;
}

/** An encoder alone, from bytes to unit vectors. */
export function timeEncoder(encoder: Encoder, patches: PatchBatch): Contender {
  return async () => patches.count / await seconds(() => encoder.encodeImages(patches));
}

/**
 * The vectors PyTorch gives for the same images.
 *
 * @param torch a process that answers `vectors`
 * @param folder of the encoder: how it normalises
 * @param patches the images
 */
export async function torchVectors(
  torch: TorchProcess,
  folder: string,
  { data, count, size }: PatchBatch,
): Promise<Float32Array> {
  const config = JSON.parse(await Deno.readTextFile(join(folder, "preprocessor_config.json")));
  const pixels = new Float32Array(data.length);
  normalizePatches(data, 0, count, size, normalizationTable(readPreprocessing(config)), pixels);
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, new Uint8Array(pixels.buffer));
  const { vectors } = await torch.ask<{ vectors: number[][] }>({ vectors: path });
  await Deno.remove(path);
  return Float32Array.from(vectors.flat());
}

/** Two rates compared. */
export interface Ratio {
  what: string;
  value: number;
  goal?: number;
}

/** Prints ratios with their goals, and how near vectors are to those of onnxruntime in fp32. */
export function printComparisons(
  ratios: readonly Ratio[],
  agreement: Readonly<Record<string, ReturnType<typeof cosines>>>,
): void {
  for (const { what, value, goal } of ratios) {
    const aim = goal ? `  goal ${goal}` : "";
    console.log(`${what.padEnd(34)} ${value.toFixed(2).padStart(7)} x${aim}`);
  }
  for (const [name, { mean, least }] of Object.entries(agreement)) {
    console.log(
      `cosine of ${name} with onnxruntime fp32: mean ${mean.toFixed(5)}, least ${least.toFixed(5)}`,
    );
  }
}
