/**
 * What an encoder on this machine gives: shapes, speed, int8 beside fp32, and a fixed image and text beside PyTorch.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { completeCover, coverBoxes } from "../../lib/covers/mod.ts";
import {
  type Encoder,
  loadEncoder,
  type LoadEncoderOptions,
  locateEncoder,
} from "../../lib/encoders/mod.ts";
import { cutPatches, encodePng, type PatchBatch, type RgbImage } from "../../lib/images/mod.ts";
import { createRandom } from "../../lib/numeric/random.ts";
import { capture, ROOT } from "../project.ts";

/** The text whose vector is shown. */
export const TEXT = "a photo of a dog.";
/** Further texts, of several lengths, for speed and int8. */
const TEXTS = [TEXT, "boat", "A red apple on a wooden table, seen from above.", "42 small things"];
/** Fineness of the cover whose patches are encoded; it divides the sides of the image, which then needs no padding. */
const K = 4;

/** Two vectors of one input, compared. */
export interface Comparison {
  /** The least cosine of images' vectors. */
  image: number;
  /** The least cosine of texts' vectors. */
  text: number;
}

/** What was found. */
export interface EncoderCheck {
  encoder: Pick<
    Encoder,
    "id" | "dim" | "inputSize" | "dtype" | "fingerprint" | "preprocessing"
  >;
  folder: string;
  device: string;
  /** Milliseconds an input, the fastest of three runs. */
  speed: { image: number; text: number };
  /** Patches that were encoded. */
  patches: number;
  /** The vectors of the fixed image and text. */
  vectors: { image: Float32Array; text: Float32Array };
  /** q8 beside fp32, or why not. */
  int8: Comparison | string;
  /** PyTorch's pipeline beside this one, or why not. */
  torch: (Comparison & { vectors: { image: number[]; text: number[] } }) | string;
}

/** The fixed image: ramps with coarse noise, from a seed. */
function checkImage(width = 320, height = 240): RgbImage {
  const random = createRandom(1), data = new Uint8Array(width * height * 3);
  const noise = Float64Array.from({ length: 3 * (width / 8) * (height / 8) }, () => random.next());
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ramps = [x / width, y / height, (x + y) / (width + height)];
      const block = 3 * ((y >> 3) * (width / 8) + (x >> 3));
      ramps.forEach((ramp, c) => {
        data[3 * (y * width + x) + c] = Math.floor(160 * ramp + 95 * noise[block + c]);
      });
    }
  }
  return { width, height, data };
}

/** The least cosine of rows of unit length. */
export function leastCosine(a: ArrayLike<number>, b: ArrayLike<number>, dim: number): number {
  let least = 1;
  for (let row = 0; row < a.length; row += dim) {
    let dot = 0;
    for (let i = row; i < row + dim; i++) dot += a[i] * b[i];
    least = Math.min(least, dot);
  }
  return least;
}

/** Milliseconds of the fastest of three runs. */
async function fastest(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 3; run++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}

/** Vectors of all patches and texts. */
interface Encoded {
  image: Float32Array;
  text: Float32Array;
}

async function encodeAll(encoder: Encoder, patches: PatchBatch): Promise<Encoded> {
  return { image: await encoder.encodeImages(patches), text: await encoder.encodeTexts(TEXTS) };
}

/** The other of fp32 and q8 on the same patches. */
async function compareInt8(
  { id, dtype, dim }: Encoder,
  patches: PatchBatch,
  own: Encoded,
  options: LoadEncoderOptions,
): Promise<Comparison | string> {
  const other = dtype === "q8" ? "fp32" : "q8";
  try {
    await locateEncoder(id, { ...options, dtype: other });
  } catch (error) {
    return (error as Error).message;
  }
  // int8 is for the processor alone
  const elsewhere = other === "q8" ? { device: "cpu" as const } : {};
  const encoder = await loadEncoder(id, { ...options, ...elsewhere, dtype: other });
  try {
    const { image, text } = await encodeAll(encoder, patches);
    return { image: leastCosine(image, own.image, dim), text: leastCosine(text, own.text, dim) };
  } finally {
    await encoder.dispose();
  }
}

