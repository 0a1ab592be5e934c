/**
 * What the benchmarks of encoders share: contenders that are timed in turns, and images for them.
 *
 * @module
 */
import { resolve } from "node:path";
import { createRandom, type Encoder } from "detailclip";
import { type PatchBatch } from "detailclip/images";
import type { Dataset } from "../lib/datasets/mod.ts";

/** Something that is timed: each call encodes images and returns images a second. */
export type Contender = () => Promise<number>;

/** Seconds that a call takes. */
export async function seconds(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call();
  return (performance.now() - start) / 1000;
}

/** Images of smooth noise, as bytes. */
export function testImages(count: number, size: number): PatchBatch {
  const random = createRandom("bench"), data = new Uint8Array(count * size * size * 3);
  for (let image = 0; image < count; image++) {
    const [a, b, c] = [random.uniform(1, 9), random.uniform(1, 9), random.uniform(0, 40)];
    for (let i = 0; i < size * size * 3; i++) {
      const x = Math.floor(i / 3) % size / size, y = Math.floor(i / 3 / size) / size;
      data[image * size * size * 3 + i] = 128 + 80 * Math.sin(a * x + b * y * (1 + i % 3)) +
        random.uniform(-c, c);
    }
  }
  return { count, size, data };
}

/**
 * Times the way from JPEG files to a cache of features that did not exist before.
 *
 * @param threads that decode and cut, as `extractFeatures` takes them
 */
export function timeEndToEnd(
  encoder: Encoder,
  dataset: Dataset,
  k: number,
  threads?: number,
): Contender {
  return async () => {
    const { extractFeatures } = await import("../lib/features/mod.ts");
    const cacheDir = await Deno.makeTempDir();
    let patches = 0;
    try {
      const taken = await seconds(() =>
        extractFeatures({
          dataset,
          cover: { scheme: "complete", k },
          encoder,
          cacheDir,
          ...(threads !== undefined && { threads }),
          onProgress: (progress) => patches = progress.patches,
        })
      );
      return patches / taken;
    } finally {
      await Deno.remove(cacheDir, { recursive: true });
    }
  };
}

/**
 * An encoder that computes nothing, in place of a device: what is left is reading, decoding, cutting and writing.
 *
 * @param like whose patches it takes
 * @param rate images a second for which it lets others wait; none unless told
 */
export function idleEncoder(like: Encoder, rate = Infinity): Encoder {
  const { id, dim, dtype, inputSize, preprocessing } = like;
  return {
    ...{ id, dim, dtype, inputSize, preprocessing, fingerprint: "none" },
    encodeImages: async ({ count }) => {
      if (Number.isFinite(rate)) await new Promise((done) => setTimeout(done, 1000 * count / rate));
      return new Float32Array(count * dim).fill(dim ** -0.5);
    },
    encodeTexts: () => Promise.reject(new Error("Cannot encode texts: there is no model")),
    dispose: () => Promise.resolve(),
  };
}

/** A data set of the first JPEG files of a folder. */
export async function jpegDataset(folder: string, count: number): Promise<Dataset> {
  const { loadFolder } = await import("../lib/datasets/mod.ts");
  const dataset = await loadFolder(resolve(folder));
  return { ...dataset, images: dataset.images.slice(0, count) };
}

/** Mean and least cosine between the rows of two matrices of unit rows. */
export function cosines(
  a: Float32Array,
  b: Float32Array,
  dim: number,
): { mean: number; least: number } {
  const all = Array.from({ length: a.length / dim }, (_, row) => {
    let dot = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) dot += a[i] * b[i];
    return dot;
  });
  return { mean: all.reduce((sum, value) => sum + value) / all.length, least: Math.min(...all) };
}

/** Takes rounds in turns, each starting one contender later, and returns each one's rates. */
export async function compete(
  contenders: Record<string, Contender>,
  rounds: number,
): Promise<Record<string, number[]>> {
  const names = Object.keys(contenders);
  const rates: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of names) await contenders[name](); // warms up
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      rates[name].push(await contenders[name]());
    }
    console.error(`round ${round + 1} of ${rounds}`);
  }
  return rates;
}
