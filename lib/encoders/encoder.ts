/**
 * What an encoder is: two towers that bring images and texts to unit vectors of one space.
 *
 * @module
 */
import type { PatchBatch, Preprocessing } from "../images/mod.ts";
import type { ProgressOutput } from "../runtime/progress.ts";
import type { CommonShares } from "./common_direction.ts";

/** Precision of an encoder's weights: `q8` is int8, with activations quantised on the fly. */
export type EncoderDtype = "fp32" | "fp16" | "q8";

/**
 * Where images are encoded, as onnxruntime names it: `cpu`; `webgpu`, any GPU; `cuda`, an NVIDIA one, for which
 * onnxruntime wants files that its package lacks; `dml` on Windows, `coreml` on a Mac.
 */
export type EncoderDevice = "cpu" | "webgpu" | "cuda" | "dml" | "coreml";

/** What `device` may be; with `auto` it is a GPU through WebGPU where there is one, else the processor. */
export const ENCODER_DEVICES: readonly (EncoderDevice | "auto")[] = [
  ...(["auto", "cpu", "webgpu", "cuda", "dml", "coreml"] as const),
];

/** An input for which the model gives no finite vector; the others of the call are not to blame. */
export class VectorError extends Error {
  /** The name by which it is told from other errors. */
  override name = "VectorError";
  /** A few words to count by. */
  readonly reason: string = "no finite vector";

  /**
   * Makes the error; its message names the input.
   *
   * @param what what was to be encoded, such as `image` or `text`
   * @param row which input of the call it is, from 0
   * @param options the error behind it, as `cause`; `why`, where the vector is finite and of no use all the same
   */
  constructor(
    what: string,
    readonly row: number,
    { why, ...options }: ErrorOptions & { why?: string } = {},
  ) {
    const reason = why ?? 'the model gave no finite vector; try dtype "fp32" if this is fp16';
    super(`Cannot encode ${what} ${row}: ${reason}`, options);
  }
}

/** Options of one call of an encoder. */
export interface EncodeOptions {
  /**
   * Checked between micro-batches: when aborted, the call throws the signal's reason. By default that of
   * `operationSignal`: an interrupt stops the call.
   */
  signal?: AbortSignal;
}

/** Options of encoding texts. */
export interface TextOptions extends EncodeOptions {
  /**
   * Told of the texts, by their places in the call, that are longer than the context, and of its length in tokens.
   * Default: a notice says so.
   */
  onCut?: (texts: readonly number[], context: number) => void;
}

/** What an encoder of images by concepts can name: `concepts.json` in its folder. It changes no vector. */
export interface Concepts {
  /** Names of the concepts of {@linkcode Encoder.imageConcepts}. // (C) */
  image: readonly string[];
  /** The words of {@linkcode Encoder.textConcepts}. // (L) */
  text: readonly string[];
  /** The sentence that a word is put in before it is compared with them; `{}` stands for it. */
  prompt: string;
  /** A text whose cosine to the nearest word is below this is far from all that the encoder knows. */
  far: number;
}

/** A frozen vision-language model together with the preprocessing it was trained with. */
export interface Encoder {
  /** The id it was loaded by. */
  readonly id: string;
  /** D: length of its vectors. */
  readonly dim: number;
  /** S: side in px of the square images it takes. */
  readonly inputSize: number;
  /** Precision of the weights. */
  readonly dtype: EncoderDtype;
  /** Where images are encoded, if not on the processor: that rounds otherwise. Texts always are there. */
  readonly device?: string;
  /**
   * SHA-256 over weights, configuration, tokenizer, preprocessing, dtype, and the device unless it is the processor:
   * equal fingerprints, equal vectors.
   */
  readonly fingerprint: string;
  /** What it knows, where it knows drawn objects only: `"138 classes of emoji renderings"`. */
  readonly drawnOnly?: string;
  /** The concepts that it tells images in; with them, `imageConcepts` and `textConcepts` answer. */
  readonly concepts?: Concepts;
  /** How images are brought to `inputSize`; hand it to `cutPatches`. */
  readonly preprocessing: Preprocessing;
  /**
   * Encodes P images of `inputSize` px.
   *
   * The vectors do not depend on how images are grouped into calls (within 1e-5).
   *
   * @param patches bytes (P, S, S, 3), already resized
   * @returns float32 (P, D), rows of length 1
   * @throws {RangeError} If the images are not of the encoder's size.
   * @throws {VectorError} If the model gives no finite vector for one of them.
   */
  encodeImages(patches: PatchBatch, options?: EncodeOptions): Promise<Float32Array>;
  /**
   * Encodes Q texts; what exceeds the model's context is cut off, and a notice says so.
   *
   * @param texts Q texts
   * @returns float32 (Q, D), rows of length 1
   * @throws {TypeError} If one of them is not a string.
   * @throws {VectorError} If the model gives no finite vector for one of them.
   */
  encodeTexts(texts: readonly string[], options?: TextOptions): Promise<Float32Array>;
  /**
   * Scores images by the concepts of an encoder that has some.
   *
   * @param patches bytes (P, S, S, 3), already resized
   * @returns the share of each concept in each image, rows of sum 1 // (P, C)
   * @throws {Error} If the encoder has no {@linkcode Concepts}.
   */
  imageConcepts?(patches: PatchBatch, options?: EncodeOptions): Promise<Float32Array>;
  /**
   * Compares texts with the words of an encoder that has some.
   *
   * @returns the cosine of each text to each word // (Q, L)
   * @throws {Error} If the encoder has no {@linkcode Concepts}.
   */
  textConcepts?(texts: readonly string[], options?: TextOptions): Promise<Float32Array>;
  /** Frees the model's memory; the encoder cannot be used afterwards. */
  dispose(): Promise<void>;
}

/** Options of `loadEncoder`. */
export interface LoadEncoderOptions {
  /** Precision of the weights; each has files of its own. Default `"fp32"`. */
  dtype?: EncoderDtype;
  /**
   * Where images are encoded: the processor (`"cpu"`, default), another device, or `"auto"`: a GPU through WebGPU where
   * there is one, else the processor. Bytes go there, and are normalised there; with `dtype: "fp16"` it computes in 16
   * bits, and vectors come back in 32.
   */
  device?: EncoderDevice | "auto";
  /** `"clip"`: bicubic and centre crop; `"squash"`: the authors' bilinear. Default: as the model says. */
  preprocessing?: "clip" | "squash";
  /**
   * Of an encoder whose `config.json` has a `common_direction`: `false` leaves vectors as the towers give them, shares
   * take the place of its own. Default: as the model says.
   */
  commonDirection?: CommonShares | false;
  /** Folder of models in the hub's layout (`<folder>/<owner>/<name>/…`). Default: the environment
   * variable `DETAILCLIP_MODELS`, else `models` of the cache, or of this repository's `.cache`. */
  modelsDir?: string;
  /** Allows a hub id that is not in the models folder to be downloaded into it. Default false. */
  remote?: boolean;
  /** Images normalised and encoded between two looks at the signal. Default: chosen for the model. */
  microBatch?: number;
  /** Threads of the CPU within one operation. Default: the number of cores, at most 16. */
  threads?: number;
  /** Stops a download. By default an interrupt does (`operationSignal`). */
  signal?: AbortSignal;
  /** Where the progress of a download shows. */
  output?: ProgressOutput;
}
