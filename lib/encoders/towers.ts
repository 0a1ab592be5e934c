/**
 * The two towers of a CLIP-family model as functions on plain arrays. With tokenizer.ts the only user of transformers.js.
 *
 * @module
 */
import type { PreTrainedModel, Tensor } from "@huggingface/transformers";
import { join } from "node:path";
import { quantizesByRun } from "./dynamic_quantization.ts";
import type { EncoderDtype } from "./encoder.ts";
import { encoderFiles } from "./locate.ts";

/** The parts of config.json that are read here. */
export interface ModelConfig {
  model_type?: string;
  text_config?: { max_position_embeddings?: number };
  vision_config?: { patch_size?: number; hidden_size?: number; num_hidden_layers?: number };
  /** Ours: a direction that vectors are given after the towers. */
  common_direction?: unknown;
}

/** How towers are loaded. */
export interface TowerOptions {
  dtype: EncoderDtype;
  threads: number;
}

/** One loaded tower. */
export interface Tower {
  /**
   * Runs the model on `count` inputs.
   *
   * @param output which of the model's outputs; its vectors if absent
   * @returns (count, D), not normalised
   */
  run(
    inputs: Float32Array | BigInt64Array,
    dims: number[],
    output?: string,
  ): Promise<Float32Array>;
  /** Frees the session. */
  dispose(): Promise<unknown>;
  /** Of a text tower that takes texts of one length alone: that many tokens. */
  length?: number;
}

/** Families: which classes load the towers. SigLIP's vectors are its pooled outputs. */
const FAMILIES = {
  clip: { text: "CLIPTextModelWithProjection", image: "CLIPVisionModelWithProjection" },
  siglip: { text: "SiglipTextModel", image: "SiglipVisionModel" },
  jina_clip: { text: "JinaCLIPTextModel", image: "JinaCLIPVisionModel" },
} as const;

/** The names that families give to one vector an input; the first that a model returns is taken. */
const OUTPUTS = [
  ...["text_embeds", "image_embeds", "pooler_output"],
  ...["l2norm_text_embeddings", "l2norm_image_embeddings"],
];

/** The family of a model, or an error that names those known. */
function familyOf(config: ModelConfig): keyof typeof FAMILIES {
  const type = config.model_type ?? "", known = Object.keys(FAMILIES);
  if (Object.hasOwn(FAMILIES, type)) return type as keyof typeof FAMILIES;
  throw new Error(
    `Cannot load encoder: model_type must be one of ${known.join(", ")}, got ${config.model_type}`,
  );
}

/** transformers.js, imported when the first encoder is loaded; it never goes to the network from here. */
export async function library(): Promise<typeof import("@huggingface/transformers")> {
  const transformers = await import("@huggingface/transformers");
  // Deno keeps that cache in a folder of the system's temporary directory, which all users share.
  transformers.env.useBrowserCache = false;
  return transformers;
}

/**
 * Loads one tower, to run on the processor. Its results do not depend on what is run together: models of which that is not true are
 * run one input at a time.
 *
 * @param folder absolute path of the model's folder
 * @param config the content of its config.json
 */
export async function loadTower(
  part: "text" | "image",
  folder: string,
  config: ModelConfig,
  options: TowerOptions,
): Promise<Tower> {
  const transformers = await library();
  const [image, text] = encoderFiles(options.dtype);
  const alone = options.dtype === "q8" &&
    await quantizesByRun(join(folder, part === "image" ? image : text));
  const model: PreTrainedModel = await transformers[FAMILIES[familyOf(config)][part]]
    .from_pretrained(folder, {
      local_files_only: true,
      dtype: options.dtype,
      device: "cpu",
      session_options: {
        intraOpNumThreads: options.threads,
        graphOptimizationLevel: "all",
        // Between runs its threads would wait busily, on the cores that decode and cut the next images.
        extra: { session: { intra_op: { allow_spinning: "0" } } },
      },
    });
  const session = Object.values(model.sessions)[0] as Session;
  const half = session.inputMetadata.some(({ type }) => type === "float16");
  const length = part === "text" ? session.inputMetadata[0].shape?.[1] : undefined;
  const tower: Tower = {
    run: (inputs, dims, output) =>
      runTower(transformers, model, session, half, inputs, dims, output),
    dispose: () => model.dispose(),
    ...(typeof length === "number" && { length }),
  };
  return alone ? oneByOne(tower) : tower;
}

/** A tower that runs its inputs one at a time, so that none feels another. */
function oneByOne(tower: Tower): Tower {
  return {
    async run(inputs, [count, ...shape], output) {
      const size = inputs.length / count;
      const rows: Float32Array[] = [];
      for (let start = 0; start < inputs.length; start += size) {
        rows.push(await tower.run(inputs.slice(start, start + size), [1, ...shape], output));
      }
      const vectors = new Float32Array(count * rows[0].length); // (B, D)
      rows.forEach((row, i) => vectors.set(row, i * row.length));
      return vectors;
    },
    dispose: () => tower.dispose(),
    length: tower.length,
  };
}

interface Session {
  inputNames: readonly string[];
  inputMetadata: readonly { type?: string; shape?: readonly (number | string)[] }[];
}

async function runTower(
  { Tensor }: typeof import("@huggingface/transformers"),
  model: PreTrainedModel,
  session: Session,
  half: boolean,
  inputs: Float32Array | BigInt64Array,
  dims: number[],
  output?: string,
): Promise<Float32Array> {
  const feeds: Record<string, Tensor> = {};
  if (inputs instanceof BigInt64Array) {
    feeds.input_ids = new Tensor("int64", inputs, dims);
    if (session.inputNames.includes("attention_mask")) {
      feeds.attention_mask = new Tensor("int64", new BigInt64Array(inputs.length).fill(1n), dims);
    }
  } else {
    feeds.pixel_values = half
      ? new Tensor("float16", new Float16Array(inputs), dims)
      : new Tensor("float32", inputs, dims);
  }
  const outputs: Record<string, Tensor> = await model(feeds);
  const name = chooseOutput(Object.keys(outputs), output);
  const values = Float32Array.from(floats(outputs[name]));
  for (const tensor of [...Object.values(feeds), ...Object.values(outputs)]) tensor.dispose();
  return values;
}

/**
 * Which output of a model is wanted.
 *
 * @param names of its outputs
 * @param output the one that is asked for; its vectors if absent
 * @throws {Error} when there is none
 */
export function chooseOutput(names: readonly string[], output?: string): string {
  const wanted = output === undefined ? OUTPUTS : [output];
  const name = wanted.find((key) => names.includes(key));
  if (name !== undefined) return name;
  throw new Error(
    `Cannot encode: the model returns ${names}, none of them ${output ?? "pooled"}`,
  );
}

/** A tensor's numbers, whether single or half precision. */
function floats(tensor: Tensor): ArrayLike<number> {
  const data = tensor.data;
  if (tensor.type !== "float16") return data as Float32Array;
  return data instanceof Uint16Array
    ? new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)
    : data as Float16Array;
}
