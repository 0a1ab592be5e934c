/**
 * Visual words in files: safetensors, which Python opens too.
 *
 * @module
 */
import { type NamedArray, readSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import type { VisualWords } from "./visual_words.ts";

/** Name and version of the format, in the files' metadata. */
const FORMAT = "visual words 1";

/** Shapes of the arrays, by the names that they have in memory and in files. */
function shapesOf(dim: number, count: number) {
  return {
    mean: [dim],
    whitening: [dim, dim],
    words: [count, dim],
    baseline: [count],
    readout: [dim, count],
  };
}

/**
 * Saves visual words: the arrays `mean` (D), `whitening` (D, D), `words` (K, D), `baseline` (K) and
 * `readout` (D, K).
 *
 * @param model the visual words
 * @param path where; whole or not at all
 * @throws Error when an array does not have as many values as it should
 */
export async function saveVisualWords(model: VisualWords, path: string): Promise<void> {
  const shapes = Object.entries(shapesOf(model.dim, model.count));
  const tensors = new Map(shapes.map(([name, shape]) => [
    name,
    { shape, data: model[name as keyof ReturnType<typeof shapesOf>] },
  ]));
  await writeSafetensors(path, { tensors, metadata: { detailclip: FORMAT } });
}

/**
 * Loads visual words that {@linkcode saveVisualWords} wrote.
 *
 * @param path the file
 * @returns the visual words
 * @throws Error naming the file when it is broken, or holds something else
 */
export async function loadVisualWords(path: string): Promise<VisualWords> {
  const { tensors, metadata } = await readSafetensors(path);
  const fail = (why: string): never => {
    throw new Error(`Cannot load visual words from ${path}: ${why}`);
  };
  if (metadata.detailclip !== FORMAT) fail("it does not hold visual words");
  const [count, dim] = tensors.get("words")?.shape ?? [];
  const shapes = shapesOf(dim, count);
  const take = (name: keyof typeof shapes): Float32Array => {
    const { shape, data }: NamedArray = tensors.get(name) ?? fail(`it has no ${name}`);
    if (shape.join() !== shapes[name].join()) {
      fail(`${name} must have shape [${shapes[name]}], got [${shape}]`);
    }
    if (!data.every(Number.isFinite)) fail(`a value of ${name} is not finite`);
    return data;
  };
  const words = take("words");
  if (words.length === 0) fail("there are none");
  const rest = { mean: take("mean"), whitening: take("whitening") };
  return { dim, count, ...rest, words, baseline: take("baseline"), readout: take("readout") };
}
