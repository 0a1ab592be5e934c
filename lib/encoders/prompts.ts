/**
 * Class prompts: a class's name in many sentences, encoded and averaged to one vector.
 *
 * @module
 */
import imagenet from "../../data/prompts/imagenet.json" with { type: "json" };
import { canonicalJson } from "../runtime/files.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import { notice } from "../runtime/notice.ts";
import { meanVector } from "../numeric/vectors.ts";
import type { EncodeOptions, Encoder } from "./encoder.ts";
import { keepPrompts, keptPrompts } from "./prompt_cache.ts";

/** Which sentences a class's name is put in: CLIP's 80, one plain sentence, or templates of your own. */
export type PromptTemplates = "imagenet" | "single" | readonly string[];

/** Options of `classPrompts`. */
export interface ClassPromptOptions extends EncodeOptions {
  /** Default `"imagenet"`. Templates of your own contain `{}` where the name goes. */
  templates?: PromptTemplates;
  /** Folder in which vectors are kept for other runs; without one they are kept in memory only. */
  cacheDir?: string;
  /** Called with the number of classes done and the number of all, as they are encoded. */
  onProgress?: (done: number, total: number) => void;
}

/** Classes encoded together: enough texts to fill batches, few enough that memory stays flat. */
const CLASSES_AT_ONCE = 16;

/** A class that is known. */
interface KnownClass {
  /** Its unit vector. // (D) */
  vector: Float32Array;
  /** Whether some of its sentences were longer than the encoder's context. */
  cut: boolean;
}

/** Classes already known, by encoder, then by templates and name. */
const cache = new WeakMap<Encoder, Map<string, KnownClass>>();

/** All sentences of a pattern: each `{word}` in it replaced by each word of that list in turn. */
function expand(pattern: string, words: Record<string, readonly string[]>): string[] {
  const slot = /\{(\w+)\}/.exec(pattern);
  if (slot === null) return [pattern];
  return words[slot[1]].flatMap((word) => expand(pattern.replace(slot[0], word), words));
}

/**
 * The templates that a name stands for.
 *
 * @param templates `"imagenet"`: the 80 of CLIP, built from data/prompts/imagenet.json; `"single"`:
 * "a photo of a {}."; or a list, which is checked and returned
 * @throws {TypeError} If a list is empty, or a template in it lacks `{}`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { promptTemplates } from "detailclip";
 * assert(promptTemplates("imagenet").length === 80);
 * assert(promptTemplates("single")[0] === "a photo of a {}.");
 * ```
 */
export function promptTemplates(templates: PromptTemplates): readonly string[] {
  if (templates === "single") return ["a photo of a {}."];
  if (templates === "imagenet") {
    return imagenet.patterns.flatMap((pattern) => expand(pattern, imagenet.words));
  }
  if (!Array.isArray(templates) || templates.length === 0) {
    throw new TypeError(
      `Cannot make prompts: templates must be "imagenet", "single" or a list, got ${
        JSON.stringify(templates)
      }`,
    );
  }
  const lacking = templates.find((template) => !template.includes("{}"));
  if (lacking !== undefined) {
    throw new TypeError(`Cannot make prompts: the template "${lacking}" has no {} for the name`);
  }
  return templates;
}

/**
 * Encodes class names: each in every template, averaged over templates and brought to length 1 again.
 *
 * As in CLIP, names are put in as they are: "a" stays "a" before a vowel; a notice names those that make sentences
 * longer than the encoder's context. Vectors are kept in memory for
 * as long as the encoder is, so that asking again costs nothing.
 *
 * @param encoder what encodes the sentences
 * @param names Q class names
 * @returns float32 (Q, D), unit rows in the order of `names`
 * @throws {TypeError} If a name is blank or no string, or the templates are none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { classPrompts, loadEncoder } from "detailclip";
 * const encoder = await loadEncoder("./lib/encoders/testdata/random-clip");
 * const queries = await classPrompts(encoder, ["red apple", "boat"], { templates: "single" });
 * assert(queries.length === 2 * encoder.dim);
 * await encoder.dispose();
 * ```
 */
