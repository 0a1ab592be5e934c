/**
 * An encoder made of two loaded towers: batching, turns, cancelling, unit vectors.
 *
 * @module
 */
import type { PatchBatch, Preprocessing } from "../images/mod.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import { notice } from "../runtime/notice.ts";
import { addCommonPart, type CommonShares } from "./common_direction.ts";
import {
  type Concepts,
  type EncodeOptions,
  type Encoder,
  type EncoderDtype,
  type TextOptions,
  VectorError,
} from "./encoder.ts";
import type { ImageTower } from "./image_tower.ts";
import type { Tokenize } from "./tokenizer.ts";
import type { Tower } from "./towers.ts";

/** What a `TwoTowerEncoder` is made of. */
export interface Parts {
  /** Images to vectors. */
  image: ImageTower;
  /** Where images are encoded, if not on the processor. */
  device?: string;
  /** Called by the first text: programs that encode images alone never load the text tower. */
  loadText: () => Promise<{ tokenize: Tokenize; tower: Tower }>;
  /** Images in one run. */
  microBatch: number;
  /** Texts in one run. */
  textBatch: number;
  /** A direction that its vectors are given after the towers. */
  common?: { shares: CommonShares; direction: Float64Array };
  /** What it knows, where it knows drawn objects only. */
  drawnOnly?: string;
  /** What the second output of its towers, `concepts`, is about. */
  concepts?: Concepts;
}

/** An output of a tower. */
interface TowerOutput {
  /** Numbers an input. */
  width: number;
  /** Its name; that of the vectors if absent. */
  output?: string;
}