/** PyTorch's pipeline on the fixed image and text, where it is installed and has the weights. */
async function compareTorch(
  own: EncoderCheck["vectors"],
  image: RgbImage,
  model: string | undefined,
): Promise<EncoderCheck["torch"]> {
  const bin = Deno.build.os === "windows" ? "Scripts" : "bin";
  const python = Deno.env.get("DETAILCLIP_TORCH_PYTHON") ??
    join(ROOT, ".venv-torch", bin, "python");
  if (!existsSync(python)) return "not installed (tools/requirements/torch.txt)";
  if (!model) return "no weights: --torch names a checkpoint's folder, or its id";
  const png = await Deno.makeTempFile({ prefix: "detailclip-", suffix: ".png" });
  try {
    await Deno.writeFile(png, await encodePng(image));
    const script = join(ROOT, "tools/encoders/torch_vectors.py");
    const args = [script, "--model", model, "--image", png, "--text", TEXT];
    const { code, output } = await capture(python, args);
    if (code !== 0) return `failed: ${output.trim().split("\n").at(-1)}`;
    const vectors = JSON.parse(output.trim().split("\n").at(-1)!);
    const dim = own.image.length;
    return {
      image: leastCosine(own.image, vectors.image, dim),
      text: leastCosine(own.text, vectors.text, dim),
      vectors,
    };
  } finally {
    await Deno.remove(png);
  }
}

/**
 * Checks an encoder.
 *
 * @param id as `loadEncoder` takes it
 * @param options precision and device; `torch`: PyTorch's checkpoint of the same model
 */
export async function checkEncoder(
  id: string,
  { torch, ...options }: LoadEncoderOptions & { torch?: string } = {},
): Promise<EncoderCheck> {
  const encoder = await loadEncoder(id, options), folder = await locateEncoder(id, options);
  try {
    const image = checkImage(), { dim } = encoder;
    const cover = completeCover(image.width, image.height, K);
    const patches = await cutPatches(image, cover, encoder.preprocessing); // the whole image first
    const own = await encodeAll(encoder, patches);
    const speed = {
      image: await fastest(() => encoder.encodeImages(patches)) / patches.count,
      text: await fastest(() => encoder.encodeTexts(TEXTS)) / TEXTS.length,
    };
    const vectors = { image: own.image.slice(0, dim), text: own.text.slice(0, dim) };
    const weights = existsSync(join(folder, "model.safetensors")) ? folder : undefined;
    return {
      ...{ encoder, folder, speed, vectors, device: encoder.device ?? "cpu" },
      patches: coverBoxes(cover).length,
      int8: await compareInt8(encoder, patches, own, options),
      torch: await compareTorch(vectors, image, torch ?? weights),
    };
  } finally {
    await encoder.dispose();
  }
}

/** The first numbers of a vector. */
function shown(vector: ArrayLike<number>): string {
  return Array.from(vector).slice(0, 6).map((value) => value.toFixed(4)).join(" ");
}

/** What a check found, in lines. */
export function describeCheck(check: EncoderCheck): string[] {
  const { encoder, folder, device, speed, vectors, int8, torch, patches } = check;
  const { mode, size, filter } = encoder.preprocessing;
  const cosines = ({ image, text }: Comparison) =>
    `cosine of images ${image.toFixed(6)}, of texts ${text.toFixed(6)}`;
  const beside = typeof torch === "string" ? [`PyTorch      ${torch}`] : [
    `PyTorch      image ${shown(torch.vectors.image)} …, text ${shown(torch.vectors.text)} …`,
    `             ${cosines(torch)}`,
  ];
  return [
    `${encoder.id}, ${encoder.dtype} on ${device}, in ${folder}`,
    `shapes       (P, 3, ${size}, ${size}) -> (P, ${encoder.dim}); ${mode}${
      filter ? `, ${filter}` : ""
    }`,
    `fingerprint  ${encoder.fingerprint}`,
    `speed        ${speed.image.toFixed(1)} ms an image, ${speed.text.toFixed(1)} ms a text`,
    `int8 to fp32 ${
      typeof int8 === "string"
        ? `not compared: ${int8}`
        : `${cosines(int8)}, the least of ${patches} and 4`
    }`,
    `vectors      image ${shown(vectors.image)} …, text ${shown(vectors.text)} …`,
    ...beside,
  ];
}
