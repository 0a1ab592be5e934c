/**
 * Vectors of class prompts on disk: 80 sentences a class take seconds, and every run asks for the same.
 *
 * @module
 */
import { join } from "node:path";
import { canonicalJson, sha256, writeAtomic } from "../runtime/files.ts";
import type { Encoder } from "./encoder.ts";

/** Raise this when prompts come out differently for the same encoder, sentences and names. */
const PROMPT_VERSION = 1;

/** Length of a SHA-256 in hexadecimal digits, with which a file begins. */
const DIGEST = 64;

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
 * @returns float32 (Q, D); `undefined` where there is no file, or one that is damaged
 */
export async function keptPrompts(
  cacheDir: string,
  key: PromptKey,
): Promise<Float32Array | undefined> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await Deno.readFile(pathOf(cacheDir, key));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const vectors = bytes.slice(DIGEST);
  const whole = vectors.length === 4 * key.names.length * key.encoder.dim &&
    new TextDecoder().decode(bytes.subarray(0, DIGEST)) === sha256(vectors);
  return whole ? new Float32Array(vectors.buffer) : undefined;
}

/**
 * Writes vectors of class prompts, with a digest of them.
 *
 * @param cacheDir folder of the files, made where there is none
 * @param key what the vectors are of
 * @param vectors float32 (Q, D)
 */
export async function keepPrompts(
  cacheDir: string,
  key: PromptKey,
  vectors: Float32Array,
): Promise<void> {
  const body = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const bytes = new Uint8Array(DIGEST + body.length);
  bytes.set(new TextEncoder().encode(sha256(body)));
  bytes.set(body, DIGEST);
  await writeAtomic(pathOf(cacheDir, key), bytes);
}
