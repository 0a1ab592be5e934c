/**
 * Loads an encoder with its own preprocessing, so that the two cannot mismatch.
 *
 * @module
 */
import { join } from "node:path";
import { hasGpu } from "../runtime/gpu.ts";
import { notice } from "../runtime/notice.ts";
import { commonDirection } from "./common_direction.ts";
import { readConcepts } from "./concepts.ts";
import {
  type Encoder,
  ENCODER_DEVICES,
  type EncoderDevice,
  type EncoderDtype,
  type LoadEncoderOptions,
} from "./encoder.ts";
import { fingerprintEncoder, hashEncoderFiles } from "./fingerprint.ts";
import { deviceError, type ImageTower, loadDeviceTower, towerOfFloats } from "./image_tower.ts";
import { int8SaturatesHere } from "./int8.ts";
import { encoderFiles, locateEncoder } from "./locate.ts";
import { type ModelPreprocessing, readPreprocessing } from "./preprocess.ts";
import { readScope } from "./scope.ts";
import { newRules, type TextRules, textRules, type TokenizerConfig } from "./text_rules.ts";
import { loadTokenizer } from "./tokenizer.ts";
import { loadTower, type ModelConfig, type TowerOptions } from "./towers.ts";
import { type Parts, TwoTowerEncoder } from "./two_tower.ts";

/** Texts in one run of the text tower. */
const TEXT_BATCH = 32;

/** Images in one run on another device. */
const DEVICE_BATCH = 128;