/** An encoder made of two towers; the text tower is loaded by the first text. */
export class TwoTowerEncoder implements Encoder {
  readonly inputSize: number;
  readonly drawnOnly?: string;
  readonly concepts?: Concepts;
  readonly device?: string;
  #parts: Parts;
  #text: ReturnType<Parts["loadText"]> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(
    readonly id: string,
    readonly dim: number,
    readonly dtype: EncoderDtype,
    readonly fingerprint: string,
    readonly preprocessing: Preprocessing,
    parts: Parts,
  ) {
    this.inputSize = preprocessing.size;
    this.#parts = parts;
    this.drawnOnly = parts.drawnOnly;
    this.concepts = parts.concepts;
    this.device = parts.device;
  }

  /** Calls take turns: they share one model. */
  #inTurn<T>(what: string, call: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      if (this.#disposed) throw new Error(`Cannot ${what}: the encoder ${this.id} was disposed`);
      return call();
    });
    this.#last = result.catch(() => {});
    return result;
  }

  async encodeImages(patches: PatchBatch, options?: EncodeOptions): Promise<Float32Array> {
    return this.#finish(await this.#runImages(patches, { width: this.dim }, options), "image");
  }

  async encodeTexts(texts: readonly string[], options?: TextOptions): Promise<Float32Array> {
    return this.#finish(await this.#runTexts(texts, { width: this.dim }, options), "text");
  }

  async imageConcepts(patches: PatchBatch, options?: EncodeOptions): Promise<Float32Array> {
    const { image } = this.#known("score images");
    return await this.#runImages(patches, { width: image.length, output: "concepts" }, options);
  }

  async textConcepts(texts: readonly string[], options?: TextOptions): Promise<Float32Array> {
    const { text } = this.#known("compare texts with words");
    return await this.#runTexts(texts, { width: text.length, output: "concepts" }, options);
  }

  #known(what: string): Concepts {
    if (this.concepts) return this.concepts;
    throw new Error(`Cannot ${what}: the encoder ${this.id} has no concepts.json`);
  }

  /** One output of the image tower. // (P, width) */
  #runImages(
    patches: PatchBatch,
    { width, output }: TowerOutput,
    { signal = operationSignal() }: EncodeOptions = {},
  ): Promise<Float32Array> {
    return this.#inTurn("encode images", async () => {
      const { count, size, data } = patches;
      if (size !== this.inputSize) {
        throw new RangeError(
          `Cannot encode images: the encoder takes ${this.inputSize} px, got patches of ${size} px`,
        );
      }
      if (data.length !== count * size * size * 3) {
        throw new RangeError(
          `Cannot encode images: ${count} patches of ${size} px need ${
            count * size * size * 3
          } bytes, got ${data.length}`,
        );
      }
      const out = new Float32Array(count * width); // (P, width)
      for (let from = 0; from < count; from += this.#parts.microBatch) {
        signal.throwIfAborted();
        const n = Math.min(this.#parts.microBatch, count - from);
        const bytes = data.subarray(from * size * size * 3, (from + n) * size * size * 3);
        out.set(await this.#parts.image.run(bytes, n, output), from * width);
      }
      signal.throwIfAborted();
      return out;
    });
  }

  /** One output of the text tower. // (Q, width) */
  #runTexts(
    texts: readonly string[],
    { width, output }: TowerOutput,
    { signal = operationSignal(), onCut }: TextOptions = {},
  ): Promise<Float32Array> {
    return this.#inTurn("encode texts", async () => {
      const odd = texts.findIndex((text) => typeof text !== "string");
      if (odd >= 0) {
        throw new TypeError(
          `Cannot encode texts: text ${odd} must be a string, got ${JSON.stringify(texts[odd])}`,
        );
      }
      const { tokenize, tower } = await this.#loadText();
      const { ids, cut, context } = await tokenize(texts, signal);
      if (cut.length > 0) (onCut ?? ((cut) => this.#sayCut(texts, cut, context)))(cut, context);
      const out = new Float32Array(texts.length * width); // (Q, width)
      for (const group of groupByLength(ids, this.#parts.textBatch)) {
        signal.throwIfAborted();
        const tokens = BigInt64Array.from(group.flatMap((i) => ids[i]).map(BigInt));
        const rows = await tower.run(tokens, [group.length, ids[group[0]].length], output);
        group.forEach((i, row) =>
          out.set(rows.subarray(row * width, (row + 1) * width), i * width)
        );
      }
      signal.throwIfAborted();
      return out;
    });
  }

  #sayCut(texts: readonly string[], cut: readonly number[], context: number): void {
    const which = texts.length === 1 ? "the text is" : `${cut.length} of ${texts.length} texts are`;
    const first = JSON.stringify(texts[cut[0]].slice(0, 60));
    notice(
      `${which} longer than the ${context} tokens that ${this.id} reads; the rest is cut off: ${first}…`,
    );
  }

  /** What towers gave as unit vectors, with the common part where there is one. // (N, D) */
  #finish(vectors: Float32Array, what: "image" | "text"): Float32Array {
    normalizeRows(vectors, this.dim, what);
    const { common } = this.#parts;
    if (common === undefined) return vectors;
    const bare = addCommonPart(vectors, common.direction, common.shares[what]);
    if (bare >= 0) {
      throw new VectorError(what, bare, { why: "its vector lies along the common direction" });
    }
    return vectors;
  }

  #loadText(): ReturnType<Parts["loadText"]> {
    this.#text ??= this.#parts.loadText().catch((error) => {
      this.#text = undefined; // a failure is not remembered
      throw error;
    });
    return this.#text;
  }

  async dispose(): Promise<void> {
    await this.#last;
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#parts.image.dispose();
    await (await this.#text)?.tower.dispose();
  }
}

/** Groups of at most `most` texts of equally many tokens: none needs padding, so none feels the others. */
function groupByLength(ids: readonly number[][], most: number): number[][] {
  const groups: number[][] = [], open = new Map<number, number[]>();
  ids.forEach(({ length }, i) => {
    let group = open.get(length);
    if (group === undefined || group.length === most) {
      open.set(length, group = []);
      groups.push(group);
    }
    group.push(i);
  });
  return groups;
}

/** Brings each row of a (rows, dim) matrix to length 1, in place. */
function normalizeRows(matrix: Float32Array, dim: number, what: string): Float32Array {
  for (let start = 0; start < matrix.length; start += dim) {
    let sum = 0;
    for (let i = start; i < start + dim; i++) sum += matrix[i] * matrix[i];
    if (!(sum > 0 && sum < Infinity)) throw new VectorError(what, start / dim);
    const scale = 1 / Math.sqrt(sum);
    for (let i = start; i < start + dim; i++) matrix[i] *= scale;
  }
  return matrix;
}
