/**
 * Vectors of class prompts on disk: 80 sentences a class take seconds, and every run asks for the same.
 *
 * @module
 */
import { join } from "node:path";
import { canonicalJson, removeLeftovers, sha256, writeAtomic } from "../runtime/files.ts";
import type { Encoder } from "./encoder.ts";

/** Raise this when prompts come out differently for the same encoder, sentences and names. */
const PROMPT_VERSION = 1;

/** Length of a SHA-256 in hexadecimal digits, with which a file begins. */
const DIGEST = 64;

/** Vectors of class prompts. */
export interface ClassVectors {
  /** float32 (Q, D). */
  vectors: Float32Array;
  /** The classes some of whose sentences are longer than the encoder's context. */
  cut: readonly string[];
}

/** What the vectors depend on. */
export interface PromptKey {
  /** What encodes the sentences. */
  encoder: Encoder;
  /** The templates. */
  sentences: readonly string[];
  /** The classes, in the order in which they are encoded: batches change a vector's last digits. */
  names: readonly string[];
}

function pathOf(cacheDir: string, { encoder, sentences, names }: PromptKey): string {
  const key = canonicalJson([PROMPT_VERSION, encoder.fingerprint, sentences, names]);
  return join(cacheDir, `${sha256(key).slice(0, 32)}.f32`);
}

/**
 * Reads what {@linkcode keepPrompts} wrote.
 *
 * @param cacheDir folder of the files
 * @param key what the vectors are of
 * @returns the vectors; `undefined` where there is no file, or one that is damaged
 */
export async function keptPrompts(
  cacheDir: string,
  key: PromptKey,
): Promise<ClassVectors | undefined> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await Deno.readFile(pathOf(cacheDir, key));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const body = bytes.slice(DIGEST), length = 4 * key.names.length * key.encoder.dim;
  const decoder = new TextDecoder();
  if (body.length < length || decoder.decode(bytes.subarray(0, DIGEST)) !== sha256(body)) return;
  const cut = decoder.decode(body.subarray(length));
  return {
    vectors: new Float32Array(body.buffer, 0, length / 4),
    cut: cut === "" ? [] : JSON.parse(cut),
  };
}

/**
 * Writes vectors of class prompts and, behind them, the names of classes that were cut, with a digest of both.
 *
 * @param cacheDir folder of the files, made where there is none
 * @param key what the vectors are of
 * @param found the vectors
 */
export async function keepPrompts(
  cacheDir: string,
  key: PromptKey,
  { vectors, cut }: ClassVectors,
): Promise<void> {
  const names = new TextEncoder().encode(cut.length > 0 ? JSON.stringify(cut) : "");
  const body = new Uint8Array(vectors.byteLength + names.length);
  body.set(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
  body.set(names, vectors.byteLength);
  const bytes = new Uint8Array(DIGEST + body.length);
  bytes.set(new TextEncoder().encode(sha256(body)));
  bytes.set(body, DIGEST);
  await removeLeftovers(cacheDir);
  await writeAtomic(pathOf(cacheDir, key), bytes);
}