/** Reads a JSON file of the model. */
async function readJson<T>(folder: string, file: string): Promise<T> {
  const path = join(folder, file);
  try {
    return JSON.parse(await Deno.readTextFile(path)) as T;
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

/** What the small files of a folder say of its model. */
interface Model {
  config: ModelConfig;
  scope: Awaited<ReturnType<typeof readScope>>;
  concepts: Awaited<ReturnType<typeof readConcepts>>;
  preprocessing: ModelPreprocessing;
  rules: TextRules;
}

/** Reads what is to be known of a model before its towers are loaded. */
async function readModel(
  folder: string,
  mode: LoadEncoderOptions["preprocessing"],
): Promise<Model> {
  const config = await readJson<ModelConfig>(folder, "config.json");
  const scope = await readScope(folder), concepts = await readConcepts(folder);
  const preprocessing = readPreprocessing(await readJson(folder, "preprocessor_config.json"), mode);
  const rules = textRules(config, await readJson<TokenizerConfig>(folder, "tokenizer_config.json"));
  return { config, scope, concepts, preprocessing, rules };
}

/** Loads the tower of texts and its tokenizer; `checkFiles` refuses files that are no longer those of the fingerprint. */
async function loadText(
  folder: string,
  { config, rules }: Model,
  options: TowerOptions,
  checkFiles: () => Promise<void>,
): ReturnType<Parts["loadText"]> {
  const tower = await loadTower("text", folder, config, options), { length } = tower;
  const fixed = length === undefined ? {} : { context: length, padded: true };
  try {
    const tokenize = await loadTokenizer(folder, { ...rules, ...fixed });
    await checkFiles();
    return { tokenize, tower };
  } catch (error) {
    await tower.dispose();
    throw error;
  }
}

/**
 * Loads an encoder: one of the embedded ones, `tiny-clip` for drawn scenes and `photo-clip` for photographs, a
 * folder, or a model of the hub.
 *
 * A folder has the hub's layout: `config.json`, `preprocessor_config.json`, `tokenizer.json`,
 * `tokenizer_config.json` and `onnx/{text,vision}_model{,_fp16,_quantized}.onnx`; tools/encoders/export_encoder.py
 * makes one from a PyTorch checkpoint. A hub id (`owner/name`) is looked for in the folder of models and
 * is downloaded only with `remote: true`, or by `addEncoder`. Families: CLIP
 * (with open_clip's and MobileCLIP), SigLIP and SigLIP 2, and jina-clip where it has two towers.
 *
 * With `dtype: "q8"` the hub's models quantise activations by the range they have in one run, so that an
 * image's vector would depend on the images beside it: those models run one image, or one text, at a time.
 * Models of tools/encoders/export_encoder.py have a range a token instead, and run several.
 *
 * @param id `"tiny-clip"`, `"photo-clip"`, a path, or a hub id such as `"Xenova/clip-vit-base-patch32"`
 * @param options precision, device, and where to look
 * @throws {Error} If files are missing: the message lists what to download and where to put it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadEncoder } from "detailclip";
 * const encoder = await loadEncoder("./lib/encoders/testdata/random-clip");
 * const size = encoder.inputSize;
 * const grey = { count: 1, size, data: new Uint8Array(3 * size * size).fill(128) };
 * const image = await encoder.encodeImages(grey);
 * const texts = await encoder.encodeTexts(["a photo of a red apple.", "a photo of fog."]);
 * assert(image.length === encoder.dim && texts.length === 2 * encoder.dim);
 * await encoder.dispose();
 * ```
 */
export async function loadEncoder(id: string, options: LoadEncoderOptions = {}): Promise<Encoder> {
  const { dtype = "fp32", commonDirection: shares } = options;
  checkDevice(options.device);
  const folder = await locateEncoder(id, options);
  const files = await hashEncoderFiles(folder, encoderFiles(dtype)); // before any of them is read for use
  const checkFiles = () => checkUnchanged(id, folder, dtype, files);
  const model = await readModel(folder, options.preprocessing);
  const { config, preprocessing, rules, scope, concepts } = model;
  const threads = options.threads ?? Math.min(navigator.hardwareConcurrency, 16);
  const towerOptions = { dtype, threads };
  const onProcessor = options.microBatch ?? defaultMicroBatch(config, preprocessing, dtype);
  checkMicroBatch(onProcessor);
  const { image, device, dim } = await loadImages(id, options.device ?? "cpu", {
    load: (device) => loadDeviceTower(folder, { dtype, device, preprocessing }),
    loadHere: async () => {
      const tower = await loadTower("image", folder, config, towerOptions);
      return towerOfFloats(tower, preprocessing, onProcessor);
    },
    size: preprocessing.size,
  });
  const elsewhere = device === "cpu" ? {} : { device };
  const settings = {
    ...{ dtype, ...elsewhere, preprocessing: preprocessing.mode },
    ...(shares !== undefined && { commonDirection: shares }),
    ...newRules(config, rules),
  };
  let fingerprint: string, common: ReturnType<typeof commonDirection>;
  try {
    common = commonDirection(config.common_direction, shares, dim);
    await checkFiles();
    fingerprint = fingerprintEncoder(files, settings);
  } catch (error) {
    await image.dispose();
    throw error;
  }
  if (dtype === "q8" && device === "cpu" && int8SaturatesHere()) notice(saturates(id));
  return new TwoTowerEncoder(id, dim, dtype, fingerprint, preprocessing, {
    image,
    loadText: () => loadText(folder, model, towerOptions, checkFiles),
    microBatch: options.microBatch ?? (device === "cpu" ? onProcessor : DEVICE_BATCH),
    textBatch: TEXT_BATCH,
    ...{ ...elsewhere, ...scope },
    ...(common && { common }),
    ...(concepts && { concepts }),
  });
}

/** Refuses what is no device, before anything is loaded: configurations and cells are not type-checked. */
function checkDevice(device: string = "cpu"): void {
  if (ENCODER_DEVICES.some((name) => name === device)) return;
  throw new TypeError(
    `Cannot load encoder: device must be ${ENCODER_DEVICES.join(", ")}, got ${device}`,
  );
}

/** Refuses what is no number of images. */
function checkMicroBatch(images: number): void {
  if (Number.isInteger(images) && images >= 1) return;
  throw new RangeError(
    `Cannot load encoder: microBatch must be a positive integer, got ${images}`,
  );
}

/** Loads a tower and asks it for the length of its vectors. */
async function tried(
  loading: Promise<ImageTower>,
  size: number,
): Promise<{ image: ImageTower; dim: number }> {
  const image = await loading;
  try {
    return { image, dim: (await image.run(new Uint8Array(3 * size * size), 1)).length };
  } catch (error) {
    await image.dispose();
    throw error;
  }
}

/** How towers are loaded, and S. */
interface Loaders {
  load: (device: Exclude<EncoderDevice, "cpu">) => Promise<ImageTower>;
  loadHere: () => Promise<ImageTower>;
  size: number;
}

/** Loads the tower of images on a device, with `auto` on a GPU if there is one that can be used. */
async function loadImages(
  id: string,
  wish: EncoderDevice | "auto",
  { load, loadHere, size }: Loaders,
): Promise<{ image: ImageTower; dim: number; device: EncoderDevice }> {
  const there = (device: Exclude<EncoderDevice, "cpu">) =>
    tried(load(device), size).catch((error) => {
      throw deviceError(device, error);
    });
  if (wish === "auto" && await hasGpu()) {
    try {
      return { ...await there("webgpu"), device: "webgpu" };
    } catch (error) {
      notice(`${id} runs on the processor. ${(error as Error).message}`);
    }
  }
  const device = wish === "auto" ? "cpu" : wish;
  return { ...await (device === "cpu" ? tried(loadHere(), size) : there(device)), device };
}

/** Refuses files that are no longer those of the fingerprint: what was loaded from them is another encoder. */
async function checkUnchanged(
  id: string,
  folder: string,
  dtype: EncoderDtype,
  files: Record<string, string>,
): Promise<void> {
  const now = await hashEncoderFiles(folder, encoderFiles(dtype));
  const changed = Object.keys({ ...files, ...now }).filter((file) => now[file] !== files[file]);
  if (changed.length === 0) return;
  throw new Error(
    `Cannot load encoder "${id}": ${
      changed.join(", ")
    } of ${folder} changed while it was in use; load it again`,
  );
}

/** What is to be said of int8 on a processor that {@linkcode int8SaturatesHere} speaks of. */
const saturates = (id: string) =>
  `${id} with dtype q8: this processor has no VNNI, and sums of int8 products saturate on it, so that vectors ` +
  "differ more from those of fp32 (cosine about 0.96 rather than 0.999); fp32 is exact";

/** Images a run: at most two thirds of a second of work on two cores, so that an interrupt is soon heeded. */
function defaultMicroBatch(
  { vision_config: vision = {} }: ModelConfig,
  { size }: ModelPreprocessing,
  dtype: EncoderDtype,
): number {
  const tokens = (size / (vision.patch_size ?? 16)) ** 2;
  const layers = (vision.num_hidden_layers ?? 12) / 12, width = (vision.hidden_size ?? 768) / 768;
  // 25 is what features of tiny-clip were made with: another number may round differently.
  const images = Math.max(1, Math.min(25, Math.round(800 / (tokens * layers * width * width))));
  return dtype === "q8" ? 2 * images : images; // more than twice as fast
}