export async function classPrompts(
  encoder: Encoder,
  names: readonly string[],
  { templates = "imagenet", cacheDir, signal = operationSignal(), onProgress }: ClassPromptOptions =
    {},
): Promise<Float32Array> {
  checkNames(names);
  const sentences = promptTemplates(templates);
  const known = cache.get(encoder) ?? new Map<string, KnownClass>();
  cache.set(encoder, known);
  const prefix = `${canonicalJson(sentences)}\0`;
  const remember = (name: string, one: KnownClass) => known.set(prefix + name, one);
  const rowsOf = (names: readonly string[]) => {
    const rows = new Float32Array(names.length * encoder.dim); // (Q, D)
    names.forEach((name, i) => rows.set(known.get(prefix + name)!.vector, i * encoder.dim));
    return rows;
  };
  const cutOf = (names: readonly string[]) => names.filter((name) => known.get(prefix + name)!.cut);
  const all = [...new Set(names)], missing = all.filter((name) => !known.has(prefix + name));
  if (missing.length > 0) {
    const key = { encoder, sentences, names: all }; // what the next process asks for, too
    const kept = cacheDir ? await keptPrompts(cacheDir, key) : undefined;
    if (kept) {
      const cut = new Set(kept.cut);
      all.forEach((name, i) =>
        remember(name, { vector: rowOf(kept.vectors, i, encoder), cut: cut.has(name) })
      );
    } else {
      await encodeClasses(encoder, missing, sentences, remember, { signal, onProgress });
      if (cacheDir) await keepPrompts(cacheDir, key, { vectors: rowsOf(all), cut: cutOf(all) });
    }
    sayCut(encoder, cutOf(missing), missing.length);
  }
  onProgress?.(missing.length, missing.length);
  return rowsOf(names);
}

/** Refuses names of which no sentence can be made. */
function checkNames(names: readonly unknown[]): void {
  const odd = names.findIndex((name) => typeof name !== "string" || name.trim() === "");
  if (odd < 0) return;
  throw new TypeError(
    `Cannot make prompts: class name ${odd} must be text that is not blank, got ${
      JSON.stringify(names[odd])
    }`,
  );
}

/** Says in a line which classes an encoder does not read to the end. */
function sayCut({ id }: Encoder, cut: readonly string[], count: number): void {
  if (cut.length === 0) return;
  const shown = cut.slice(0, 3).map((name) => JSON.stringify(name.slice(0, 60)));
  notice(
    `sentences of ${cut.length} of ${count} class names are longer than ${id} reads, and are cut off: ` +
      shown.join(", ") + (cut.length > shown.length ? ", …" : ""),
  );
}

/** One class's vector. // (D) */
function rowOf(vectors: Float32Array, row: number, { dim }: Encoder): Float32Array {
  return vectors.subarray(row * dim, (row + 1) * dim);
}

/** Means over the sentences of each class, remembered batch by batch: an interrupt loses one. */
async function encodeClasses(
  encoder: Encoder,
  names: readonly string[],
  sentences: readonly string[],
  remember: (name: string, one: KnownClass) => void,
  { signal, onProgress }: ClassPromptOptions,
): Promise<void> {
  for (let from = 0; from < names.length; from += CLASSES_AT_ONCE) {
    onProgress?.(from, names.length);
    const some = names.slice(from, from + CLASSES_AT_ONCE);
    const texts = some.flatMap((name) =>
      sentences.map((text) => text.replaceAll("{}", () => name))
    );
    const cut = new Set<number>();
    const onCut = (texts: readonly number[]) =>
      texts.forEach((text) => cut.add(Math.floor(text / sentences.length)));
    const vectors = await encoder.encodeTexts(texts, { signal, onCut }); // (classes * sentences, D)
    const rows = sentences.length * encoder.dim;
    some.forEach((name, i) => {
      const vector = meanVector(vectors.subarray(i * rows, (i + 1) * rows), encoder.dim);
      remember(name, { vector, cut: cut.has(i) });
    });
  }
}
