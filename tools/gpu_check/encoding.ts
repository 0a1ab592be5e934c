/**
 * How fast images are encoded on a GPU, from memory and from files.
 *
 * @module
 */
import { extractFeatures, loadEncoder, loadFolder } from "detailclip";
import { basename, join } from "node:path";
import type { EncoderDtype } from "../../lib/encoders/mod.ts";
import { ROOT } from "../project.ts";

/** Images in one call from memory, and how often it is timed. */
const CALL = 512, ROUNDS = 3;

/** What an encoder does on a device. */
export interface EncodeRate {
  encoder: string;
  dtype: EncoderDtype;
  /** Images a second from bytes in memory; the best of the rounds. */
  imagesPerSecond?: number;
  /** Patches a second from JPEG files to the cache. */
  endToEnd?: number;
  /** The least cosine of its vectors with those of the processor in 32 bits. */
  leastCosine?: number;
  /** Why it cannot be used. */
  error?: string;
}

/** Vectors of an encoder that computes in 16 bits have at least this cosine with those of 32. */
const SAME = 0.999;

/** Whether vectors were the processor's; of an encoder that cannot be used there are none, which its `error` says. */
export const hasSameVectors = ({ error, leastCosine = NaN }: EncodeRate): boolean =>
  error !== undefined || leastCosine >= SAME;

/** Images whose bytes have no pattern. // (count, size, size, 3) */
const noise = (count: number, size: number) => {
  const data = new Uint8Array(count * size * size * 3);
  for (let i = 0, x = 1; i < data.length; i++) data[i] = (x = x * 48271 % 0x7fffffff) & 255;
  return { count, size, data };
};

function leastCosine(a: Float32Array, b: Float32Array, dim: number): number {
  let least = 1;
  for (let row = 0; row < a.length; row += dim) {
    let dot = 0;
    for (let i = row; i < row + dim; i++) dot += a[i] * b[i];
    least = Math.min(least, dot);
  }
  return least;
}

/**
 * Measures an encoder on WebGPU.
 *
 * @param id as `loadEncoder` takes it
 * @param options its precision; `few` where the device is slow
 */
export async function encodeRate(
  id: string,
  { dtype, few }: { dtype: EncoderDtype; few: boolean },
): Promise<EncodeRate> {
  const said = { encoder: basename(id), dtype };
  const there = await loadEncoder(id, { dtype, device: "webgpu" }).catch((error: Error) => error);
  if (there instanceof Error) return { ...said, error: there.message };
  const here = await loadEncoder(id), cacheDir = await Deno.makeTempDir();
  try {
    const { dim, inputSize } = there, some = noise(8, inputSize);
    const least = leastCosine(await there.encodeImages(some), await here.encodeImages(some), dim);
    const many = noise(few ? 16 : CALL, inputSize);
    await there.encodeImages(many); // compiles shaders
    let seconds = Infinity;
    for (let round = 0; round < (few ? 1 : ROUNDS); round++) {
      const start = performance.now();
      await there.encodeImages(many);
      seconds = Math.min(seconds, (performance.now() - start) / 1000);
    }
    const dataset = await loadFolder(join(ROOT, "data/photos")), start = performance.now();
    const cover = { scheme: "complete", k: few ? 2 : 10 } as const;
    const store = await extractFeatures({ dataset, cover, encoder: there, cacheDir });
    const endToEnd = store.patches / ((performance.now() - start) / 1000);
    return { ...said, imagesPerSecond: many.count / seconds, endToEnd, leastCosine: least };
  } finally {
    await Promise.all([there.dispose(), here.dispose()]);
    await Deno.remove(cacheDir, { recursive: true });
  }
}
