/**
 * The words of an encoder that tells images in concepts, and what is to be said of queries far from all of them.
 *
 * @module
 */
import { join } from "node:path";
import { readTextIfThere, sha256 } from "../runtime/files.ts";
import { checkSettings, listOf, number, settings, TEXT } from "../runtime/settings.ts";
import { type Concepts, type EncodeOptions, type Encoder, VectorError } from "./encoder.ts";
import { locateEncoder } from "./locate.ts";

const SCHEMA = settings<Concepts>({
  image: listOf(TEXT),
  text: listOf(TEXT),
  prompt: TEXT,
  far: number("a cosine", (value) => Math.abs(value) <= 1),
});

/**
 * What `concepts.json` of an encoder's folder says; nothing where there is none.
 *
 * @throws {RangeError} when it is malformed
 */
export async function readConcepts(folder: string): Promise<Concepts | undefined> {
  const text = await readTextIfThere(join(folder, "concepts.json"));
  if (text === undefined) return undefined;
  const concepts: unknown = JSON.parse(text);
  checkSettings(SCHEMA, concepts, "Cannot load encoder", "concepts.json");
  return concepts as Concepts;
}

/**
 * The same encoder, whose image vectors are the square roots of the shares of its concepts: they have length 1, so that
 * they are kept as features like any others. It uses the model of the encoder, which is disposed of alone.
 *
 * @param encoder one with {@linkcode Concepts}
 * @returns an encoder of images; D is the number of concepts
 * @throws {Error} when it has none
 */
export function conceptEncoder(encoder: Encoder): Encoder {
  const { id, concepts, inputSize, dtype, fingerprint, preprocessing } = encoder;
  if (concepts === undefined || encoder.imageConcepts === undefined) {
    throw new Error(`Cannot score images by concepts: the encoder ${id} has none`);
  }
  return {
    ...{ inputSize, dtype, preprocessing, concepts },
    id: `${id}-concepts`,
    dim: concepts.image.length,
    fingerprint: sha256(`${fingerprint} concepts`),
    async encodeImages(patches, options) {
      const shares = await encoder.imageConcepts!(patches, options); // (P, C)
      const odd = shares.findIndex((share) => !Number.isFinite(share));
      if (odd >= 0) throw new VectorError("patch", Math.floor(odd / concepts.image.length));
      return shares.map((share) => Math.sqrt(Math.max(0, share)));
    },
    encodeTexts() {
      throw new Error(`Cannot encode texts: ${id}-concepts encodes images alone`);
    },
    dispose: () => Promise.resolve(),
  };
}

/** A vocabulary for any encoder: the 3,253 nouns of WordNet that photo-clip knows. */
export async function commonNouns(): Promise<readonly string[]> {
  return (await readConcepts(await locateEncoder("photo-clip")))!.text;
}

/** A query that is far from all that an encoder knows. */
export interface DistantQuery {
  /** The query. */
  query: string;
  /** The nearest words that the encoder knows, nearest first. */
  nearest: string[];
}

/**
 * Finds the queries that an encoder with {@linkcode Concepts} has no word near.
 *
 * @param encoder any encoder; one without concepts says nothing of its vocabulary
 * @param queries words or phrases, without a template
 * @param options `words`: how many near words to name, 3 by default
 * @returns those whose cosine to every word is below `concepts.far`
 */
export async function distantQueries(
  encoder: Pick<Encoder, "concepts" | "textConcepts">,
  queries: readonly string[],
  { words = 3, ...options }: EncodeOptions & { words?: number } = {},
): Promise<DistantQuery[]> {
  const { concepts } = encoder;
  if (concepts === undefined || encoder.textConcepts === undefined) return [];
  const { text, prompt, far } = concepts;
  const sentences = queries.map((query) => prompt.replaceAll("{}", () => query));
  const cosines = await encoder.textConcepts(sentences, options); // (Q, L)
  return queries.flatMap((query, q) => {
    const row = cosines.subarray(q * text.length, (q + 1) * text.length);
    const order = Array.from(row.keys()).sort((a, b) => row[b] - row[a]).slice(0, words);
    return row[order[0]] < far ? [{ query, nearest: order.map((i) => text[i]) }] : [];
  });
}

/** Queries named one by one; the others are counted. */
const NAMED = 5;

/**
 * What is to be said of queries that an encoder has no word near.
 *
 * @returns a line; `undefined` where nothing is to be said
 */
export async function vocabularyNotice(
  encoder: Pick<Encoder, "id" | "concepts" | "textConcepts">,
  queries: readonly string[],
  options: EncodeOptions = {},
): Promise<string | undefined> {
  const distant = await distantQueries(encoder, queries, options);
  if (distant.length === 0) return undefined;
  const named = distant.slice(0, NAMED).map(({ query, nearest }) =>
    `"${query}" (nearest: ${nearest.join(", ")})`
  );
  const more = distant.length > NAMED ? ` and ${distant.length - NAMED} more` : "";
  return `${encoder.id} knows the names of common things, and no word near ${
    named.join(", ")
  }${more}: what it ` +
    `finds for ${distant.length === 1 ? "it" : "them"} may mean little`;
}
